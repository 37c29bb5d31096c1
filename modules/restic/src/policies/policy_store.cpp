#include "policies/policy_store.h"

#include <utility>

#include "agents/agent_store.h"
#include "core/db/table.h"
#include "core/http/list_query.h"
#include "id_list.h"
#include "open_tasks.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
using core::db::column;
using core::db::Use;

const core::db::Table<Policy>& table() {
    static const core::db::Table<Policy> columns("restic_policies",
                                                 {column("id", &Policy::id, Use::fixed),
                                                  column("tenant_id", &Policy::tenant, Use::readOnly),
                                                  column("name", &Policy::name),
                                                  column("enabled", &Policy::enabled),
                                                  column("schedule", &Policy::schedule),
                                                  column("timezone", &Policy::timezone),
                                                  column("include_paths", &Policy::includePaths),
                                                  column("exclude_paths", &Policy::excludePaths),
                                                  column("tags", &Policy::tags),
                                                  column("retention_rules", &Policy::retention),
                                                  column("priority", &Policy::priority),
                                                  column("timeout_seconds", &Policy::timeoutSeconds),
                                                  column("max_age_hours", &Policy::maxAgeHours),
                                                  column("min_size_bytes", &Policy::minSizeBytes),
                                                  column("repository_id", &Policy::repository),
                                                  column("plugins", &Policy::plugins),
                                                  column("catch_up", &Policy::catchUp),
                                                  column("options", &Policy::options),
                                                  column("own_options", &Policy::own),
                                                  column("assign", &Policy::assign),
                                                  column("changed_by", &Policy::changedBy),
                                                  column("awaiting_adoption", &Policy::awaitingAdoption),
                                                  column("created_at_us", &Policy::createdAt, Use::fixed),
                                                  column("updated_at_us", &Policy::updatedAt)});
    return columns;
}
} // namespace

PolicyOptions allOptions(const Policy& policy) {
    PolicyOptions all = policy.options;
    all.timezone = policy.timezone;
    all.retentionRules = rulesOf(policy.retention);
    all.priority = policy.priority;
    all.timeoutSeconds = policy.timeoutSeconds;
    all.maxAgeHours = policy.maxAgeHours;
    all.minSizeBytes = policy.minSizeBytes;
    all.catchUp = policy.catchUp;
    return all;
}

void setOptions(Policy& policy, const PolicyOptions& effective) {
    policy.options = effective;
    policy.timezone = std::exchange(policy.options.timezone, {}).value_or(policy.timezone);
    if (const auto rules = std::exchange(policy.options.retentionRules, {}))
        policy.retention = retentionOf(*rules);
    policy.priority = std::exchange(policy.options.priority, {}).value_or(policy.priority);
    policy.timeoutSeconds = std::exchange(policy.options.timeoutSeconds, {}).value_or(policy.timeoutSeconds);
    policy.maxAgeHours = std::exchange(policy.options.maxAgeHours, {});
    policy.minSizeBytes = std::exchange(policy.options.minSizeBytes, {});
    policy.catchUp = std::exchange(policy.options.catchUp, {}).value_or(policy.catchUp);
}

namespace {
core::json::Object objectIn(const core::db::Row& row, std::size_t column) {
    const auto value = jsonOr(row, column, core::json::Object());
    return *value.object();
}

/// The schedule of a link: columns of expression, zone, the policy's options, the link's.
Schedule scheduleOfLink(const core::db::Row& row, std::size_t first, std::string key) {
    PolicyOptions options = optionsIn(objectIn(row, first + 2));
    options.timezone = row.text(first + 1);
    return scheduleOf(row.text(first), over(options, optionsIn(objectIn(row, first + 3))), std::move(key));
}
} // namespace

void PolicyStore::insert(Transaction& tx, const Policy& policy) {
    table().insert(tx, policy);
}

void PolicyStore::update(Transaction& tx, const Policy& policy) {
    table().update(tx, policy.id, policy);
}

std::optional<Policy> PolicyStore::find(Transaction& tx, const Uuid& id) {
    return table().readFirst(
        tx.query(table().select() + " WHERE tenant_id = $1 AND id = $2 AND archived_at_us IS NULL",
                 {tx.tenant(), id}));
}

std::optional<Policy> PolicyStore::findFor(Transaction& tx, const Uuid& id, const Uuid& agent) {
    auto policy = find(tx, id);
    if (policy)
        if (const auto own = linkOptions(tx, agent, id); own && !own->empty())
            setOptions(*policy, over(allOptions(*policy), optionsIn(*own)));
    return policy;
}

std::vector<Uuid> PolicyStore::assigningTenants(Transaction& tx) {
    std::vector<Uuid> tenants;
    for (const auto& row :
         tx.query("SELECT DISTINCT tenant_id FROM restic_policies WHERE assign IS NOT NULL AND "
                  "archived_at_us IS NULL"))
        tenants.push_back(row.uuid(0));
    return tenants;
}

std::vector<Policy> PolicyStore::all(Transaction& tx) {
    return table().readAll(tx.query(
        table().select() + " WHERE tenant_id = $1 AND archived_at_us IS NULL ORDER BY name", {tx.tenant()}));
}

std::int64_t PolicyStore::count(Transaction& tx) {
    return tx
        .query("SELECT count(*) FROM restic_policies WHERE tenant_id = $1 AND archived_at_us IS NULL",
               {tx.tenant()})[0]
        .integer(0);
}

std::vector<Policy> PolicyStore::list(Transaction& tx, const Filter& filter,
                                      const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    query.plain("archived_at_us IS NULL");
    if (filter.name)
        query.where("name = ?", *filter.name);
    if (filter.enabled)
        query.where("enabled = ?", *filter.enabled);
    query.page("created_at_us", page);
    return table().readAll(query.run(tx));
}

std::vector<Policy> PolicyStore::leadingTo(Transaction& tx, const Uuid& repository) {
    return table().readAll(
        tx.query(table().select() +
                     " WHERE tenant_id = $1 AND repository_id = $2 AND archived_at_us IS NULL ORDER BY name",
                 {tx.tenant(), repository}));
}

void PolicyStore::archive(Transaction& tx, const Uuid& id, Instant now) {
    tx.execute(
        "UPDATE restic_policies SET archived_at_us = $3, updated_at_us = $3 WHERE tenant_id = $1 AND id = $2",
        {tx.tenant(), id, now});
}

std::vector<std::string> PolicyStore::users(Transaction& tx, const Uuid& id) {
    std::vector<std::string> names;
    for (const auto& row :
         tx.query(std::string(
                      "SELECT 'agent ' || a.hostname FROM restic_agent_policy_links l JOIN restic_agents a "
                      "ON a.tenant_id = l.tenant_id AND a.id = l.agent_id WHERE l.tenant_id = $1 AND "
                      "l.policy_id = $2 "
                      "AND a.revoked_at_us IS NULL " // nobody can unlink those
                      "UNION ALL SELECT 'target ' || name FROM restic_targets WHERE tenant_id = $1 AND "
                      "policy_id = $2 "
                      "AND NOT "
                      "disabled "
                      "UNION ALL SELECT 'task ' || id FROM restic_tasks WHERE tenant_id = $1 AND policy_id = "
                      "$2 AND ") +
                      kOpenTask + " ORDER BY 1",
                  {tx.tenant(), id}))
        names.push_back(row.text(0));
    return names;
}

void PolicyStore::link(Transaction& tx, const Uuid& agent, const Uuid& policy, Instant now,
                       std::optional<Instant> nextRun, bool assigned) {
    // Whom somebody links by hand stays linked, whatever the assignment says later.
    tx.execute("INSERT INTO restic_agent_policy_links (tenant_id, agent_id, policy_id, created_at_us, "
               "next_run_at_us, assigned) VALUES ($1, $2, $3, $4, $5, $6) "
               "ON CONFLICT (tenant_id, agent_id, policy_id) DO UPDATE SET assigned = "
               "restic_agent_policy_links.assigned AND excluded.assigned",
               {tx.tenant(), agent, policy, now, nextRun, assigned});
}

std::optional<core::json::Object> PolicyStore::linkOptions(Transaction& tx, const Uuid& agent,
                                                           const Uuid& policy) {
    const auto rows =
        tx.query("SELECT options FROM restic_agent_policy_links WHERE tenant_id = $1 AND agent_id = "
                 "$2 AND policy_id = $3",
                 {tx.tenant(), agent, policy});
    return rows.empty() ? std::nullopt : std::optional(objectIn(rows[0], 0));
}

void PolicyStore::setLinkOptions(Transaction& tx, const Uuid& agent, const Uuid& policy,
                                 const core::json::Object& options) {
    tx.execute("UPDATE restic_agent_policy_links SET options = $4 WHERE tenant_id = $1 AND agent_id = $2 AND "
               "policy_id = $3",
               {tx.tenant(), agent, policy, core::json::Value(options)});
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
         tx.query(std::string("SELECT l.policy_id, l.agent_id, a.hostname, l.next_run_at_us, NOT (") +
                      kRealAgent + "), l.assigned, l.options FROM " + idsIn(tx, "$2") +
                      " wanted CROSS JOIN restic_agent_policy_links l CROSS JOIN restic_agents a "
                      "WHERE l.tenant_id = $1 AND l.policy_id = wanted.id AND a.tenant_id = $1 AND a.id = "
                      "l.agent_id AND a.revoked_at_us IS NULL ORDER BY l.policy_id, a.hostname",
                  {tx.tenant(), idList(policies)}))
        all.push_back({row.uuid(0), row.uuid(1), row.text(2), row.optionalInstant(3), row.boolean(4),
                       row.boolean(5), objectIn(row, 6)});
    return all;
}

std::vector<PolicyLink> PolicyStore::links(Transaction& tx, const Uuid& policy) {
    return links(tx, std::vector{policy});
}

std::vector<Uuid> PolicyStore::followedBy(Transaction& tx, const Uuid& agent) {
    std::vector<Uuid> all;
    for (const auto& row :
         tx.query("SELECT policy_id FROM restic_agent_policy_links WHERE tenant_id = $1 AND "
                  "agent_id = $2 ORDER BY policy_id",
                  {tx.tenant(), agent}))
        all.push_back(row.uuid(0));
    return all;
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

std::optional<Schedule> PolicyStore::schedule(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    const auto rows = tx.query(
        "SELECT p.schedule, p.timezone, p.options, l.options FROM restic_policies p LEFT JOIN "
        "restic_agent_policy_links l ON l.tenant_id = p.tenant_id AND l.policy_id = p.id AND l.agent_id "
        "= $3 WHERE p.tenant_id = $1 AND p.id = $2 AND p.archived_at_us IS NULL AND p.enabled AND NOT "
        "p.awaiting_adoption",
        {tx.tenant(), policy, agent});
    if (rows.empty())
        return std::nullopt;
    return scheduleOfLink(rows[0], 0, slotKey(agent, policy.toString()));
}

std::vector<PolicyStore::Planned> PolicyStore::planned(Transaction& tx, const std::optional<Planned>& after,
                                                       int limit) {
    std::vector<Planned> all;
    const std::string head =
        "SELECT l.tenant_id, l.agent_id, l.policy_id, p.schedule, p.timezone, p.options, l.options, "
        "l.next_run_at_us FROM "
        "restic_agent_policy_links l JOIN restic_policies p ON p.tenant_id = l.tenant_id AND p.id = "
        "l.policy_id JOIN restic_agents a ON a.tenant_id = l.tenant_id AND a.id = l.agent_id "
        "WHERE p.archived_at_us IS NULL AND p.enabled AND NOT p.awaiting_adoption AND a.revoked_at_us IS "
        "NULL "
        "AND " +
        std::string(kRealAgent);
    const std::string tail = " ORDER BY l.tenant_id, l.agent_id, l.policy_id LIMIT " + std::to_string(limit);
    const auto rows =
        after ? tx.query(head + " AND (l.tenant_id, l.agent_id, l.policy_id) > ($1, $2, $3)" + tail,
                         {after->tenant, after->agent, after->policy})
              : tx.query(head + tail);
    for (const auto& row : rows)
        all.push_back({row.uuid(0), row.uuid(1), row.uuid(2),
                       scheduleOfLink(row, 3, slotKey(row.uuid(1), row.uuid(2).toString())),
                       instantOrNull(row, 7)});
    return all;
}

} // namespace restic
