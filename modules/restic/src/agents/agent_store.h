#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// One enrolled machine.
struct Agent {
    core::Uuid id;
    core::Uuid tenant;
    std::string hostname;
    std::optional<std::string> label;
    std::string os;
    std::string arch;
    std::string version;
    std::string status; ///< online, offline, error
    bool paused = false;
    int maxConcurrentTasks = 2;
    std::vector<std::string> tags; ///< by which policies find it
    std::optional<core::Instant> lastSeenAt;
    core::json::Value metadata = core::json::Object();
    std::optional<core::Instant> revokedAt;
    core::Instant createdAt;
    core::Instant updatedAt;

    /// True if its own configuration names a repository, for policies that name none.
    [[nodiscard]] bool hasOwnRepository() const;
    /// Names of the dump plugins that its last heartbeat listed.
    [[nodiscard]] std::vector<std::string> plugins() const;
    /// Whether its last heartbeat named that of protocol::features.
    [[nodiscard]] bool understands(std::string_view feature) const;
    /// It was imported and no agent runs there yet: it gets no tasks, is never said to be offline and counts
    /// nowhere. The first agent that enrols with its host name is it from then on.
    [[nodiscard]] bool isPlaceholder() const;

    static constexpr auto kPlaceholderVersion = "legacy";
};

/// Of rows of restic_agents `a`: those that are no placeholders.
inline constexpr auto kRealAgent = "NOT (a.version = 'legacy' AND a.last_seen_at_us IS NULL)";

/// Rows of restic_agents. Every call runs in the caller's transaction and sees its tenant only.
class AgentStore {
public:
    static void insert(core::db::Transaction& tx, const Agent& agent);
    /// Unrevoked agents only, unless `revokedToo`.
    static std::optional<Agent> find(core::db::Transaction& tx, const core::Uuid& id,
                                     bool revokedToo = false);
    static std::optional<Agent> findByHostname(core::db::Transaction& tx, const std::string& hostname);
    /// Whether the agent is the same machine, enrolled anew after the other was revoked.
    static bool isSuccessor(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& before);
    /// Without placeholders.
    static std::int64_t count(core::db::Transaction& tx);
    /// Hostname, label, os, arch, version, metadata, how much it does at once.
    static void updateRegistration(core::db::Transaction& tx, const Agent& agent);
    static void updateSettings(core::db::Transaction& tx, const Agent& agent);
    static void recordHeartbeat(core::db::Transaction& tx, const core::Uuid& id, core::Instant now,
                                const std::string& version, const std::string& os, const std::string& status,
                                const core::json::Value& metadata);
    static void revoke(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);

    /// All that are no placeholders, by host name.
    static std::vector<Agent> real(core::db::Transaction& tx);

    struct Filter {
        std::optional<std::string> status;
        std::optional<std::string> hostname;
    };
    /// One more than `limit` rows if there are more.
    static std::vector<Agent> list(core::db::Transaction& tx, const Filter& filter,
                                   const core::http::PageQuery& page);

    struct Silent {
        core::Uuid id;
        core::Uuid tenant;
        std::string hostname;
        std::optional<core::Instant> lastSeenAt;
    };
    /// In a system context: sets `offline` those not heard of since, and returns them.
    static std::vector<Silent> markOffline(core::db::Transaction& tx, core::Instant since, core::Instant now);
    /// In a system context: those silent since, once each silence.
    static std::vector<Silent> takeUnreported(core::db::Transaction& tx, core::Instant since,
                                              core::Instant now);
};

} // namespace restic
