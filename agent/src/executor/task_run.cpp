#include "executor/task_run.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "executor/file_tail.h"
#include "executor/path_look.h"
#include "executor/patience.h"
#include "restic/message.h"
#include "restic/protocol/password_rule.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_state.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

constexpr auto kTick = 100ms;
constexpr auto kQuickTimeout = 120s;
constexpr std::size_t kStderrTail = 4096;
constexpr std::size_t kMostNotices = 32;
constexpr auto kLookAtFile = 2000ms;
constexpr auto kLookAtRepository = 10000ms;

protocol::BackupResult outcome(std::string name) {
    protocol::BackupResult result;
    result.outcome = std::move(name);
    return result;
}

std::chrono::milliseconds timeLimit(const protocol::TaskPayload& task, const Config& config) {
    return task.timeoutSeconds ? std::chrono::seconds(*task.timeoutSeconds) : config.restic.commandTimeout;
}

std::uint64_t sizeOf(const std::filesystem::path& file) {
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    return code ? 0 : size;
}

/// Whether restic may have made a snapshot that its messages do not tell of.
bool outcomeIsOpen(const core::ProcessExit& exit, const BackupOutput& output, const Verdict& verdict) {
    if (output.summary())
        return (exit.known && exit.signal != 0) || (exit.ok() && output.summary()->snapshotId.empty());
    if (exit.known && exit.signal == 0 && (exit.code == 0 || exit.code == 3))
        return true;
    if (!verdict.error)
        return true; // cancelled
    for (const auto* kind :
         {&task_errors::kCommandFailed, &task_errors::kInterrupted, &task_errors::kCommandTimeout})
        if (verdict.error->error == kind->name)
            return true;
    return false;
}

/// Keeps a second agent of this machine from filling the same folder; released with the last copy.
class FolderLock {
public:
    /// Waits for it; a folder that does not exist is made. Holds nothing where the file system has no locks,
    /// or the agent may not open the folder.
    static std::shared_ptr<FolderLock> take(const std::filesystem::path& folder) {
        auto lock = std::make_shared<FolderLock>();
        std::error_code ignored;
        std::filesystem::create_directories(folder, ignored);
        lock->fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (lock->fd_ >= 0)
            ::flock(lock->fd_, LOCK_EX);
        return lock;
    }
    FolderLock() = default;
    ~FolderLock() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int fd_ = -1;
};

std::optional<std::string> userName() {
    std::array<char, 4096> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return std::string(found->pw_name);
    return std::nullopt;
}
} // namespace

void BackupRun::logLine(LogLevel level, const std::string& message, LogPosition position, bool isOutcome) {
    outbox_->log().append(services_.clock.now(), level, outbox_->redact(message), position, isOutcome);
}

void BackupRun::note(const protocol::notices::Kind& kind, std::string message) {
    logLine(kind.warns ? LogLevel::warn : LogLevel::info, message, {}, true);
    notices_.push_back({std::string(kind.code), outbox_->redact(std::move(message))});
}

template <typename Work>
auto BackupRun::look(Work work, const std::stop_token& stop) {
    const auto until = std::chrono::steady_clock::now() + timeout_;
    return patiently(std::move(work), [&, until] {
        if (std::chrono::steady_clock::now() >= until)
            outbox_->stop(StopReason::timedOut);
        return stop.stop_requested() || outbox_->stopReason() != StopReason::none;
    });
}

bool BackupRun::concludeUnbegun(const std::stop_token& stop) {
    if (outbox_->stopReason() == StopReason::cancelled)
        conclude(protocol::TaskState::cancelled, outcome("cancelled"), std::nullopt);
    else if (stop.stop_requested())
        return false;
    else
        fail(task_errors::make(
            task_errors::kCommandTimeout,
            "The time limit was over before restic could start: a file system with one of the "
            "sources, or with the repository, does not answer"));
    return true;
}

bool BackupRun::run(const std::stop_token& stop) {
    startedAt_ = services_.clock.now();
    timeout_ = timeLimit(task_, services_.config);
    if (outbox_->stopReason() != StopReason::none) {
        conclude(protocol::TaskState::cancelled, outcome("cancelled"), std::nullopt);
        return true;
    }
    const auto version = services_.restic.version();
    if (!version) {
        fail(task_errors::make(task_errors::kResticNotFound, services_.restic.problem()));
        return true;
    }
    resticVersion_ = version->toString();
    auto looked = look(
        [task = task_, config = services_.config, hostname = services_.hostname, version] {
            return planBackup(task, {config, hostname, version});
        },
        stop);
    if (!looked)
        return concludeUnbegun(stop);
    if (const auto* error = std::get_if<protocol::TaskError>(&*looked)) {
        fail(*error, error->error == task_errors::kSourceNotFound.name ? "source_missing" : "failed");
        return true;
    }
    auto& plan = std::get<BackupPlan>(*looked);
    missing_ = plan.missingSources;
    tags_ = plan.tags;
    sources_ = plan.sources;
    excludes_ = plan.excludes;
    localRepository_ = plan.repository.localFolder();
    access_ = plan.repository;
    if (plan.repository.password) {
        services_.log.hub().addSecret(*plan.repository.password);
        if (protocol::changesInFile(*plan.repository.password))
            note(protocol::notices::kPasswordNotPlain,
                 "The repository's password begins or ends with white space, which restic leaves away when "
                 "it reads "
                 "a password from a file: by hand the repository opens with RESTIC_PASSWORD only");
    }
    for (const auto& [name, value] : plan.repository.environment)
        if (name.find("KEY") != std::string::npos || name.find("PASSWORD") != std::string::npos ||
            name.find("TOKEN") != std::string::npos || name.find("SECRET") != std::string::npos ||
            name.find("SAS") != std::string::npos)
            services_.log.hub().addSecret(value);

    if (task_.initIfMissing) {
        if (auto error = prepareRepository(plan, stop)) {
            if (stop.stop_requested())
                return false;
            if (outbox_->stopReason() == StopReason::cancelled)
                conclude(protocol::TaskState::cancelled, outcome("cancelled"), std::nullopt);
            else
                fail(*error);
            return true;
        }
    }
    startedAt_ = services_.clock.now();
    for (;;) {
        if (stop.stop_requested())
            return false;
        const auto process = start(plan);
        if (!process)
            return true;
        switch (follow(process.get(), stop)) {
        case End::left:
            process->detach();
            return false;
        case End::done:
            return true;
        case End::again:
            break;
        }
    }
}

std::unique_ptr<core::Process> BackupRun::start(const BackupPlan& plan) {
    const auto folder = services_.state.task(outbox_->taskId(), outbox_->attempt());
    auto command = services_.commands.on(plan.repository, plan.arguments);
    // To files, not pipes: restic outlives an agent that dies.
    command.spec.standardOutput = core::ProcessOutput::toFile(folder / "stdout");
    command.spec.standardError = core::ProcessOutput::toFile(folder / "stderr");
    begin_ = {sizeOf(folder / "stdout"), sizeOf(folder / "stderr")};
    services_.journal.starting(outbox_->taskId(), outbox_->attempt(), startedAt_, resticVersion_, missing_);
    auto started = services_.runner.start(command.spec);
    if (!started) {
        const bool absent = &started.error().kind() == &core::errors::kProgramNotFound;
        fail(task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kAgentFailure,
                               started.error().what()));
        return nullptr;
    }
    auto process = std::move(started).value();
    try {
        services_.journal.spawned(outbox_->taskId(), outbox_->attempt(),
                                  {process->pid(), process->startTicks(), core::bootId()});
    } catch (const core::Error& error) {
        // It runs: after a restart it is found by its tag.
        services_.log.error("A started restic could not be written to the journal",
                            {{"task_id", outbox_->taskId()}, {"error", error.what()}});
    }
    services_.log.info("restic started",
                       {{"task_id", outbox_->taskId()}, {"pid", std::int64_t{process->pid()}}});
    return process;
}

bool BackupRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    startedAt_ = known.startedAt;
    resticVersion_ = known.resticVersion;
    missing_ = known.missingSources;
    timeout_ = timeLimit(task_, services_.config);
    excludes_ = !task_.exclude.empty() || !services_.config.backup.exclude.empty();
    for (const auto& source : task_.sources)
        if (std::find(missing_.begin(), missing_.end(), source) == missing_.end())
            sources_.push_back(source);
    if (task_.policyId)
        tags_.push_back("policy:" + task_.policyId->toString());
    tags_.push_back("task:" + task_.taskId.toString());
    tags_.insert(tags_.end(), task_.tags.begin(), task_.tags.end());
    if (task_.repository && task_.repository->type == "local") {
        RepositoryAccess access;
        access.type = "local";
        access.url = task_.repository->url;
        localRepository_ = access.localFolder();
    }
    if (!addressIsWithheld(task_)) {
        auto access = look(
            [task = task_, config = services_.config, hostname = services_.hostname] {
                return planAccess(task, {config, hostname, std::nullopt});
            },
            stop);
        if (auto* reachable = access ? std::get_if<RepositoryAccess>(&*access) : nullptr)
            access_ = std::move(*reachable);
    }
    std::unique_ptr<core::Process> process;
    auto spawned = known.spawned;
    if (!spawned)
        spawned = findResticOfTask(known.taskId);
    if (spawned && spawned->bootId == core::bootId())
        process = services_.runner.adopt(spawned->pid, spawned->startTicks);
    if (process && !known.spawned)
        services_.journal.spawned(known.taskId, known.attempt, *spawned);
    services_.log.info(process ? "A restic of an earlier run was adopted"
                               : "A restic of an earlier run has ended meanwhile",
                       {{"task_id", known.taskId}});
    return follow(process.get(), stop) == End::done;
}

std::optional<core::ProcessResult> BackupRun::quickCommand(const RepositoryAccess& repository,
                                                           const std::vector<std::string>& arguments,
                                                           const std::stop_token& stop,
                                                           std::optional<protocol::TaskError>& error,
                                                           bool evenIfCancelled) {
    auto command = services_.commands.on(repository, arguments);
    command.spec.standardOutput = core::ProcessOutput::capture(64U << 10U);
    command.spec.standardError = core::ProcessOutput::capture(64U << 10U);
    command.spec.timeout =
        evenIfCancelled ? kQuickTimeout : std::min<std::chrono::milliseconds>(kQuickTimeout, timeout_);
    std::stop_source either;
    const std::stop_callback byAgent(stop, [&] { either.request_stop(); });
    const std::stop_callback byServer(evenIfCancelled ? std::stop_token() : outbox_->stopToken(),
                                      [&] { either.request_stop(); });
    auto result = services_.runner.run(command.spec, either.get_token());
    if (!result) {
        const bool absent = &result.error().kind() == &core::errors::kProgramNotFound;
        error = task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kAgentFailure,
                                  result.error().what());
        return std::nullopt;
    }
    if (result.value().cancelled) {
        error = task_errors::make(task_errors::kInterrupted);
        return std::nullopt;
    }
    if (result.value().timedOut) {
        error = task_errors::make(task_errors::kNetworkError, "restic did not reach the repository in time");
        return std::nullopt;
    }
    return std::move(result).value();
}

std::optional<protocol::TaskError> BackupRun::prepareRepository(const BackupPlan& plan,
                                                                const std::stop_token& stop) {
    if (const auto folder = plan.repository.localFolder())
        return prepareFolder(plan, *folder, stop);
    std::optional<protocol::TaskError> error;
    const auto found = quickCommand(plan.repository, {"cat", "config", "--no-lock"}, stop, error);
    if (!found)
        return error;
    if (found->exit.ok() || !saysRepositoryIsAbsent(found->exit, found->error))
        return std::nullopt; // what is wrong with it, if anything, the backup will say
    return initialise(plan, stop);
}

std::optional<protocol::TaskError> BackupRun::prepareFolder(const BackupPlan& plan,
                                                            const std::filesystem::path& folder,
                                                            const std::stop_token& stop) {
    // Held while the folder is looked at and filled: two at once would each put a key of its own into it.
    const auto held = look([folder] { return FolderLock::take(folder); }, stop);
    if (!held)
        return task_errors::make(task_errors::kCommandTimeout,
                                 "The repository's file system does not answer");
    const auto looked = look(
        [folder] {
            std::error_code code;
            return std::pair(lookAt(folder.string()),
                             std::filesystem::exists(folder / "config", code) || code);
        },
        stop);
    if (!looked)
        return task_errors::make(task_errors::kCommandTimeout,
                                 "The repository's file system does not answer");
    const auto& [place, hasConfig] = *looked;
    if (hasConfig)
        return std::nullopt; // what is wrong with it, if anything, the backup will say
    const auto name = restic_json::printable(folder.string());
    if (!place.missing() && !place.link && !place.folder)
        return task_errors::make(task_errors::kRepositoryNotFound, name + " is no folder");
    const auto inside = place.link ? look([folder] { return lookAt((folder / "").string()); }, stop) : place;
    if (!inside || (!inside->missing() && !inside->entries)) {
        // The agent may not look; restic, which may have more rights, can at least tell that one is there.
        std::optional<protocol::TaskError> error;
        const auto found = quickCommand(plan.repository, {"cat", "config", "--no-lock"}, stop, error);
        if (!found)
            return error;
        if (!saysRepositoryIsAbsent(found->exit, found->error))
            return std::nullopt;
        return task_errors::make(
            task_errors::kPermissionDenied,
            "There is no repository in " + name +
                ", and the agent may not look whether that folder is empty, so it is not "
                "initialised. Let the agent's user read it, or run restic init by hand");
    }
    if (inside->entries && !inside->entries->empty()) {
        std::string found;
        for (const auto& entry : *inside->entries)
            found += (found.empty() ? "" : ", ") + restic_json::printable(entry);
        const bool looksLikeOne =
            std::find(inside->entries->begin(), inside->entries->end(), "keys") != inside->entries->end();
        return task_errors::make(
            looksLikeOne ? task_errors::kRepositoryDamaged : task_errors::kRepositoryNotFound,
            name +
                (looksLikeOne ? " holds a repository without its file config (found: "
                              : " is not empty and holds no repository (found: ") +
                found + "). What is not empty is never initialised: " +
                (looksLikeOne ? "restore config from a copy, or empty the folder if nothing in it is needed"
                              : "empty the folder, or choose another"));
    }
    return initialise(plan, stop);
}

std::optional<protocol::TaskError> BackupRun::initialise(const BackupPlan& plan,
                                                         const std::stop_token& stop) {
    logLine(LogLevel::info, "There is no repository yet; creating it with restic init");
    std::optional<protocol::TaskError> error;
    const auto made = quickCommand(plan.repository, {"init"}, stop, error);
    if (!made)
        return error;
    if (made->exit.ok()) {
        created_ = true;
        logLine(LogLevel::info, "The repository was created");
        return std::nullopt;
    }
    // Another agent may have been first.
    if (made->error.find("already exists") != std::string::npos ||
        made->error.find("already initialized") != std::string::npos)
        return std::nullopt;
    return task_errors::make(classifyFailure(made->exit, made->error),
                             "The repository could not be created: " +
                                 outbox_->redact(failureMessage(made->exit, made->error)));
}

BackupRun::End BackupRun::follow(core::Process* process, const std::stop_token& stop) {
    const auto folder = services_.state.task(outbox_->taskId(), outbox_->attempt());
    FileTail out(folder / "stdout", begin_.output, restic_json::kMaxLine);
    FileTail err(folder / "stderr", begin_.error, restic_json::kMaxLine);
    const auto recovered = outbox_->log().recovered();
    LogPosition position = recovered;
    bool fresh = true; // the line at hand was not in the log of an earlier run
    bool hangs = false;
    BackupOutput output(
        [&](LogLevel level, const std::string& message) {
            if (fresh)
                logLine(level, message, position);
        },
        [&](const std::string& path) -> std::optional<int> {
            if (hangs)
                return std::nullopt;
            const auto code =
                patiently([path] { return ::access(path.c_str(), R_OK) == 0 ? 0 : errno; }, kLookAtFile);
            hangs = !code;
            return code;
        });
    output.setSources(sources_);
    fresh = recovered.output == 0 && recovered.error == 0 && !unlockTried_;
    for (const auto& source : missing_)
        output.missingSource(source);

    const FileTail::Line outLine = [&](std::string_view line, std::uint64_t end) {
        fresh = end > recovered.output;
        position.output = std::max(position.output, end);
        output.outputLine(line);
    };
    const FileTail::Line errLine = [&](std::string_view line, std::uint64_t end) {
        fresh = end > recovered.error;
        position.error = std::max(position.error, end);
        output.errorLine(line);
    };

    core::StopLadder ladder(services_.config.restic.interruptGrace, 5s);
    std::uint64_t progressSeen = 0;
    std::optional<core::ProcessExit> ended;
    if (process == nullptr)
        ended = core::ProcessExit{0, 0, false};
    // Measured by the clock that nobody sets; what passed before an adoption is known by the other only.
    const auto deadline =
        std::chrono::steady_clock::now() + (timeout_ - (services_.clock.now() - startedAt_));
    while (!ended) {
        if (stop.stop_requested())
            return End::left;
        if (std::chrono::steady_clock::now() >= deadline)
            outbox_->stop(StopReason::timedOut);
        if (outbox_->stopReason() != StopReason::none) {
            if (!ladder.started())
                logLine(LogLevel::warn,
                        outbox_->stopReason() == StopReason::timedOut
                            ? "The time limit is over; interrupting restic"
                            : "Cancelled; interrupting restic",
                        position);
            if (const int number = ladder.due(std::chrono::steady_clock::now()); number != 0)
                process->signal(number);
        }
        ended = process->wait(kTick);
        while (out.poll(outLine)) {
        }
        while (err.poll(errLine)) {
        }
        if (output.progressCount() > progressSeen) {
            progressSeen = output.progressCount();
            outbox_->setProgress(*output.progress());
            if (!output.summary())
                logProgress(*output.progress(), position);
        }
    }
    out.finish(outLine);
    err.finish(errLine);
    fresh = true;
    return finish(*ended, output, stop);
}

void BackupRun::logProgress(const protocol::Progress& progress, const LogPosition& position) {
    // Ever more seldom: a backup of hours has dozens of such lines, not thousands.
    constexpr auto kFirst = 2s;
    const auto now = std::chrono::steady_clock::now();
    if (!progressBegan_)
        progressBegan_ = nextProgressLine_ = now;
    if (now < nextProgressLine_ || progress.totalBytes == 0)
        return;
    nextProgressLine_ =
        now + std::max<std::chrono::steady_clock::duration>(kFirst, (now - *progressBegan_) / 10);
    logLine(LogLevel::info,
            fmt::format("{:.0f} %: {} of {} files, {} of {}", progress.percentDone, progress.filesDone,
                        progress.totalFiles, core::formatBytes(progress.bytesDone),
                        core::formatBytes(progress.totalBytes)),
            position);
}

void BackupRun::removeStaleLock(const std::stop_token& stop) {
    if (localRepository_) {
        const auto locks = patiently(
            [folder = *localRepository_ / "locks"] { return lookAt(folder.string()); }, kLookAtRepository);
        if (locks && locks->emptyFolder())
            return;
    }
    if (!access_) {
        logLine(LogLevel::warn, "restic may have left a lock; an unlock task removes it");
        return;
    }
    // Plain unlock: it takes only locks whose process has died, or that are older than half an hour.
    std::optional<protocol::TaskError> error;
    const auto result = quickCommand(*access_, {"unlock"}, stop, error, true);
    if (result && result->exit.ok())
        logLine(LogLevel::info, "Looked for a lock that restic might have left, with restic unlock");
    else
        logLine(LogLevel::warn, "restic may have left a lock, and restic unlock failed" +
                                    (result ? ": " + headline(result->error) : std::string()));
}

bool BackupRun::unlocked(const core::ProcessExit& exit, const BackupOutput& output,
                         const std::stop_token& stop) {
    if (unlockTried_ || !access_ || output.summary() || outbox_->stopReason() != StopReason::none ||
        &classifyFailure(exit, output.errorText()) != &task_errors::kRepositoryLocked)
        return false;
    unlockTried_ = true;
    staleHolder_ = lockHolder(output.errorText()).value_or("somebody") + lockAge(output.errorText());
    logLine(LogLevel::info,
            "The repository is locked by " + staleHolder_ +
                ". Running restic unlock, which removes a lock only if its process has died or it is "
                "older than half an hour, and trying once more");
    std::optional<protocol::TaskError> error;
    const auto result = quickCommand(*access_, {"unlock"}, stop, error);
    return result && result->exit.ok();
}

std::optional<std::vector<SnapshotInfo>> BackupRun::askRepository(const std::vector<std::string>& filter,
                                                                  const std::stop_token& stop) {
    if (!access_)
        return std::nullopt;
    std::vector<std::string> arguments{"snapshots", "--json", "--no-lock"};
    arguments.insert(arguments.end(), filter.begin(), filter.end());
    std::optional<protocol::TaskError> error;
    const auto result = quickCommand(*access_, arguments, stop, error, true);
    if (!result || !result->exit.ok())
        return std::nullopt;
    return readSnapshots(result->output);
}

void BackupRun::fillResult(protocol::BackupResult& result, const BackupSummary& summary) const {
    result.filesNew = summary.filesNew;
    result.filesChanged = summary.filesChanged;
    result.filesUnmodified = summary.filesUnmodified;
    result.dirsNew = summary.dirsNew;
    result.dirsChanged = summary.dirsChanged;
    result.dirsUnmodified = summary.dirsUnmodified;
    result.dataAdded = summary.dataAdded;
    result.dataAddedPacked = summary.dataAddedPacked;
    result.totalFilesProcessed = summary.totalFilesProcessed;
    result.totalBytesProcessed = summary.totalBytesProcessed;
    result.durationSeconds = summary.duration;
    result.time = summary.start;
}

void BackupRun::completeId(protocol::BackupResult& result, const std::stop_token& stop) {
    if (!result.shortId || result.snapshotId)
        return;
    if (localRepository_) {
        if (auto id = patiently([folder = *localRepository_,
                                 shortId = *result.shortId] { return fullSnapshotId(folder, shortId); },
                                kLookAtRepository))
            result.snapshotId = std::move(*id);
    }
    if (!result.snapshotId)
        if (const auto found = askRepository({*result.shortId}, stop); found && found->size() == 1)
            result.snapshotId = found->front().id;
    if (!result.snapshotId)
        note(protocol::notices::kShortIdOnly,
             "restic named the snapshot " + *result.shortId +
                 ", the beginning of its id; the rest could not be looked up");
}

BackupRun::End BackupRun::finish(const core::ProcessExit& exit, const BackupOutput& output,
                                 const std::stop_token& stop) {
    if (unlocked(exit, output, stop))
        return End::again;
    auto verdict = judgeBackup(exit, output, outbox_->stopReason());
    protocol::BackupResult result;
    if (const auto& summary = output.summary()) {
        fillResult(result, *summary);
        if (!summary->snapshotId.empty()) {
            result.shortId = summary->snapshotId.substr(0, 8);
            if (summary->snapshotId.size() == 64)
                result.snapshotId = summary->snapshotId;
        }
    }
    if (outcomeIsOpen(exit, output, verdict)) {
        // The message may be lost, the snapshot is not: nothing is called failed before the repository was
        // asked.
        const auto found = askRepository({"--tag=task:" + outbox_->taskId()}, stop);
        if (stop.stop_requested())
            return End::left;
        if (found && !found->empty()) {
            const auto& snapshot = found->back();
            if (snapshot.summary && !output.summary())
                fillResult(result, *snapshot.summary);
            result.snapshotId = snapshot.id;
            result.shortId = snapshot.id.substr(0, 8);
            result.tree = snapshot.tree;
            result.parent = snapshot.parent;
            if (!result.time)
                result.time = snapshot.time;
            verdict = {protocol::TaskState::success, "success", std::nullopt};
            note(protocol::notices::kSummaryLost,
                 "restic's last message is missing or unreadable; its snapshot " + *result.shortId +
                     " was found in the repository by its tag");
            if (exit.known && exit.signal != 0)
                note(protocol::notices::kEndedEarly,
                     "restic was ended by " + exit.describe() + " after it had made its snapshot");
            else if (exit.known && exit.code == 3 && !output.incomplete() && output.vanishedCount() == 0)
                note(protocol::notices::kFilesUnreadable,
                     "Some files could not be read; restic's list of them is lost");
        } else if (!found && verdict.error) {
            verdict.error->message += "; whether there is a snapshot could not be found out";
        }
    }
    if (!output.summary() && (outbox_->stopReason() != StopReason::none || (exit.known && exit.signal != 0)))
        removeStaleLock(stop);
    completeId(result, stop);
    if (exit.known)
        result.exitCode = exit.signal != 0 ? -exit.signal : exit.code;
    result.unreadItems = output.unread();
    result.unreadCount = output.unreadCount();
    result.missingSources = output.missing();
    result.vanishedCount = output.vanishedCount();
    result.countsAreMinimum = output.countsAreMinimum();
    addNotices(result, output, verdict, stop);
    result.outcome = verdict.outcome;
    if (verdict.error) {
        verdict.error->message = outbox_->redact(verdict.error->message);
        if (const auto& text = output.errorText(); !text.empty())
            result.stderrTail =
                outbox_->redact(text.size() > kStderrTail ? text.substr(text.size() - kStderrTail) : text);
        if (verdict.error->error == task_errors::kRepositoryLocked.name)
            if (const auto holder = lockHolder(output.errorText()))
                result.lockHolder = *holder + lockAge(output.errorText());
    }
    conclude(verdict.state, std::move(result), std::move(verdict.error));
    return End::done;
}

void BackupRun::addNotices(protocol::BackupResult& result, const BackupOutput& output, Verdict& verdict,
                           const std::stop_token& stop) {
    namespace notices = protocol::notices;
    const bool saved =
        verdict.state == protocol::TaskState::success || verdict.state == protocol::TaskState::warning;
    if (!staleHolder_.empty() &&
        (!verdict.error || verdict.error->error != task_errors::kRepositoryLocked.name))
        note(notices::kStaleLockRemoved, "A lock that nobody held any more was removed: " + staleHolder_);
    const auto least = [&](std::uint64_t count, const char* one, const char* many) {
        return fmt::format("{}{} {}", result.countsAreMinimum ? "At least " : "", count,
                           count == 1 ? one : many);
    };
    for (std::size_t i = 0; i < output.missing().size() && i < kMostNotices; ++i)
        note(notices::kSourceMissing,
             "The source " + restic_json::printable(output.missing()[i]) + " does not exist");
    const auto unreadable = output.unreadCount() - output.missing().size();
    if (unreadable > 0)
        note(notices::kFilesUnreadable,
             least(unreadable, "file could not be read", "files could not be read"));
    else if (saved && verdict.state == protocol::TaskState::warning && output.missing().empty())
        note(notices::kFilesUnreadable, "restic says that some files could not be read, and not which");
    if (output.vanishedCount() > 0)
        note(notices::kFilesVanished, least(output.vanishedCount(), "file vanished while the backup ran",
                                            "files vanished while the backup ran"));
    if (saved) {
        const auto looks = patiently(
            [sources = sources_] {
                std::vector<std::pair<std::string, PathLook>> out;
                for (const auto& source : sources)
                    out.emplace_back(source, lookAt(source));
                return out;
            },
            [&, until = std::chrono::steady_clock::now() + kLookAtRepository] {
                return stop.stop_requested() || std::chrono::steady_clock::now() >= until;
            });
        if (looks)
            for (auto& notice : noticesAbout(*looks, result.totalFilesProcessed, excludes_))
                if (notices_.size() < kMostNotices)
                    note({notice.code, true}, notice.message);
        const bool warns = std::any_of(notices_.begin(), notices_.end(),
                                       [](const auto& notice) { return notices::warns(notice.code); });
        if (warns)
            verdict = {protocol::TaskState::warning, "warning", std::nullopt};
    }
    result.notices = notices_;
}

void BackupRun::fail(const protocol::TaskError& error, std::string outcome) {
    protocol::BackupResult result;
    result.outcome = std::move(outcome);
    for (const auto& source : missing_) {
        result.unreadItems.push_back({source, "does not exist"});
        ++result.unreadCount;
    }
    result.missingSources = missing_;
    result.notices = notices_;
    conclude(protocol::TaskState::failed, std::move(result), error);
}

void BackupRun::conclude(protocol::TaskState state, protocol::BackupResult result,
                         std::optional<protocol::TaskError> error) {
    const auto now = services_.clock.now();
    if (!resticVersion_.empty())
        result.resticVersion = resticVersion_;
    result.startedAt = startedAt_;
    result.endedAt = now;
    if (!result.durationSeconds)
        result.durationSeconds = static_cast<double>((now - startedAt_).count()) / 1e6;
    result.paths = sources_;
    result.tags = tags_;
    result.hostname = services_.hostname;
    result.username = userName();
    result.repositoryCreated = created_;
    if (error)
        logLine(LogLevel::error, error->error + ": " + error->message, {}, true);
    protocol::TaskStatusReport report;
    report.attempt = outbox_->attempt();
    report.status = protocol::toText(state);
    report.result = *core::wire::toJson(result).object();
    report.error = std::move(error);
    try {
        services_.journal.result(outbox_->taskId(), outbox_->attempt(), *core::wire::toJson(report).object());
    } catch (const core::Error& failure) {
        // It is reported all the same; only a crash before that would lose it.
        services_.log.error("A result could not be written to the journal",
                            {{"task_id", outbox_->taskId()}, {"error", failure.what()}});
    }
    services_.log.info(
        "Task finished",
        {{"task_id", outbox_->taskId()}, {"status", report.status}, {"outcome", result.outcome}});
    outbox_->setResult(std::move(report));
}

std::optional<SpawnRecord> findResticOfTask(const std::string& taskId) {
    const auto wanted = "--tag=task:" + taskId;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", code)) {
        const auto name = entry.path().filename().string();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid <= 1)
            continue;
        std::ifstream in(entry.path() / "cmdline", std::ios::binary);
        for (std::string argument; std::getline(in, argument, '\0');) {
            if (argument != wanted)
                continue;
            if (const auto ticks = core::processStartTicks(pid))
                return SpawnRecord{pid, *ticks, core::bootId()};
        }
    }
    return std::nullopt;
}

} // namespace agent
