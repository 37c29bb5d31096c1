#include "plugins/step_host.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/text.h"

namespace agent {
namespace {
using namespace std::chrono_literals;

constexpr std::size_t kMostOutput = 1U << 20U;
constexpr std::size_t kErrorTail = 65536;
constexpr auto kTick = 200ms;

StepHost& hostOf(void* context) {
    return *static_cast<StepHost*>(context);
}

std::string textOf(const char* text) {
    return text == nullptr ? std::string() : std::string(text, ::strnlen(text, step_message::kMostText));
}

/// The limit on the plugin's memory does not hold for what it starts.
class WithoutMemoryLimit {
public:
    WithoutMemoryLimit() {
        ::getrlimit(RLIMIT_AS, &kept_);
        const rlimit open{kept_.rlim_max, kept_.rlim_max};
        ::setrlimit(RLIMIT_AS, &open);
    }
    ~WithoutMemoryLimit() { ::setrlimit(RLIMIT_AS, &kept_); }
    WithoutMemoryLimit(const WithoutMemoryLimit&) = delete;
    WithoutMemoryLimit& operator=(const WithoutMemoryLimit&) = delete;

private:
    rlimit kept_{};
};

/// The texts of the last program that this thread ran.
struct ToolTexts {
    std::string output;
    std::string error;
};
ToolTexts& toolTexts() {
    thread_local ToolTexts texts;
    return texts;
}
} // namespace

StepHost::StepHost(const StepRequest& request, core::ProcessRunner& runner, int messages)
    : request_(request), runner_(runner), messages_(messages) {
    table_.size = sizeof table_;
    table_.context = this;
    table_.log = [](void* host, int level, const char* text) { hostOf(host).log(level, textOf(text)); };
    table_.answer = [](void* host, const char* json) { hostOf(host).answer(json); };
    table_.fail = [](void* host, const char* message, const char* hint) {
        hostOf(host).fail(textOf(message), textOf(hint));
    };
    table_.progress = [](void* host, std::uint64_t done, std::uint64_t total) {
        hostOf(host).progress(done, total);
    };
    table_.stopped = [](void* host) { return hostOf(host).stopped() ? 1 : 0; };
    table_.secret_file = [](void* host, const char* content) { return hostOf(host).secretFile(content); };
    table_.run = [](void* host, const agent_tool* tool, agent_tool_end* end) {
        return hostOf(host).run(*tool, *end);
    };
}

void StepHost::write(const core::json::Object& message) {
    auto line = core::json::write(message) + "\n";
    const std::lock_guard lock(mutex_);
    for (std::string_view left = line; !left.empty();) {
        const auto count = ::write(messages_, left.data(), left.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return; // a full disk: without its last message the step has failed
        left.remove_prefix(static_cast<std::size_t>(count));
    }
}

void StepHost::log(int level, const std::string& text) {
    bool last = false;
    {
        const std::lock_guard lock(mutex_);
        if (logLines_ > step_message::kMostLogLines)
            return;
        last = ++logLines_ > step_message::kMostLogLines;
    }
    static constexpr std::array kLevels{"debug", "info", "warn", "error"};
    write({{"type", step_message::kLog},
           {"level", last ? "warn" : kLevels[static_cast<std::size_t>(std::clamp(level, 0, 3))]},
           {"text", last ? "The plugin says more than a log takes; the rest is left out" : text}});
}

void StepHost::answer(const char* json) {
    const std::string_view text(json == nullptr ? "" : json);
    const auto read = text.size() <= step_message::kMostAnswer
                          ? core::json::parse(text)
                          : core::Result<core::json::Value>(
                                core::Error(core::errors::kMalformed, "it is larger than 4 MiB"));
    if (!read || read.value().object() == nullptr) {
        fail("The plugin " + request_.name + " gave an answer that is no JSON object" +
                 (read ? std::string() : std::string(": ") + read.error().what()),
             "Report this to whoever makes the plugin");
        return;
    }
    write({{"type", step_message::kAnswer}, {"value", read.value()}});
}

void StepHost::fail(const std::string& message, const std::string& hint) {
    if (failed_.exchange(true))
        return;
    write({{"type", step_message::kFail}, {"message", message}, {"hint", hint}});
}

void StepHost::progress(std::uint64_t done, std::uint64_t total) {
    write({{"type", step_message::kProgress},
           {"done", static_cast<std::int64_t>(done)},
           {"total", static_cast<std::int64_t>(total)}});
}

void StepHost::end(bool ok) {
    write({{"type", step_message::kEnd}, {"ok", ok}});
}

const char* StepHost::secretFile(const char* content) {
    try {
        const std::lock_guard lock(mutex_);
        const auto& file = secrets_.emplace_back(content == nullptr ? "" : content);
        return paths_.emplace_back("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.fd()))
            .c_str();
    } catch (const core::Error&) {
        return nullptr;
    }
}

void StepHost::stop() {
    stopped_ = true;
    const std::lock_guard lock(mutex_);
    for (auto* process : running_)
        process->signal(SIGINT);
}

void StepHost::killTools() {
    stopped_ = true;
    const std::lock_guard lock(mutex_);
    for (auto* process : running_)
        process->signal(SIGKILL);
}

int StepHost::run(const agent_tool& tool, agent_tool_end& end) {
    auto& texts = toolTexts();
    texts = {};
    const auto size = end.size;
    const auto finish = [&](bool started, const core::ProcessExit& exit, bool timedOut) {
        end = {};
        end.size = size;
        end.started = started ? 1 : 0;
        end.exit_code = exit.code;
        end.signal = exit.signal;
        end.timed_out = timedOut ? 1 : 0;
        end.output = texts.output.c_str();
        end.output_size = texts.output.size();
        end.error = texts.error.c_str();
        end.error_size = texts.error.size();
        return started && exit.ok() && !timedOut ? 0 : 1;
    };
    core::ProcessSpec spec;
    spec.inStartersGroup = true;
    spec.environment = request_.environment;
    for (const auto* const* entry = tool.environment; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view pair(*entry);
        if (const auto equals = pair.find('='); equals != std::string_view::npos)
            spec.environment[std::string(pair.substr(0, equals))] = std::string(pair.substr(equals + 1));
    }
    for (const auto* const* argument = tool.arguments; argument != nullptr && *argument != nullptr;
         ++argument) {
        if (argument == tool.arguments)
            spec.program = *argument;
        else
            spec.arguments.emplace_back(*argument);
    }
    std::optional<core::SecretFile> input;
    if (tool.input_fd >= 0) {
        spec.standardInput = core::ProcessInput::fromDescriptor(tool.input_fd);
    } else if (tool.input != nullptr) {
        input.emplace(std::string_view(tool.input, tool.input_size));
        spec.standardInput = core::ProcessInput::fromDescriptor(input->fd());
    }
    spec.standardOutput = tool.output_fd >= 0 ? core::ProcessOutput::toDescriptor(tool.output_fd)
                                              : core::ProcessOutput::capture(kMostOutput);
    spec.standardError = core::ProcessOutput::toSink([&texts](std::string_view bytes) {
        texts.error += bytes;
        if (texts.error.size() > 2 * kErrorTail)
            texts.error.erase(0, texts.error.size() - kErrorTail);
    });
    const auto begin = [&] {
        const WithoutMemoryLimit open;
        return runner_.start(spec);
    };
    auto started = begin();
    if (!started) {
        texts.error = started.error().what();
        return finish(false, {}, false);
    }
    auto process = std::move(started).value();
    {
        const std::lock_guard lock(mutex_);
        running_.push_back(process.get());
    }
    const auto now = std::chrono::steady_clock::now();
    const auto until = tool.timeout_seconds > 0
                           ? std::optional(now + std::chrono::seconds(tool.timeout_seconds))
                           : std::nullopt;
    core::StopLadder ladder(5s, 5s);
    bool timedOut = false;
    std::optional<core::ProcessExit> exit;
    while (!(exit = process->wait(kTick))) {
        const auto at = std::chrono::steady_clock::now();
        timedOut = timedOut || (until && at >= *until);
        if (timedOut || stopped_)
            if (const int number = ladder.due(at); number != 0)
                process->signal(number);
    }
    {
        const std::lock_guard lock(mutex_);
        std::erase(running_, process.get());
    }
    texts.output = process->capturedOutput();
    if (texts.error.size() > kErrorTail)
        texts.error.erase(0, texts.error.size() - kErrorTail);
    return finish(true, *exit, timedOut);
}

} // namespace agent
