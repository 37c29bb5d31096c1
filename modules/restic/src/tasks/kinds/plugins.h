#pragma once

#include "dumps/dump_of_snapshot.h"
#include "restic/protocol/plugin_messages.h"
#include "tasks/kinds/kind.h"
#include "tasks/sealed_settings.h"

namespace restic {

/// What a request of these kinds says; settings are kept sealed beside the task.
struct PluginParameters {
    std::string plugin;
    std::optional<bool> enabled;
    std::optional<std::string> set;
};
const core::wire::Type& wireType(const PluginParameters*);

/// A dump that is brought back, or tried.
struct DumpParameters {
    core::Uuid snapshot;
    /// Which of the snapshot's dumps; absent where there is one.
    std::optional<std::string> plugin;
    std::optional<std::string> dumpSet;
    std::optional<std::string> database;
    /// The settings that say where to; absent: those that it was made with.
    std::optional<std::string> set;
    std::optional<std::string> as;
    bool replace = false;
};
const core::wire::Type& wireType(const DumpParameters*);
/// The dump that is meant; nullopt: the snapshot has none such.
[[nodiscard]] std::optional<DumpOfSnapshot> dumpFor(const DumpParameters& parameters,
                                                    const core::json::Value& dumps);

class PluginTestKind final : public TypedKind<PluginParameters, protocol::PluginTestResult> {
public:
    explicit PluginTestKind(SealedSettings settings)
        : TypedKind(protocol::kinds::pluginTest), settings_(std::move(settings)) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
    [[nodiscard]] std::optional<std::string> whyNotAgain(const Task& ended) const override;

private:
    SealedSettings settings_;
};

class PluginSetupKind final : public TypedKind<PluginParameters, protocol::PluginSetupResult> {
public:
    explicit PluginSetupKind(SealedSettings settings)
        : TypedKind(protocol::kinds::pluginSetup), settings_(std::move(settings)) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
    [[nodiscard]] std::optional<std::string> whyNotAgain(const Task& ended) const override;

private:
    SealedSettings settings_;
};

/// restore_dump and verify_dump.
template <typename Result>
class DumpKind final : public TypedKind<DumpParameters, Result> {
public:
    DumpKind(const protocol::TaskKind& declaration, SealedSettings settings)
        : TypedKind<DumpParameters, Result>(declaration), settings_(std::move(settings)) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
    [[nodiscard]] std::optional<std::string> whyNotAgain(const Task& ended) const override;

private:
    SealedSettings settings_;
};
using RestoreDumpKind = DumpKind<protocol::RestoreDumpResult>;
using VerifyDumpKind = DumpKind<protocol::VerifyDumpResult>;

} // namespace restic
