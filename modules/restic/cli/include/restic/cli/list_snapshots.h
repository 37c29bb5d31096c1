#pragma once

#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic::cli {

/// `restic snapshots`, without a lock: each is an item of the result.
class ListSnapshots : public ResticWork {
public:
    ListSnapshots(const protocol::TaskPayload& /*task*/, const WorkContext& context)
        : items_(context.items) {}

    std::vector<std::string> arguments(int step) override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int /*step*/) const override { return whole_; }
    core::json::Object result(protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    ResultItems& items_;
    protocol::SnapshotsResult result_;
    bool whole_ = false;
};

} // namespace restic::cli
