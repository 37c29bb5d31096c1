#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/wire.h"
#include "restic/protocol/task_messages.h"

/// What agents tell of their dump plugins, and the kinds of tasks that set them up, test them and bring dumps
/// back.
namespace restic::protocol {

/// One set of a plugin's settings, as it may be shown.
struct PluginSet {
    std::string name;
    /// Without secrets.
    core::json::Object settings;
    /// Names of the secrets that are set.
    std::vector<std::string> secrets;
    /// Why it cannot be used.
    std::optional<std::string> problem;
};

/// An installed plugin and how it is set up.
struct PluginDescription {
    std::string name;
    std::string version;
    std::string summary;
    std::vector<std::string> capabilities;
    core::json::Object settingsSchema;
    bool enabled = false;
    /// The machine's own rules allow it.
    bool allowed = true;
    /// It stands in the agent's configuration file, which wins over what is set from elsewhere.
    bool setOnMachine = false;
    /// Grows with each change of its settings.
    std::int64_t settingsVersion = 0;
    std::vector<PluginSet> sets;
};

/// A plugin that is installed and was refused.
struct PluginRefusal {
    std::string name;
    std::string why;
};

/// agent → server, within a heartbeat.
struct AgentPlugins {
    /// Another one with every change.
    std::string version;
    std::vector<PluginDescription> items;
    std::vector<PluginRefusal> refused;
    /// What the machine's own rules forbid (docs/agent.md); empty: nothing.
    core::json::Object localPolicy;
};

/// The kind plugin_test.
struct PluginTestTask : TaskPayload {
    std::string plugin;
    std::optional<std::string> set;
    /// In place of those that are kept; of secrets that it leaves out, the kept ones are used.
    std::optional<core::json::Object> settings;
};

struct PluginTool {
    std::string name;
    std::string version;
    std::string path;
};
struct PluginItem {
    std::string name;
    std::string kind;
    std::optional<std::uint64_t> bytes;
};
struct PluginProblem {
    std::string message;
    /// What sets it right, for a person to read and to run.
    std::optional<std::string> statement;
    /// The database that it concerns.
    std::optional<std::string> item;
    bool warning = false;
};

struct PluginTestResult : TaskResult {
    std::optional<std::string> server;
    std::vector<PluginTool> tools;
    std::vector<PluginItem> items;
    std::vector<PluginProblem> problems;
    /// Nothing stands in the way of a dump.
    bool ready = false;
};

/// The kind plugin_setup: what is absent stays.
struct PluginSetupTask : TaskPayload {
    std::string plugin;
    std::optional<bool> enabled;
    std::optional<std::string> set;
    std::optional<core::json::Object> settings;
};

struct PluginSetupResult : TaskResult {
    std::optional<std::int64_t> settingsVersion;
};

/// The kinds restore_dump and verify_dump.
struct DumpTask : TaskPayload {
    std::string plugin;
    /// The name of the agent's settings that say where to; absent: the plugin's own.
    std::optional<std::string> set;
    /// Over those settings.
    core::json::Object destination;
    std::string snapshotId;
    /// The dump's path in the snapshot.
    std::string file;
    /// The database as it was dumped, and what its plugin knew of it then.
    std::string database;
    core::json::Object item;
    /// The name under which it is to stand; absent: its own.
    std::optional<std::string> as;
    /// One of that name is replaced.
    bool replace = false;
};

struct RestoreDumpResult : TaskResult {
    std::string database;
    std::optional<std::uint64_t> bytes;
    std::optional<std::string> server;
    std::vector<std::string> warnings;
};

struct VerifiedTable {
    std::string name;
    std::int64_t rows = 0;
    /// In the dump.
    std::optional<std::int64_t> expected;
};

struct VerifyDumpResult : TaskResult {
    std::string database;
    std::optional<std::uint64_t> bytes;
    /// The one that was started for it.
    std::optional<std::string> server;
    std::vector<VerifiedTable> tables;
    std::vector<std::string> warnings;
};

const core::wire::Type& wireType(const PluginSet*);
const core::wire::Type& wireType(const PluginDescription*);
const core::wire::Type& wireType(const PluginRefusal*);
const core::wire::Type& wireType(const AgentPlugins*);
const core::wire::Type& wireType(const PluginTestTask*);
const core::wire::Type& wireType(const PluginTool*);
const core::wire::Type& wireType(const PluginItem*);
const core::wire::Type& wireType(const PluginProblem*);
const core::wire::Type& wireType(const PluginTestResult*);
const core::wire::Type& wireType(const PluginSetupTask*);
const core::wire::Type& wireType(const PluginSetupResult*);
const core::wire::Type& wireType(const DumpTask*);
const core::wire::Type& wireType(const RestoreDumpResult*);
const core::wire::Type& wireType(const VerifiedTable*);
const core::wire::Type& wireType(const VerifyDumpResult*);

} // namespace restic::protocol
