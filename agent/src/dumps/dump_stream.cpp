#include "dumps/dump_stream.h"

#include <unistd.h>

#include "core/text.h"
#include "dumps/pipe.h"
#include "plugins/input_keeper.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

/// restic's exit code after an interrupt.
constexpr int kInterruptedCode = 130;

/// restic, begun by the process that keeps its input open.
void keepInput(core::ProcessSpec& spec, const Pipe& pipe) {
    const auto number = 3 + spec.inherited.size();
    std::vector<std::string> arguments{kKeepInputCommand, std::to_string(number), std::to_string(number + 1),
                                       spec.program};
    arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
    spec.program = ownProgram().string();
    spec.arguments = std::move(arguments);
    spec.inherited.push_back(pipe.readEnd());
    spec.inherited.push_back(pipe.writeEnd());
    spec.standardInput = core::ProcessInput::fromPipe();
}
} // namespace

std::optional<restic::protocol::TaskError> DumpStream::start(const Dump& dump,
                                                             const restic::cli::RepositoryAccess& repository,
                                                             const restic::cli::ResticVersion& version) {
    what_ = "The dump of " + core::printable(core::json::Value(dump.step.item).stringOr("name")) +
            " by the plugin " + dump.step.plugin.name;
    step_.reset();
    stepLadder_.reset();
    stepEnd_.reset();
    stalled_.clear();
    moved_ = 0;
    movedAt_ = std::chrono::steady_clock::now();
    prepared_ = steps_.prepare(dump.step);
    messages_ = std::make_unique<StepMessages>(prepared_->messages(),
                                               [this](core::LogLevel level, const std::string& text) {
                                                   report_.log(level, text, restic_.position());
                                               });
    auto arguments = dump.arguments;
    if (version.readsFromCommands()) {
        arguments.emplace_back("--stdin-from-command");
        arguments.emplace_back("--");
        arguments.insert(arguments.end(), prepared_->command().begin(), prepared_->command().end());
        return restic_.start(repository, arguments, {{}, dump.number});
    }
    arguments.emplace_back("--stdin");
    const Pipe pipe;
    if (auto error = restic_.start(repository, arguments, {{}, dump.number},
                                   [&](core::ProcessSpec& spec) { keepInput(spec, pipe); }))
        return error;
    auto spec = steps_.spec(*prepared_);
    spec.standardOutput = core::ProcessOutput::toDescriptor(pipe.writeEnd());
    auto started = steps_.runner().start(spec);
    if (started)
        step_ = std::move(started).value();
    else
        stepEnd_ = StepEnd{false, {}, started.error().what(), {}};
    return std::nullopt;
}

void DumpStream::lookAtStep() {
    if (step_ == nullptr)
        return;
    if (report_.stopReason() != restic::cli::StopReason::none || !stalled_.empty()) {
        if (!stepLadder_)
            stepLadder_.emplace(5s, 5s);
        if (const int number = stepLadder_->due(std::chrono::steady_clock::now()); number != 0)
            step_->signal(number);
    }
    const auto exit = step_->wait(0ms);
    if (!exit)
        return;
    // Whatever it left in its group is ended by now: nobody writes into the pipe any more.
    stepEnd_ = messages_->finish(what_, exit);
    step_.reset();
    if (stepEnd_->ok && restic_.process() != nullptr) {
        const char whole = '\n';
        if (::write(restic_.process()->input(), &whole, 1) != 1)
            stepEnd_ = StepEnd{false, {}, what_ + " could not be handed to restic", {}};
    }
    if (!stepEnd_->ok)
        restic_.interrupt("The dump failed; interrupting restic, which makes no snapshot then");
}

void DumpStream::look(const restic::cli::BackupOutput& output) {
    messages_->poll();
    if (stepEnd_ && !stepEnd_->ok)
        restic_.interrupt("The dump could not be started; interrupting restic");
    lookAtStep();
    const auto moved = messages_->count() + (output.progress() ? output.progress()->bytesDone : 0);
    const auto now = std::chrono::steady_clock::now();
    if (moved != moved_) {
        moved_ = moved;
        movedAt_ = now;
    } else if (stalled_.empty() && !(stepEnd_ && stepEnd_->ok) && now - movedAt_ >= stallTimeout_) {
        stalled_ = what_ + " stood still for " + core::formatDuration(stallTimeout_);
        if (step_ == nullptr)
            restic_.interrupt(stalled_ + "; interrupting it");
    }
}

std::optional<DumpEnd> DumpStream::follow(restic::cli::BackupOutput& output, const std::stop_token& stop) {
    const auto exit = restic_.follow({.output = [&](std::string_view line) { output.outputLine(line); },
                                      .error = [&](std::string_view line) { output.errorLine(line); },
                                      .looked = [&] { look(output); }},
                                     stop);
    if (!exit) {
        step_.reset(); // kills it
        return std::nullopt;
    }
    DumpEnd end;
    end.restic = *exit;
    end.resticFirst = !stepEnd_;
    if (step_ != nullptr) {
        // Nobody reads what it writes any more.
        step_.reset();
        stepEnd_ = messages_->finish(what_, std::nullopt);
        if (stepEnd_->ok) // it ended just now, and restic did not wait for it
            stepEnd_->ok = false;
    }
    if (!stepEnd_) {
        stepEnd_ = messages_->finish(what_, std::nullopt);
        // A restic that fails ends the step, which says nothing more then. One whose step failed says so, or
        // that it was interrupted (0.19), which nobody did here.
        const bool blamesStep =
            output.errorText().find("command failed") != std::string::npos ||
            (exit->code == kInterruptedCode && report_.stopReason() == restic::cli::StopReason::none);
        end.resticFirst = !stepEnd_->ok && !stepEnd_->saysWhy && !exit->ok() && !blamesStep;
    }
    end.step = std::move(*stepEnd_);
    if (!stalled_.empty() && !end.step.ok) {
        end.step.message = stalled_;
        end.step.hint = "Look for a lock on the database, and for what keeps the storage busy; "
                        "dumps.stall_timeout in the agent's configuration says how long is waited";
        end.resticFirst = false;
    }
    prepared_.reset();
    return end;
}

} // namespace agent
