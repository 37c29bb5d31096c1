#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "agent/dump_plugin.h"
#include "core/process.h"
#include "plugins/step_request.h"

namespace agent {

/// What the agent does for a plugin, in the process of the step: messages go to their file, programs are run,
/// secrets are kept in memory. Thread-safe.
class StepHost {
public:
    /// `messages`: an open descriptor, for appending.
    StepHost(const StepRequest& request, core::ProcessRunner& runner, int messages);
    StepHost(const StepHost&) = delete;
    StepHost& operator=(const StepHost&) = delete;

    [[nodiscard]] const agent_host& table() const noexcept { return table_; }

    /// The step is to end: programs that run are interrupted, and later killed.
    void stop();
    /// Those that still run are killed at once.
    void killTools();
    void fail(const std::string& message, const std::string& hint = {});
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    /// The last message.
    void end(bool ok);

private:
    void log(int level, const std::string& text);
    void answer(const char* json);
    void progress(std::uint64_t done, std::uint64_t total);
    const char* secretFile(const char* content);
    int run(const agent_tool& tool, agent_tool_end& end);
    void write(const core::json::Object& message);

    const StepRequest& request_;
    core::ProcessRunner& runner_;
    int messages_;
    agent_host table_{};
    std::atomic<bool> stopped_{false};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    int logLines_ = 0;
    std::deque<core::SecretFile> secrets_;
    std::deque<std::string> paths_;
    std::vector<core::Process*> running_;
};

} // namespace agent
