#pragma once

#include "executor/short_run.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// Asks the storage what is at the repository's place, and changes nothing there: a repository that opens
/// with its password, or nothing, where one could be created. All else is an error that says what to do.
class TestRun : public ShortRun {
public:
    TestRun(const TaskServices& services, const restic::protocol::TestTask& task,
            std::shared_ptr<Outbox> outbox)
        : ShortRun(services, task, std::move(outbox), restic::cli::RetryPatience::onlyOne),
          onceWorked_(task.onceWorked) {}

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    std::optional<restic::protocol::TaskError> emptyPlace();

    bool onceWorked_;
    restic::protocol::TestResult result_;
};

} // namespace agent
