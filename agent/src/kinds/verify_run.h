#pragma once

#include "executor/short_run.h"
#include "kinds/verify_compare.h"
#include "kinds/verify_sample.h"
#include "restic/protocol/verify_task.h"

namespace agent {

/// A restore test of files: a part of a snapshot is restored into a folder of the agent's own, compared with
/// what the snapshot's listing says and with the files of this machine, and removed again. It ends with the
/// agent; what is left of it is removed at the next start.
class VerifyRun final : public ShortRun {
public:
    VerifyRun(const TaskServices& services, restic::protocol::VerifyTask task, std::shared_ptr<Outbox> outbox)
        : ShortRun(services, task, std::move(outbox), restic::cli::RetryPatience::whileItMayHelp),
          services_(services), task_(std::move(task)) {}

protected:
    std::optional<restic::protocol::TaskError> work(const restic::cli::RepositoryAccess& repository,
                                                    const std::stop_token& stop) override;
    [[nodiscard]] bool noticesWarn() const noexcept override { return true; }
    core::json::Object result(restic::protocol::TaskResult common) override;

private:
    using Error = std::optional<restic::protocol::TaskError>;
    Error list(const restic::cli::RepositoryAccess& repository, VerifySample& sample,
               const std::stop_token& stop);
    /// What is to be tried; why nothing can be.
    Error choose(const VerifySample& sample, VerifySample::Choice& choice) const;
    Error tryAll(const restic::cli::RepositoryAccess& repository, VerifySample::Choice choice,
                 const std::filesystem::path& folder, const std::stop_token& stop);
    Error compare(std::vector<ListedFile> wanted, const std::filesystem::path& folder,
                  const std::stop_token& stop);
    Error judge();
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] double share() const;

    const TaskServices& services_;
    restic::protocol::VerifyTask task_;
    bool sourceIsHere_ = false;
    std::uint64_t totalFiles_ = 0;
    std::uint64_t totalBytes_ = 0;
    Compared found_;
};

} // namespace agent
