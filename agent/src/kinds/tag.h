#pragma once

#include "kinds/snapshot_run.h"

namespace agent {

/// `restic tag` of one snapshot, and how that is called afterwards: before 0.18 restic does not say it.
class TagRun : public SnapshotRun {
public:
    TagRun(const TaskServices& services, const restic::protocol::TagTask& task,
           std::shared_ptr<Outbox> outbox)
        : SnapshotRun(services, task, task, std::move(outbox)), parameters_(task) {}

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    restic::protocol::TagParameters parameters_;
    restic::protocol::TagResult result_;
};

/// The snapshot that was called `id`, among these: itself, or what became of it when it was tagged; null if
/// it is gone. `before`: what was in the list while it was still called so, if that is known.
[[nodiscard]] const restic::cli::SnapshotInfo*
findTagged(const std::vector<restic::cli::SnapshotInfo>& now, const std::string& id,
           const std::vector<restic::cli::SnapshotInfo>& before);

} // namespace agent
