#include "executor/command_run.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "files/file_tail.h"
#include "restic/message.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;
using protocol::TaskState;

constexpr std::size_t kStderrTail = 4096;
constexpr std::size_t kLogged = 1024;

/// Of "[0:03] 45.00%  9 / 20 packs".
std::optional<double> percentOf(std::string_view line) {
    const auto close = line.find("] ");
    if (line.size() < 2 || line[0] != '[' || std::isdigit(static_cast<unsigned char>(line[1])) == 0 ||
        close == std::string_view::npos)
        return std::nullopt;
    double percent = 0;
    const auto number = line.substr(std::min(line.find_first_not_of(' ', close + 1), line.size()));
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), percent);
    if (code != std::errc{} || end == number.data() + number.size() || *end != '%')
        return std::nullopt;
    return std::clamp(percent, 0.0, 100.0);
}

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
           report_.outbox().items()})) {}

bool CommandRun::run(const std::stop_token& stop) {
    report_.setStarted(services_.clock.now());
    if (report_.stopReason() != StopReason::none) {
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
        if (stop.stop_requested() && report_.stopReason() == StopReason::none)
            return false;
        fail(judgeFailure({}, {}, report_.stopReason()), {});
        return true;
    }
    if (const auto* error = std::get_if<protocol::TaskError>(&*access)) {
        fail(*error);
        return true;
    }
    access_ = std::get<RepositoryAccess>(std::move(*access));
    report_.hideSecrets(*access_);
    return runFrom(0, stop);
}

bool CommandRun::adopt(const JournalTask& known, const std::stop_token& stop) {
    report_.setStarted(known.startedAt);
    report_.setResticVersion(known.resticVersion);
    if (!addressIsWithheld(task_)) {
        auto access = planAccess(task_, {services_.config, services_.hostname, std::nullopt});
        if (auto* reachable = std::get_if<RepositoryAccess>(&access))
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
        if (report_.stopReason() != StopReason::none) {
            fail(judgeFailure({}, {}, report_.stopReason()), {});
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
    errors_ = {};
    const auto exit =
        process_.follow({.output = [&](std::string_view line) { outputLine(line, process_.isNew()); },
                         .error = [&](std::string_view line) { errorLine(line, process_.isNew()); },
                         .looked = {}},
                        stop);
    if (!exit)
        return End::left;
    work_->document(step, process_.outputFile(), process_.outputBegin());
    return finish(step, *exit, stop);
}

void CommandRun::readAgain(int step) {
    FileTail out(process_.outputFile(step), 0, restic_json::kMaxLine);
    FileTail err(process_.errorFile(step), 0, restic_json::kMaxLine);
    out.finish([&](std::string_view line, std::uint64_t) { outputLine(line, false); });
    err.finish([&](std::string_view line, std::uint64_t) { errorLine(line, false); });
    work_->document(step, process_.outputFile(step), 0);
}

void CommandRun::outputLine(std::string_view line, bool isNew) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
        return;
    if (const auto percent = percentOf(line)) {
        protocol::Progress progress;
        progress.percentDone = *percent;
        report_.outbox().setProgress(std::move(progress));
        return;
    }
    if (line.front() == '{' || line.front() == '[') {
        if (const auto document = restic_json::read(line); document && document->object() != nullptr)
            work_->message(*document);
        return;
    }
    const auto text = plainLine(line.substr(0, kLogged));
    work_->text(text);
    if (isNew)
        report_.log(LogLevel::info, text, process_.position());
}

void CommandRun::errorLine(std::string_view line, bool isNew) {
    auto level = LogLevel::warn;
    std::string text;
    if (const auto document = restic_json::read(line); document && document->object() != nullptr) {
        const auto type = document->stringOr("message_type");
        if (type == "exit_error") {
            errors_.append(document->stringOr("message"));
            text = plainLine(document->stringOr("message"));
            level = LogLevel::error;
        } else {
            work_->message(*document);
            const auto* error = document->find("error");
            text =
                plainLine(document->stringOr("message", error != nullptr ? error->stringOr("message") : ""));
        }
    } else {
        text = plainLine(line);
        errors_.append(text);
        work_->errorText(text);
        if (text.starts_with("Fatal:"))
            level = LogLevel::error;
    }
    if (isNew && !text.empty())
        report_.log(level, text.substr(0, kLogged), process_.position());
}

CommandRun::End CommandRun::finish(int step, const core::ProcessExit& exit, const std::stop_token& stop) {
    if (access_ && locks_.removeAfter(*access_, exit, errors_.text(), stop))
        return End::again;
    auto verdict = work_->judge(step, exit, errors_.text());
    if (!verdict) {
        const bool done = exit.known ? exit.ok() : work_->complete(step);
        if (done)
            return End::next;
        verdict = judgeFailure(exit, errors_.text(), report_.stopReason());
    }
    if (verdict->state == TaskState::success)
        return End::next;
    if (report_.stopReason() != StopReason::none || (exit.known && exit.signal != 0))
        locks_.removeLeftBehind(access_, localFolderOf(task_), stop);
    fail(std::move(*verdict), exit);
    return End::done;
}

void CommandRun::succeed() {
    locks_.noteRemoved();
    report_.logOutcome(LogLevel::info, work_->summary());
    auto common = outcome("success");
    common.exitCode = 0;
    report_.complete(common);
    report_.conclude(TaskState::success, "success", work_->result(std::move(common)), std::nullopt);
}

void CommandRun::fail(Verdict verdict, const core::ProcessExit& exit) {
    auto common = outcome(verdict.outcome);
    if (exit.known)
        common.exitCode = exit.signal != 0 ? -exit.signal : exit.code;
    if (verdict.error) {
        verdict.error->message = report_.redact(verdict.error->message);
        if (const auto& text = errors_.text(); !text.empty())
            common.stderrTail =
                report_.redact(text.size() > kStderrTail ? text.substr(text.size() - kStderrTail) : text);
        if (verdict.error->error == task_errors::kRepositoryLocked.name)
            if (const auto holder = lockHolder(errors_.text()))
                common.lockHolder = *holder + lockAge(errors_.text());
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
