#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "executor/short_run.h"
#include "executor/stale_locks.h"

namespace agent {

/// Short commands of which each may change the repository and the next needs what the one before did. An
/// attempt before, or a restic that outlived its agent, may have done a part of the work: a kind looks first.
class SequenceRun : public ShortRun {
protected:
    SequenceRun(const TaskServices& services, restic::protocol::TaskPayload task,
                std::shared_ptr<Outbox> outbox)
        : ShortRun(services, std::move(task), std::move(outbox), restic::cli::RetryPatience::whileItMayHelp) {
    }

    /// What a command that must work says; a lock that nobody holds is removed for it, once in a task. Or why
    /// it failed.
    std::variant<std::string, restic::protocol::TaskError>
    outputOf(const restic::cli::RepositoryAccess& repository, const std::vector<std::string>& arguments,
             const std::stop_token& stop);
    /// The same of one whose words do not matter: why it failed, or nothing.
    std::optional<restic::protocol::TaskError> must(const restic::cli::RepositoryAccess& repository,
                                                    const std::vector<std::string>& arguments,
                                                    const std::stop_token& stop);
    /// As a notice of the task, which worked.
    void noteRemovedLock() { locks_.noteRemoved(); }

private:
    StaleLocks locks_{commands(), report()};
};

} // namespace agent
