#include "kinds/restore.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "restic/cli/json_message.h"
#include "restic/literal_pattern.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
namespace json = restic::cli::json;
using protocol::TaskState;

constexpr std::size_t kMostFailed = 100'000;
constexpr std::size_t kMostNamed = 5;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// So restic calls what it does to a file after its content was written. Not chmod: 0.18 also does that
/// first, so that it may write into a file that is there, and says nothing else when it may not.
bool isOfAttributes(std::string_view message) {
    if (contains(message, "no such file"))
        return false; // nothing is there that could have any
    for (const auto* word : {"lchown", "Lchown", "utimes", "UtimesNano", "xattr"})
        if (contains(message, word))
            return true;
    return false;
}

bool isThere(const std::string& path) {
    std::error_code code;
    return std::filesystem::symlink_status(path, code).type() != std::filesystem::file_type::not_found;
}

std::string named(const std::vector<std::string>& paths) {
    std::string out;
    for (std::size_t i = 0; i < paths.size() && i < kMostNamed; ++i)
        out += (i == 0 ? "" : ", ") + core::printable(paths[i]);
    return paths.size() > kMostNamed ? out + ", …" : out;
}
} // namespace

Restore::Restore(protocol::RestoreTask task, restic::cli::WorkContext context, Note note)
    : task_(std::move(task)), context_(std::move(context)), note_(std::move(note)),
      place_(task_.target.value_or("/")) {
    // All of it, and something in it, is all of it.
    if (std::find(task_.paths.begin(), task_.paths.end(), "/") != task_.paths.end())
        task_.paths.clear();
}

std::optional<protocol::TaskError> Restore::problem() const {
    if (const auto problems = protocol::problemsOf(task_); !problems.empty())
        return task_errors::make(task_errors::kInvalidTask,
                                 problems.front().pointer.substr(1) + " " + problems.front().message);
    // restic would make folders of the links above what it restores: /home, where that is one.
    if (task_.inPlace && task_.paths.empty())
        return task_errors::make(task_errors::kInvalidTask,
                                 "What is restored to its old place must be named by its paths");
    return std::nullopt;
}

std::vector<std::string> Restore::arguments(int step) {
    if (step != 0)
        return {};
    std::vector<std::string> out{"restore", "--json", "--target=" + place_};
    for (const auto& path : task_.paths)
        out.push_back("--include=" + literalPattern(path));
    if (sparse_)
        out.emplace_back("--sparse");
    if (task_.needsOverwriteModes())
        out.push_back("--overwrite=" + *task_.overwrite);
    if (task_.dryRun)
        out.emplace_back("--dry-run");
    else if (task_.verify)
        out.emplace_back("--verify");
    if (task_.limitDownloadKib)
        out.push_back("--limit-download=" + std::to_string(*task_.limitDownloadKib));
    out.emplace_back("--");
    out.push_back(task_.snapshotId);
    return out;
}

void Restore::message(const core::json::Value& document) {
    const auto type = document.stringOr("message_type");
    const auto figure = [&](std::string_view name) { return json::count(document, name).value_or(0); };
    if (type == "status") {
        protocol::Progress now;
        now.percentDone = std::clamp(document.numberOr("percent_done") * 100, 0.0, 100.0);
        now.totalFiles = figure("total_files");
        now.filesDone = figure("files_restored");
        now.totalBytes = figure("total_bytes");
        now.bytesDone = figure("bytes_restored");
        now.secondsElapsed = static_cast<std::int64_t>(figure("seconds_elapsed"));
        now.errorCount = failed_.size();
        progress_ = std::move(now);
    } else if (type == "summary") {
        summary_ = Counts{figure("total_files"), figure("files_restored"), figure("bytes_restored"),
                          figure("files_skipped"), figure("bytes_skipped")};
        ended_ = true;
    } else if (type == "error") {
        const auto* error = document.find("error");
        failed(document.stringOr("item"), error != nullptr ? error->stringOr("message") : std::string());
    }
}

void Restore::text(std::string_view line) {
    if (line.starts_with("finished verifying"))
        saidVerified_ = true;
}

void Restore::errorText(std::string_view line) {
    constexpr std::string_view kIgnoring = "ignoring error for ";
    constexpr std::string_view kFatal = "Fatal: There were ";
    if (line.starts_with(kFatal)) {
        std::uint64_t number = 0;
        line.remove_prefix(kFatal.size());
        if (std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc{})
            saidFailures_ = number;
        return;
    }
    if (!line.starts_with(kIgnoring))
        return;
    line.remove_prefix(kIgnoring.size());
    const auto colon = std::min(line.find(": "), line.size());
    const std::string path(line.substr(0, colon));
    const std::string message(line.substr(std::min(colon + 2, line.size())));
    if (isThereAlready(path, message))
        ++harmless_;
    else
        failed(path, message);
}

/// restic 0.14 does not replace a link, not even by the same one.
bool Restore::isThereAlready(const std::string& path, const std::string& message) const {
    constexpr std::string_view kBegin = "Symlink: symlink ";
    const auto link = (place_ == "/" ? "" : place_) + path;
    const auto end = " " + link + ": file exists";
    if (!message.starts_with(kBegin) || !message.ends_with(end))
        return false;
    std::error_code code;
    const auto leads = std::filesystem::read_symlink(link, code);
    return !code && message == std::string(kBegin) + leads.string() + end;
}

void Restore::failed(const std::string& path, const std::string& message) {
    const bool attributes = isOfAttributes(message);
    const auto found = failed_.find(path);
    if (found == failed_.end()) {
        if (failed_.size() < kMostFailed)
            failed_[path] = {message, attributes};
    } else if (found->second.attributesOnly && !attributes) {
        found->second = {message, false};
    }
}

std::optional<protocol::Progress> Restore::takeProgress() {
    return std::exchange(progress_, std::nullopt);
}

bool Restore::complete(int step) const {
    return step == 0 && failed_.empty() && (ended_ || saidVerified_);
}

std::vector<std::string> Restore::missing() const {
    if (missing_)
        return *missing_;
    if (summary_ && summary_->total == 0 && summary_->skipped == 0)
        return task_.paths;
    std::vector<std::string> out;
    if (!task_.dryRun && !task_.inPlace)
        for (const auto& path : task_.paths)
            if (!isThere(place_ + path))
                out.push_back(path);
    return out;
}

std::optional<restic::cli::Verdict> Restore::judge(int /*step*/, const core::ProcessExit& exit,
                                                   const std::string& errors) {
    if (!exit.known)
        return complete(0) ? judgeGoodEnd() : std::nullopt;
    if (exit.ok())
        return judgeGoodEnd();
    if (exit.signal != 0 || exit.code != 1)
        return std::nullopt;
    if (!failed_.empty())
        return judgeFailures(exit, errors);
    if (harmless_ > 0 && saidFailures_ == harmless_) {
        if (auto other = judgeGoodEnd())
            return other;
        return restic::cli::Verdict{TaskState::success, "success", std::nullopt};
    }
    return std::nullopt;
}

std::optional<restic::cli::Verdict> Restore::judgeGoodEnd() {
    const auto lacking = missing();
    if (!task_.paths.empty() && lacking.size() == task_.paths.size())
        return restic::cli::Verdict{TaskState::failed, "failed",
                                    task_errors::make(task_errors::kNothingToRestore,
                                                      "The snapshot " + task_.snapshotId.substr(0, 8) +
                                                          " has none of these: " + named(lacking))};
    if (!lacking.empty())
        note_(protocol::notices::kNotInSnapshot,
              fmt::format("{} of the {} paths {} not in the snapshot: {}", lacking.size(), task_.paths.size(),
                          lacking.size() == 1 ? "is" : "are", named(lacking)));
    if (::geteuid() != 0 && !task_.dryRun)
        note_(protocol::notices::kOwnersNotRestored,
              "The agent does not run as root: what was restored belongs to its user");
    return std::nullopt;
}

restic::cli::Verdict Restore::judgeFailures(const core::ProcessExit& exit, const std::string& errors) {
    std::string all = errors;
    std::vector<std::string> contents;
    for (const auto& [path, one] : failed_)
        if (!one.attributesOnly) {
            contents.push_back(path);
            if (contents.size() <= protocol::RestoreResult::kMostProblems)
                all += "\n" + one.message;
        }
    if (contents.empty()) {
        note_(protocol::notices::kAttributesNotRestored,
              fmt::format("{} restored without owner, times or attributes: {}: {}",
                          failed_.size() == 1 ? "One was" : fmt::format("{} were", failed_.size()),
                          core::printable(failed_.begin()->first),
                          core::printable(failed_.begin()->second.message)));
        return {TaskState::warning, "warning", std::nullopt};
    }
    const auto& first = failed_.at(contents.front());
    const auto* cause = &restic::cli::classifyFailure(exit, all);
    if (cause->name == task_errors::kCommandFailed.name)
        cause = contains(all, "operation not permitted")
                    ? static_cast<const core::ErrorKind*>(&task_errors::kPermissionDenied)
                    : &task_errors::kRestoreIncomplete;
    return {
        TaskState::failed, "failed",
        task_errors::make(
            *cause, fmt::format("{} not restored, {}: {}",
                                contents.size() == 1 ? "One was" : fmt::format("{} were", contents.size()),
                                core::printable(contents.front()), core::printable(first.message)))};
}

core::json::Object Restore::result(protocol::TaskResult common) {
    protocol::RestoreResult out;
    const bool good = common.outcome == "success" || common.outcome == "warning";
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    if (summary_) {
        // Folders on the way to what was chosen are restored and not counted before.
        out.files = std::min(summary_->files, summary_->total);
        out.bytes = summary_->bytes;
        out.filesSkipped = summary_->skipped;
        out.bytesSkipped = summary_->bytesSkipped;
    } else if (good) {
        out.files = listedFiles_;
        out.bytes = listedBytes_;
    }
    out.problemCount = failed_.size();
    for (const auto& [path, one] : failed_) {
        if (out.problems.size() == protocol::RestoreResult::kMostProblems)
            break;
        out.problems.push_back({core::printable(path), core::printable(one.message)});
    }
    out.target = task_.inPlace ? "/" : place_;
    out.dryRun = task_.dryRun;
    out.verified = good && task_.verify && !task_.dryRun;
    return *core::wire::toJson(out).object();
}

std::string Restore::summary() const {
    const auto files = summary_ ? std::optional(std::min(summary_->files, summary_->total)) : listedFiles_;
    const auto bytes = summary_ ? std::optional(summary_->bytes) : listedBytes_;
    auto out =
        files ? fmt::format("{} files, folders and links, {}", *files, core::formatBytes(bytes.value_or(0)))
              : std::string("all");
    out += task_.dryRun ? " would be restored" : " restored";
    if (summary_ && summary_->skipped > 0)
        out += fmt::format(", {} left as they were", summary_->skipped);
    return out + (task_.inPlace ? " where they were" : " to " + core::printable(place_));
}

} // namespace agent
