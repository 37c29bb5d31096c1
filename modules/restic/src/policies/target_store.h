#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// What is watched.
struct Target {
    core::Uuid id;
    std::string name;
    std::string mode; ///< direct or agent
    std::optional<core::Uuid> repository;
    std::optional<core::Uuid> agent;
    std::optional<core::Uuid> policy;
    bool disabled = false;
    /// How old the last snapshot may be, where no policy says it.
    std::optional<std::int64_t> maxAgeHours = {};
    core::Instant createdAt = {};
    core::Instant updatedAt = {};
};

/// What a run leaves beside its target, so that nobody reads the history to show it.
struct LastRun {
    core::Uuid run;
    std::string status; ///< success, warning, failed, cancelled
    std::optional<std::string> message;
    core::Instant startedAt;
    core::Instant endedAt;
    std::optional<std::int64_t> files; ///< that were processed
    std::int64_t unreadCount = 0;
    std::int64_t unreadFiles = 0; ///< of those, without sources that are missing
    /// Why its policy removes nothing for now; empty where this run frees it.
    std::string heldBecause = {};
    /// It says nothing of what is there: it was cancelled. What held before holds on.
    bool saysNothing = false;
};

/// Rows of restic_targets.
class TargetStore {
public:
    static std::optional<Target> find(core::db::Transaction& tx, const core::Uuid& id);
    static void recordRun(core::db::Transaction& tx, const core::Uuid& target, const LastRun& run);
    /// What recordRun() left of the run itself, but for `files`, which are of the newest run that saved some.
    static std::optional<LastRun> lastRun(core::db::Transaction& tx, const core::Uuid& target);
    /// Of the newest run that ended with a snapshot: how many files it processed.
    static std::optional<std::int64_t> lastFiles(core::db::Transaction& tx, const core::Uuid& target);
    /// Of the newest run that ended with a snapshot: how many files it could not read.
    static std::int64_t knownUnread(core::db::Transaction& tx, const core::Uuid& target);
    /// Why nothing is removed of what the target's policy saved there.
    static std::optional<std::string> retentionHeld(core::db::Transaction& tx, const core::Uuid& target);
    /// The same of the first of the policy's targets that has such a reason.
    static std::optional<std::string> retentionHeldOfAny(core::db::Transaction& tx, const core::Uuid& policy);
    /// Whether the policy has another target than this one, also of an agent that follows it no longer.
    static bool hasOthers(core::db::Transaction& tx, const core::Uuid& policy, const core::Uuid& target);
    /// One more snapshot, the newest. `at` is never later than now: a machine's clock may be ahead.
    static void recordSnapshot(core::db::Transaction& tx, const core::Uuid& target,
                               const std::string& snapshot, core::Instant at);

    /// What a listing of a direct target's repository has: how many, and the newest.
    static void recordListing(core::db::Transaction& tx, const core::Uuid& target, std::int64_t count,
                              const std::optional<std::string>& latest, std::optional<core::Instant> at);

    /// The target of an agent's policy: enabled again if it exists; one in mode direct, from then on in mode
    /// agent; taken over, with its history, from the
    /// machine's earlier enrolment; otherwise made with that name (or the name and the end of its id, if the
    /// name is taken).
    static core::Uuid ensureForLink(core::db::Transaction& tx, const Target& wanted, core::Instant now);
    static std::optional<Target> findForLink(core::db::Transaction& tx, const core::Uuid& agent,
                                             const core::Uuid& policy);
    static std::optional<Target> findByName(core::db::Transaction& tx, const std::string& name);
    static std::vector<Target> all(core::db::Transaction& tx);
    /// Newest first.
    static std::vector<Target> list(core::db::Transaction& tx, const core::http::PageQuery& page);
    /// Whether the host looks at that repository itself.
    static bool isWatched(core::db::Transaction& tx, const core::Uuid& repository);
    /// The target becomes an agent's: what was seen in its repository, and is of no run, is its history.
    /// Other targets that are looked at list the repository itself.
    static void takeSeen(core::db::Transaction& tx, const core::Uuid& target, const core::Uuid& repository);
    static std::int64_t countDirect(core::db::Transaction& tx);
    /// Throws ConstraintViolation for a name that is taken.
    static void insert(core::db::Transaction& tx, const Target& target);
    static void update(core::db::Transaction& tx, const Target& target);
    /// Its snapshots and its history stay, without it.
    static void erase(core::db::Transaction& tx, const core::Uuid& target);
};

} // namespace restic
