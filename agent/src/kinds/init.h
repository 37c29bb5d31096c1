#pragma once

#include "executor/short_run.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// Creates a repository where its place is empty; one that is there is left as it is and is a success.
class InitRun : public ShortRun {
public:
    InitRun(const TaskServices& services, restic::protocol::TaskPayload task, std::shared_ptr<Outbox> outbox)
        : ShortRun(services, std::move(task), std::move(outbox), restic::cli::RetryPatience::whileItMayHelp) {
    }

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    restic::protocol::InitResult result_;
};

} // namespace agent
