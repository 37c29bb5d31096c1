#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "dumps/dump_store.h"
#include "restic/protocol/plugin_messages.h"
#include "restic/protocol/restore_task.h"

/// What people's API takes and answers of dump plugins and dumps: declared here once.
namespace restic {

struct AgentPluginsView {
    /// Absent: the agent has told nothing yet.
    std::optional<core::Instant> reportedAt;
    std::vector<protocol::PluginDescription> items;
    std::vector<protocol::PluginRefusal> refused;
    core::json::Object localPolicy;
};

struct PluginInput {
    std::optional<bool> enabled;
    std::optional<std::string> set;
    std::optional<core::json::Object> settings;
};

struct PluginTestInput {
    std::optional<std::string> set;
    std::optional<core::json::Object> settings;
};

struct AgentDumpView {
    core::Uuid targetId;
    /// The name of the policy that dumps it.
    std::optional<std::string> policy;
    std::string plugin;
    std::string set;
    std::string database;
    std::string state;
    std::optional<std::string> error;
    /// The row of its last snapshot.
    std::optional<core::Uuid> snapshotId;
    std::optional<std::int64_t> bytes;
    std::optional<core::Instant> lastSavedAt;
    core::Instant lastTriedAt;
    std::optional<core::Instant> verifiedAt;
    std::optional<std::string> verifyError;
};
struct AgentDumps {
    std::vector<AgentDumpView> items;
};

/// A dump's fields, or those of files.
struct RestoreInput : protocol::RestoreParameters {
    std::optional<core::Uuid> agentId;
    /// Which dump, where the snapshot holds several: by plugin, its settings, and the database as it was.
    std::optional<std::string> plugin;
    std::optional<std::string> dumpSet;
    std::optional<std::string> dump;
    std::optional<std::string> set;
    /// The plugin's settings of another server, over the agent's own.
    std::optional<core::json::Object> destination;
    /// The name under which it is to stand; absent: its own.
    std::optional<std::string> database;
    bool replace = false;

    /// Whether it says anything of files.
    [[nodiscard]] bool isOfFiles() const;
    /// What it says of a dump beside that: it is one or the other.
    [[nodiscard]] std::vector<core::Problem> problemsBesideFiles() const;
};

/// A dump's fields, or the share of files.
struct VerifyInput {
    std::optional<core::Uuid> agentId;
    std::optional<std::string> plugin;
    std::optional<std::string> dumpSet;
    std::optional<std::string> dump;
    std::optional<int> sharePercent;

    /// Whether it says which dump.
    [[nodiscard]] bool isOfDump() const { return plugin || dumpSet || dump; }
};

const core::wire::Type& wireType(const AgentPluginsView*);
const core::wire::Type& wireType(const PluginInput*);
const core::wire::Type& wireType(const PluginTestInput*);
const core::wire::Type& wireType(const AgentDumpView*);
const core::wire::Type& wireType(const AgentDumps*);
const core::wire::Type& wireType(const RestoreInput*);
const core::wire::Type& wireType(const VerifyInput*);

} // namespace restic
