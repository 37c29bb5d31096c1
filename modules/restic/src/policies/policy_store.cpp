#include "policies/policy_store.h"

#include "core/http/list_query.h"
#include "id_list.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::string_view kColumns = "id, tenant_id, name, enabled, schedule, timezone, include_paths, "
                                      "exclude_paths, tags, retention_rules, priority, "
                                      "timeout_seconds, max_age_hours, min_size_bytes, repository_id, "
                                      "plugins, catch_up, created_at_us, updated_at_us";
const std::string kSelect = "SELECT " + std::string(kColumns) + " FROM restic_policies";

Policy fromRow(const core::db::Row& row) {
    Policy policy;
    policy.id = row.uuid(0);
    policy.tenant = row.uuid(1);
    policy.name = row.text(2);
    policy.enabled = row.boolean(3);
    policy.schedule = row.text(4);
    policy.timezone = row.text(5);
    policy.includePaths = toStrings(jsonOrNull(row, 6));
    policy.excludePaths = toStrings(jsonOrNull(row, 7));
    policy.tags = toStrings(jsonOrNull(row, 8));
    if (auto retention = core::wire::read<protocol::Retention>(jsonOr(row, 9, core::json::Object())))
        policy.retention = std::move(retention).value();
    policy.priority = static_cast<int>(row.integer(10));
    policy.timeoutSeconds = row.integer(11);
    policy.maxAgeHours = row.optionalInteger(12);
    policy.minSizeBytes = row.optionalInteger(13);
    policy.repository = row.optionalUuid(14);
    policy.plugins = jsonOr(row, 15, core::json::Array());
    policy.catchUp = row.text(16);
    policy.createdAt = row.instant(17);
    policy.updatedAt = row.instant(18);
    return policy;
}
} // namespace

void PolicyStore::insert(Transaction& tx, const Policy& p) {
    tx.execute("INSERT INTO restic_policies (" + std::string(kColumns) +
                   ") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)",
               {p.id, tx.tenant(), p.name, p.enabled, p.schedule, p.timezone, fromStrings(p.includePaths),
                fromStrings(p.excludePaths), fromStrings(p.tags), core::wire::write(p.retention), p.priority,
                p.timeoutSeconds, p.maxAgeHours, p.minSizeBytes, p.repository, p.plugins, p.catchUp,
                p.createdAt, p.updatedAt});
}

void PolicyStore::update(Transaction& tx, const Policy& p) {
    tx.execute(
        "UPDATE restic_policies SET name = $3, enabled = $4, schedule = $5, timezone = $6, include_paths = "
        "$7, "
        "exclude_paths = $8, tags = $9, retention_rules = $10, priority = $11, timeout_seconds = $12, "
        "max_age_hours = $13, min_size_bytes = $14, repository_id = $15, plugins = $16, catch_up = $17, "
        "updated_at_us = $18 WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), p.id, p.name, p.enabled, p.schedule, p.timezone, fromStrings(p.includePaths),
         fromStrings(p.excludePaths), fromStrings(p.tags), core::wire::write(p.retention), p.priority,
         p.timeoutSeconds, p.maxAgeHours, p.minSizeBytes, p.repository, p.plugins, p.catchUp, p.updatedAt});
}

std::optional<Policy> PolicyStore::find(Transaction& tx, const Uuid& id) {
    const auto rows =
        tx.query(kSelect + " WHERE tenant_id = $1 AND id = $2 AND archived_at_us IS NULL", {tx.tenant(), id});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::int64_t PolicyStore::count(Transaction& tx) {
    return tx
        .query("SELECT count(*) FROM restic_policies WHERE tenant_id = $1 AND archived_at_us IS NULL",
               {tx.tenant()})[0]
        .integer(0);
}

std::vector<Policy> PolicyStore::list(Transaction& tx, const Filter& filter,
                                      const core::http::PageQuery& page) {
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    query.plain("archived_at_us IS NULL");
    if (filter.name)
        query.where("name = ?", *filter.name);
    if (filter.enabled)
        query.where("enabled = ?", *filter.enabled);
    query.page("created_at_us", page);
    std::vector<Policy> all;
    for (const auto& row : query.run(tx))
        all.push_back(fromRow(row));
    return all;
}

void PolicyStore::archive(Transaction& tx, const Uuid& id, Instant now) {
    tx.execute(
        "UPDATE restic_policies SET archived_at_us = $3, updated_at_us = $3 WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), id, now});
}

std::vector<std::string> PolicyStore::users(Transaction& tx, const Uuid& id) {
    std::vector<std::string> names;
    for (const auto& row : tx.query(
             "SELECT 'agent ' || a.hostname FROM restic_agent_policy_links l JOIN restic_agents a "
             "ON a.tenant_id = l.tenant_id AND a.id = l.agent_id WHERE l.tenant_id = $1 AND l.policy_id = $2 "
             "AND a.revoked_at_us IS NULL " // nobody can unlink those
             "UNION ALL SELECT 'target ' || name FROM restic_targets WHERE tenant_id = $1 AND policy_id = $2 "
             "AND NOT "
             "disabled "
             "UNION ALL SELECT 'task ' || id FROM restic_tasks WHERE tenant_id = $1 AND policy_id = $2 AND "
             "status IN "
             "('created', 'queued', 'assigned', 'running', 'unreachable') ORDER BY 1",
             {tx.tenant(), id}))
        names.push_back(row.text(0));
    return names;
}

void PolicyStore::link(Transaction& tx, const Uuid& agent, const Uuid& policy, Instant now,
                       std::optional<Instant> nextRun) {
    tx.execute("INSERT INTO restic_agent_policy_links (tenant_id, agent_id, policy_id, created_at_us, "
               "next_run_at_us) "
               "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, agent_id, policy_id) DO NOTHING",
               {tx.tenant(), agent, policy, now, nextRun});
}

bool PolicyStore::unlink(Transaction& tx, const Uuid& agent, const Uuid& policy, Instant now) {
    const bool existed =
        tx.execute(
            "DELETE FROM restic_agent_policy_links WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3",
            {tx.tenant(), agent, policy}) > 0;
    tx.execute("UPDATE restic_targets SET disabled = TRUE, updated_at_us = $4 WHERE tenant_id = $1 AND "
               "agent_id = $2 "
               "AND policy_id = $3 AND mode = 'agent'",
               {tx.tenant(), agent, policy, now});
    return existed;
}

bool PolicyStore::isLinked(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    return !tx.query("SELECT 1 FROM restic_agent_policy_links WHERE tenant_id = $1 AND agent_id = $2 AND "
                     "policy_id = $3",
                     {tx.tenant(), agent, policy})
                .empty();
}

std::vector<PolicyLink> PolicyStore::links(Transaction& tx, const std::vector<Uuid>& policies) {
    std::vector<PolicyLink> all;
    if (policies.empty())
        return all;
    for (const auto& row :
         tx.query("SELECT l.policy_id, l.agent_id, a.hostname, l.next_run_at_us FROM " + idsIn(tx, "$2") +
                      " wanted CROSS JOIN restic_agent_policy_links l CROSS JOIN restic_agents a "
                      "WHERE l.tenant_id = $1 AND l.policy_id = wanted.id AND a.tenant_id = $1 AND a.id = "
                      "l.agent_id AND a.revoked_at_us IS NULL ORDER BY l.policy_id, a.hostname",
                  {tx.tenant(), idList(policies)}))
        all.push_back({row.uuid(0), row.uuid(1), row.text(2), row.optionalInstant(3)});
    return all;
}

std::vector<PolicyLink> PolicyStore::links(Transaction& tx, const Uuid& policy) {
    return links(tx, std::vector{policy});
}

void PolicyStore::setNextRun(Transaction& tx, const Uuid& agent, const Uuid& policy,
                             std::optional<Instant> nextRun) {
    tx.execute(
        "UPDATE restic_agent_policy_links SET next_run_at_us = $4 WHERE tenant_id = $1 AND agent_id = $2 AND "
        "policy_id = $3",
        {tx.tenant(), agent, policy, nextRun});
}

std::vector<PolicyStore::LastRun> PolicyStore::lastRuns(Transaction& tx, const std::vector<Uuid>& policies) {
    std::vector<LastRun> all;
    if (policies.empty())
        return all;
    // Two subqueries and no join by "= (SELECT …)": PostgreSQL would make of that one a hash over all runs.
    const std::string newest =
        " FROM restic_backup_runs r WHERE r.tenant_id = $1 AND r.policy_id = wanted.id ORDER BY "
        "r.created_at_us DESC, r.id DESC LIMIT 1)";
    for (const auto& row :
         tx.query("SELECT wanted.id, (SELECT r.status" + newest + ", (SELECT r.start_time_us" + newest +
                      " FROM " + idsIn(tx, "$2") + " wanted",
                  {tx.tenant(), idList(policies)}))
        if (const auto status = row.optionalText(1))
            all.push_back({row.uuid(0), *status, row.instant(2)});
    return all;
}

std::vector<PolicyStore::Due> PolicyStore::due(Transaction& tx, Instant now, const std::optional<Due>& after,
                                               int limit) {
    std::vector<Due> all;
    const std::string head = "SELECT tenant_id, agent_id, policy_id, next_run_at_us FROM "
                             "restic_agent_policy_links WHERE next_run_at_us IS NOT NULL AND "
                             "next_run_at_us <= $1";
    const std::string tail =
        " ORDER BY next_run_at_us, tenant_id, agent_id, policy_id LIMIT " + std::to_string(limit);
    const auto rows =
        after ? tx.query(head + " AND (next_run_at_us, tenant_id, agent_id, policy_id) > ($2, $3, $4, $5)" +
                             tail,
                         {now, after->slot, after->tenant, after->agent, after->policy})
              : tx.query(head + tail, {now});
    for (const auto& row : rows)
        all.push_back({row.uuid(0), row.uuid(1), row.uuid(2), instantOrNull(row, 3).value_or(now)});
    return all;
}

void PolicyStore::taken(Transaction& tx, const Uuid& agent, const Uuid& policy, Instant nextRun) {
    tx.execute("UPDATE restic_agent_policy_links SET next_run_at_us = $4, skipped_slot_us = NULL, "
               "skipped_at_us = NULL, skip_reason = NULL WHERE tenant_id = $1 AND agent_id = $2 AND "
               "policy_id = $3",
               {tx.tenant(), agent, policy, nextRun});
}

void PolicyStore::skip(Transaction& tx, const Due& due, const std::string& reason, Instant now,
                       Instant nextRun) {
    tx.execute("UPDATE restic_agent_policy_links SET next_run_at_us = $4, skipped_slot_us = $5, "
               "skipped_at_us = $6, skip_reason = $7 WHERE tenant_id = $1 AND agent_id = $2 AND "
               "policy_id = $3",
               {due.tenant, due.agent, due.policy, nextRun, due.slot, now, reason});
}

std::optional<PolicyStore::Schedule> PolicyStore::schedule(Transaction& tx, const Uuid& policy) {
    const auto rows = tx.query("SELECT schedule, timezone FROM restic_policies WHERE tenant_id = $1 AND id = "
                               "$2 AND archived_at_us IS NULL AND enabled",
                               {tx.tenant(), policy});
    return rows.empty() ? std::nullopt : std::optional(Schedule{rows[0].text(0), rows[0].text(1)});
}

std::vector<PolicyStore::Planned> PolicyStore::planned(Transaction& tx, const std::optional<Planned>& after,
                                                       int limit) {
    std::vector<Planned> all;
    const std::string head =
        "SELECT l.tenant_id, l.agent_id, l.policy_id, p.schedule, p.timezone, l.next_run_at_us FROM "
        "restic_agent_policy_links l JOIN restic_policies p ON p.tenant_id = l.tenant_id AND p.id = "
        "l.policy_id JOIN restic_agents a ON a.tenant_id = l.tenant_id AND a.id = l.agent_id "
        "WHERE p.archived_at_us IS NULL AND p.enabled AND a.revoked_at_us IS NULL";
    const std::string tail = " ORDER BY l.tenant_id, l.agent_id, l.policy_id LIMIT " + std::to_string(limit);
    const auto rows =
        after ? tx.query(head + " AND (l.tenant_id, l.agent_id, l.policy_id) > ($1, $2, $3)" + tail,
                         {after->tenant, after->agent, after->policy})
              : tx.query(head + tail);
    for (const auto& row : rows)
        all.push_back(
            {row.uuid(0), row.uuid(1), row.uuid(2), {row.text(3), row.text(4)}, instantOrNull(row, 5)});
    return all;
}

} // namespace restic
