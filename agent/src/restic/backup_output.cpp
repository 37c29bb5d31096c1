#include "restic/backup_output.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/text.h"

namespace agent {
namespace {
using core::LogLevel;
using core::json::Value;

constexpr std::size_t kMaxErrorText = 8U << 10U;
/// Beyond this many distinct paths repetitions are counted again: memory is bounded, the figure is "at
/// least".
constexpr std::size_t kMaxRemembered = 10000;
constexpr std::size_t kMaxCurrentFiles = 8;

std::optional<std::uint64_t> count(const Value& message, std::string_view name) {
    const auto* value = message.find(name);
    if (value == nullptr)
        return std::nullopt;
    if (const auto* integer = value->integer(); integer != nullptr && *integer >= 0)
        return static_cast<std::uint64_t>(*integer);
    return std::nullopt;
}

std::uint64_t countOrZero(const Value& message, std::string_view name) {
    return count(message, name).value_or(0);
}

std::optional<core::Instant> instant(const Value& message, std::string_view name) {
    return core::parseInstant(message.stringOr(name));
}

/// The `error` of an error message: {"Op","Path","Err"} up to 0.17.0, {"message"} since, {} where Go's error
/// has no exported fields.
std::string errorMessage(const Value& message) {
    const auto* error = message.find("error");
    if (error == nullptr)
        return "could not be read";
    if (const auto* text = error->string())
        return *text;
    if (auto text = error->stringOr("message"); !text.empty())
        return text;
    const auto code = error->integerOr("Err");
    if (code > 0 && code < 4096) {
        const auto operation = error->stringOr("Op", "read");
        return operation + ": " + std::generic_category().message(static_cast<int>(code));
    }
    return "could not be read";
}

/// Terminal control sequences, such as the one before "signal interrupt received", are for no log.
std::string plain(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
            i += 2;
            while (i < line.size() && (line[i] < '@' || line[i] > '~'))
                ++i;
        } else if (static_cast<unsigned char>(line[i]) >= 0x20 || line[i] == '\t') {
            out += line[i];
        }
    }
    return core::toUtf8(out);
}
} // namespace

void BackupOutput::outputLine(std::string_view line) {
    if (line.empty())
        return;
    if (line.front() != '{') {
        log_(LogLevel::info, plain(line));
        return;
    }
    const auto document = core::json::parse(line);
    if (!document) {
        log_(LogLevel::debug, plain(line.substr(0, 256)));
        return;
    }
    const auto& message = document.value();
    const auto type = message.stringOr("message_type");
    if (type == "status")
        status(message);
    else if (type == "summary")
        summarise(message);
    else if (type == "error")
        addUnread(message.stringOr("item"), errorMessage(message));
}

void BackupOutput::errorLine(std::string_view line) {
    if (line.starts_with('{')) {
        if (const auto document = core::json::parse(line)) {
            const auto& message = document.value();
            const auto type = message.stringOr("message_type");
            if (type == "error") {
                addUnread(message.stringOr("item"), errorMessage(message));
            } else if (type == "exit_error") {
                const auto text = plain(message.stringOr("message"));
                addErrorText(message.stringOr("message"));
                log_(LogLevel::error, text);
            }
            return;
        }
    }
    const auto text = plain(line);
    if (text.empty())
        return;
    constexpr std::string_view kSkipping = " does not exist, skipping";
    if (text.ends_with(kSkipping)) {
        addUnread(text.substr(0, text.size() - kSkipping.size()), "does not exist");
        return;
    }
    addErrorText(text);
    if (text.starts_with("Warning: at least one source file could not be read"))
        warnedUnread_ = true;
    log_(text.starts_with("Fatal:") ? LogLevel::error : LogLevel::warn, text);
}

void BackupOutput::missingSource(const std::string& path) {
    addUnread(path, "does not exist");
}

void BackupOutput::status(const Value& message) {
    restic::protocol::Progress progress;
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
    if (id.size() <= 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos)
        summary.snapshotId = id;
    log_(LogLevel::info,
         fmt::format("restic finished: {} files, {} read, {} added{}",
                     summary.totalFilesProcessed.value_or(0),
                     core::formatBytes(summary.totalBytesProcessed.value_or(0)),
                     core::formatBytes(summary.dataAdded.value_or(0)),
                     summary.snapshotId.empty() ? std::string(", no snapshot was needed")
                                                : ", snapshot " + summary.snapshotId.substr(0, 8)));
    summary_ = std::move(summary);
}

void BackupOutput::addUnread(std::string path, std::string message) {
    path = core::toUtf8(path.substr(0, 4096));
    // The same file is named while scanning and again while reading.
    if (unreadPaths_.size() < kMaxRemembered) {
        if (!unreadPaths_.insert(path).second)
            return;
    } else if (unreadPaths_.contains(path)) {
        return;
    }
    ++unreadCount_;
    message = core::toUtf8(message.substr(0, 1024));
    log_(LogLevel::warn, path + ": " + message);
    if (unread_.size() < kMaxUnread)
        unread_.push_back({std::move(path), std::move(message)});
}

void BackupOutput::addErrorText(std::string_view line) {
    errorText_.append(core::toUtf8(line)).append("\n");
    if (errorText_.size() > kMaxErrorText)
        errorText_ = core::toUtf8(std::string_view(errorText_).substr(errorText_.size() - kMaxErrorText));
}

} // namespace agent
