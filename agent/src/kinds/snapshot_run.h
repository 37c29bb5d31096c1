#pragma once

#include <stop_token>
#include <variant>
#include <vector>

#include "executor/sequence_run.h"
#include "restic/cli/snapshots.h"
#include "restic/protocol/snapshot_tasks.h"

namespace agent {

/// What the kinds that change one snapshot have in common.
class SnapshotRun : public SequenceRun {
protected:
    SnapshotRun(const TaskServices& services, const restic::protocol::TaskPayload& task,
                restic::protocol::OneSnapshot snapshot, std::shared_ptr<Outbox> outbox)
        : SequenceRun(services, task, std::move(outbox)), snapshot_(std::move(snapshot)) {}

    using Snapshots = std::variant<std::vector<restic::cli::SnapshotInfo>, restic::protocol::TaskError>;
    /// Those of the snapshot's machine.
    Snapshots list(const restic::cli::RepositoryAccess& repository, const std::stop_token& stop) const;
    [[nodiscard]] const std::string& id() const noexcept { return snapshot_.snapshotId; }

private:
    restic::protocol::OneSnapshot snapshot_;
};

} // namespace agent
