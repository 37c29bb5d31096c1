#pragma once

#include "kinds/snapshot_run.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// `restic forget ID` of one snapshot that somebody has chosen; never of one that is pinned.
class ForgetSnapshotRun : public SnapshotRun {
public:
    ForgetSnapshotRun(const TaskServices& services, const restic::protocol::ForgetSnapshotTask& task,
                      std::shared_ptr<Outbox> outbox)
        : SnapshotRun(services, task, task, std::move(outbox)) {}

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    restic::protocol::ForgetResult result_;
};

} // namespace agent
