#include "plugins/plugin_views.h"

#include "core/text.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
const core::wire::Rules kSet{.doc = "The name of further settings; absent: the plugin's own",
                             .omitEmpty = true,
                             .minLength = 1,
                             .maxLength = 64,
                             .check = core::checkName};
} // namespace

const Type& wireType(const AgentPluginsView*) {
    static const auto type = object<AgentPluginsView>("PluginsOfAgent", tolerant)
                                 .field("reported_at", &AgentPluginsView::reportedAt,
                                        {.doc = "Null: the agent has told nothing of plugins yet"})
                                 .field("items", &AgentPluginsView::items)
                                 .field("refused", &AgentPluginsView::refused)
                                 .field("local_policy", &AgentPluginsView::localPolicy,
                                        {.doc = "What the machine's own rules forbid; empty: nothing"})
                                 .build();
    return type;
}

const Type& wireType(const PluginInput*) {
    static const auto type =
        object<PluginInput>("PluginInput", strict)
            .field("enabled", &PluginInput::enabled)
            .field("set", &PluginInput::set, kSet)
            .field("settings", &PluginInput::settings,
                   {.doc =
                        "All settings, as the plugin's schema has them. A secret that is left out stays, one "
                        "that is null is removed"})
            .build();
    return type;
}

const Type& wireType(const PluginTestInput*) {
    static const auto type =
        object<PluginTestInput>("PluginTestInput", strict)
            .field("set", &PluginTestInput::set, kSet)
            .field("settings", &PluginTestInput::settings, {.doc = "In place of those that are kept"})
            .build();
    return type;
}

const Type& wireType(const AgentDumpView*) {
    static const auto type =
        object<AgentDumpView>("DumpOfAgent", tolerant)
            .field("target_id", &AgentDumpView::targetId)
            .field("policy", &AgentDumpView::policy, {.doc = "The name of the policy that dumps it"})
            .field("plugin", &AgentDumpView::plugin)
            .field("set", &AgentDumpView::set)
            .field("database", &AgentDumpView::database,
                   {.doc = "Empty: the plugin failed before it could say what there is"})
            .field("state", &AgentDumpView::state, {.oneOf = {"saved", "failed", "empty"}})
            .field("error", &AgentDumpView::error)
            .field("snapshot_id", &AgentDumpView::snapshotId,
                   {.doc = "Of its last dump: GET /api/v1/restic/snapshots/{id}"})
            .field("bytes", &AgentDumpView::bytes, {.doc = "Of its last dump"})
            .field("last_saved_at", &AgentDumpView::lastSavedAt)
            .field("last_tried_at", &AgentDumpView::lastTriedAt)
            .field("verified_at", &AgentDumpView::verifiedAt, {.doc = "Its last restore test"})
            .field("verify_error", &AgentDumpView::verifyError, {.doc = "Why that failed"})
            .build();
    return type;
}

const Type& wireType(const AgentDumps*) {
    static const auto type =
        object<AgentDumps>("DumpsOfAgent", tolerant).field("items", &AgentDumps::items).build();
    return type;
}

const Type& wireType(const RestoreInput*) {
    static const auto type =
        object<RestoreInput>("RestoreInput", strict)
            .include<protocol::RestoreParameters>()
            .field("agent_id", &RestoreInput::agentId,
                   {.doc = "Absent: the one whose disk the repository is on, or that made the snapshot"})
            .field(
                "plugin", &RestoreInput::plugin,
                {.doc = "Which dump, where the snapshot holds several", .omitEmpty = true, .maxLength = 64})
            .field("dump_set", &RestoreInput::dumpSet,
                   {.doc = "The settings that it was made with", .omitEmpty = true, .maxLength = 64})
            .field("dump", &RestoreInput::dump,
                   {.doc = "The database's name when it was dumped", .omitEmpty = true, .maxLength = 1024})
            .field("set", &RestoreInput::set, kSet)
            .field("destination", &RestoreInput::destination,
                   {.doc = "The plugin's settings of another server, over the agent's own"})
            .field("database", &RestoreInput::database,
                   {.doc = "The name under which it is to stand; absent: its own",
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 1024})
            .field("replace", &RestoreInput::replace,
                   {.doc = "A database of that name is replaced", .optional = true})
            .build();
    return type;
}

bool RestoreInput::isOfFiles() const {
    return !paths.empty() || target || inPlace || overwrite || dryRun || verify || limitDownloadKib;
}

std::vector<core::Problem> RestoreInput::problemsBesideFiles() const {
    std::vector<core::Problem> problems;
    for (const auto& [name, given] :
         {std::pair{"plugin", plugin.has_value()}, std::pair{"dump_set", dumpSet.has_value()},
          std::pair{"dump", dump.has_value()}, std::pair{"set", set.has_value()},
          std::pair{"destination", destination.has_value()}, std::pair{"database", database.has_value()},
          std::pair{"replace", replace}})
        if (given)
            problems.push_back({std::string("/") + name, "is for the dump of a database and not for files"});
    return problems;
}

const Type& wireType(const VerifyInput*) {
    static const auto type =
        object<VerifyInput>("VerifyInput", strict)
            .field("agent_id", &VerifyInput::agentId,
                   {.doc = "Absent: the agent that made the dump or the snapshot, or on whose disk the "
                           "repository is"})
            .field(
                "plugin", &VerifyInput::plugin,
                {.doc = "Which dump, where the snapshot holds several", .omitEmpty = true, .maxLength = 64})
            .field("dump_set", &VerifyInput::dumpSet,
                   {.doc = "The settings that it was made with", .omitEmpty = true, .maxLength = 64})
            .field("dump", &VerifyInput::dump,
                   {.doc = "The database's name when it was dumped", .omitEmpty = true, .maxLength = 1024})
            .field("share_percent", &VerifyInput::sharePercent,
                   {.doc = "Of files: how much of them is tried; absent: 5",
                    .omitEmpty = true,
                    .min = 1,
                    .max = 100})
            .build();
    return type;
}

} // namespace restic
