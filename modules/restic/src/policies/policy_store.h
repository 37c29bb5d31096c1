#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/task_messages.h"

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
    core::Instant createdAt;
    core::Instant updatedAt;
};

/// An agent that follows a policy.
struct PolicyLink {
    core::Uuid agent;
    std::string hostname;
    std::optional<core::Instant> nextRunAt;
};

/// Rows of restic_policies that are not archived, and of their links and targets.
class PolicyStore {
public:
    static void insert(core::db::Transaction& tx, const Policy& policy);
    static void update(core::db::Transaction& tx, const Policy& policy);
    static std::optional<Policy> find(core::db::Transaction& tx, const core::Uuid& id);
    static std::int64_t count(core::db::Transaction& tx);
    struct Filter {
        std::optional<std::string> name;
        std::optional<bool> enabled;
    };
    static std::vector<Policy> list(core::db::Transaction& tx, const Filter& filter,
                                    const core::http::PageQuery& page);
    static void archive(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);
    /// What keeps it from being deleted: "agent web-01", "task …", "target …".
    static std::vector<std::string> users(core::db::Transaction& tx, const core::Uuid& id);

    static void link(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                     core::Instant now, std::optional<core::Instant> nextRun);
    /// False if there was no such link.
    static bool unlink(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                       core::Instant now);
    static bool isLinked(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy);
    static std::vector<PolicyLink> links(core::db::Transaction& tx, const core::Uuid& policy);
    static void setNextRun(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                           std::optional<core::Instant> nextRun);

    struct LastRun {
        std::string status;
        core::Instant startedAt;
    };
    static std::optional<LastRun> lastRun(core::db::Transaction& tx, const core::Uuid& policy);

    /// One link that is due, of any tenant; in a system context.
    struct Due {
        core::Uuid tenant;
        core::Uuid agent;
        core::Uuid policy;
        core::Instant slot;
    };
    static std::vector<Due> due(core::db::Transaction& tx, core::Instant now, int limit);
    /// The earliest next run of all, in a system context.
    static std::optional<core::Instant> earliest(core::db::Transaction& tx);
};

/// ["a","b"] as a list of text; anything else gives an empty list.
std::vector<std::string> toStrings(const core::json::Value& value);
core::json::Value fromStrings(const std::vector<std::string>& list);

} // namespace restic
