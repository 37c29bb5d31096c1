#include "dumps/stream_reader.h"

#include <charconv>
#include <csignal>
#include <fstream>

#include "dumps/pipe.h"
#include "plugins/plugin_report.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;

constexpr auto kTick = 50ms;
constexpr std::size_t kErrorText = 65536;

/// Bytes that a process has written, to its output and elsewhere.
std::uint64_t writtenBy(int pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/io");
    for (std::string name, value; in >> name >> value;)
        if (name == "wchar:") {
            std::uint64_t bytes = 0;
            std::from_chars(value.data(), value.data() + value.size(), bytes);
            return bytes;
        }
    return 0;
}

} // namespace

DumpReadEnd StreamReader::run(const DumpSource& source, PluginStep step, const RestoreWatch& watch) {
    DumpReadEnd end;
    step.stream = "in";
    const auto what = "The step " + step.name + " of the plugin " + step.plugin.name;
    const auto prepared = steps_.prepare(step);
    StepMessages messages(prepared->messages(), watch.log);
    auto stepSpec = steps_.spec(*prepared);
    Pipe pipe;
    stepSpec.standardInput = core::ProcessInput::fromDescriptor(pipe.readEnd());
    auto startedStep = steps_.runner().start(stepSpec);
    if (!startedStep) {
        end.error = task_errors::make(task_errors::kAgentFailure, startedStep.error().what());
        return end;
    }
    auto child = std::move(startedStep).value();
    auto command = commands_.on(source.repository, {"dump", source.snapshotId, source.file});
    command.spec.standardOutput = core::ProcessOutput::toDescriptor(pipe.writeEnd());
    command.spec.standardError = core::ProcessOutput::capture(kErrorText);
    auto startedRestic = steps_.runner().start(command.spec);
    if (!startedRestic) {
        child->signal(SIGKILL); // before its input ends with this function
        child->wait(5s);
        end.error = task_errors::make(task_errors::kResticNotFound, startedRestic.error().what());
        return end;
    }
    auto restic = std::move(startedRestic).value();
    TimeWatch time(limits_);
    std::string why;
    core::StopLadder ladder(10s, 5s);
    std::optional<core::ProcessExit> resticExit;
    std::optional<core::ProcessExit> childExit;
    while (!childExit) {
        childExit = child->wait(kTick);
        messages.poll();
        if (!resticExit) {
            end.bytes = std::max(end.bytes, writtenBy(restic->pid()));
            if ((resticExit = restic->wait(0ms))) {
                if (resticExit->ok())
                    pipe.closeWriteEnd();
                else
                    child->signal(SIGKILL); // it must not take what came for the whole
            }
            if (watch.progress)
                watch.progress(end.bytes);
        }
        time.moved(end.bytes + messages.count());
        if (why.empty() && watch.cancelled())
            why = what + " was ended: the task was cancelled or the agent ends";
        else if (const auto over = time.over(); why.empty() && !over.empty())
            why = what + " " + over;
        if (!why.empty())
            if (const int number = ladder.due(std::chrono::steady_clock::now()); number != 0)
                child->signal(number);
    }
    if (!resticExit) {
        // The plugin ended without reading to the end. restic, which waits to write, is not killed by that:
        // it ends in order, and takes its lock away.
        restic->signal(SIGINT);
        resticExit = restic->wait(10s);
        if (!resticExit)
            restic->signal(SIGKILL);
        end.resticWasEnded = true;
    }
    auto said = messages.finish(what, childExit);
    end.answer = std::move(said.answer);
    if (!why.empty() && !said.ok) {
        end.error = pluginFailed(why, {});
    } else if (resticExit && resticExit->known && !resticExit->ok() && !said.ok && !said.saysWhy) {
        const auto text = restic->capturedError() + command.saidBySsh();
        end.error = task_errors::make(restic::cli::classifyFailure(*resticExit, text),
                                      restic::cli::failureMessage(*resticExit, text));
    } else if (!said.ok) {
        end.error = pluginFailed(said.message, said.hint);
    }
    return end;
}

} // namespace agent
