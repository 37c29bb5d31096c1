#include "restic/cli/backup_output.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/text.h"
#include "restic/cli/error_text.h"
#include "restic/cli/json_message.h"

namespace restic::cli {
namespace {
using core::LogLevel;
using core::json::Value;

using core::printable;
using json::count;

constexpr std::size_t kMaxCurrentFiles = 8;

std::uint64_t countOrZero(const Value& message, std::string_view name) {
    return count(message, name).value_or(0);
}

struct Reason {
    std::string text;
    int code = 0; ///< errno, where it is known
};

bool endsWithNoSuchFile(std::string_view text) {
    return text.ends_with("no such file or directory");
}

/// The `error` of an error message: {"Op","Path","Err"} up to 0.17.0, {"message"} since, {} where Go's error
/// has no exported fields.
Reason reasonOf(const Value& message) {
    const auto* error = message.find("error");
    if (error == nullptr)
        return {};
    std::string text = error->string() != nullptr ? *error->string() : error->stringOr("message");
    if (!text.empty())
        return {text, endsWithNoSuchFile(text) ? ENOENT : 0};
    const auto code = error->integerOr("Err");
    if (code <= 0 || code >= 4096)
        return {};
    return {error->stringOr("Op", "read") + ": " + std::generic_category().message(static_cast<int>(code)),
            static_cast<int>(code)};
}

} // namespace

void BackupOutput::outputLine(std::string_view line) {
    if (line.find_first_not_of(" \t") == std::string_view::npos)
        return;
    if (const auto document = json::read(line))
        message(*document);
    else
        log_(line.front() == '{' ? LogLevel::debug : LogLevel::info, plainLine(line.substr(0, 1024)));
}

void BackupOutput::errorLine(std::string_view line) {
    if (const auto document = json::read(line)) {
        message(*document);
        return;
    }
    const auto text = plainLine(line);
    if (text.empty())
        return;
    constexpr std::string_view kSkipping = " does not exist, skipping";
    if (text.ends_with(kSkipping)) {
        const auto path = text.substr(0, text.size() - kSkipping.size());
        sources_.insert(path);
        addUnread(path, "does not exist", ENOENT);
        return;
    }
    errorText_.append(text);
    if (text.starts_with("Warning: at least one source file could not be read"))
        warnedUnread_ = true;
    log_(text.starts_with("Fatal:") ? LogLevel::error : LogLevel::warn, text);
}

void BackupOutput::message(const Value& document) {
    const auto type = document.stringOr("message_type");
    if (type == "status") {
        status(document);
    } else if (type == "summary") {
        summarise(document);
    } else if (type == "error") {
        addUnread(document.stringOr("item"), document);
    } else if (type == "exit_error") {
        const auto text = plainLine(document.stringOr("message"));
        errorText_.append(document.stringOr("message"));
        log_(LogLevel::error, text);
    }
}

void BackupOutput::missingSource(const std::string& path) {
    sources_.insert(path);
    addUnread(path, "does not exist", ENOENT);
}

void BackupOutput::status(const Value& message) {
    protocol::Progress progress;
    const double fraction = message.numberOr("percent_done");
    progress.percentDone = std::isfinite(fraction) ? std::clamp(fraction * 100, 0.0, 100.0) : 0;
    progress.totalFiles = countOrZero(message, "total_files");
    progress.filesDone = countOrZero(message, "files_done");
    progress.totalBytes = countOrZero(message, "total_bytes");
    progress.bytesDone = countOrZero(message, "bytes_done");
    progress.secondsElapsed = std::max<std::int64_t>(0, message.integerOr("seconds_elapsed"));
    if (const auto remaining = count(message, "seconds_remaining"))
        progress.secondsRemaining = static_cast<std::int64_t>(*remaining);
    progress.errorCount = countOrZero(message, "error_count");
    if (const auto* files = message.find("current_files"); files != nullptr && files->array() != nullptr)
        for (const auto& file : *files->array())
            if (file.string() != nullptr && progress.currentFiles.size() < kMaxCurrentFiles)
                progress.currentFiles.push_back(file.string()->substr(0, 4096));
    progress_ = std::move(progress);
    ++progressCount_;
}

void BackupOutput::summarise(const Value& message) {
    auto summary = readSummary(message);
    log_(LogLevel::info,
         fmt::format("restic finished: {} files, {} read, {} added{}",
                     summary.totalFilesProcessed.value_or(0),
                     core::formatBytes(summary.totalBytesProcessed.value_or(0)),
                     core::formatBytes(summary.dataAdded.value_or(0)),
                     summary.snapshotId.empty() ? std::string(", no snapshot was needed")
                                                : ", snapshot " + summary.snapshotId.substr(0, 8)));
    summary_ = std::move(summary);
}

void BackupOutput::addUnread(std::string path, const Value& message) {
    auto reason = reasonOf(message);
    if (reason.code == 0 && reason.text.empty() && look_ && !path.empty() && unreadCount_ < kMaxUnreadLines)
        if (const auto code = look_(path); code && *code != 0)
            reason = {std::generic_category().message(*code), *code};
    addUnread(std::move(path), reason.text.empty() ? "could not be read" : reason.text, reason.code);
}

void BackupOutput::addUnread(std::string path, std::string message, int code) {
    // The same file is named while scanning and again while reading.
    const auto hash = std::hash<std::string>()(path);
    if (seen_.contains(hash))
        return;
    if (seen_.size() >= kMaxRemembered) {
        tooMany_ = true;
        return;
    }
    seen_.insert(hash);
    path = core::toUtf8(path.substr(0, 4096));
    message = core::toUtf8(message.substr(0, 1024));
    const bool isSource = sources_.contains(path);
    if (code == ENOENT && !isSource) {
        if (++vanishedCount_ <= kMaxUnreadLines)
            log_(LogLevel::info, printable(path) + ": vanished while the backup ran");
        return;
    }
    if (code == ENOENT)
        missing_.push_back(path);
    if (++unreadCount_ <= kMaxUnreadLines)
        log_(LogLevel::warn, printable(path) + ": " + printable(message));
    else if (unreadCount_ == kMaxUnreadLines + 1)
        log_(LogLevel::warn, "Further files that cannot be read are counted and not named here");
    if (unread_.size() < kMaxUnread)
        unread_.push_back({std::move(path), std::move(message)});
}

} // namespace restic::cli
