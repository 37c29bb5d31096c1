#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "core/json.h"
#include "core/log.h"
#include "core/process.h"
#include "files/file_tail.h"
#include "plugins/plugin_file.h"
#include "plugins/step_request.h"
#include "waiting/time_watch.h"

namespace agent {

/// One step of a plugin, to be run.
struct PluginStep {
    const PluginFile& plugin;
    std::string name;
    core::json::Object settings = {};
    core::json::Object item = {};
    core::json::Object options = {};
    std::string outcome = {};
    /// See StepRequest::stream.
    std::string stream = {};
    /// Of an item of files: the folder that it is written into.
    std::string folder = {};
};

/// What a step said by its end.
struct StepEnd {
    bool ok = false;
    core::json::Object answer;
    /// Why it failed, and what to do.
    std::string message;
    std::string hint;
    /// The reason comes from the step itself, not from how its process ended.
    bool saysWhy = false;
};

/// Reads what a step says while it runs. One thread.
class StepMessages {
public:
    using Log = std::function<void(core::LogLevel, const std::string&)>;
    StepMessages(std::filesystem::path file, Log log)
        : tail_(std::move(file), 0, step_message::kMostAnswer + step_message::kMostText),
          log_(std::move(log)) {}

    /// Takes what is new.
    void poll();
    /// Takes the rest. `exit`: how the step's process ended, where somebody saw it.
    [[nodiscard]] StepEnd finish(const std::string& what, const std::optional<core::ProcessExit>& exit);

    /// Grows with every message.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::uint64_t done() const noexcept { return done_; }
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

private:
    void line(std::string_view text);

    FileTail tail_;
    Log log_;
    std::uint64_t count_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    bool ended_ = false;
    StepEnd end_;
};

/// The folders of one step and what its process is told; they go with this object.
class PreparedStep {
public:
    PreparedStep(const PluginStep& step, const std::filesystem::path& program,
                 const std::filesystem::path& folder, const std::map<std::string, std::string>& environment,
                 std::int64_t memoryLimit);
    ~PreparedStep();
    PreparedStep(const PreparedStep&) = delete;
    PreparedStep& operator=(const PreparedStep&) = delete;

    /// This program and its arguments. Not to be started after this object has gone.
    [[nodiscard]] const std::vector<std::string>& command() const noexcept { return command_; }
    [[nodiscard]] const std::filesystem::path& messages() const noexcept { return messages_; }

private:
    std::filesystem::path work_;
    std::filesystem::path messages_;
    std::optional<core::SecretFile> request_;
    std::vector<std::string> command_;
};

/// What else is looked at while a step runs.
struct StepWatch {
    /// Where its stream "out" goes.
    std::optional<core::ProcessOutput> output = {};
    /// Bytes that it has moved, which are a sign of life as its messages are.
    std::function<std::uint64_t()> moved = {};
    /// Why it must end now, as a sentence; else empty.
    std::function<std::string()> obstacle = {};
};

/// Runs steps of plugins, each in a process of its own. Thread-safe.
class PluginSteps {
public:
    /// `program`: restic-agent, which each step is a process of. `folder`: where plugins keep what must
    /// survive, and where steps work.
    PluginSteps(core::ProcessRunner& runner, std::filesystem::path program, std::filesystem::path folder,
                std::map<std::string, std::string> environment, std::int64_t memoryLimit)
        : runner_(runner), program_(std::move(program)), folder_(std::move(folder)),
          environment_(std::move(environment)), memoryLimit_(memoryLimit) {}

    [[nodiscard]] std::unique_ptr<PreparedStep> prepare(const PluginStep& step) const;
    /// Runs a step to its end.
    [[nodiscard]] StepEnd run(const PluginStep& step, const TimeLimits& limits, const std::stop_token& stop,
                              const StepMessages::Log& log, const StepWatch& watch = {}) const;
    /// What a step's process is started with.
    [[nodiscard]] core::ProcessSpec spec(const PreparedStep& step) const;
    [[nodiscard]] core::ProcessRunner& runner() const noexcept { return runner_; }

    /// Removes the folders of steps whose process has ended: after a crash.
    void removeLeftBehind() const;

private:
    core::ProcessRunner& runner_;
    std::filesystem::path program_;
    std::filesystem::path folder_;
    std::map<std::string, std::string> environment_;
    std::int64_t memoryLimit_;
};

} // namespace agent
