#include "tasks/kinds/plugins.h"

#include "dumps/dump_store.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_store.h"
#include "tasks/restore_test_light.h"

namespace restic {

using core::db::Transaction;
using core::wire::object;
using core::wire::strict;

namespace {
constexpr auto kForgotten = "What it was asked with is no longer kept: ask again from where you did.";

protocol::TaskError invalid(const char* message) {
    return protocol::task_errors::make(protocol::task_errors::kInvalidTask, message);
}
} // namespace

const core::wire::Type& wireType(const PluginParameters*) {
    static const auto type =
        object<PluginParameters>("PluginParameters", strict)
            .field("plugin", &PluginParameters::plugin, {.minLength = 1, .maxLength = 64})
            .field("enabled", &PluginParameters::enabled, {.omitEmpty = true})
            .field("set", &PluginParameters::set, {.omitEmpty = true, .maxLength = 64})
            .build();
    return type;
}

const core::wire::Type& wireType(const DumpParameters*) {
    static const auto type =
        object<DumpParameters>("DumpParameters", strict)
            .field("snapshot", &DumpParameters::snapshot)
            .field("plugin", &DumpParameters::plugin, {.omitEmpty = true, .maxLength = 64})
            .field("dump_set", &DumpParameters::dumpSet, {.omitEmpty = true, .maxLength = 64})
            .field("database", &DumpParameters::database, {.omitEmpty = true, .maxLength = 1024})
            .field("set", &DumpParameters::set, {.omitEmpty = true, .maxLength = 64})
            .field("as", &DumpParameters::as, {.omitEmpty = true, .maxLength = 1024})
            .field("replace", &DumpParameters::replace, {.optional = true})
            .build();
    return type;
}

std::optional<DumpOfSnapshot> dumpFor(const DumpParameters& parameters, const core::json::Value& dumps) {
    return chosenOf(dumpsIn(dumps), {parameters.plugin, parameters.dumpSet, parameters.database});
}

std::variant<core::json::Object, protocol::TaskError>
PluginTestKind::payload(Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                        protocol::TaskPayload common) const {
    const auto read = core::wire::read<PluginParameters>(task.parameters);
    if (!read)
        return invalid("The task does not say which plugin it is for.");
    const auto& parameters = read.value();
    protocol::PluginTestTask own;
    own.plugin = parameters.plugin;
    own.set = parameters.set;
    own.settings = settings_.find(tx, task.id);
    return written(std::move(common), std::move(own));
}

void PluginTestKind::ended(Transaction& tx, const Task& task, const TaskEnd& /*end*/,
                           core::Instant /*now*/) const {
    settings_.forget(tx, task.id);
}

std::optional<std::string> PluginTestKind::whyNotAgain(const Task& /*ended*/) const {
    return kForgotten;
}

std::variant<core::json::Object, protocol::TaskError>
PluginSetupKind::payload(Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                         protocol::TaskPayload common) const {
    const auto read = core::wire::read<PluginParameters>(task.parameters);
    if (!read)
        return invalid("The task does not say which plugin it is for.");
    const auto& parameters = read.value();
    protocol::PluginSetupTask own;
    own.plugin = parameters.plugin;
    own.enabled = parameters.enabled;
    own.set = parameters.set;
    own.settings = settings_.find(tx, task.id);
    return written(std::move(common), std::move(own));
}

void PluginSetupKind::ended(Transaction& tx, const Task& task, const TaskEnd& /*end*/,
                            core::Instant /*now*/) const {
    settings_.forget(tx, task.id);
}

std::optional<std::string> PluginSetupKind::whyNotAgain(const Task& /*ended*/) const {
    return kForgotten;
}

template <typename Result>
std::variant<core::json::Object, protocol::TaskError>
DumpKind<Result>::payload(Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                          protocol::TaskPayload common) const {
    const auto read = core::wire::read<DumpParameters>(task.parameters);
    if (!read)
        return invalid("The task does not say which dump it is for.");
    const auto& parameters = read.value();
    const auto snapshot = SnapshotStore::find(tx, parameters.snapshot);
    const auto dump = snapshot ? dumpFor(parameters, snapshot->dumps) : std::nullopt;
    if (!dump)
        return invalid("The snapshot is no longer known, or does not hold the dump.");
    protocol::DumpTask own;
    own.plugin = dump->plugin;
    own.set = parameters.set ? parameters.set : dump->set;
    own.snapshotId = snapshot->snapshotId;
    own.file = dump->file;
    own.database = dump->database;
    own.item = dump->item;
    own.as = parameters.as;
    own.replace = parameters.replace;
    own.destination = settings_.find(tx, task.id).value_or(core::json::Object());
    return this->written(std::move(common), std::move(own));
}

template <typename Result>
void DumpKind<Result>::ended(Transaction& tx, const Task& task, const TaskEnd& end, core::Instant now) const {
    settings_.forget(tx, task.id);
    if (std::is_same_v<Result, protocol::RestoreDumpResult> || end.state == protocol::TaskState::cancelled)
        return;
    const auto parameters = core::wire::read<DumpParameters>(task.parameters);
    const auto snapshot = parameters ? SnapshotStore::find(tx, parameters.value().snapshot) : std::nullopt;
    const auto dump = snapshot ? dumpFor(parameters.value(), snapshot->dumps) : std::nullopt;
    if (!dump || !snapshot->target)
        return;
    const bool good = end.state == protocol::TaskState::success || end.state == protocol::TaskState::warning;
    DumpStore::recordVerified(tx, *snapshot->target, *dump,
                              good ? std::nullopt : std::optional(end.message.value_or("it failed")), now);
    turnRestoreTestLight(tx, *snapshot->target, task.id, now);
}

template <typename Result>
std::optional<std::string> DumpKind<Result>::whyNotAgain(const Task& /*ended*/) const {
    return kForgotten;
}

template class DumpKind<protocol::RestoreDumpResult>;
template class DumpKind<protocol::VerifyDumpResult>;

} // namespace restic
