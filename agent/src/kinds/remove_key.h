#pragma once

#include "kinds/key_run.h"
#include "restic/protocol/key_tasks.h"

namespace agent {

/// Takes away a key that another one replaced; never the one that the repository's password opens.
class RemoveKeyRun : public KeyRun {
public:
    RemoveKeyRun(const TaskServices& services, const restic::protocol::RemoveKeyTask& task,
                 std::shared_ptr<Outbox> outbox)
        : KeyRun(services, task, std::move(outbox)), key_(task.keyId) {}

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    std::string key_;
    restic::protocol::RemoveKeyResult result_;
};

} // namespace agent
