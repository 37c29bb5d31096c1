#pragma once

#include <memory>

#include "executor/repository_commands.h"
#include "executor/task_report.h"
#include "executor/task_run.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// One attempt at creating a repository where its place is empty; one that is there is left as it is and is
/// a success.
class InitRun : public TaskRun {
public:
    InitRun(const TaskServices& services, restic::protocol::TaskPayload task, std::shared_ptr<Outbox> outbox);

    bool run(const std::stop_token& stop) override;
    /// Never asked for: it starts no restic that outlives the agent.
    bool adopt(const JournalTask& known, const std::stop_token& stop) override;

private:
    bool end(const std::optional<restic::protocol::TaskError>& error, const std::stop_token& stop);

    const TaskServices& services_;
    restic::protocol::TaskPayload task_;
    TaskReport report_;
    RepositoryCommands commands_;
    restic::protocol::InitResult result_;
};

} // namespace agent
