#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "executor/task_report.h"
#include "executor/task_run.h"
#include "restic/protocol/task_messages.h"

namespace agent {

/// Programs of this machine's admin that run before and after a backup: those in one folder, by the names of
/// their files. The server can name one; it can neither bring one nor give it arguments. What they write goes
/// into the task's log. One thread.
class Hooks {
public:
    Hooks(const TaskServices& services, TaskReport& report, const restic::protocol::TaskPayload& task)
        : services_(services), report_(report), task_(task) {}

    /// Runs it to its end, at most for `hooks.timeout`. `facts` stand in its environment, each behind
    /// RESTIC_MONITOR_, beside what every one is told: HOOK, TASK_ID, POLICY. An error where it is forbidden
    /// here, is not there, could be changed by others, or did not succeed; nullopt too where `stop` came
    /// first.
    [[nodiscard]] std::optional<restic::protocol::TaskError>
    run(const std::string& name, std::map<std::string, std::string> facts, const std::stop_token& stop);

private:
    const TaskServices& services_;
    TaskReport& report_;
    const restic::protocol::TaskPayload& task_;
};

} // namespace agent
