#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// `restic forget --dry-run`: what a forget with the same payload would remove. Takes no lock and removes
/// nothing.
class PreviewForget : public restic::cli::ResticWork {
public:
    PreviewForget(restic::protocol::ForgetTask task, restic::cli::WorkContext context)
        : task_(std::move(task)), context_(std::move(context)) {}

    [[nodiscard]] std::optional<restic::protocol::TaskError> problem() const override;
    std::vector<std::string> arguments(int step) override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int step) const override { return step == 0 && whole_; }
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    restic::protocol::ForgetTask task_;
    restic::cli::WorkContext context_;
    restic::protocol::PreviewForgetResult found_;
    bool whole_ = false;
};

} // namespace agent
