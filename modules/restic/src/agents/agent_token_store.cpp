#include "agents/agent_token_store.h"

#include "core/http/list_query.h"
#include "lock_row.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

void AgentTokenStore::insert(Transaction& tx, const Uuid& id, const Uuid& agent, const std::string& sha256,
                             Instant now, Instant expires) {
    tx.execute("INSERT INTO restic_agent_tokens (id, tenant_id, agent_id, token_sha256, created_at_us, "
               "expires_at_us) "
               "VALUES ($1, $2, $3, $4, $5, $6)",
               {id, tx.tenant(), agent, sha256, now, expires});
}

std::optional<AgentTokenStore::Identity> AgentTokenStore::find(Transaction& tx, const std::string& sha256) {
    const auto rows = tx.query(
        "SELECT t.tenant_id, t.agent_id, a.hostname, t.expires_at_us, t.revoked_at_us, a.revoked_at_us "
        "FROM restic_agent_tokens t JOIN restic_agents a ON a.tenant_id = t.tenant_id AND a.id = t.agent_id "
        "WHERE t.token_sha256 = $1",
        {sha256});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    return Identity{row.uuid(0), row.uuid(1), row.text(2), row.instant(3), !row.isNull(4), !row.isNull(5)};
}

void AgentTokenStore::limitOthers(Transaction& tx, const Uuid& agent, const std::string& keep,
                                  Instant until) {
    tx.execute("UPDATE restic_agent_tokens SET expires_at_us = $4 WHERE tenant_id = $1 AND agent_id = $2 AND "
               "token_sha256 <> $3 AND expires_at_us > $4",
               {tx.tenant(), agent, keep, until});
}

void AgentTokenStore::insertRegistration(Transaction& tx, const Registration& token,
                                         const std::string& sha256, const std::string& createdBy,
                                         Instant now) {
    tx.execute(
        "INSERT INTO restic_registration_tokens (id, tenant_id, token_sha256, hostname, max_uses, uses, "
        "created_by, created_at_us, expires_at_us) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8)",
        {token.id, tx.tenant(), sha256, token.hostname, token.maxUses, createdBy, now, token.expiresAt});
}

std::optional<AgentTokenStore::Registration> AgentTokenStore::findRegistration(Transaction& tx,
                                                                               const std::string& sha256) {
    const auto rows = tx.query("SELECT id, tenant_id, hostname, max_uses, uses, expires_at_us "
                               "FROM restic_registration_tokens WHERE token_sha256 = $1",
                               {sha256});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    return Registration{row.uuid(0),
                        row.uuid(1),
                        row.optionalText(2),
                        static_cast<int>(row.integer(3)),
                        static_cast<int>(row.integer(4)),
                        row.instant(5)};
}

void AgentTokenStore::lockRegistration(Transaction& tx, const Uuid& registration) {
    lockRow(tx, "restic_registration_tokens", registration);
}

std::vector<AgentTokenStore::OpenRegistration>
AgentTokenStore::openRegistrations(Transaction& tx, Instant now, const core::http::PageQuery& page) {
    core::http::ListQuery query(
        "SELECT id, hostname, max_uses, uses, created_by, created_at_us, expires_at_us FROM "
        "restic_registration_tokens");
    query.where("tenant_id = ?", tx.tenant());
    query.where("expires_at_us > ?", now);
    query.plain("uses < max_uses");
    query.page("created_at_us", page);
    std::vector<OpenRegistration> list;
    for (const auto& row : query.run(tx))
        list.push_back({row.uuid(0), row.optionalText(1), static_cast<int>(row.integer(2)),
                        static_cast<int>(row.integer(3)), row.text(4), row.instant(5), row.instant(6)});
    return list;
}

bool AgentTokenStore::revokeRegistration(Transaction& tx, const Uuid& id, Instant now) {
    return tx.execute("UPDATE restic_registration_tokens SET expires_at_us = $3 WHERE tenant_id = $1 AND "
                      "id = $2 AND expires_at_us > $3 AND uses < max_uses",
                      {tx.tenant(), id, now}) == 1;
}

bool AgentTokenStore::spend(Transaction& tx, const Uuid& registration, Instant now) {
    return tx.execute("UPDATE restic_registration_tokens SET uses = uses + 1 "
                      "WHERE tenant_id = $1 AND id = $2 AND uses < max_uses AND expires_at_us > $3",
                      {tx.tenant(), registration, now}) == 1;
}

std::optional<Uuid> AgentTokenStore::agentOf(Transaction& tx, const Uuid& registration,
                                             const std::string& nonce) {
    const auto rows = tx.query("SELECT agent_id FROM restic_registrations WHERE tenant_id = $1 AND "
                               "registration_token_id = $2 AND nonce = $3",
                               {tx.tenant(), registration, nonce});
    return rows.empty() ? std::nullopt : std::optional(rows[0].uuid(0));
}

void AgentTokenStore::remember(Transaction& tx, const Uuid& registration, const std::string& nonce,
                               const Uuid& agent, Instant now) {
    tx.execute(
        "INSERT INTO restic_registrations (tenant_id, registration_token_id, nonce, agent_id, created_at_us) "
        "VALUES ($1, $2, $3, $4, $5)",
        {tx.tenant(), registration, nonce, agent, now});
}

} // namespace restic
