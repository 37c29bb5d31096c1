#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "restic/protocol/dump_messages.h"
#include "restic/protocol/task_messages.h"

/// The kind `backup`: what its agent gets and what it answers.
namespace restic::protocol {

struct BackupTask : TaskPayload {
    std::vector<std::string> sources;
    std::vector<std::string> exclude;
    /// Added to the agent's own `policy:<id>` and `task:<id>`; commas are refused.
    std::vector<std::string> tags;
    std::optional<Retention> retention;
    /// Set as long as the repository never had a success: the agent may then create it.
    bool initIfMissing = false;
    /// restic's --limit-upload in KiB/s.
    std::optional<int> limitUploadKib;
    /// The same of --limit-download.
    std::optional<int> limitDownloadKib;
    /// restic's --one-file-system.
    bool oneFileSystem = false;
    /// Programs in the agent's own folder of hooks, by their names: the first is to succeed before anything
    /// is saved, the second runs however the backup ended.
    std::optional<std::string> preHook;
    std::optional<std::string> postHook;
    /// What is dumped before the files are saved.
    std::vector<PluginUse> plugins;
};

struct BackupResult : TaskResult {
    /// 64 hexadecimal digits; absent where restic named 8 only and the rest was not free to look up.
    std::optional<std::string> snapshotId;
    std::optional<std::string> shortId;
    std::optional<std::uint64_t> filesNew;
    std::optional<std::uint64_t> filesChanged;
    std::optional<std::uint64_t> filesUnmodified;
    std::optional<std::uint64_t> dirsNew;
    std::optional<std::uint64_t> dirsChanged;
    std::optional<std::uint64_t> dirsUnmodified;
    std::optional<std::uint64_t> dataAdded;
    /// Bytes after compression; restic 0.17 and later.
    std::optional<std::uint64_t> dataAddedPacked;
    std::optional<std::uint64_t> totalFilesProcessed;
    std::optional<std::uint64_t> totalBytesProcessed;
    /// The first hundred; `unread_count` counts all, missing sources included.
    std::vector<UnreadItem> unreadItems;
    std::uint64_t unreadCount = 0;
    /// Sources that do not exist: whole sources, not files in them.
    std::vector<std::string> missingSources;
    /// Files that were there when restic listed their folder and gone when it read them. No reason to worry.
    std::uint64_t vanishedCount = 0;
    /// There were too many to tell apart: both counts are "at least".
    bool countsAreMinimum = false;
    std::vector<std::string> paths;
    std::optional<std::string> hostname;
    std::optional<std::string> username;
    std::vector<std::string> tags;
    std::optional<std::string> parent;
    std::optional<std::string> tree;
    /// The snapshot's own time, where restic reports it.
    std::optional<core::Instant> time;
    bool repositoryCreated = false;
    /// In the order in which they were made.
    std::vector<DumpResult> dumps;
};

const core::wire::Type& wireType(const BackupTask*);
const core::wire::Type& wireType(const BackupResult*);

} // namespace restic::protocol
