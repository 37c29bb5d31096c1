#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/json.h"
#include "executor/repository_commands.h"
#include "executor/task_report.h"
#include "executor/task_run.h"

namespace agent {

/// One attempt at a task of short commands on its repository, which end with the agent. What all of them have
/// in common; a kind says in work() what it does.
class ShortRun : public TaskRun {
public:
    bool run(const std::stop_token& stop) final;
    /// Never asked for: it starts no restic that outlives the agent.
    bool adopt(const JournalTask& known, const std::stop_token& stop) final;

protected:
    ShortRun(const TaskServices& services, restic::protocol::TaskPayload task, std::shared_ptr<Outbox> outbox,
             restic::cli::RetryPatience patience);

    /// Why it failed, or nothing.
    virtual std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                            const std::stop_token& stop) = 0;
    /// Whether notices that warn make a warning of a success.
    [[nodiscard]] virtual bool noticesWarn() const noexcept { return false; }
    /// The kind's result with what all results have.
    virtual core::json::Object result(restic::protocol::TaskResult common) = 0;

    [[nodiscard]] TaskReport& report() noexcept { return report_; }
    [[nodiscard]] const RepositoryCommands& commands() const noexcept { return commands_; }

private:
    bool end(const std::optional<restic::protocol::TaskError>& error, const std::stop_token& stop);

    const TaskServices& services_;
    restic::protocol::TaskPayload task_;
    TaskReport report_;
    RepositoryCommands commands_;
};

} // namespace agent
