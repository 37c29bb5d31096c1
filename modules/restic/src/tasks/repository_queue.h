#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/uuid.h"
#include "tasks/kinds/kind.h"
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

    /// One hand-out: asked for each task in its order, and each that may begin is given away before the next
    /// is asked for. Keeps other hosts from deciding about the repositories until the unit of work ends.
    class Turn {
    public:
        Turn(core::db::Transaction& tx, const Kinds& kinds, const std::vector<TaskStore::Claim>& tasks,
             core::Instant now);
        bool mayBegin(const TaskStore::Claim& task);

    private:
        core::db::Transaction& tx_;
        const Kinds& kinds_;
        core::Instant now_;
        /// Repository and kind of what has to wait: what comes behind it has to as well.
        std::set<std::pair<core::Uuid, std::string>> waiting_;
    };
    /// Why the task may not be handed out, to be shown; nullopt if it may.
    static std::optional<Wait> waitOf(core::db::Transaction& tx, const Kinds& kinds,
                                      const TaskStore::Claim& task, const core::Uuid& repository,
                                      core::Instant now);
};

} // namespace restic
