#pragma once

#include "restic/cli/lock_list.h"
#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// Plain `restic unlock`, never of all; then who still holds a lock.
class Unlock : public restic::cli::ResticWork {
public:
    Unlock(const restic::protocol::TaskPayload& /*task*/, const restic::cli::WorkContext& /*context*/) {}

    std::vector<std::string> arguments(int step) override;
    void text(std::string_view line) override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int step) const override { return step > 0 || said_; }
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    restic::cli::LockList left_;
    std::optional<std::uint64_t> removed_;
    int step_ = 0;
    bool said_ = false;
};

} // namespace agent
