#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// Identities of agents and tokens of registration: only hashes, ever.
class AgentTokenStore {
public:
    struct Identity {
        core::Uuid tenant;
        core::Uuid agent;
        std::string hostname;
        core::Instant expiresAt;
        bool tokenRevoked = false;
        bool agentRevoked = false;
    };
    static void insert(core::db::Transaction& tx, const core::Uuid& id, const core::Uuid& agent,
                       const std::string& sha256, core::Instant now, core::Instant expires);
    /// In a system context.
    static std::optional<Identity> find(core::db::Transaction& tx, const std::string& sha256);
    /// The agent's other tokens are good until `until` at most.
    static void limitOthers(core::db::Transaction& tx, const core::Uuid& agent, const std::string& keep,
                            core::Instant until);

    /// Until the end of the transaction nobody else enrols with it.
    static void lockRegistration(core::db::Transaction& tx, const core::Uuid& registration);

    struct Registration {
        core::Uuid id;
        core::Uuid tenant;
        std::optional<std::string> hostname;
        int maxUses = 1;
        int uses = 0;
        core::Instant expiresAt;
    };
    static void insertRegistration(core::db::Transaction& tx, const Registration& token,
                                   const std::string& sha256, const std::string& createdBy,
                                   core::Instant now);
    struct OpenRegistration {
        core::Uuid id;
        std::optional<std::string> hostname;
        int maxUses = 1;
        int uses = 0;
        std::string createdBy;
        core::Instant createdAt;
        core::Instant expiresAt;
    };
    /// Those with which an agent can still enrol, newest first, one more than the page holds.
    static std::vector<OpenRegistration> openRegistrations(core::db::Transaction& tx, core::Instant now,
                                                           const core::http::PageQuery& page);
    /// It works no longer; who enrolled with it stays. False if there is none that still works.
    static bool revokeRegistration(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);
    /// In a system context.
    static std::optional<Registration> findRegistration(core::db::Transaction& tx, const std::string& sha256);
    /// Takes one use; false if none is left or the time is over.
    static bool spend(core::db::Transaction& tx, const core::Uuid& registration, core::Instant now);
    /// The agent that this token and nonce made before.
    static std::optional<core::Uuid> agentOf(core::db::Transaction& tx, const core::Uuid& registration,
                                             const std::string& nonce);
    static void remember(core::db::Transaction& tx, const core::Uuid& registration, const std::string& nonce,
                         const core::Uuid& agent, core::Instant now);
};

} // namespace restic
