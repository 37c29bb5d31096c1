#pragma once

#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic::cli {

/// `restic stats` in one of its modes, without a lock.
class Stats : public ResticWork {
public:
    Stats(const protocol::StatsTask& task, const WorkContext& /*context*/) { result_.mode = task.mode; }

    std::vector<std::string> arguments(int step) override;
    void message(const core::json::Value& document) override;
    [[nodiscard]] bool complete(int /*step*/) const override { return result_.totalSize.has_value(); }
    core::json::Object result(protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    protocol::StatsResult result_;
};

} // namespace restic::cli
