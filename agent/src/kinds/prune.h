#pragma once

#include "restic/cli/forget_output.h"
#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// `restic prune`; with a retention `restic forget` first, as a command of its own, because the two mix text
/// and JSON in one.
class Prune : public restic::cli::ResticWork {
public:
    Prune(restic::protocol::PruneTask task, restic::cli::WorkContext context)
        : task_(std::move(task)), context_(std::move(context)) {}

    std::vector<std::string> arguments(int step) override;
    void text(std::string_view line) override;
    void errorText(std::string_view line) override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int step) const override;
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    [[nodiscard]] bool forgets(int step) const;

    restic::protocol::PruneTask task_;
    restic::cli::WorkContext context_;
    int step_ = 0;
    restic::cli::ForgetOutput forgotten_;
    restic::protocol::PruneResult result_;
};

} // namespace agent
