#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/time.h"
#include "core/wire.h"
#include "restic/protocol/task_messages.h"

/// Dumps of databases within a backup: what the agent is told to dump, and what came of it.
namespace restic::protocol {

/// What a failed dump does to its backup. In each case the rest is saved, there is no snapshot of what could
/// not be dumped, and nothing old is removed.
namespace on_error {
inline constexpr std::string_view kFail = "fail";     ///< the backup has failed
inline constexpr std::string_view kWarn = "warn";     ///< it is a warning
inline constexpr std::string_view kIgnore = "ignore"; ///< it is a success that shows how old the dump is
} // namespace on_error

/// A plugin that a policy uses.
struct PluginUse {
    std::string name;
    /// The name of settings that stand on the agent; absent: the plugin's own.
    std::optional<std::string> set;
    /// Over the agent's: only fields that the plugin's schema leaves to policies.
    core::json::Object settings;
    std::string onError = std::string(on_error::kFail);
    /// The dumps are first written to the agent's disk, and saved in one snapshot with the files.
    bool withFiles = false;
};

/// One database, volume or whatever else a plugin dumps by itself.
struct DumpResult {
    std::string plugin;
    std::optional<std::string> set;
    /// Absent where the plugin failed before it could say what there is.
    std::optional<std::string> database;
    std::string onError = std::string(on_error::kFail);
    /// saved, failed, empty (a dump of nothing)
    std::string state;
    std::optional<std::string> snapshotId;
    std::optional<std::string> shortId;
    /// The dump's path in its snapshot.
    std::optional<std::string> file;
    /// Of the dump, before it is compressed.
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> dataAdded;
    std::optional<double> durationSeconds;
    std::optional<core::Instant> time;
    std::vector<std::string> tags;
    /// What the plugin knew of it, for its restore.
    core::json::Object item;
    /// "PostgreSQL 15.8", "pg_dump 15.8".
    std::optional<std::string> server;
    std::optional<std::string> tool;
    std::optional<TaskError> error;
    /// What the plugin says of a dump that it made.
    std::vector<std::string> warnings;
};

namespace dump_state {
inline constexpr std::string_view kSaved = "saved";
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kEmpty = "empty";
} // namespace dump_state

const core::wire::Type& wireType(const PluginUse*);
const core::wire::Type& wireType(const DumpResult*);

} // namespace restic::protocol
