#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/dump_plugin.h"

/// What a plugin written in C++ wants of dump_plugin.h: strings, JSON documents and exceptions. Header only;
/// it needs nlohmann's JSON library.
namespace agent::plugin {

using Json = nlohmann::json;

/// Ends a step: it has failed, for this reason, and this is what to do.
class Failure : public std::runtime_error {
public:
    explicit Failure(const std::string& message, std::string hint = {})
        : std::runtime_error(message), hint_(std::move(hint)) {}
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

private:
    std::string hint_;
};

/// A program to run; see agent_tool.
struct Command {
    /// The program first.
    std::vector<std::string> arguments;
    /// "NAME=value"
    std::vector<std::string> environment = {};
    int input = -1;
    std::string inputText = {};
    int output = -1;
    std::chrono::seconds timeout{0};
};

/// How it ended.
struct Ended {
    bool ok = false;
    bool started = false;
    int exitCode = 0;
    int signal = 0;
    bool timedOut = false;
    std::string output;
    std::string error;

    /// "exit code 1: the last line of its error output"
    [[nodiscard]] std::string describe() const {
        std::string text = !started      ? "could not be started"
                           : timedOut    ? "took too long"
                           : signal != 0 ? "was ended by signal " + std::to_string(signal)
                                         : "ended with exit code " + std::to_string(exitCode);
        const auto end = error.find_last_not_of(" \r\n\t");
        if (end == std::string::npos)
            return text;
        const auto begin = error.rfind('\n', end);
        return text + ": " +
               error.substr(begin == std::string::npos ? 0 : begin + 1,
                            end - (begin == std::string::npos ? 0 : begin + 1) + 1);
    }
};

/// The step that runs.
class Step {
public:
    explicit Step(const agent_step& step)
        : step_(step), settings_(Json::parse(step.settings)), item_(Json::parse(step.item)),
          options_(Json::parse(step.options)) {}

    [[nodiscard]] const Json& settings() const noexcept { return settings_; }
    [[nodiscard]] const Json& item() const noexcept { return item_; }
    [[nodiscard]] const Json& options() const noexcept { return options_; }
    [[nodiscard]] std::string outcome() const { return step_.outcome; }
    [[nodiscard]] std::string workFolder() const { return step_.work_folder; }
    [[nodiscard]] std::string stateFolder() const { return step_.state_folder; }
    [[nodiscard]] std::string folder() const { return step_.folder; }
    [[nodiscard]] int stream() const noexcept { return step_.stream; }

    /// A setting's text; `otherwise` where it is absent.
    [[nodiscard]] std::string text(const char* name, const std::string& otherwise = {}) const {
        const auto found = settings_.find(name);
        return found != settings_.end() && found->is_string() ? found->get<std::string>() : otherwise;
    }
    /// A setting's list of texts.
    [[nodiscard]] std::vector<std::string> texts(const char* name) const {
        std::vector<std::string> out;
        if (const auto found = settings_.find(name); found != settings_.end() && found->is_array())
            for (const auto& one : *found)
                if (one.is_string())
                    out.push_back(one.get<std::string>());
        return out;
    }

    void debug(const std::string& text) const { say(AGENT_LOG_DEBUG, text); }
    void info(const std::string& text) const { say(AGENT_LOG_INFO, text); }
    void warn(const std::string& text) const { say(AGENT_LOG_WARN, text); }
    void answer(const Json& document) const {
        host().answer(host().context, document.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    }
    void progress(std::uint64_t done, std::uint64_t total = 0) const {
        host().progress(host().context, done, total);
    }
    [[nodiscard]] bool stopped() const { return host().stopped(host().context) != 0; }
    /// Throws Failure if there is no room.
    [[nodiscard]] std::string secretFile(const std::string& content) const {
        const char* path = host().secret_file(host().context, content.c_str());
        if (path == nullptr)
            throw Failure("There is no memory for a password file");
        return path;
    }

    Ended run(const Command& command) const {
        const auto pointers = [](const std::vector<std::string>& texts) {
            std::vector<const char*> out;
            out.reserve(texts.size() + 1);
            for (const auto& text : texts)
                out.push_back(text.c_str());
            out.push_back(nullptr);
            return out;
        };
        const auto arguments = pointers(command.arguments);
        const auto environment = pointers(command.environment);
        agent_tool tool{};
        tool.size = sizeof tool;
        tool.arguments = arguments.data();
        tool.environment = environment.data();
        tool.input_fd = command.input;
        tool.input = command.inputText.empty() ? nullptr : command.inputText.data();
        tool.input_size = command.inputText.size();
        tool.output_fd = command.output;
        tool.timeout_seconds = static_cast<std::uint32_t>(command.timeout.count());
        agent_tool_end end{};
        end.size = sizeof end;
        Ended out;
        out.ok = host().run(host().context, &tool, &end) == 0;
        out.started = end.started != 0;
        out.exitCode = end.exit_code;
        out.signal = end.signal;
        out.timedOut = end.timed_out != 0;
        out.output.assign(end.output, end.output_size);
        out.error.assign(end.error, end.error_size);
        return out;
    }

private:
    [[nodiscard]] const agent_host& host() const noexcept { return *step_.host; }
    void say(int level, const std::string& text) const { host().log(host().context, level, text.c_str()); }

    const agent_step& step_;
    Json settings_;
    Json item_;
    Json options_;
};

/// A step function around `Function`, void(Step&): what it throws is the step's failure.
template <auto Function>
int stepOf(const agent_step* raw) {
    const auto& host = *raw->host;
    try {
        Step step(*raw);
        Function(step);
        return 0;
    } catch (const Failure& failure) {
        host.fail(host.context, failure.what(), failure.hint().c_str());
    } catch (const std::exception& error) {
        host.fail(host.context, (std::string("The plugin failed: ") + error.what()).c_str(),
                  "Report this to whoever makes the plugin");
    }
    return 1;
}

} // namespace agent::plugin
