#include "plugins/plugin_steps.h"

#include <unistd.h>

#include "core/text.h"
#include "plugins/step_child.h"
#include "state/files.h"
#include "state/process_names.h"

namespace agent {
namespace {
using namespace std::chrono_literals;

constexpr auto kTick = 50ms;
constexpr auto kInterruptGrace = 10s;
constexpr auto kTerminateGrace = 5s;
constexpr const char* kWork = ".work";

void makeFolder(const std::filesystem::path& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (!code)
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
    if (code)
        throw core::Error(errors::kState, folder.string() + ": " + code.message());
}
} // namespace

void StepMessages::poll() {
    while (tail_.poll([this](std::string_view text, std::uint64_t) { line(text); })) {
    }
}

void StepMessages::line(std::string_view text) {
    const auto document = core::json::parse(text);
    if (!document)
        return; // cut off in the middle of a line
    ++count_;
    const auto& message = document.value();
    const auto type = message.stringOr("type");
    if (type == step_message::kLog) {
        if (log_)
            log_(core::parseLogLevel(message.stringOr("level")).value_or(core::LogLevel::info),
                 core::printable(message.stringOr("text")));
    } else if (type == step_message::kAnswer) {
        if (const auto* value = message.find("value"); value != nullptr && value->object() != nullptr)
            end_.answer = *value->object();
    } else if (type == step_message::kFail) {
        end_.saysWhy = true;
        end_.message = core::printable(message.stringOr("message"));
        end_.hint = core::printable(message.stringOr("hint"));
    } else if (type == step_message::kProgress) {
        done_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, message.integerOr("done")));
        total_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, message.integerOr("total")));
    } else if (type == step_message::kEnd) {
        ended_ = true;
        end_.ok = message.booleanOr("ok");
    }
}

StepEnd StepMessages::finish(const std::string& what, const std::optional<core::ProcessExit>& exit) {
    tail_.finish([this](std::string_view text, std::uint64_t) { line(text); });
    if (!ended_)
        end_.ok = false;
    if (!end_.ok && end_.message.empty()) {
        end_.message = what + (exit && exit->known && !exit->ok() ? " was ended by " + exit->describe()
                                                                  : " ended without a result");
        end_.hint = "Look into the kernel's log for a crash or a lack of memory, and report it to whoever "
                    "makes the plugin";
    }
    return std::move(end_);
}

PreparedStep::PreparedStep(const PluginStep& step, const std::filesystem::path& program,
                           const std::filesystem::path& folder,
                           const std::map<std::string, std::string>& environment, std::int64_t memoryLimit) {
    const auto own = folder / kWork / nameOfThisProcess();
    work_ = own;
    makeFolder(folder / kWork);
    makeFolder(own / "work");
    const auto kept = folder / step.plugin.name / "kept";
    makeFolder(kept);
    messages_ = own / "messages";
    StepRequest request;
    request.library = step.plugin.library.string();
    request.name = step.plugin.name;
    request.version = step.plugin.version;
    request.step = step.name;
    request.settings = step.settings;
    request.item = step.item;
    request.options = step.options;
    request.outcome = step.outcome;
    request.workFolder = (own / "work").string();
    request.stateFolder = kept.string();
    request.folder = step.folder;
    request.stream = step.stream;
    request.messages = messages_.string();
    request.agentPid = ::getpid();
    request.agentTicks = static_cast<std::int64_t>(core::processStartTicks(::getpid()).value_or(0));
    request.environment = environment;
    request.memoryLimit = memoryLimit;
    request_.emplace(core::json::write(core::wire::toJson(request)));
    // Not as an inherited descriptor: restic, which may be the one that starts it, closes all of those.
    command_ = {program.string(), kStepCommand,
                "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(request_->fd())};
}

PreparedStep::~PreparedStep() {
    std::error_code ignored;
    std::filesystem::remove_all(work_, ignored);
}

std::unique_ptr<PreparedStep> PluginSteps::prepare(const PluginStep& step) const {
    return std::make_unique<PreparedStep>(step, program_, folder_, environment_, memoryLimit_);
}

core::ProcessSpec PluginSteps::spec(const PreparedStep& step) const {
    core::ProcessSpec spec;
    spec.program = step.command().front();
    spec.arguments.assign(step.command().begin() + 1, step.command().end());
    spec.environment = environment_;
    return spec;
}

StepEnd PluginSteps::run(const PluginStep& step, const TimeLimits& limits, const std::stop_token& stop,
                         const StepMessages::Log& log, const StepWatch& watch) const {
    const auto what = "The step " + step.name + " of the plugin " + step.plugin.name;
    const auto prepared = prepare(step);
    StepMessages messages(prepared->messages(), log);
    auto own = spec(*prepared);
    if (watch.output)
        own.standardOutput = *watch.output;
    auto started = runner_.start(own);
    if (!started)
        return {false, {}, started.error().what(), {}};
    auto process = std::move(started).value();
    TimeWatch time(limits);
    std::string why;
    core::StopLadder ladder(kInterruptGrace, kTerminateGrace);
    std::optional<core::ProcessExit> exit;
    while (!(exit = process->wait(kTick))) {
        messages.poll();
        time.moved(messages.count() + (watch.moved ? watch.moved() : 0));
        if (why.empty() && watch.obstacle)
            why = watch.obstacle();
        if (why.empty() && stop.stop_requested())
            why = what + " was ended: the task was cancelled or the agent ends";
        else if (const auto over = time.over(); why.empty() && !over.empty())
            why = what + " " + over;
        if (!why.empty())
            if (const int number = ladder.due(std::chrono::steady_clock::now()); number != 0)
                process->signal(number);
    }
    auto end = messages.finish(what, exit);
    if (!why.empty() && !end.ok)
        return {false, std::move(end.answer), why, {}};
    return end;
}

void PluginSteps::removeLeftBehind() const {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / kWork, code))
        if (!makerLives(entry.path().filename().string())) {
            std::error_code ignored;
            std::filesystem::remove_all(entry.path(), ignored);
        }
}

} // namespace agent
