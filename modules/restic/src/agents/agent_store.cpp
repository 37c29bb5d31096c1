#include "agents/agent_store.h"

#include "core/http/list_query.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::string_view kColumns = "id, tenant_id, hostname, label, os, arch, version, status, paused, "
                                      "max_concurrent_tasks, last_seen_at_us, "
                                      "metadata, revoked_at_us, created_at_us, updated_at_us";

Agent fromRow(const core::db::Row& row) {
    Agent agent;
    agent.id = row.uuid(0);
    agent.tenant = row.uuid(1);
    agent.hostname = row.text(2);
    agent.label = row.optionalText(3);
    agent.os = row.text(4);
    agent.arch = row.text(5);
    agent.version = row.text(6);
    agent.status = row.text(7);
    agent.paused = row.boolean(8);
    agent.maxConcurrentTasks = static_cast<int>(row.integer(9));
    agent.lastSeenAt = row.optionalInstant(10);
    agent.metadata = jsonOr(row, 11, core::json::Object());
    agent.revokedAt = row.optionalInstant(12);
    agent.createdAt = row.instant(13);
    agent.updatedAt = row.instant(14);
    return agent;
}

const std::string kSelect = "SELECT " + std::string(kColumns) + " FROM restic_agents";
} // namespace

bool Agent::hasOwnRepository() const {
    const auto* known = metadata.object();
    const auto* own = known != nullptr ? known->find("ownRepository") : nullptr;
    return own != nullptr && own->boolean() != nullptr && *own->boolean();
}

std::vector<std::string> Agent::plugins() const {
    std::vector<std::string> names;
    const auto* known = metadata.object();
    const auto* list = known != nullptr ? known->find("availablePlugins") : nullptr;
    if (const auto* items = list != nullptr ? list->array() : nullptr)
        for (const auto& item : *items)
            if (item.string() != nullptr)
                names.push_back(*item.string());
    return names;
}

void AgentStore::insert(Transaction& tx, const Agent& agent) {
    tx.execute("INSERT INTO restic_agents (" + std::string(kColumns) +
                   ") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)",
               {agent.id, tx.tenant(), agent.hostname, agent.label, agent.os, agent.arch, agent.version,
                agent.status, agent.paused, agent.maxConcurrentTasks, agent.lastSeenAt, agent.metadata,
                agent.revokedAt, agent.createdAt, agent.updatedAt});
}

std::optional<Agent> AgentStore::find(Transaction& tx, const Uuid& id, bool revokedToo) {
    const auto rows = tx.query(kSelect + " WHERE tenant_id = $1 AND id = $2" +
                                   (revokedToo ? "" : " AND revoked_at_us IS NULL"),
                               {tx.tenant(), id});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::optional<Agent> AgentStore::findByHostname(Transaction& tx, const std::string& hostname) {
    const auto rows = tx.query(kSelect + " WHERE tenant_id = $1 AND hostname = $2 AND revoked_at_us IS NULL",
                               {tx.tenant(), hostname});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::int64_t AgentStore::count(Transaction& tx) {
    return tx
        .query("SELECT count(*) FROM restic_agents WHERE tenant_id = $1 AND revoked_at_us IS NULL",
               {tx.tenant()})[0]
        .integer(0);
}

void AgentStore::updateRegistration(Transaction& tx, const Agent& agent) {
    tx.execute("UPDATE restic_agents SET hostname = $3, label = $4, os = $5, arch = $6, version = $7, "
               "metadata = $8, "
               "updated_at_us = $9 WHERE tenant_id = $1 AND id = $2",
               {tx.tenant(), agent.id, agent.hostname, agent.label, agent.os, agent.arch, agent.version,
                agent.metadata, agent.updatedAt});
}

void AgentStore::updateSettings(Transaction& tx, const Agent& agent) {
    tx.execute(
        "UPDATE restic_agents SET label = $3, paused = $4, max_concurrent_tasks = $5, updated_at_us = $6 "
        "WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), agent.id, agent.label, agent.paused, agent.maxConcurrentTasks, agent.updatedAt});
}

void AgentStore::recordHeartbeat(Transaction& tx, const Uuid& id, Instant now, const std::string& version,
                                 const std::string& os, const std::string& status,
                                 const core::json::Value& metadata) {
    tx.execute(
        "UPDATE restic_agents SET last_seen_at_us = $3, version = $4, os = $5, status = $6, metadata = $7, "
        "offline_reported_at_us = NULL WHERE tenant_id = $1 AND id = $2 AND revoked_at_us IS NULL",
        {tx.tenant(), id, now, version, os, status, metadata});
}

void AgentStore::revoke(Transaction& tx, const Uuid& id, Instant now) {
    tx.execute("UPDATE restic_agents SET revoked_at_us = $3, status = 'offline', updated_at_us = $3 "
               "WHERE tenant_id = $1 AND id = $2",
               {tx.tenant(), id, now});
    tx.execute("UPDATE restic_agent_tokens SET revoked_at_us = $3 WHERE tenant_id = $1 AND agent_id = $2",
               {tx.tenant(), id, now});
    tx.execute(
        "UPDATE restic_agent_policy_links SET next_run_at_us = NULL WHERE tenant_id = $1 AND agent_id = $2",
        {tx.tenant(), id});
    tx.execute("UPDATE restic_targets SET disabled = TRUE, updated_at_us = $3 WHERE tenant_id = $1 AND "
               "agent_id = $2",
               {tx.tenant(), id, now});
}

std::vector<Agent> AgentStore::list(Transaction& tx, const Filter& filter,
                                    const core::http::PageQuery& page) {
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    query.plain("revoked_at_us IS NULL");
    if (filter.status)
        query.where("status = ?", *filter.status);
    if (filter.hostname)
        query.where("hostname = ?", *filter.hostname);
    query.page("created_at_us", page);
    std::vector<Agent> agents;
    for (const auto& row : query.run(tx))
        agents.push_back(fromRow(row));
    return agents;
}

namespace {
std::vector<AgentStore::Silent> silent(const core::db::Rows& rows) {
    std::vector<AgentStore::Silent> all;
    for (const auto& row : rows)
        all.push_back({row.uuid(0), row.uuid(1), row.text(2), instantOrNull(row, 3)});
    return all;
}
} // namespace

std::vector<AgentStore::Silent> AgentStore::markOffline(Transaction& tx, Instant since, Instant now) {
    return silent(tx.query("UPDATE restic_agents SET status = 'offline', updated_at_us = $2 "
                           "WHERE revoked_at_us IS NULL AND status <> 'offline' AND last_seen_at_us < $1 "
                           "RETURNING id, tenant_id, hostname, last_seen_at_us",
                           {since, now}));
}

std::vector<AgentStore::Silent> AgentStore::takeUnreported(Transaction& tx, Instant since, Instant now) {
    return silent(tx.query("UPDATE restic_agents SET offline_reported_at_us = $2 "
                           "WHERE revoked_at_us IS NULL AND status = 'offline' AND last_seen_at_us < $1 AND "
                           "offline_reported_at_us IS NULL "
                           "RETURNING id, tenant_id, hostname, last_seen_at_us",
                           {since, now}));
}

} // namespace restic
