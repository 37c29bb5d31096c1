#pragma once

#include "kinds/key_run.h"
#include "restic/protocol/key_tasks.h"

namespace agent {

/// Makes a new password open the repository, beside the one that opens it now.
class AddKeyRun : public KeyRun {
public:
    AddKeyRun(const TaskServices& services, restic::protocol::TaskPayload task,
              std::shared_ptr<Outbox> outbox)
        : KeyRun(services, std::move(task), std::move(outbox)) {}

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    restic::protocol::AddKeyResult result_;
};

} // namespace agent
