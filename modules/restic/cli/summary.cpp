#include "restic/cli/summary.h"

#include "restic/cli/json_message.h"

namespace restic::cli {
namespace {
using core::json::Value;
using json::count;

std::optional<core::Instant> instant(const Value& message, std::string_view name) {
    return core::parseInstant(message.stringOr(name));
}
} // namespace

BackupSummary readSummary(const Value& message) {
    BackupSummary summary;
    summary.filesNew = count(message, "files_new");
    summary.filesChanged = count(message, "files_changed");
    summary.filesUnmodified = count(message, "files_unmodified");
    summary.dirsNew = count(message, "dirs_new");
    summary.dirsChanged = count(message, "dirs_changed");
    summary.dirsUnmodified = count(message, "dirs_unmodified");
    summary.dataAdded = count(message, "data_added");
    summary.dataAddedPacked = count(message, "data_added_packed");
    summary.totalFilesProcessed = count(message, "total_files_processed");
    summary.totalBytesProcessed = count(message, "total_bytes_processed");
    if (const auto* duration = message.find("total_duration"))
        summary.duration = duration->number();
    summary.start = instant(message, "backup_start");
    summary.end = instant(message, "backup_end");
    const auto id = message.stringOr("snapshot_id");
    if (id.size() >= 8 && id.size() <= 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos)
        summary.snapshotId = id;
    return summary;
}

} // namespace restic::cli
