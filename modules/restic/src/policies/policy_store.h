#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "policies/policy_options.h"
#include "restic/protocol/task_messages.h"
#include "slot.h"

namespace restic {

/// What is backed up, when, where to, and how long it is kept.
struct Policy {
    core::Uuid id;
    core::Uuid tenant;
    std::string name;
    bool enabled = true;
    std::string schedule;
    std::string timezone = "UTC";
    std::vector<std::string> includePaths;
    std::vector<std::string> excludePaths;
    std::vector<std::string> tags;
    protocol::Retention retention;
    int priority = 0;
    std::int64_t timeoutSeconds = 21600;
    std::optional<std::int64_t> maxAgeHours;
    std::optional<std::int64_t> minSizeBytes;
    std::optional<core::Uuid> repository;
    core::json::Value plugins = core::json::Array();
    std::string catchUp = "one";
    /// What counts of the other options; the ones above are not in it.
    PolicyOptions options;
    /// What the policy itself says of all of them; the rest is its tenant's, or this program's. Null: all
    /// that is above is its own.
    core::json::Value own;
    core::json::Value assign; ///< an Assignment, or null
    std::string changedBy;    ///< who saved it last
    /// It was imported and rests: what made its backups before goes on, and nothing is planned by it.
    bool awaitingAdoption = false;
    core::Instant createdAt;
    core::Instant updatedAt;
};

/// An agent that follows a policy.
struct PolicyLink {
    core::Uuid policy;
    core::Uuid agent;
    std::string hostname;
    std::optional<core::Instant> nextRunAt;
    bool placeholder = false;        ///< no agent runs there yet
    bool assigned = false;           ///< by the policy's assignment, not by hand
    core::json::Object options = {}; ///< PolicyOptions that are said for this agent alone
};

/// Of a policy: all options that count for it.
[[nodiscard]] PolicyOptions allOptions(const Policy& policy);
/// Makes them those that count.
void setOptions(Policy& policy, const PolicyOptions& effective);

/// Rows of restic_policies that are not archived, and of their links and targets.
class PolicyStore {
public:
    static void insert(core::db::Transaction& tx, const Policy& policy);
    static void update(core::db::Transaction& tx, const Policy& policy);
    static std::optional<Policy> find(core::db::Transaction& tx, const core::Uuid& id);
    /// With what its link says for that agent alone.
    static std::optional<Policy> findFor(core::db::Transaction& tx, const core::Uuid& id,
                                         const core::Uuid& agent);
    static std::int64_t count(core::db::Transaction& tx);
    /// In a system context: the tenants that have policies with an assignment.
    static std::vector<core::Uuid> assigningTenants(core::db::Transaction& tx);
    /// All, by name.
    static std::vector<Policy> all(core::db::Transaction& tx);
    struct Filter {
        std::optional<std::string> name;
        std::optional<bool> enabled;
    };
    static std::vector<Policy> list(core::db::Transaction& tx, const Filter& filter,
                                    const core::http::PageQuery& page);
    /// Those that save to that repository, by name.
    static std::vector<Policy> leadingTo(core::db::Transaction& tx, const core::Uuid& repository);
    static void archive(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);
    /// What keeps it from being deleted: "agent web-01", "task …", "target …".
    static std::vector<std::string> users(core::db::Transaction& tx, const core::Uuid& id);

    static void link(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                     core::Instant now, std::optional<core::Instant> nextRun, bool assigned = false);
    /// What the link says for this agent alone; nullopt if there is no such link.
    static std::optional<core::json::Object> linkOptions(core::db::Transaction& tx, const core::Uuid& agent,
                                                         const core::Uuid& policy);
    static void setLinkOptions(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                               const core::json::Object& options);
    /// False if there was no such link.
    static bool unlink(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                       core::Instant now);
    static bool isLinked(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy);
    static std::vector<PolicyLink> links(core::db::Transaction& tx, const core::Uuid& policy);
    /// Those of several policies, by policy and host name.
    static std::vector<PolicyLink> links(core::db::Transaction& tx, const std::vector<core::Uuid>& policies);
    /// The policies that an agent follows.
    static std::vector<core::Uuid> followedBy(core::db::Transaction& tx, const core::Uuid& agent);
    static void setNextRun(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                           std::optional<core::Instant> nextRun);

    struct LastRun {
        core::Uuid policy;
        std::string status;
        core::Instant startedAt;
    };
    /// The newest run of each of those that had one.
    static std::vector<LastRun> lastRuns(core::db::Transaction& tx, const std::vector<core::Uuid>& policies);

    /// One link that is due, of any tenant; in a system context.
    struct Due {
        core::Uuid tenant;
        core::Uuid agent;
        core::Uuid policy;
        core::Instant slot;
    };
    /// Oldest first, those behind `after`.
    static std::vector<Due> due(core::db::Transaction& tx, core::Instant now, const std::optional<Due>& after,
                                int limit);
    /// The slot has its task; the next one is planned.
    static void taken(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                      core::Instant nextRun);
    /// The slot has no task, for that reason; the next one is planned.
    static void skip(core::db::Transaction& tx, const Due& due, const std::string& reason, core::Instant now,
                     core::Instant nextRun);

    /// Of an enabled policy that does not await its adoption.
    static std::optional<Schedule> schedule(core::db::Transaction& tx, const core::Uuid& agent,
                                            const core::Uuid& policy);
    /// A link of an enabled policy that does not await its adoption, of any tenant.
    struct Planned {
        core::Uuid tenant;
        core::Uuid agent;
        core::Uuid policy;
        Schedule schedule;
        std::optional<core::Instant> nextRunAt;
    };
    /// In a system context: all of them by their keys, those behind `after`.
    static std::vector<Planned> planned(core::db::Transaction& tx, const std::optional<Planned>& after,
                                        int limit);
};

} // namespace restic
