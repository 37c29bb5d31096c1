#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "executor/short_run.h"
#include "executor/stale_locks.h"
#include "restic/cli/key_list.h"

namespace agent {

/// What the two kinds that change a repository's keys have in common. Each looks first at how the keys are:
/// an attempt before, or a restic that outlived its agent, may have done the work.
class KeyRun : public ShortRun {
protected:
    KeyRun(const TaskServices& services, restic::protocol::TaskPayload task, std::shared_ptr<Outbox> outbox)
        : ShortRun(services, std::move(task), std::move(outbox), restic::cli::RetryPatience::whileItMayHelp) {
    }

    using Keys = std::variant<restic::cli::KeyList, restic::protocol::TaskError>;
    /// The repository's keys, among them the one that its password opened; or why it does not open.
    Keys keysOf(const restic::cli::RepositoryAccess& repository, const std::stop_token& stop);
    /// A command that must work; a lock that nobody holds is removed for it, once in a task. Why it failed,
    /// or nothing.
    std::optional<restic::protocol::TaskError> must(const restic::cli::RepositoryAccess& repository,
                                                    const std::vector<std::string>& arguments,
                                                    const std::stop_token& stop);
    /// As a notice of the task, which worked.
    void noteRemovedLock() { locks_.noteRemoved(); }

private:
    std::variant<std::string, restic::protocol::TaskError>
    outputOf(const restic::cli::RepositoryAccess& repository, const std::vector<std::string>& arguments,
             const std::stop_token& stop);

    StaleLocks locks_{commands(), report()};
};

} // namespace agent
