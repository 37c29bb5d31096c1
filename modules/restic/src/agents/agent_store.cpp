#include "agents/agent_store.h"

#include <algorithm>

#include "core/db/table.h"
#include "core/http/list_query.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
using core::db::column;
using core::db::Use;

const core::db::Table<Agent>& table() {
    static const core::db::Table<Agent> columns(
        "restic_agents",
        {column("id", &Agent::id, Use::fixed), column("tenant_id", &Agent::tenant, Use::readOnly),
         column("hostname", &Agent::hostname), column("label", &Agent::label), column("os", &Agent::os),
         column("arch", &Agent::arch), column("version", &Agent::version), column("status", &Agent::status),
         column("paused", &Agent::paused), column("max_concurrent_tasks", &Agent::maxConcurrentTasks),
         column("tags", &Agent::tags), column("last_seen_at_us", &Agent::lastSeenAt),
         column("metadata", &Agent::metadata), column("revoked_at_us", &Agent::revokedAt),
         column("created_at_us", &Agent::createdAt, Use::fixed), column("updated_at_us", &Agent::updatedAt)});
    return columns;
}

/// The texts of a list among the metadata.
std::vector<std::string> namesIn(const core::json::Value& metadata, std::string_view name) {
    const auto* known = metadata.object();
    const auto* list = known != nullptr ? known->find(name) : nullptr;
    return list != nullptr ? toStrings(*list) : std::vector<std::string>();
}
} // namespace

bool Agent::hasOwnRepository() const {
    const auto* known = metadata.object();
    const auto* own = known != nullptr ? known->find("ownRepository") : nullptr;
    return own != nullptr && own->boolean() != nullptr && *own->boolean();
}

std::vector<std::string> Agent::plugins() const {
    return namesIn(metadata, "availablePlugins");
}

bool Agent::understands(std::string_view feature) const {
    const auto names = namesIn(metadata, "features");
    return std::find(names.begin(), names.end(), feature) != names.end();
}

bool Agent::isPlaceholder() const {
    return version == kPlaceholderVersion && !lastSeenAt;
}

void AgentStore::insert(Transaction& tx, const Agent& agent) {
    table().insert(tx, agent);
}

std::optional<Agent> AgentStore::find(Transaction& tx, const Uuid& id, bool revokedToo) {
    return table().readFirst(tx.query(table().select() + " WHERE tenant_id = $1 AND id = $2" +
                                          (revokedToo ? "" : " AND revoked_at_us IS NULL"),
                                      {tx.tenant(), id}));
}

std::optional<Agent> AgentStore::findByHostname(Transaction& tx, const std::string& hostname) {
    return table().readFirst(
        tx.query(table().select() + " WHERE tenant_id = $1 AND hostname = $2 AND revoked_at_us IS NULL",
                 {tx.tenant(), hostname}));
}

std::vector<Agent> AgentStore::real(Transaction& tx) {
    return table().readAll(tx.query(table().select() +
                                        " AS a WHERE a.tenant_id = $1 AND a.revoked_at_us IS NULL AND " +
                                        kRealAgent + " ORDER BY a.hostname",
                                    {tx.tenant()}));
}

std::int64_t AgentStore::count(Transaction& tx) {
    return tx
        .query(std::string("SELECT count(*) FROM restic_agents a WHERE a.tenant_id = $1 AND a.revoked_at_us "
                           "IS NULL AND ") +
                   kRealAgent,
               {tx.tenant()})[0]
        .integer(0);
}

void AgentStore::updateRegistration(Transaction& tx, const Agent& agent) {
    table().update(
        tx, agent.id, agent,
        {"hostname", "label", "os", "arch", "version", "metadata", "max_concurrent_tasks", "updated_at_us"});
}

void AgentStore::updateSettings(Transaction& tx, const Agent& agent) {
    table().update(tx, agent.id, agent, {"label", "paused", "max_concurrent_tasks", "tags", "updated_at_us"});
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
    // What the host looks at itself needs no agent.
    tx.execute("UPDATE restic_targets SET disabled = TRUE, updated_at_us = $3 WHERE tenant_id = $1 AND "
               "agent_id = $2 AND mode = 'agent'",
               {tx.tenant(), id, now});
}

std::vector<Agent> AgentStore::list(Transaction& tx, const Filter& filter,
                                    const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    query.plain("revoked_at_us IS NULL");
    if (filter.status)
        query.where("status = ?", *filter.status);
    if (filter.hostname)
        query.where("hostname = ?", *filter.hostname);
    query.page("created_at_us", page);
    return table().readAll(query.run(tx));
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

bool AgentStore::isSuccessor(Transaction& tx, const Uuid& agent, const Uuid& before) {
    const auto now = find(tx, agent);
    const auto old = find(tx, before, true);
    return now && old && old->revokedAt && now->hostname == old->hostname;
}

} // namespace restic
