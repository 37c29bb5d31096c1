#pragma once

#include "executor/command_run.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// `restic snapshots`, without a lock: each is an item of the result.
class ListSnapshots : public ResticWork {
public:
    ListSnapshots(const restic::protocol::TaskPayload& /*task*/, const WorkContext& context)
        : items_(context.items) {}

    std::vector<std::string> arguments(int step) override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int /*step*/) const override { return whole_; }
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    TaskItems& items_;
    restic::protocol::SnapshotsResult result_;
    bool whole_ = false;
};

} // namespace agent
