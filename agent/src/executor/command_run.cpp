#include "executor/command_run.h"

#include <algorithm>

#include "files/file_tail.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/task_errors.h"
#include "restic/task_repository.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;
using protocol::TaskState;

constexpr std::size_t kStderrTail = 4096;

protocol::TaskResult outcome(std::string name) {
    protocol::TaskResult result;
    result.outcome = std::move(name);
    return result;
}
} // namespace

CommandRun::CommandRun(const TaskServices& services, protocol::TaskPayload task,
                       std::shared_ptr<Outbox> outbox, const MakeWork& make)
    : services_(services), task_(std::move(task)), timeout_(timeLimit(task_, services.config)),
      report_(services, std::move(outbox)), commands_(services, report_, timeout_),
      locks_(commands_, report_), process_(services, report_, timeout_),
      work_(make(
          {services.hostname,
           [this](LogLevel level, const std::string& text) { report_.log(level, text, process_.position()); },
           report_.outbox().items()})),
      lines_(*work_) {}

bool CommandRun::run(const std::stop_token& stop) {
    report_.setStarted(services_.clock.now());
    if (report_.stopReason() != restic::cli::StopReason::none) {
        fail({TaskState::cancelled, "cancelled", std::nullopt}, {});
        return true;
    }
    if (const auto problem = work_->problem()) {
        fail(*problem);
        return true;
    }
    const auto version = services_.restic.version();
    if (!version) {
        fail(task_errors::make(task_errors::kResticNotFound, services_.restic.problem()));
        return true;
    }
    report_.setResticVersion(version->toString());
    auto access = commands_.look(
        [task = task_, config = services_.config, hostname = services_.hostname, version] {
            return planAccess(task, {config, hostname, version});
        },
        stop);
    if (!access) {
        if (stop.stop_requested() && report_.stopReason() == restic::cli::StopReason::none)
            return false;
        fail(restic::cli::judgeFailure({}, {}, report_.stopReason()), {});
        return true;
    }
    if (const auto* error = std::get_if<protocol::TaskError>(&*access)) {
        fail(*error);
        return true;
    }
    access_ = std::get<restic::cli::RepositoryAccess>(std::move(*access));
    report_.hideSecrets(*access_);
    if (const auto problem = prepare(*access_, *version, stop)) {
        if (report_.stopReason() != restic::cli::StopReason::none)
            fail(restic::cli::judgeFailure({}, {}, report_.stopReason()), {});
        else if (stop.stop_requested())
            return false;
        else
            fail(*problem);
        return true;
    }
    return runFrom(0, stop);
}

bool CommandRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    report_.setStarted(known.startedAt);
    report_.setResticVersion(known.resticVersion);
    if (!addressIsWithheld(task_)) {
        auto access = planAccess(task_, {services_.config, services_.hostname, std::nullopt});
        if (auto* reachable = std::get_if<restic::cli::RepositoryAccess>(&access))
            access_ = std::move(*reachable);
    }
    for (int step = 0; step < known.step; ++step) {
        work_->arguments(step);
        readAgain(step);
    }
    work_->arguments(known.step);
    process_.adopt(known);
    switch (follow(known.step, stop)) {
    case End::left:
        return false;
    case End::done:
        return true;
    case End::again:
        return runFrom(known.step, stop);
    case End::next:
        break;
    }
    return runFrom(known.step + 1, stop);
}

bool CommandRun::runFrom(int step, const std::stop_token& stop) {
    for (;;) {
        const auto arguments = work_->arguments(step);
        if (arguments.empty()) {
            succeed();
            return true;
        }
        if (stop.stop_requested())
            return false;
        if (report_.stopReason() != restic::cli::StopReason::none) {
            fail(restic::cli::judgeFailure({}, {}, report_.stopReason()), {});
            return true;
        }
        if (!access_) {
            // Only after an adoption: the server sends the password again with the next attempt.
            fail(
                task_errors::make(task_errors::kInterrupted,
                                  "The agent was restarted and no longer knows how to reach the repository"));
            return true;
        }
        if (const auto error = process_.start(*access_, arguments, {{}, step})) {
            fail(*error);
            return true;
        }
        switch (follow(step, stop)) {
        case End::left:
            return false;
        case End::done:
            return true;
        case End::again:
            break;
        case End::next:
            ++step;
            break;
        }
    }
}

CommandRun::End CommandRun::follow(int step, const std::stop_token& stop) {
    lines_.begin();
    const auto exit = process_.follow(
        {.output = [&](std::string_view line) { outputLine(line, process_.isNew()); },
         .error = [&](std::string_view line) { errorLine(line, process_.isNew()); },
         .looked =
             [&] {
                 work_->looked(process_.outputFile(), process_.outputBegin());
                 if (work_->hasEnough())
                     process_.interrupt("There is more than is asked for; ending restic here");
                 if (auto progress = work_->takeProgress())
                     report_.outbox().setProgress(std::move(*progress));
             }},
        stop);
    if (!exit)
        return End::left;
    work_->document(step, process_.outputFile(), process_.outputBegin());
    return finish(step, *exit, stop);
}

void CommandRun::readAgain(int step) {
    FileTail out(process_.outputFile(step), 0, restic::cli::json::kMaxLine);
    FileTail err(process_.errorFile(step), 0, restic::cli::json::kMaxLine);
    out.finish([&](std::string_view line, std::uint64_t) { outputLine(line, false); });
    err.finish([&](std::string_view line, std::uint64_t) { errorLine(line, false); });
    work_->document(step, process_.outputFile(step), 0);
}

void CommandRun::log(const restic::cli::OutputLines::Said& said) {
    report_.log(said.level, said.text, process_.position());
}

void CommandRun::outputLine(std::string_view line, bool isNew) {
    const auto said = lines_.output(line);
    if (said && said->percent) {
        protocol::Progress progress;
        progress.percentDone = *said->percent;
        report_.outbox().setProgress(std::move(progress));
    } else if (said && isNew) {
        log(*said);
    }
}

void CommandRun::errorLine(std::string_view line, bool isNew) {
    if (const auto said = lines_.error(line); said && isNew)
        log(*said);
}

CommandRun::End CommandRun::finish(int step, const core::ProcessExit& exit, const std::stop_token& stop) {
    if (access_ && locks_.removeAfter(*access_, exit, lines_.errors(), stop))
        return End::again;
    auto verdict = work_->judge(step, exit, lines_.errors());
    if (!verdict) {
        const bool done = exit.known ? exit.ok() : work_->complete(step);
        if (done)
            return End::next;
        verdict = restic::cli::judgeFailure(exit, lines_.errors(), report_.stopReason());
    }
    if (verdict->state == TaskState::success)
        return End::next;
    if (report_.stopReason() != restic::cli::StopReason::none || (exit.known && exit.signal != 0))
        locks_.removeLeftBehind(access_, localFolderOf(task_), stop);
    fail(std::move(*verdict), exit);
    return End::done;
}

void CommandRun::succeed() {
    locks_.noteRemoved();
    report_.logOutcome(LogLevel::info, work_->summary());
    const auto& notices = report_.notices();
    const bool warns = std::any_of(notices.begin(), notices.end(), [](const protocol::TaskNotice& notice) {
        return protocol::notices::warns(notice.code);
    });
    auto common = outcome(warns ? "warning" : "success");
    common.exitCode = 0;
    report_.complete(common);
    const auto name = common.outcome;
    report_.conclude(warns ? TaskState::warning : TaskState::success, name, work_->result(std::move(common)),
                     std::nullopt);
}

void CommandRun::fail(restic::cli::Verdict verdict, const core::ProcessExit& exit) {
    auto common = outcome(verdict.outcome);
    if (exit.known)
        common.exitCode = exit.signal != 0 ? -exit.signal : exit.code;
    if (verdict.error) {
        verdict.error->message = report_.redact(verdict.error->message);
        if (const auto& text = lines_.errors(); !text.empty())
            common.stderrTail =
                report_.redact(text.size() > kStderrTail ? text.substr(text.size() - kStderrTail) : text);
        if (verdict.error->error == task_errors::kRepositoryLocked.name)
            if (const auto holder = restic::cli::lockHolder(lines_.errors()))
                common.lockHolder = *holder + restic::cli::lockAge(lines_.errors());
    }
    report_.complete(common);
    report_.conclude(verdict.state, verdict.outcome, work_->result(std::move(common)),
                     std::move(verdict.error));
}

void CommandRun::fail(const protocol::TaskError& error) {
    auto common = outcome("failed");
    report_.complete(common);
    report_.conclude(TaskState::failed, "failed", work_->result(std::move(common)), error);
}

} // namespace agent
