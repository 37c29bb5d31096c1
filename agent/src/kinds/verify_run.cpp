#include "kinds/verify_run.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/text.h"
#include "files/tree_removal.h"
#include "kinds/scratch_restore.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/task_errors.h"
#include "state/process_names.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using protocol::TaskError;

TaskError noRoom(const Staging::Shortage& lacks) {
    return {std::string(task_errors::kOutOfDiskSpace.name), lacks.message, lacks.hint};
}
} // namespace

std::optional<TaskError> VerifyRun::work(const restic::cli::RepositoryAccess& repository,
                                         const std::stop_token& stop) {
    if (!services_.plugins.policy().restoreTests)
        return task_errors::make(task_errors::kForbiddenOnMachine,
                                 "The machine's local policy allows no restore tests");
    std::unique_ptr<Staging::Place> place;
    try {
        // Known by this process: what is left when it dies is removed at the next start.
        place = services_.scratch.take(report().taskId(), nameOfThisProcess());
    } catch (const core::Error& error) {
        return TaskError{std::string(task_errors::kPermissionDenied.name), error.what(),
                         "Let restore_test.scratch_dir in the agent's configuration name a folder in which "
                         "the agent can make its own"};
    }
    if (!place)
        return task_errors::make(task_errors::kAgentFailure, "This restore test runs already");
    VerifySample sample(report().taskId(), static_cast<std::size_t>(services_.config.restoreTest.maxFiles),
                        ::geteuid() == 0);
    VerifySample::Choice choice;
    auto error = list(repository, sample, stop);
    if (!error)
        error = choose(sample, choice);
    if (!error)
        error = tryAll(repository, std::move(choice), place->folder(), stop);
    place->remove();
    return error ? error : judge();
}

std::optional<TaskError> VerifyRun::list(const restic::cli::RepositoryAccess& repository,
                                         VerifySample& sample, const std::stop_token& stop) {
    std::optional<TaskError> error;
    commands().readLines(
        repository, {"ls", "--json", "--no-lock", "--", task_.snapshotId}, stop, error,
        [&](std::string_view line) {
            const auto node = restic::cli::json::read(line);
            if (!node)
                return;
            const auto kind = node->stringOr("struct_type", node->stringOr("message_type"));
            if (kind == "snapshot")
                sourceIsHere_ = node->stringOr("hostname") == services_.hostname;
            else if (kind == "node")
                sample.add(*node);
        },
        timeLimit(task_, services_.config));
    totalFiles_ = sample.files();
    totalBytes_ = sample.bytes();
    return error;
}

std::optional<TaskError> VerifyRun::choose(const VerifySample& sample, VerifySample::Choice& choice) const {
    const auto shortId = task_.snapshotId.substr(0, 8);
    if (sample.files() == 0)
        return task_errors::make(task_errors::kNothingToRestore,
                                 "The snapshot " + shortId + " holds no file: nothing could be tested");
    if (sample.usable() == 0)
        return task_errors::make(
            task_errors::kNothingToRestore,
            "The snapshot " + shortId +
                " holds no file that the agent's user could compare: nothing was tested");
    const auto room = services_.scratch.room();
    const auto most = static_cast<std::uint64_t>(services_.config.restoreTest.maxSize);
    const auto smallest = sample.smallest().value_or(0);
    if (const auto lacks = services_.scratch.lacksRoomFor(smallest))
        return noRoom(*lacks);
    choice = sample.choose(task_.sharePercent, std::min(most, room.value_or(0)));
    if (choice.files.empty())
        return TaskError{
            std::string(task_errors::kOutOfDiskSpace.name),
            "The smallest file of the snapshot " + shortId + " has " + core::formatBytes(smallest) +
                "; restore_test.max_size allows " + core::formatBytes(most),
            "Raise restore_test.max_size in the agent's configuration, if the disk has the room"};
    return std::nullopt;
}

std::optional<TaskError> VerifyRun::tryAll(const restic::cli::RepositoryAccess& repository,
                                           VerifySample::Choice choice, const std::filesystem::path& folder,
                                           const std::stop_token& stop) {
    const auto version = services_.restic.version();
    const auto count = choice.files.size();
    const auto bytes = choice.bytes;
    report().log(core::LogLevel::info,
                 fmt::format("Restoring {} of {} files of the snapshot {}, {}, to compare them", count,
                             totalFiles_, task_.snapshotId.substr(0, 8), core::formatBytes(bytes)));
    ScratchRestore restic(services_, report(), commands(),
                          std::chrono::steady_clock::now() + timeLimit(task_, services_.config));
    protocol::RestoreTask task;
    task.snapshotId = task_.snapshotId;
    task.verify = true;
    std::vector<std::vector<ListedFile>> batches;
    if (choice.all)
        batches.push_back(std::move(choice.files));
    else
        batches = batchesOf(std::move(choice.files));
    std::size_t done = 0;
    for (std::size_t i = 0; i < batches.size(); ++i) {
        // One of its own: a folder that has its mode again may be closed to the next batch.
        const auto into = folder / std::to_string(i);
        std::error_code code;
        if (!std::filesystem::create_directory(into, code))
            return task_errors::make(task_errors::kAgentFailure, into.string() + ": " + code.message());
        task.target = into.string();
        task.paths.clear();
        if (!choice.all)
            for (const auto& file : batches[i])
                task.paths.push_back(file.path);
        const auto size = batches[i].size();
        auto end = restic.run(repository, *version, task, into, stop);
        if (end.error && end.error->error != task_errors::kRestoreTestFailed.name)
            return end.error;
        Compared told;
        told.problemCount = end.problemCount;
        told.problems = std::move(end.problems);
        for (auto& one : told.problems) // as it is called in the snapshot
            if (one.path.starts_with(into.string() + "/"))
                one.path.erase(0, into.string().size());
        if (end.error && told.problemCount == 0)
            told.problem("", end.error->message);
        found_.add(told);
        if (auto error = compare(std::move(batches[i]), into, stop))
            return error;
        removeTree(into);
        done += size;
        protocol::Progress progress;
        progress.percentDone = 100.0 * static_cast<double>(done) / static_cast<double>(count);
        progress.totalFiles = count;
        progress.filesDone = done;
        progress.totalBytes = bytes;
        progress.bytesDone = found_.bytes;
        progress.errorCount = found_.problemCount;
        report().outbox().setProgress(std::move(progress));
    }
    return std::nullopt;
}

std::optional<TaskError> VerifyRun::compare(std::vector<ListedFile> wanted,
                                            const std::filesystem::path& folder,
                                            const std::stop_token& stop) {
    const auto giveUp = std::make_shared<std::atomic<bool>>(false);
    auto found = commands().look([folder, wanted = std::move(wanted), here = sourceIsHere_,
                                  giveUp] { return compareRestored(folder, wanted, here, *giveUp); },
                                 stop);
    if (!found) {
        *giveUp = true;
        return report().stopReason() == restic::cli::StopReason::cancelled
                   ? task_errors::make(task_errors::kCancelled)
                   : task_errors::make(task_errors::kCommandTimeout,
                                       "A file system does not answer, or the restore test took longer than "
                                       "it may");
    }
    // What restic has named already is one problem, in its words.
    for (const auto& known : found_.problems)
        for (auto one = found->problems.begin(); one != found->problems.end();)
            if (one->path == known.path) {
                one = found->problems.erase(one);
                --found->problemCount;
            } else {
                ++one;
            }
    found_.add(*found);
    return std::nullopt;
}

std::optional<TaskError> VerifyRun::judge() {
    if (found_.problemCount > 0) {
        const auto& first = found_.problems.front();
        return task_errors::make(task_errors::kRestoreTestFailed,
                                 fmt::format("{} came back otherwise than the snapshot {} says: {}{}{}",
                                             found_.problemCount == 1
                                                 ? std::string("One file")
                                                 : fmt::format("{} files", found_.problemCount),
                                             task_.snapshotId.substr(0, 8), first.path,
                                             first.path.empty() ? "" : ": ", first.message));
    }
    if (found_.differing > 0)
        report().note(
            protocol::notices::kDiffersFromSource,
            fmt::format("{} came back as the snapshot says, and the machine's own file of the same size and "
                        "time holds something else: {}",
                        found_.differing == 1 ? std::string("One file")
                                              : fmt::format("{} files", found_.differing),
                        fmt::join(found_.differingNames, ", ")));
    report().logOutcome(core::LogLevel::info, summary());
    return std::nullopt;
}

double VerifyRun::share() const {
    constexpr double kHundredths = 10000.0;
    if (totalFiles_ == 0)
        return 0;
    // In hundredths of a percent.
    return std::round(kHundredths * static_cast<double>(found_.files) / static_cast<double>(totalFiles_)) /
           100.0;
}

std::string VerifyRun::summary() const {
    return fmt::format("{} of {} files, {}, came back as the snapshot says; the same as the source: {}, "
                       "changed since: {}, not compared: {}",
                       found_.files, totalFiles_, core::formatBytes(found_.bytes), found_.withSource,
                       found_.changedSince, found_.notCompared);
}

core::json::Object VerifyRun::result(protocol::TaskResult common) {
    protocol::VerifyResult out;
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    out.files = found_.files;
    out.bytes = found_.bytes;
    out.totalFiles = totalFiles_;
    out.totalBytes = totalBytes_;
    out.sharePercent = share();
    out.comparedWithSource = found_.withSource;
    out.differsFromSource = found_.differing;
    out.changedSince = found_.changedSince;
    out.notCompared = found_.notCompared;
    out.problemCount = found_.problemCount;
    out.problems = found_.problems;
    return *core::wire::toJson(out).object();
}

} // namespace agent
