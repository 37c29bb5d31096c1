#pragma once

#include "restic/cli/forget_output.h"
#include "restic/cli/work.h"
#include "restic/protocol/maintenance_tasks.h"

namespace agent {

/// `restic forget`: takes away the snapshots that a retention no longer keeps.
class Forget : public restic::cli::ResticWork {
public:
    Forget(restic::protocol::ForgetTask task, restic::cli::WorkContext context)
        : task_(std::move(task)), context_(std::move(context)) {}

    [[nodiscard]] std::optional<restic::protocol::TaskError> problem() const override;
    std::vector<std::string> arguments(int step) override;
    void errorText(std::string_view line) override { output_.errorText(line); }
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int step) const override;
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    restic::protocol::ForgetTask task_;
    restic::cli::WorkContext context_;
    restic::cli::ForgetOutput output_;
};

/// "3 snapshots removed, 7 kept"
[[nodiscard]] std::string sentenceOf(const restic::protocol::ForgetResult& result);
/// A forget that could not remove what it should has failed, whatever its exit code says.
[[nodiscard]] std::optional<restic::cli::Verdict> judgeForget(const restic::cli::ForgetOutput& output,
                                                              const core::ProcessExit& exit);

} // namespace agent
