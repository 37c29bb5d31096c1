#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/json.h"
#include "core/time.h"

namespace restic::cli {

/// The last message of a successful backup. Figures that this version of restic does not give are absent.
struct BackupSummary {
    std::optional<std::uint64_t> filesNew, filesChanged, filesUnmodified;
    std::optional<std::uint64_t> dirsNew, dirsChanged, dirsUnmodified;
    std::optional<std::uint64_t> dataAdded, dataAddedPacked, totalFilesProcessed, totalBytesProcessed;
    std::optional<double> duration;
    std::optional<core::Instant> start, end;
    /// 8 digits before restic 0.15, 64 after; absent where nothing changed and no snapshot was made.
    std::string snapshotId;
};

/// The figures of a summary, as a backup's last message and as a snapshot bear them.
[[nodiscard]] BackupSummary readSummary(const core::json::Value& message);

} // namespace restic::cli
