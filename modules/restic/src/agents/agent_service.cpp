#include "agents/agent_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "agents/agent_plugin_store.h"
#include "core/encoding.h"
#include "core/random.h"
#include "errors.h"
#include "lock_row.h"
#include "restic/events.h"

namespace restic {

using core::Instant;
using core::TenantContext;
using core::Uuid;
using core::db::Transaction;

namespace {

std::string hashOf(const std::string& token) {
    return core::hexEncode(core::sha256(token));
}

std::string knownOs(const std::string& os) {
    return os == "linux" || os == "windows" || os == "darwin" ? os : "unknown";
}

/// What a registration says, over what was known before.
void apply(Agent& agent, const protocol::RegisterRequest& request, const std::string& address, Instant now) {
    agent.hostname = request.hostname;
    agent.os = knownOs(request.os);
    agent.arch = request.arch;
    agent.version = request.version;
    if (agent.version == Agent::kPlaceholderVersion)
        agent.version += " agent"; // it runs, whatever it calls itself
    if (request.label)
        agent.label = request.label;
    core::json::Object metadata =
        agent.metadata.object() != nullptr ? *agent.metadata.object() : core::json::Object();
    metadata.set("ip", request.ip.value_or(address));
    agent.metadata = std::move(metadata);
    agent.updatedAt = now;
}

/// The agent that the request's previous token belongs to, if it is of this tenant and was not revoked.
std::optional<Agent> previousSelf(Transaction& tx, const protocol::RegisterRequest& request) {
    if (!request.previousToken)
        return std::nullopt;
    const auto identity = AgentTokenStore::find(tx, hashOf(*request.previousToken));
    if (!identity || identity->tenant != tx.tenant() || identity->agentRevoked)
        return std::nullopt;
    return AgentStore::find(tx, identity->agent);
}

[[noreturn]] void refuseHostname(const std::string& hostname) {
    throw core::Error(
        errors::kAgentAlreadyExists,
        "An agent with the host name \"" + hostname +
            "\" is already registered. Enrol with another --hostname, or revoke the old agent first.");
}

} // namespace

AgentService::AgentService(core::db::Database& database, const core::Clock& clock, core::event::Bus& events,
                           core::http::Authentication& authentication,
                           core::ServiceHandle<base::TokenSigner> signer,
                           core::ServiceHandle<base::TenantLimits> limits, AgentTasks& tasks,
                           AgentSettings settings)
    : database_(database), clock_(clock), events_(events), authentication_(authentication),
      signer_(std::move(signer)), limits_(std::move(limits)), tasks_(tasks), settings_(settings) {}

AgentService::NewRegistration
AgentService::createRegistration(const TenantContext& context, const std::string& createdBy,
                                 std::optional<std::int64_t> ttlSeconds, int maxUses,
                                 std::optional<std::string> hostname,
                                 const std::function<void(const NewRegistration&)>& whenMade) {
    const Instant now = clock_.now();
    NewRegistration made;
    made.id = Uuid::generate(now);
    made.token = std::string(kRegistrationPrefix) + core::randomToken();
    made.expiresAt = now + (ttlSeconds ? core::milliseconds{*ttlSeconds * 1000} : settings_.registrationTtl);
    if (context.audit())
        context.audit()->object("registration_token", made.id.toString());
    database_.transact(context, [&](Transaction& tx) {
        AgentTokenStore::insertRegistration(
            tx, {made.id, tx.tenant(), std::move(hostname), maxUses, 0, made.expiresAt}, hashOf(made.token),
            createdBy, now);
        if (whenMade)
            whenMade(made);
    });
    return made;
}

void AgentService::requireRoom(Transaction& tx) {
    const auto limits = limits_->getForCreation(tx, tx.tenant());
    base::TenantLimits::require(AgentStore::count(tx), limits.agents, "agents");
}

std::pair<std::string, Instant> AgentService::issue(Transaction& tx, const Agent& agent) {
    const Instant now = clock_.now();
    const Uuid id = Uuid::generate(now);
    base::TokenClaims claims;
    claims.subject = agent.id.toString();
    claims.audience = base::TokenSigner::kAgentAudience;
    claims.issuedAt = now;
    claims.expiresAt = now + settings_.tokenTtl;
    claims.extra = {{"tenant_id", tx.tenant().toString()},
                    {"agent_hostname", agent.hostname},
                    {"agent_version", agent.version},
                    {"jti", id.toString()}}; // two tokens of one second differ
    const std::string token = signer_->sign(claims);
    AgentTokenStore::insert(tx, id, agent.id, hashOf(token), now, claims.expiresAt);
    return {token, claims.expiresAt};
}

protocol::RegisterResponse AgentService::enroll(const TenantContext& context, const Uuid& registration,
                                                const protocol::RegisterRequest& request,
                                                const std::string& nonce, const std::string& address) {
    const Instant now = clock_.now();
    const auto answer = [&](const Agent& agent, std::pair<std::string, Instant> token, std::string message) {
        return protocol::RegisterResponse{agent.id,        agent.hostname,     agent.createdAt,
                                          agent.updatedAt, std::move(message), std::move(token.first),
                                          token.second};
    };
    return database_.transact(context, [&](Transaction& tx) {
        // Of several that send one nonce at once the first enrols and the others get the same agent.
        AgentTokenStore::lockRegistration(tx, registration);
        if (const auto before = AgentTokenStore::agentOf(tx, registration, nonce)) {
            // The first answer was lost on its way: the same agent, a fresh token, the lost one ends.
            const auto agent = AgentStore::find(tx, *before);
            if (!agent)
                throw core::Error(errors::kTokenRevoked,
                                  "The agent that this token enrolled has been revoked.");
            auto token = issue(tx, *agent);
            AgentTokenStore::limitOthers(tx, agent->id, hashOf(token.first), now);
            return answer(*agent, std::move(token), "Agent registered successfully");
        }
        if (!AgentTokenStore::spend(tx, registration, now))
            throw core::Error(errors::kInvalidRegistrationToken,
                              "The registration token is spent or has expired; create a new one.");
        auto existing = AgentStore::findByHostname(tx, request.hostname);
        Agent agent;
        const auto same = previousSelf(tx, request);
        if (same) {
            // The machine itself, whose token expired.
            if (existing && existing->id != same->id)
                refuseHostname(request.hostname);
            agent = *same;
            apply(agent, request, address, now);
            AgentStore::updateRegistration(tx, agent);
        } else if (existing && existing->isPlaceholder()) {
            lockRow(tx, "restic_agents", existing->id); // of two at once the second is refused
            existing = AgentStore::find(tx, existing->id);
            if (!existing || !existing->isPlaceholder())
                refuseHostname(request.hostname);
            requireRoom(tx);
            agent = *existing;
            agent.maxConcurrentTasks = settings_.maxConcurrentTasks;
            apply(agent, request, address, now);
            AgentStore::updateRegistration(tx, agent);
            if (takenOver_)
                takenOver_(tx, agent.id);
        } else {
            if (existing)
                refuseHostname(request.hostname);
            requireRoom(tx);
            agent.id = Uuid::generate(now);
            agent.tenant = tx.tenant();
            agent.status = "offline";
            agent.maxConcurrentTasks = settings_.maxConcurrentTasks;
            agent.metadata = core::json::Object();
            agent.createdAt = now;
            apply(agent, request, address, now);
            try {
                AgentStore::insert(tx, agent);
            } catch (const core::db::ConstraintViolation&) {
                refuseHostname(request.hostname);
            }
        }
        AgentTokenStore::remember(tx, registration, nonce, agent.id, now);
        tx.afterCommit([this, id = agent.id] { authentication_.forget(id); });
        if (context.audit()) {
            context.audit()->object("agent", agent.id.toString());
            context.audit()->entry.after = core::json::Object{{"hostname", agent.hostname}};
        }
        matchPolicies(tx, agent.id);
        events_.publishWith(
            tx, events::AgentRegistered{agent.tenant, agent.id, agent.hostname, agent.version, now});
        return answer(agent, issue(tx, agent), "Agent registered successfully");
    });
}

protocol::RegisterResponse AgentService::update(const TenantContext& context, const Uuid& id,
                                                const protocol::RegisterRequest& request,
                                                const std::string& address) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        auto agent = AgentStore::find(tx, id);
        if (!agent)
            throw core::Error(errors::kAgentNotFound, "The agent has been revoked.");
        if (const auto other = AgentStore::findByHostname(tx, request.hostname); other && other->id != id)
            refuseHostname(request.hostname);
        apply(*agent, request, address, now);
        AgentStore::updateRegistration(tx, *agent);
        if (context.audit())
            context.audit()->object("agent", id.toString());
        auto [token, expires] = issue(tx, *agent);
        AgentTokenStore::limitOthers(tx, id, hashOf(token), now + settings_.oldTokenStays);
        tx.afterCommit([this, id] { authentication_.forget(id); });
        return protocol::RegisterResponse{id,    agent->hostname, agent->createdAt, now, "Agent updated",
                                          token, expires};
    });
}

protocol::TokenResponse AgentService::rotate(const TenantContext& context, const Uuid& id) {
    const Instant now = clock_.now();
    return database_.transact(context, [&](Transaction& tx) {
        const auto agent = AgentStore::find(tx, id);
        if (!agent)
            throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + id.toString() + ".");
        auto [token, expires] = issue(tx, *agent);
        AgentTokenStore::limitOthers(tx, id, hashOf(token), now + settings_.oldTokenStays);
        if (context.audit())
            context.audit()->object("agent", id.toString());
        tx.afterCommit([this, id] { authentication_.forget(id); });
        return protocol::TokenResponse{token, expires};
    });
}

protocol::HeartbeatResponse AgentService::heartbeat(const TenantContext& context, const Uuid& id,
                                                    const protocol::HeartbeatRequest& request,
                                                    const std::string& address) {
    const Instant now = clock_.now();
    bool pluginsWanted = false;
    database_.transact(context, [&](Transaction& tx) {
        const auto agent = AgentStore::find(tx, id);
        if (!agent)
            throw core::Error(errors::kAgentNotFound, "The agent has been revoked.");
        if (request.plugins)
            AgentPluginStore::record(tx, id, *request.plugins, now);
        else if (request.pluginsVersion)
            pluginsWanted = AgentPluginStore::version(tx, id) != *request.pluginsVersion;
        core::json::Object metadata =
            agent->metadata.object() != nullptr ? *agent->metadata.object() : core::json::Object();
        const auto report = core::wire::toJson(request);
        for (const auto& [name, value] : report.object()->members())
            if (name != "version" && name != "os" && name != "openTasks" && name != "plugins")
                metadata.set(name, value);
        if (metadata.find("ip") == nullptr)
            metadata.set("ip", address);
        if (request.resticVersion)
            metadata.set("restic_version", *request.resticVersion);
        AgentStore::recordHeartbeat(tx, id, now, request.version, knownOs(request.os),
                                    request.problems.empty() ? "online" : "error", metadata);
        if (request.openTasks) {
            std::vector<std::pair<Uuid, int>> open;
            for (const auto& task : *request.openTasks)
                open.emplace_back(task.taskId, task.attempt);
            tasks_.reconcile(tx, id, open);
        }
    });
    return {"ok", settings_.heartbeatInterval.count() / 1000, pluginsWanted};
}

void AgentService::revoke(const TenantContext& context, const Uuid& id) {
    const Instant now = clock_.now();
    database_.transact(context, [&](Transaction& tx) {
        const auto agent = AgentStore::find(tx, id);
        if (!agent)
            throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + id.toString() + ".");
        AgentStore::revoke(tx, id, now);
        tasks_.abandonAll(tx, id);
        if (context.audit()) {
            context.audit()->object("agent", id.toString());
            context.audit()->entry.before = core::json::Object{{"hostname", agent->hostname}};
        }
        tx.afterCommit([this, id] { authentication_.forget(id); });
    });
}

AgentTokenStore::Identity AgentService::identify(const std::string& token) {
    const auto identity = database_.read(core::SystemContext("agent sign-in"), [&](Transaction& tx) {
        return AgentTokenStore::find(tx, hashOf(token));
    });
    if (!identity)
        throw core::Error(core::errors::kInvalidToken, "The agent's token is not known here.");
    if (identity->agentRevoked || identity->tokenRevoked)
        throw core::Error(errors::kTokenRevoked,
                          "The agent was revoked; enrol it again with restic-agent enroll.");
    if (identity->expiresAt <= clock_.now())
        throw core::Error(errors::kTokenExpired,
                          "The agent's token has expired; enrol it again with restic-agent enroll.");
    return *identity;
}

AgentTokenStore::Registration AgentService::identifyRegistration(const std::string& token) {
    const auto found = database_.read(core::SystemContext("enrolment"), [&](Transaction& tx) {
        return AgentTokenStore::findRegistration(tx, hashOf(token));
    });
    if (!found)
        throw core::Error(errors::kInvalidRegistrationToken, "The registration token is not known here.");
    if (found->expiresAt <= clock_.now())
        throw core::Error(errors::kInvalidRegistrationToken, "The registration token expired at " +
                                                                 core::formatInstant(found->expiresAt) +
                                                                 "; create a new one.");
    return *found;
}

void AgentService::sweep(const Fence& fence) {
    const Instant now = clock_.now();
    database_.transact(core::SystemContext("agent sweep"), [&](Transaction& tx) {
        fence(tx);
        AgentStore::markOffline(tx, now - settings_.offlineAfter, now);
        for (const auto& agent : AgentStore::takeUnreported(tx, now - settings_.reportOfflineAfter, now))
            events_.publishWith(
                tx, events::AgentOffline{agent.tenant, agent.id, agent.hostname, agent.lastSeenAt, now});
    });
}

std::optional<core::Result<core::http::Authenticator::Verified>>
AgentAuthenticator::authenticate(const core::http::Credentials& credentials) {
    using core::http::Credentials;
    using core::http::Principal;
    using core::http::PrincipalKind;
    if (credentials.scheme == Credentials::Scheme::basic)
        return std::nullopt;
    const std::string& token = credentials.secret;
    const Instant soon = clock_.now() + core::seconds{60};
    try {
        Principal principal;
        if (token.starts_with(kRegistrationPrefix)) {
            const auto registration = agents_.identifyRegistration(token);
            principal.kind = PrincipalKind::registration;
            principal.id = registration.id;
            principal.name = registration.hostname.value_or("");
            principal.tenant = registration.tenant;
            return Verified{principal, std::min(soon, registration.expiresAt)};
        }
        const auto audience = signer_->audienceOf(token);
        if (audience != base::TokenSigner::kAgentAudience)
            return std::nullopt;
        const auto verdict = signer_->verify(token, base::TokenSigner::kAgentAudience);
        if (verdict.fault == base::TokenFault::expired)
            return core::Error(errors::kTokenExpired,
                               "The agent's token has expired; enrol it again with restic-agent enroll.");
        if (!verdict.ok())
            return core::Error(core::errors::kInvalidToken, "The agent's token is not valid.");
        const auto identity = agents_.identify(token);
        principal.kind = PrincipalKind::agent;
        principal.id = identity.agent;
        principal.name = identity.hostname;
        principal.tenant = identity.tenant;
        return Verified{principal, std::min(soon, identity.expiresAt)};
    } catch (const core::Error& error) {
        return error;
    }
}

} // namespace restic
