#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agents/agent_store.h"
#include "agents/agent_tasks.h"
#include "agents/agent_token_store.h"
#include "base/tenant_limits.h"
#include "base/token_signer.h"
#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/http/principal.h"
#include "core/log.h"
#include "core/service.h"
#include "core/time.h"
#include "fence.h"
#include "restic/protocol/agent_messages.h"

namespace restic {

struct AgentSettings {
    core::milliseconds tokenTtl{std::chrono::hours{24 * 30}};
    core::milliseconds registrationTtl{std::chrono::hours{1}};
    core::milliseconds offlineAfter{90000};
    core::milliseconds reportOfflineAfter{300000};
    core::milliseconds heartbeatInterval{30000};
    /// Of an agent that is new.
    int maxConcurrentTasks = 2;
    core::milliseconds oldTokenStays{300000};
};

/// Enrolment, identity and heartbeats of agents. Thread-safe.
class AgentService {
public:
    AgentService(core::db::Database& database, const core::Clock& clock, core::event::Bus& events,
                 core::http::Authentication& authentication, core::ServiceHandle<base::TokenSigner> signer,
                 core::ServiceHandle<base::TenantLimits> limits, AgentTasks& tasks, AgentSettings settings);

    struct NewRegistration {
        core::Uuid id;
        std::string token; ///< shown this once
        core::Instant expiresAt;
    };
    /// `whenMade` is called inside the unit of work.
    NewRegistration createRegistration(const core::TenantContext& context, const std::string& createdBy,
                                       std::optional<std::int64_t> ttlSeconds, int maxUses,
                                       std::optional<std::string> hostname,
                                       const std::function<void(const NewRegistration&)>& whenMade = {});

    /// Called in the unit of work in which an agent has taken over a placeholder.
    /// Gives policies to an agent that came, or whose tags are others now; in the transaction that says so.
    void setPolicyMatcher(std::function<void(core::db::Transaction&, const core::Uuid& agent)> match) {
        matchPolicies_ = std::move(match);
    }
    void matchPolicies(core::db::Transaction& tx, const core::Uuid& agent) const {
        if (matchPolicies_)
            matchPolicies_(tx, agent);
    }
    void setTakenOver(std::function<void(core::db::Transaction&, const core::Uuid& agent)> takenOver) {
        takenOver_ = std::move(takenOver);
    }

    /// Enrols, or answers again what the same token and nonce gave before. `registration` is the principal's
    /// id. Throws kInvalidRegistrationToken, kAgentAlreadyExists, base::errors::kTenantLimitReached.
    protocol::RegisterResponse enroll(const core::TenantContext& context, const core::Uuid& registration,
                                      const protocol::RegisterRequest& request, const std::string& nonce,
                                      const std::string& address);
    /// An agent that is enrolled says what it is now.
    protocol::RegisterResponse update(const core::TenantContext& context, const core::Uuid& agent,
                                      const protocol::RegisterRequest& request, const std::string& address);
    protocol::TokenResponse rotate(const core::TenantContext& context, const core::Uuid& agent);
    protocol::HeartbeatResponse heartbeat(const core::TenantContext& context, const core::Uuid& agent,
                                          const protocol::HeartbeatRequest& request,
                                          const std::string& address);
    void revoke(const core::TenantContext& context, const core::Uuid& agent);

    /// Whom a token belongs to, for the authenticator. Throws the reason why not.
    AgentTokenStore::Identity identify(const std::string& token);
    AgentTokenStore::Registration identifyRegistration(const std::string& token);
    [[nodiscard]] const AgentSettings& settings() const noexcept { return settings_; }

    /// Marks silent agents offline, and tells of those that stay silent.
    void sweep(const Fence& fence = unfenced);

private:
    /// For one more agent. Throws base::errors::kTenantLimitReached.
    void requireRoom(core::db::Transaction& tx);
    std::pair<std::string, core::Instant> issue(core::db::Transaction& tx, const Agent& agent);

    core::db::Database& database_;
    const core::Clock& clock_;
    core::event::Bus& events_;
    core::http::Authentication& authentication_;
    core::ServiceHandle<base::TokenSigner> signer_;
    core::ServiceHandle<base::TenantLimits> limits_;
    AgentTasks& tasks_;
    AgentSettings settings_;
    std::function<void(core::db::Transaction&, const core::Uuid&)> takenOver_;
    std::function<void(core::db::Transaction&, const core::Uuid&)> matchPolicies_;
};

/// Registration tokens begin with this, so that they are told apart without a query.
inline constexpr std::string_view kRegistrationPrefix = "aereg_";

/// Recognises agents' tokens and registration tokens.
class AgentAuthenticator final : public core::http::Authenticator {
public:
    AgentAuthenticator(AgentService& agents, core::ServiceHandle<base::TokenSigner> signer,
                       const core::Clock& clock)
        : agents_(agents), signer_(std::move(signer)), clock_(clock) {}

    std::optional<core::Result<Verified>> authenticate(const core::http::Credentials& credentials) override;

private:
    AgentService& agents_;
    core::ServiceHandle<base::TokenSigner> signer_;
    const core::Clock& clock_;
};

} // namespace restic
