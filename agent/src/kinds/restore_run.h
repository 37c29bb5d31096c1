#pragma once

#include "executor/command_run.h"
#include "kinds/restore.h"

namespace agent {

/// One attempt at a restore: before restic starts, it is made sure that it stays where it may write.
class RestoreRun final : public CommandRun {
public:
    RestoreRun(const TaskServices& services, const restic::protocol::RestoreTask& task,
               std::shared_ptr<Outbox> outbox);

    bool adopt(const JournalTask& known, const std::stop_token& stop) override;

protected:
    std::optional<restic::protocol::TaskError> prepare(const restic::cli::RepositoryAccess& repository,
                                                       const restic::cli::ResticVersion& version,
                                                       const std::stop_token& stop) override;

private:
    /// Compares what the snapshot has with what is there.
    std::optional<restic::protocol::TaskError> lookAtSnapshot(const restic::cli::RepositoryAccess& repository,
                                                              const restic::cli::ResticVersion& version,
                                                              const std::string& folder,
                                                              const std::stop_token& stop);

    [[nodiscard]] Restore& restore() { return static_cast<Restore&>(work()); }

    restic::protocol::RestoreTask task_;
};

} // namespace agent
