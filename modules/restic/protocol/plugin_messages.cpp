#include "restic/protocol/plugin_messages.h"

#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const PluginSet*) {
    static const auto type =
        object<PluginSet>("PluginSet", tolerant, "One set of a plugin's settings")
            .field("name", &PluginSet::name, {.maxLength = 64})
            .field("settings", &PluginSet::settings, {.doc = "Without secrets", .optional = true})
            .field("secrets", &PluginSet::secrets,
                   {.doc = "Names of the secrets that are set", .optional = true, .omitEmpty = true})
            .field("problem", &PluginSet::problem, {.doc = "Why it cannot be used", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const PluginDescription*) {
    static const auto type =
        object<PluginDescription>("PluginDescription", tolerant, "A dump plugin of an agent")
            .field("name", &PluginDescription::name, {.minLength = 1, .maxLength = 64})
            .field("version", &PluginDescription::version, {.maxLength = 64})
            .field("summary", &PluginDescription::summary, {.optional = true})
            .field("capabilities", &PluginDescription::capabilities, {.optional = true})
            .field("settings_schema", &PluginDescription::settingsSchema,
                   {.doc = "JSON schema (draft 7) of the settings", .optional = true})
            .field("enabled", &PluginDescription::enabled, {.optional = true})
            .field("allowed", &PluginDescription::allowed,
                   {.doc = "The machine's own rules allow it", .optional = true})
            .field(
                "set_on_machine", &PluginDescription::setOnMachine,
                {.doc = "It stands in the agent's configuration file and is changed there", .optional = true})
            .field("settings_version", &PluginDescription::settingsVersion, {.optional = true})
            .field("sets", &PluginDescription::sets, {.optional = true, .maxItems = 100})
            .build();
    return type;
}

const Type& wireType(const PluginRefusal*) {
    static const auto type =
        object<PluginRefusal>("PluginRefusal", tolerant, "A plugin that is installed and was refused")
            .field("name", &PluginRefusal::name, {.maxLength = 256})
            .field("why", &PluginRefusal::why, {})
            .build();
    return type;
}

const Type& wireType(const AgentPlugins*) {
    static const auto type =
        object<AgentPlugins>("AgentPlugins", tolerant, "The dump plugins of an agent")
            .field("version", &AgentPlugins::version, {.maxLength = 128})
            .field("items", &AgentPlugins::items, {.optional = true, .maxItems = 100})
            .field("refused", &AgentPlugins::refused, {.optional = true, .maxItems = 100})
            .field("local_policy", &AgentPlugins::localPolicy,
                   {.doc = "What the machine's own rules forbid", .optional = true})
            .build();
    return type;
}

const Type& wireType(const PluginTestTask*) {
    static const auto type =
        object<PluginTestTask>("PluginTestTask", tolerant, "A look at a plugin's server as its agent gets it")
            .include<TaskPayload>()
            .field("plugin", &PluginTestTask::plugin, {.minLength = 1, .maxLength = 64})
            .field("set", &PluginTestTask::set, {.omitEmpty = true, .maxLength = 64})
            .field("settings", &PluginTestTask::settings,
                   {.doc = "In place of those that are kept", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const PluginTool*) {
    static const auto type = object<PluginTool>("PluginTool", tolerant, "A program that a plugin uses")
                                 .field("name", &PluginTool::name, {})
                                 .field("version", &PluginTool::version, {.optional = true})
                                 .field("path", &PluginTool::path, {.optional = true})
                                 .build();
    return type;
}

const Type& wireType(const PluginItem*) {
    static const auto type =
        object<PluginItem>("PluginItem", tolerant, "Something that a plugin dumps by itself")
            .field("name", &PluginItem::name, {.maxLength = 1024})
            .field("kind", &PluginItem::kind, {.optional = true})
            .field("bytes", &PluginItem::bytes, {.doc = "About so many", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const PluginProblem*) {
    static const auto type =
        object<PluginProblem>("PluginProblem", tolerant, "What stands in the way of a dump")
            .field("message", &PluginProblem::message, {})
            .field("statement", &PluginProblem::statement,
                   {.doc = "What sets it right, for a person to read and to run", .omitEmpty = true})
            .field("item", &PluginProblem::item, {.omitEmpty = true, .maxLength = 1024})
            .field("warning", &PluginProblem::warning, {.doc = "It stands in nobody's way", .optional = true})
            .build();
    return type;
}

const Type& wireType(const PluginTestResult*) {
    static const auto type =
        object<PluginTestResult>("PluginTestResult", tolerant, "What a plugin found")
            .include<TaskResult>()
            .field("server", &PluginTestResult::server, {.omitEmpty = true})
            .field("tools", &PluginTestResult::tools, {.optional = true, .maxItems = 100})
            .field("items", &PluginTestResult::items, {.optional = true, .maxItems = 1000})
            .field("problems", &PluginTestResult::problems, {.optional = true, .maxItems = 1000})
            .field("ready", &PluginTestResult::ready,
                   {.doc = "Nothing stands in the way of a dump", .optional = true})
            .build();
    return type;
}

const Type& wireType(const PluginSetupTask*) {
    static const auto type = object<PluginSetupTask>("PluginSetupTask", tolerant,
                                                     "New settings of a plugin as its agent gets them")
                                 .include<TaskPayload>()
                                 .field("plugin", &PluginSetupTask::plugin, {.minLength = 1, .maxLength = 64})
                                 .field("enabled", &PluginSetupTask::enabled, {.omitEmpty = true})
                                 .field("set", &PluginSetupTask::set, {.omitEmpty = true, .maxLength = 64})
                                 .field("settings", &PluginSetupTask::settings, {.omitEmpty = true})
                                 .build();
    return type;
}

const Type& wireType(const PluginSetupResult*) {
    static const auto type =
        object<PluginSetupResult>("PluginSetupResult", tolerant, "What became of new settings")
            .include<TaskResult>()
            .field("settings_version", &PluginSetupResult::settingsVersion, {.omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const DumpTask*) {
    static const auto type =
        object<DumpTask>("DumpTask", tolerant, "A dump that is brought back, or tried, as its agent gets it")
            .include<TaskPayload>()
            .field("plugin", &DumpTask::plugin, {.minLength = 1, .maxLength = 64})
            .field("set", &DumpTask::set, {.omitEmpty = true, .maxLength = 64})
            .field("destination", &DumpTask::destination,
                   {.doc = "Over the agent's settings", .optional = true, .omitEmpty = true})
            .field("snapshot_id", &DumpTask::snapshotId, {.check = checkShortId})
            .field("file", &DumpTask::file, {.minLength = 1, .maxLength = 4096})
            .field("database", &DumpTask::database, {.minLength = 1, .maxLength = 1024})
            .field("item", &DumpTask::item,
                   {.doc = "What the plugin knew of it then", .optional = true, .omitEmpty = true})
            .field("as", &DumpTask::as,
                   {.doc = "The name under which it is to stand", .omitEmpty = true, .maxLength = 1024})
            .field("replace", &DumpTask::replace, {.doc = "One of that name is replaced", .optional = true})
            .build();
    return type;
}

const Type& wireType(const RestoreDumpResult*) {
    static const auto type =
        object<RestoreDumpResult>("RestoreDumpResult", tolerant, "What became of a restore")
            .include<TaskResult>()
            .field("database", &RestoreDumpResult::database, {.optional = true})
            .field("bytes", &RestoreDumpResult::bytes, {.omitEmpty = true})
            .field("server", &RestoreDumpResult::server, {.omitEmpty = true})
            .field("warnings", &RestoreDumpResult::warnings, {.optional = true, .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const VerifiedTable*) {
    static const auto type =
        object<VerifiedTable>("VerifiedTable", tolerant, "A table of a dump that was tried")
            .field("name", &VerifiedTable::name, {})
            .field("rows", &VerifiedTable::rows, {})
            .field("expected", &VerifiedTable::expected, {.doc = "Rows in the dump", .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const VerifyDumpResult*) {
    static const auto type =
        object<VerifyDumpResult>("VerifyDumpResult", tolerant, "What a restore test found")
            .include<TaskResult>()
            .field("database", &VerifyDumpResult::database, {.optional = true})
            .field("bytes", &VerifyDumpResult::bytes, {.omitEmpty = true})
            .field("server", &VerifyDumpResult::server,
                   {.doc = "The one that was started for it", .omitEmpty = true})
            .field("tables", &VerifyDumpResult::tables, {.optional = true, .maxItems = 10000})
            .field("warnings", &VerifyDumpResult::warnings, {.optional = true, .omitEmpty = true})
            .build();
    return type;
}

} // namespace restic::protocol
