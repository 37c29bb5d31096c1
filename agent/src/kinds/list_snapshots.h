#pragma once

#include "executor/command_run.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// `restic snapshots`, without a lock: all are counted, the newest are listed.
class ListSnapshots : public ResticWork {
public:
    static constexpr std::size_t kMostListed = 1000;
    /// Of all that are listed: a report has at most 1 MiB.
    static constexpr std::size_t kMostBytes = 640U << 10U;

    ListSnapshots(const restic::protocol::TaskPayload& /*task*/, const WorkContext& /*context*/) {}

    std::vector<std::string> arguments(int step) override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int /*step*/) const override { return whole_; }
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    restic::protocol::SnapshotsResult result_;
    bool whole_ = false;
};

} // namespace agent
