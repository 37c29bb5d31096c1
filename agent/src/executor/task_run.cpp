#include "executor/task_run.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "executor/file_tail.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_state.h"
#include "restic/verdict.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

constexpr auto kTick = 100ms;
constexpr auto kQuickTimeout = 120s;
constexpr std::size_t kStderrTail = 4096;

protocol::BackupResult outcome(std::string name) {
    protocol::BackupResult result;
    result.outcome = std::move(name);
    return result;
}

std::optional<std::string> userName() {
    std::array<char, 4096> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return std::string(found->pw_name);
    return std::nullopt;
}
} // namespace

void BackupRun::logLine(LogLevel level, const std::string& message, LogPosition position) {
    outbox_->log().append(services_.clock.now(), level, outbox_->redact(message), position);
}

bool BackupRun::run(const std::stop_token& stop) {
    startedAt_ = services_.clock.now();
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
    auto planned = planBackup(task_, {services_.config, services_.hostname, version});
    if (const auto* error = std::get_if<protocol::TaskError>(&planned)) {
        fail(*error, error->error == task_errors::kSourceNotFound.name ? "source_missing" : "failed");
        return true;
    }
    auto& plan = std::get<BackupPlan>(planned);
    missing_ = plan.missingSources;
    tags_ = plan.tags;
    sources_ = plan.sources;
    localRepository_ = plan.repository.localFolder();
    access_ = plan.repository;
    timeout_ = plan.timeout;
    if (plan.repository.password)
        services_.log.hub().addSecret(*plan.repository.password);
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
    if (stop.stop_requested())
        return false;

    const auto folder = services_.state.task(outbox_->taskId(), outbox_->attempt());
    auto command = services_.commands.on(plan.repository, plan.arguments);
    // To files, not pipes: restic outlives an agent that dies.
    command.spec.standardOutput = core::ProcessOutput::toFile(folder / "stdout");
    command.spec.standardError = core::ProcessOutput::toFile(folder / "stderr");
    startedAt_ = services_.clock.now();
    services_.journal.starting(outbox_->taskId(), outbox_->attempt(), startedAt_, resticVersion_, missing_);
    auto started = services_.runner.start(command.spec);
    if (!started) {
        const bool absent = &started.error().kind() == &core::errors::kProgramNotFound;
        fail(task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kAgentFailure,
                               started.error().what()));
        return true;
    }
    auto& process = started.value();
    services_.journal.spawned(outbox_->taskId(), outbox_->attempt(),
                              {process->pid(), process->startTicks(), core::bootId()});
    services_.log.info("restic started",
                       {{"task_id", outbox_->taskId()}, {"pid", std::int64_t{process->pid()}}});

    if (!follow(process.get(), stop)) {
        process->detach();
        return false;
    }
    return true;
}

bool BackupRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    startedAt_ = known.startedAt;
    resticVersion_ = known.resticVersion;
    missing_ = known.missingSources;
    timeout_ = task_.timeoutSeconds
                   ? std::chrono::seconds(*task_.timeoutSeconds)
                   : std::chrono::duration_cast<std::chrono::seconds>(services_.config.restic.commandTimeout);
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
        auto access = planAccess(task_, {services_.config, services_.hostname, std::nullopt});
        if (auto* reachable = std::get_if<RepositoryAccess>(&access))
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
    return follow(process.get(), stop);
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
    std::optional<protocol::TaskError> error;
    if (const auto folder = plan.repository.localFolder()) {
        std::error_code code;
        if (std::filesystem::exists(*folder / "config", code) || code)
            return std::nullopt; // what is wrong with it, if anything, the backup will say
    } else {
        const auto look = quickCommand(plan.repository, {"cat", "config", "--no-lock"}, stop, error);
        if (!look)
            return error;
        if (look->exit.ok() || !saysRepositoryIsAbsent(look->exit, look->error))
            return std::nullopt;
    }
    logLine(LogLevel::info, "There is no repository yet; creating it with restic init");
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
    const auto& kind = classifyFailure(made->exit, made->error);
    return task_errors::make(kind, "The repository could not be created: " +
                                       outbox_->redact(headline(made->error)));
}

bool BackupRun::follow(core::Process* process, const std::stop_token& stop) {
    const auto folder = services_.state.task(outbox_->taskId(), outbox_->attempt());
    FileTail out(folder / "stdout");
    FileTail err(folder / "stderr");
    const auto recovered = outbox_->log().recovered();
    LogPosition position = recovered;
    bool fresh = true; // the line at hand was not in the log of an earlier run
    BackupOutput output([&](LogLevel level, const std::string& message) {
        if (fresh)
            logLine(level, message, position);
    });
    fresh = recovered.output == 0 && recovered.error == 0;
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
            return false;
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
            logProgress(*output.progress(), position);
        }
    }
    out.finish(outLine);
    err.finish(errLine);
    fresh = true;
    finish(*ended, output, stop);
    return true;
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
    std::error_code code;
    if (localRepository_ && std::filesystem::is_empty(*localRepository_ / "locks", code) && !code)
        return;
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

void BackupRun::finish(const core::ProcessExit& exit, const BackupOutput& output,
                       const std::stop_token& stop) {
    auto verdict = judgeBackup(exit, output, outbox_->stopReason());
    if (outbox_->stopReason() != StopReason::none && !output.summary())
        removeStaleLock(stop);
    protocol::BackupResult result;
    result.outcome = verdict.outcome;
    if (exit.known)
        result.exitCode = exit.signal != 0 ? -exit.signal : exit.code;
    if (const auto& summary = output.summary()) {
        result.filesNew = summary->filesNew;
        result.filesChanged = summary->filesChanged;
        result.filesUnmodified = summary->filesUnmodified;
        result.dirsNew = summary->dirsNew;
        result.dirsChanged = summary->dirsChanged;
        result.dirsUnmodified = summary->dirsUnmodified;
        result.dataAdded = summary->dataAdded;
        result.dataAddedPacked = summary->dataAddedPacked;
        result.totalFilesProcessed = summary->totalFilesProcessed;
        result.totalBytesProcessed = summary->totalBytesProcessed;
        result.durationSeconds = summary->duration;
        result.time = summary->start;
        if (!summary->snapshotId.empty()) {
            result.shortId = summary->snapshotId.substr(0, 8);
            if (summary->snapshotId.size() == 64)
                result.snapshotId = summary->snapshotId;
            else if (localRepository_)
                result.snapshotId = fullSnapshotId(*localRepository_, summary->snapshotId);
        }
    }
    result.unreadItems = output.unread();
    result.unreadCount = output.unreadCount();
    if (verdict.error) {
        verdict.error->message = outbox_->redact(verdict.error->message);
        if (const auto& text = output.errorText(); !text.empty())
            result.stderrTail =
                outbox_->redact(text.size() > kStderrTail ? text.substr(text.size() - kStderrTail) : text);
        if (verdict.error->error == task_errors::kRepositoryLocked.name)
            result.lockHolder = lockHolder(output.errorText());
    }
    conclude(verdict.state, std::move(result), std::move(verdict.error));
}

void BackupRun::fail(const protocol::TaskError& error, std::string outcome) {
    protocol::BackupResult result;
    result.outcome = std::move(outcome);
    for (const auto& source : missing_) {
        result.unreadItems.push_back({source, "does not exist"});
        ++result.unreadCount;
    }
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
        logLine(LogLevel::error, error->error + ": " + error->message);
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
