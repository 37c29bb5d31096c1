#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/time.h"
#include "restic/cli/summary.h"

namespace restic::cli {

/// One entry of `restic snapshots --json`.
struct SnapshotInfo {
    /// 64 digits.
    std::string id;
    std::optional<std::string> tree;
    std::optional<std::string> parent;
    /// The first of those that were written anew from one another, as by `restic tag`; absent of a first one.
    std::optional<std::string> original;
    std::optional<core::Instant> time;
    std::vector<std::string> tags;
    std::vector<std::string> paths;
    /// Figures of the backup that made it: restic 0.17 and later.
    std::optional<BackupSummary> summary;
};

/// One entry; nullopt without a whole id.
[[nodiscard]] std::optional<SnapshotInfo> readSnapshot(const core::json::Value& entry);

/// Reads the output of `restic snapshots --json`, of all versions; nullopt if it is no list.
[[nodiscard]] std::optional<std::vector<SnapshotInfo>> readSnapshots(std::string_view output);

} // namespace restic::cli
