#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/uuid.h"
#include "tasks/task_store.h"

namespace restic {

/// Who may work on a repository now, across agents and hosts: operations that need it alone never meet
/// others, so that none of them ever meets a lock of ours; and of two who would create it one goes first.
class RepositoryQueue {
public:
    /// A task that has to wait, and for whom.
    struct Wait {
        /// What holds the repository, or stands before it in the queue.
        std::vector<TaskStore::Claim> claims;
        /// For pages in other languages: one of waitCodes().
        std::string code;
        /// One sentence for people.
        std::string reason;
    };

    /// All codes of a wait.
    static std::vector<std::string> waitCodes();

    /// Whether the task may be handed out. Keeps other hosts from deciding about the repository until the
    /// unit of work ends.
    static bool mayBegin(core::db::Transaction& tx, const TaskStore::Claim& task,
                         const core::Uuid& repository, core::Instant now);
    /// Why it may not, to be shown; nullopt if it may.
    static std::optional<Wait> waitOf(core::db::Transaction& tx, const TaskStore::Claim& task,
                                      const core::Uuid& repository, core::Instant now);
};

} // namespace restic
