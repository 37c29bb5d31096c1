#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/json.h"
#include "core/log.h"
#include "core/time.h"
#include "restic/protocol/task_messages.h"

namespace agent {

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

/// Understands the two outputs of `restic backup --json`, line by line, of all versions from 0.14: unknown
/// messages and fields are ignored, and the two are never mixed. One thread.
class BackupOutput {
public:
    using LogLine = std::function<void(core::LogLevel, std::string)>;
    static constexpr std::size_t kMaxUnread = 100;

    /// `log` gets what a person would want to read.
    explicit BackupOutput(LogLine log) : log_(std::move(log)) {}

    void outputLine(std::string_view line);
    void errorLine(std::string_view line);
    /// A source that was missing before restic started.
    void missingSource(const std::string& path);

    [[nodiscard]] const std::optional<restic::protocol::Progress>& progress() const noexcept {
        return progress_;
    }
    /// Grows with each progress message.
    [[nodiscard]] std::uint64_t progressCount() const noexcept { return progressCount_; }
    [[nodiscard]] const std::optional<BackupSummary>& summary() const noexcept { return summary_; }
    [[nodiscard]] const std::vector<restic::protocol::UnreadItem>& unread() const noexcept { return unread_; }
    [[nodiscard]] std::uint64_t unreadCount() const noexcept { return unreadCount_; }
    /// restic said that something could not be read, whether or not it said what.
    [[nodiscard]] bool incomplete() const noexcept { return unreadCount_ > 0 || warnedUnread_; }
    /// The plain text of the error output and the message of exit_error: what failures are told by. Its last
    /// 8 KiB.
    [[nodiscard]] const std::string& errorText() const noexcept { return errorText_; }

private:
    void status(const core::json::Value& message);
    void summarise(const core::json::Value& message);
    void addUnread(std::string path, std::string message);
    void addErrorText(std::string_view line);

    LogLine log_;
    std::optional<restic::protocol::Progress> progress_;
    std::uint64_t progressCount_ = 0;
    std::optional<BackupSummary> summary_;
    std::vector<restic::protocol::UnreadItem> unread_;
    std::unordered_set<std::string> unreadPaths_;
    std::uint64_t unreadCount_ = 0;
    bool warnedUnread_ = false;
    std::string errorText_;
};

} // namespace agent
