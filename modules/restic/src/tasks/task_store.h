#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/task_messages.h"
#include "restic/protocol/task_state.h"
#include "tasks/result_store.h"

namespace restic {

/// One piece of work for one agent.
struct Task {
    core::Uuid id;
    core::Uuid tenant;
    std::string type;
    protocol::TaskState status = protocol::TaskState::queued;
    int attempt = 1;
    core::Uuid agent;
    std::optional<core::Uuid> policy;
    std::optional<core::Uuid> target;
    std::optional<core::Uuid> repository;
    int priority = 0;
    core::json::Value parameters = core::json::Object();
    core::json::Value metadata = core::json::Object();
    std::int64_t timeoutSeconds = 21600;
    /// Of a test of a repository that nobody saved: until then its agent must have fetched it. What it needs
    /// is beside it (UnsavedRepositories).
    std::optional<core::Instant> unsavedUntil;
    std::optional<core::Instant> slot; ///< of the schedule that made it
    std::optional<core::Instant> notBefore;
    std::optional<core::Instant> leaseUntil;
    core::json::Value progress;
    core::json::Value result;
    core::json::Value error;
    /// Of the result's items; of an ended task of a kind that has some.
    std::optional<std::int64_t> itemsCount;
    std::optional<std::int64_t> itemsBytes;
    std::optional<std::int64_t> itemsRefused;
    std::optional<core::Instant> cancelRequestedAt;
    std::optional<core::Uuid> retryOf;
    core::Instant createdAt;
    std::optional<core::Instant> assignedAt;
    std::optional<core::Instant> startedAt;
    std::optional<core::Instant> completedAt;
};

/// Rows of restic_tasks and of their attempts. Every change names the states and the attempt that it expects,
/// so that of two writers one wins and the other learns it.
class TaskStore {
public:
    static void insert(core::db::Transaction& tx, const Task& task);
    static std::optional<Task> find(core::db::Transaction& tx, const core::Uuid& id);
    /// Those of that policy and agent that no agent holds yet, oldest first: one, but for kinds that remove,
    /// of which there is one for each target.
    static std::vector<Task> pending(core::db::Transaction& tx, const core::Uuid& agent,
                                     const core::Uuid& policy, const std::string& type);
    /// Those of a repository and kind that no agent holds yet.
    static std::vector<Task> waitingOf(core::db::Transaction& tx, const core::Uuid& repository,
                                       const std::string& type);
    /// Those that no agent holds yet, oldest first.
    static std::vector<Task> waiting(core::db::Transaction& tx, const core::Uuid& agent);
    /// True if there is one of them.
    static bool anyWaiting(core::db::Transaction& tx, const core::Uuid& agent);
    /// The queued task may be handed out at once.
    static void waitNoLonger(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);
    static bool slotExists(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                           core::Instant slot);

    struct Filter {
        std::optional<core::Uuid> agent = {};
        std::optional<core::Uuid> policy = {};
        std::optional<core::Uuid> repository = {};
        std::optional<std::string> status = {};
        std::optional<std::string> type = {};
    };
    static std::vector<Task> list(core::db::Transaction& tx, const Filter& filter,
                                  const core::http::PageQuery& page);

    /// A task as the queue of its repository sees it.
    struct Claim {
        core::Uuid id;
        std::string kind;
        core::Uuid agent;
        int priority = 0;
        std::optional<core::Uuid> repository;
        std::optional<core::Uuid> policy = {};
    };
    /// Of which the agent makes a backup now.
    static std::set<core::Uuid> policiesBackedUp(core::db::Transaction& tx, const core::Uuid& agent);
    /// Queued tasks whose time has come, by priority and age; on PostgreSQL held against other hosts until
    /// the end of the transaction.
    static std::vector<Claim> candidates(core::db::Transaction& tx, const core::Uuid& agent, int limit,
                                         core::Instant now);
    /// What agents hold of that repository.
    static std::vector<Claim> heldOf(core::db::Transaction& tx, const core::Uuid& repository);
    /// Of the kinds that need the repository for themselves: the first that wait for nothing but their turn.
    static std::vector<Claim> waitingAlone(core::db::Transaction& tx, const core::Uuid& repository,
                                           core::Instant now);
    /// One that has not ended, as the page of its repository shows it.
    static std::vector<core::Uuid> agentsThatWaitFor(core::db::Transaction& tx, const core::Uuid& repository);
    /// The candidate is its agent's until the lease ends.
    static Task assign(core::db::Transaction& tx, const core::Uuid& id, core::Instant now,
                       core::Instant leaseUntil);
    /// The agent has not seen the hand-out: the next poll gets the same attempt again.
    static void repeatHandOut(core::db::Transaction& tx, const Task& task);
    static std::vector<Task> takeRepeated(core::db::Transaction& tx, const core::Uuid& agent);
    static std::int64_t countHeld(core::db::Transaction& tx, const core::Uuid& agent);
    /// Tasks that the agent holds and somebody wants to end; those told before `again` are told again.
    static std::vector<Task> takeCancels(core::db::Transaction& tx, const core::Uuid& agent,
                                         core::Instant now, core::Instant again);

    /// The held task goes on: state running, progress, lease. False if the attempt no longer holds it.
    static bool recordRunning(core::db::Transaction& tx, const Task& task, const core::json::Value& progress,
                              core::Instant now, core::Instant leaseUntil);
    /// The one write of a terminal state. False if it was written before, or by another attempt.
    static bool finish(core::db::Transaction& tx, const Task& task, protocol::TaskState state,
                       const core::json::Value& result, const core::json::Value& error, core::Instant now);
    /// Beside the end: what is held of the result's items.
    static void recordItems(core::db::Transaction& tx, const Task& task, const HeldItems& held);
    /// The next attempt of the same task, not before that time. False if the attempt no longer holds it.
    static bool requeue(core::db::Transaction& tx, const Task& task, std::optional<core::Instant> notBefore,
                        const core::json::Value& error, core::Instant now);
    static void setUnreachable(core::db::Transaction& tx, const Task& task, core::Instant now);
    static void requestCancel(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);
    static void extendLease(core::db::Transaction& tx, const core::Uuid& id, int attempt,
                            core::Instant leaseUntil);

    /// Those that an agent holds.
    static std::vector<Task> held(core::db::Transaction& tx, const core::Uuid& agent);
    /// What is read of all tenants at once: the rest of a row may be what cannot be read.
    struct Key {
        core::Uuid tenant;
        core::Uuid id;
    };
    /// In a system context: held tasks whose lease ended before `now`.
    static std::vector<Key> lapsed(core::db::Transaction& tx, core::Instant now, int limit);
    /// In a system context: tasks that nobody has heard of since their time was over.
    static std::vector<Key> overdue(core::db::Transaction& tx, core::Instant now, int limit);
    /// In a system context: waiting tests of repositories that nobody saved, which were to be fetched before
    /// `now`.
    static std::vector<Key> unfetched(core::db::Transaction& tx, core::Instant now, int limit);
    /// In a system context: agents with queued tasks whose time has come since `after`.
    static std::vector<core::Uuid> agentsWithDueRetries(core::db::Transaction& tx, core::Instant after,
                                                        core::Instant now);
};

} // namespace restic
