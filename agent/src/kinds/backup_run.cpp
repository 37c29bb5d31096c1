#include "kinds/backup_run.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/text.h"
#include "executor/repository_setup.h"
#include "kinds/backup_verdict.h"
#include "kinds/source_notices.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/password_rule.h"
#include "restic/protocol/task_errors.h"
#include "restic/task_repository.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

constexpr std::size_t kStderrTail = 4096;
constexpr auto kLookAtFile = 2000ms;
constexpr auto kLookAtRepository = 10000ms;

/// Dumps of the same task are snapshots of their own.
bool isOfDump(const restic::cli::SnapshotInfo& snapshot) {
    return std::any_of(snapshot.tags.begin(), snapshot.tags.end(),
                       [](const std::string& tag) { return tag.starts_with("plugin:"); });
}

/// Whether restic may have made a snapshot that its messages do not tell of.
bool outcomeIsOpen(const core::ProcessExit& exit, const restic::cli::BackupOutput& output,
                   const restic::cli::Verdict& verdict) {
    if (output.summary())
        return (exit.known && exit.signal != 0) || (exit.ok() && output.summary()->snapshotId.empty());
    if (exit.known && exit.signal == 0 && (exit.code == 0 || exit.code == 3))
        return true;
    if (!verdict.error)
        return true; // cancelled
    for (const auto* kind : {&task_errors::kCommandFailed, &task_errors::kInterrupted,
                             &task_errors::kCommandTimeout, &task_errors::kOutOfMemory})
        if (verdict.error->error == kind->name)
            return true;
    return false;
}

void fillResult(protocol::BackupResult& result, const restic::cli::BackupSummary& summary) {
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

std::optional<std::string> userName() {
    std::array<char, 4096> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return std::string(found->pw_name);
    return std::nullopt;
}
} // namespace

BackupRun::BackupRun(const TaskServices& services, protocol::BackupTask task, std::shared_ptr<Outbox> outbox)
    : services_(services), task_(std::move(task)), timeout_(timeLimit(task_, services.config)),
      report_(services, std::move(outbox)), commands_(services, report_, timeout_), ids_(services, commands_),
      locks_(commands_, report_), process_(services, report_, timeout_),
      dumps_(services, report_, commands_, locks_, process_), hooks_(services, report_, task_) {}

bool BackupRun::concludeUnbegun(const std::stop_token& stop) {
    if (report_.stopReason() == restic::cli::StopReason::cancelled)
        conclude({protocol::TaskState::cancelled, "cancelled", std::nullopt}, {});
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
    report_.setStarted(services_.clock.now());
    if (report_.stopReason() != restic::cli::StopReason::none) {
        conclude({protocol::TaskState::cancelled, "cancelled", std::nullopt}, {});
        return true;
    }
    const auto version = services_.restic.version();
    if (!version) {
        fail(task_errors::make(task_errors::kResticNotFound, services_.restic.problem()));
        return true;
    }
    report_.setResticVersion(version->toString());
    auto looked = commands_.look(
        [task = task_, config = services_.config, hostname = services_.hostname, version,
         policy = services_.plugins.policy()] {
            return planBackup(task, {config, hostname, version}, policy);
        },
        stop);
    if (!looked)
        return concludeUnbegun(stop);
    if (const auto* error = std::get_if<protocol::TaskError>(&*looked)) {
        fail(*error, error->error == task_errors::kSourceNotFound.name ? "source_missing" : "failed");
        return true;
    }
    const auto& plan = std::get<BackupPlan>(*looked);
    missing_ = plan.missingSources;
    tags_ = plan.tags;
    sources_ = plan.sources;
    excludes_ = plan.excludes;
    localRepository_ = plan.repository.localFolder();
    access_ = plan.repository;
    report_.hideSecrets(plan.repository);
    if (plan.repository.password && protocol::changesInFile(*plan.repository.password))
        report_.note(protocol::notices::kPasswordNotPlain,
                     "The repository's password begins or ends with white space, which restic leaves away "
                     "when it reads a password from a file: by hand the repository opens with "
                     "RESTIC_PASSWORD only");
    if (task_.initIfMissing) {
        RepositorySetup setup(commands_, report_);
        if (auto error = setup.prepare(plan.repository, stop)) {
            if (stop.stop_requested())
                return false;
            if (report_.stopReason() == restic::cli::StopReason::cancelled)
                conclude({protocol::TaskState::cancelled, "cancelled", std::nullopt}, {});
            else
                fail(*error);
            return true;
        }
        created_ = setup.created();
    }
    report_.setStarted(services_.clock.now());
    begun_ = true;
    if (task_.preHook && !runPreHook(stop))
        return !stop.stop_requested();
    if (!task_.plugins.empty() &&
        !dumps_.run({task_, plan.repository, *version, plan.common, plan.tags}, stop))
        return false;
    const auto dumped = dumps_.folder();
    if ((sources_.empty() && !dumped) || report_.stopReason() != restic::cli::StopReason::none)
        return concludeDumps();
    auto arguments = plan.arguments;
    if (dumped) {
        arguments.push_back(*dumped);
        sources_.push_back(*dumped);
    }
    for (;;) {
        if (stop.stop_requested())
            return false;
        if (const auto error = process_.start(plan.repository, arguments, {missing_, dumps_.steps()})) {
            fail(*error);
            return true;
        }
        const auto end = follow(stop);
        if (end != End::again)
            return end == End::done;
        secondTry_ = true;
    }
}

bool BackupRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    report_.setStarted(known.startedAt);
    report_.setResticVersion(known.resticVersion);
    begun_ = true;
    missing_ = known.missingSources;
    excludes_ = !task_.exclude.empty() || !services_.config.backup.exclude.empty();
    for (const auto& source : task_.sources)
        if (std::find(missing_.begin(), missing_.end(), source) == missing_.end())
            sources_.push_back(source);
    if (task_.policyId)
        tags_.push_back("policy:" + task_.policyId->toString());
    tags_.push_back("task:" + task_.taskId.toString());
    tags_.insert(tags_.end(), task_.tags.begin(), task_.tags.end());
    localRepository_ = localFolderOf(task_);
    if (!addressIsWithheld(task_)) {
        auto access = commands_.look(
            [task = protocol::TaskPayload(task_), config = services_.config, hostname = services_.hostname] {
                return planAccess(task, {config, hostname, std::nullopt});
            },
            stop);
        if (auto* reachable = access ? std::get_if<restic::cli::RepositoryAccess>(&*access) : nullptr)
            access_ = std::move(*reachable);
    }
    process_.adopt(known);
    if (!dumps_.resume(known.step))
        return concludeCutOff(stop);
    if (auto dumped = dumps_.folder())
        sources_.push_back(std::move(*dumped));
    return follow(stop) == End::done;
}

bool BackupRun::concludeDumps() {
    restic::cli::Verdict verdict{protocol::TaskState::success, "success", std::nullopt};
    if (report_.stopReason() != restic::cli::StopReason::none)
        verdict = restic::cli::judgeFailure({}, {}, report_.stopReason());
    conclude(std::move(verdict), {});
    return true;
}

bool BackupRun::concludeCutOff(const std::stop_token& stop) {
    // restic makes no snapshot without the step's good end, and the step has ended with its agent.
    if (!process_.follow({.output = [](std::string_view) {}, .error = [](std::string_view) {}, .looked = {}},
                         stop))
        return false;
    locks_.removeLeftBehind(access_, localRepository_, stop);
    conclude({protocol::TaskState::failed, "failed",
              task_errors::make(task_errors::kInterrupted,
                                "The agent was ended in the middle of a dump; it is begun again")},
             {});
    return true;
}

BackupRun::End BackupRun::follow(const std::stop_token& stop) {
    const auto recovered = report_.outbox().log().recovered();
    // What is said before the first line: not again after an adoption or a second try.
    bool begun = recovered.output > 0 || recovered.error > 0 || secondTry_;
    bool reading = false;
    bool hangs = false;
    restic::cli::BackupOutput output(
        [&](LogLevel level, const std::string& message) {
            if (reading ? process_.isNew() : !begun)
                report_.log(level, message, reading ? process_.position() : recovered);
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
    for (const auto& source : missing_)
        output.missingSource(source);
    reading = true;
    std::uint64_t progressSeen = 0;
    const auto exit = process_.follow({.output = [&](std::string_view line) { output.outputLine(line); },
                                       .error = [&](std::string_view line) { output.errorLine(line); },
                                       .looked =
                                           [&] {
                                               if (output.progressCount() == progressSeen)
                                                   return;
                                               progressSeen = output.progressCount();
                                               report_.outbox().setProgress(*output.progress());
                                               if (!output.summary())
                                                   logProgress(*output.progress());
                                           }},
                                      stop);
    return exit ? finish(*exit, output, stop) : End::left;
}

void BackupRun::logProgress(const protocol::Progress& progress) {
    // Ever more seldom: a backup of hours has dozens of such lines, not thousands.
    constexpr auto kFirst = 2s;
    const auto now = std::chrono::steady_clock::now();
    if (!progressBegan_)
        progressBegan_ = nextProgressLine_ = now;
    if (now < nextProgressLine_ || progress.totalBytes == 0)
        return;
    nextProgressLine_ =
        now + std::max<std::chrono::steady_clock::duration>(kFirst, (now - *progressBegan_) / 10);
    report_.log(LogLevel::info,
                fmt::format("{:.0f} %: {} of {} files, {} of {}", progress.percentDone, progress.filesDone,
                            progress.totalFiles, core::formatBytes(progress.bytesDone),
                            core::formatBytes(progress.totalBytes)),
                process_.position());
}

void BackupRun::completeId(protocol::BackupResult& result, const std::stop_token& stop) {
    if (!result.shortId || result.snapshotId)
        return;
    result.snapshotId = ids_.whole(*result.shortId, access_, localRepository_, stop);
    if (!result.snapshotId)
        report_.note(protocol::notices::kShortIdOnly,
                     "restic named the snapshot " + *result.shortId +
                         ", the beginning of its id; the rest could not be looked up");
}

BackupRun::End BackupRun::finish(const core::ProcessExit& exit, const restic::cli::BackupOutput& output,
                                 const std::stop_token& stop) {
    if (access_ && !output.summary() && locks_.removeAfter(*access_, exit, output.errorText(), stop))
        return End::again;
    auto verdict = judgeBackup(exit, output, report_.stopReason());
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
        auto found = ids_.find(access_, {"--tag=task:" + report_.taskId()}, stop);
        if (stop.stop_requested())
            return End::left;
        if (found)
            std::erase_if(*found,
                          [](const restic::cli::SnapshotInfo& snapshot) { return isOfDump(snapshot); });
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
            report_.note(protocol::notices::kSummaryLost,
                         "restic's last message is missing or unreadable; its snapshot " + *result.shortId +
                             " was found in the repository by its tag");
            if (exit.known && exit.signal != 0)
                report_.note(protocol::notices::kEndedEarly,
                             "restic was ended by " + exit.describe() + " after it had made its snapshot");
            else if (exit.known && exit.code == 3 && !output.incomplete() && output.vanishedCount() == 0)
                report_.note(protocol::notices::kFilesUnreadable,
                             "Some files could not be read; restic's list of them is lost");
        } else if (!found && verdict.error) {
            verdict.error->message += "; whether there is a snapshot could not be found out";
        }
    }
    if (!output.summary() &&
        (report_.stopReason() != restic::cli::StopReason::none || (exit.known && exit.signal != 0)))
        locks_.removeLeftBehind(access_, localRepository_, stop);
    completeId(result, stop);
    dumps_.settle(access_, result, stop);
    if (stop.stop_requested())
        return End::left;
    if (exit.known)
        result.exitCode = exit.signal != 0 ? -exit.signal : exit.code;
    result.unreadItems = output.unread();
    result.unreadCount = output.unreadCount();
    result.missingSources = output.missing();
    result.vanishedCount = output.vanishedCount();
    result.countsAreMinimum = output.countsAreMinimum();
    addNotices(result, output, verdict, stop);
    if (verdict.error) {
        verdict.error->message = report_.redact(verdict.error->message);
        if (const auto& text = output.errorText(); !text.empty())
            result.stderrTail =
                report_.redact(text.size() > kStderrTail ? text.substr(text.size() - kStderrTail) : text);
        if (verdict.error->error == task_errors::kRepositoryLocked.name)
            if (const auto holder = restic::cli::lockHolder(output.errorText()))
                result.lockHolder = *holder + restic::cli::lockAge(output.errorText());
    }
    conclude(std::move(verdict), std::move(result));
    return End::done;
}

void BackupRun::addNotices(const protocol::BackupResult& result, const restic::cli::BackupOutput& output,
                           restic::cli::Verdict& verdict, const std::stop_token& stop) {
    namespace notices = protocol::notices;
    const bool saved =
        verdict.state == protocol::TaskState::success || verdict.state == protocol::TaskState::warning;
    if (!verdict.error || verdict.error->error != task_errors::kRepositoryLocked.name)
        locks_.noteRemoved();
    const auto least = [&](std::uint64_t count, const char* one, const char* many) {
        return fmt::format("{}{} {}", result.countsAreMinimum ? "At least " : "", count,
                           count == 1 ? one : many);
    };
    for (std::size_t i = 0; i < output.missing().size() && i < TaskReport::kMostNotices; ++i)
        report_.note(notices::kSourceMissing,
                     "The source " + core::printable(output.missing()[i]) + " does not exist");
    const auto unreadable = output.unreadCount() - output.missing().size();
    if (unreadable > 0)
        report_.note(notices::kFilesUnreadable,
                     least(unreadable, "file could not be read", "files could not be read"));
    else if (saved && verdict.state == protocol::TaskState::warning && output.missing().empty())
        report_.note(notices::kFilesUnreadable,
                     "restic says that some files could not be read, and not which");
    if (output.vanishedCount() > 0)
        report_.note(notices::kFilesVanished,
                     least(output.vanishedCount(), "file vanished while the backup ran",
                           "files vanished while the backup ran"));
    if (saved) {
        const auto looks = patiently(
            [sources = sources_] {
                std::vector<std::pair<std::string, PathLook>> out;
                out.reserve(sources.size());
                for (const auto& source : sources)
                    out.emplace_back(source, lookAt(withoutTrailingSlash(source)));
                return out;
            },
            [&, until = std::chrono::steady_clock::now() + kLookAtRepository] {
                return stop.stop_requested() || std::chrono::steady_clock::now() >= until;
            });
        if (looks)
            for (auto& notice : noticesAbout(*looks, result.totalFilesProcessed, excludes_))
                if (report_.notices().size() < TaskReport::kMostNotices)
                    report_.note({notice.code, true}, notice.message);
    }
}

void BackupRun::fail(const protocol::TaskError& error, std::string outcome) {
    protocol::BackupResult result;
    result.outcome = std::move(outcome);
    for (const auto& source : missing_) {
        result.unreadItems.push_back({source, "does not exist"});
        ++result.unreadCount;
    }
    result.missingSources = missing_;
    const restic::cli::Verdict verdict{protocol::TaskState::failed, result.outcome, error};
    conclude(verdict, std::move(result));
}

bool BackupRun::runPreHook(const std::stop_token& stop) {
    std::stop_source either;
    const std::stop_callback byAgent(stop, [&] { either.request_stop(); });
    const std::stop_callback byServer(report_.outbox().stopToken(), [&] { either.request_stop(); });
    const auto error = hooks_.run(*task_.preHook, {{"STAGE", "pre"}}, either.get_token());
    if (stop.stop_requested())
        return false;
    if (report_.stopReason() != restic::cli::StopReason::none) {
        conclude(restic::cli::judgeFailure({}, {}, report_.stopReason()), {});
        return false;
    }
    if (error)
        fail(*error);
    return !error;
}

void BackupRun::runPostHook(const restic::cli::Verdict& verdict, const protocol::BackupResult& result) {
    const auto error = hooks_.run(*task_.postHook,
                                  {{"STAGE", "post"},
                                   {"OUTCOME", std::string(protocol::toText(verdict.state))},
                                   {"SNAPSHOT_ID", result.snapshotId.value_or(result.shortId.value_or(""))}},
                                  {});
    if (error)
        report_.note(protocol::notices::kHookFailed, error->message);
}

void BackupRun::conclude(restic::cli::Verdict verdict, protocol::BackupResult result) {
    if (begun_ && task_.postHook)
        runPostHook(verdict, result);
    dumps_.judge(verdict);
    const bool warns = std::any_of(report_.notices().begin(), report_.notices().end(),
                                   [](const auto& notice) { return protocol::notices::warns(notice.code); });
    if (warns && verdict.state == protocol::TaskState::success)
        verdict = {protocol::TaskState::warning, "warning", std::nullopt};
    result.outcome = verdict.outcome;
    result.dumps = dumps_.results();
    result.paths = sources_;
    result.tags = tags_;
    result.hostname = services_.hostname;
    result.username = userName();
    result.repositoryCreated = created_;
    dumps_.removeFromDisk();
    report_.conclude(verdict.state, std::move(result), std::move(verdict.error));
}

} // namespace agent
