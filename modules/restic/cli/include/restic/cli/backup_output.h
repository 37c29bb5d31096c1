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
#include "restic/cli/error_text.h"
#include "restic/cli/summary.h"
#include "restic/protocol/task_messages.h"

namespace restic::cli {

/// Understands the two outputs of `restic backup --json`, line by line, of all versions from 0.14: unknown
/// messages and fields are ignored, and the two are never mixed. One thread.
class BackupOutput {
public:
    using LogLine = std::function<void(core::LogLevel, std::string)>;
    /// The errno that a look at a path gives, 0 if it can be read; nullopt: no telling.
    using Look = std::function<std::optional<int>(const std::string& path)>;
    static constexpr std::size_t kMaxUnread = 100;
    /// More files are counted, and not named in the log.
    static constexpr std::uint64_t kMaxUnreadLines = 1000;
    /// So many paths are told apart; of more it is known that there are at least so many.
    static constexpr std::size_t kMaxRemembered = 200000;

    /// `log` gets what a person would want to read. `look` is asked where restic does not say why it could
    /// not read a file.
    explicit BackupOutput(LogLine log, Look look = {}) : log_(std::move(log)), look_(std::move(look)) {}

    /// What restic was told to save: one of these that does not exist is a missing source, not a vanished
    /// file.
    void setSources(const std::vector<std::string>& sources) { sources_ = {sources.begin(), sources.end()}; }

    void outputLine(std::string_view line);
    void errorLine(std::string_view line);
    /// A source that was missing before restic started.
    void missingSource(const std::string& path);

    [[nodiscard]] const std::optional<protocol::Progress>& progress() const noexcept { return progress_; }
    /// Grows with each progress message.
    [[nodiscard]] std::uint64_t progressCount() const noexcept { return progressCount_; }
    [[nodiscard]] const std::optional<BackupSummary>& summary() const noexcept { return summary_; }
    [[nodiscard]] const std::vector<protocol::UnreadItem>& unread() const noexcept { return unread_; }
    /// Files that could not be read, and missing sources.
    [[nodiscard]] std::uint64_t unreadCount() const noexcept { return unreadCount_; }
    [[nodiscard]] const std::vector<std::string>& missing() const noexcept { return missing_; }
    /// Files that went away while restic ran.
    [[nodiscard]] std::uint64_t vanishedCount() const noexcept { return vanishedCount_; }
    /// There were more than can be told apart.
    [[nodiscard]] bool countsAreMinimum() const noexcept { return tooMany_; }
    /// Something that should be in the snapshot is not, whether or not restic said what. Files that vanished
    /// should not.
    [[nodiscard]] bool incomplete() const noexcept {
        return unreadCount_ > 0 || (warnedUnread_ && vanishedCount_ == 0);
    }
    /// The plain text of the error output and the message of exit_error: what failures are told by.
    [[nodiscard]] const std::string& errorText() const noexcept { return errorText_.text(); }

private:
    void status(const core::json::Value& message);
    void summarise(const core::json::Value& message);
    void message(const core::json::Value& message);
    void addUnread(std::string path, const core::json::Value& message);
    void addUnread(std::string path, std::string message, int code);

    LogLine log_;
    Look look_;
    std::unordered_set<std::string> sources_;
    std::optional<protocol::Progress> progress_;
    std::uint64_t progressCount_ = 0;
    std::optional<BackupSummary> summary_;
    std::vector<protocol::UnreadItem> unread_;
    std::vector<std::string> missing_;
    std::unordered_set<std::size_t> seen_; ///< hashes of paths
    std::uint64_t unreadCount_ = 0;
    std::uint64_t vanishedCount_ = 0;
    bool tooMany_ = false;
    bool warnedUnread_ = false;
    ErrorText errorText_;
};

} // namespace restic::cli
