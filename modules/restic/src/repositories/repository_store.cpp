#include "repositories/repository_store.h"

#include "core/http/list_query.h"
#include "id_list.h"
#include "open_tasks.h"
#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::string_view kColumns = "id, name, type, url, config, agent_id, password_file, cert_file, "
                                      "environment_vars, created_at_us, updated_at_us";
const std::string kSelect = "SELECT " + std::string(kColumns) + " FROM restic_repositories";

core::json::Value toJson(const std::map<std::string, std::string>& map) {
    core::json::Object object;
    for (const auto& [name, value] : map)
        object.set(name, value);
    return object;
}

Repository fromRow(const core::db::Row& row) {
    Repository repository;
    repository.id = row.uuid(0);
    repository.name = row.text(1);
    repository.type = row.text(2);
    repository.url = row.text(3);
    repository.config = jsonOr(row, 4, core::json::Object());
    repository.agent = row.optionalUuid(5);
    repository.passwordFile = row.optionalText(6);
    repository.certFile = row.optionalText(7);
    const auto environment = jsonOr(row, 8, core::json::Object());
    for (const auto& [name, value] : environment.object()->members())
        repository.environment[name] = value.string() != nullptr ? *value.string() : "";
    repository.createdAt = row.instant(9);
    repository.updatedAt = row.instant(10);
    return repository;
}
} // namespace

void RepositoryStore::insert(Transaction& tx, const Repository& r) {
    tx.execute("INSERT INTO restic_repositories (tenant_id, " + std::string(kColumns) +
                   ") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
               {tx.tenant(), r.id, r.name, r.type, r.url, r.config, r.agent, r.passwordFile, r.certFile,
                toJson(r.environment), r.createdAt, r.updatedAt});
}

void RepositoryStore::update(Transaction& tx, const Repository& r) {
    tx.execute("UPDATE restic_repositories SET name = $3, type = $4, url = $5, config = $6, agent_id = $7, "
               "password_file = $8, cert_file = $9, environment_vars = $10, "
               "updated_at_us = $11 WHERE tenant_id = $1 AND id = $2",
               {tx.tenant(), r.id, r.name, r.type, r.url, r.config, r.agent, r.passwordFile, r.certFile,
                toJson(r.environment), r.updatedAt});
}

std::optional<Repository> RepositoryStore::find(Transaction& tx, const Uuid& id) {
    const auto rows =
        tx.query(kSelect + " WHERE tenant_id = $1 AND id = $2 AND archived_at_us IS NULL", {tx.tenant(), id});
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::vector<Repository> RepositoryStore::find(Transaction& tx, const std::vector<Uuid>& ids) {
    std::vector<Repository> all;
    if (!ids.empty())
        for (const auto& row : tx.query(
                 kSelect + " WHERE tenant_id = $1 AND archived_at_us IS NULL AND id IN " + idsIn(tx, "$2"),
                 {tx.tenant(), idList(ids)}))
            all.push_back(fromRow(row));
    return all;
}

std::optional<Repository> RepositoryStore::findByUrl(Transaction& tx, const std::string& type,
                                                     const std::string& url,
                                                     const std::optional<Uuid>& agent) {
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    query.plain("archived_at_us IS NULL");
    query.where("type = ?", type);
    query.where("url = ?", url);
    if (agent)
        query.where("agent_id = ?", *agent);
    else
        query.plain("agent_id IS NULL");
    const auto rows = query.run(tx);
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}

std::vector<Repository> RepositoryStore::list(Transaction& tx, const core::http::PageQuery& page) {
    core::http::ListQuery query(kSelect);
    query.where("tenant_id = ?", tx.tenant());
    query.plain("archived_at_us IS NULL");
    query.page("created_at_us", page);
    std::vector<Repository> all;
    for (const auto& row : query.run(tx))
        all.push_back(fromRow(row));
    return all;
}

std::vector<std::string> RepositoryStore::users(Transaction& tx, const Uuid& id) {
    std::vector<std::string> names;
    for (const auto& row :
         tx.query("SELECT 'policy ' || name FROM restic_policies WHERE tenant_id = $1 AND "
                  "repository_id = $2 AND archived_at_us IS NULL "
                  "UNION ALL SELECT 'target ' || name FROM restic_targets WHERE tenant_id = $1 AND "
                  "repository_id = $2 AND NOT disabled ORDER BY 1",
                  {tx.tenant(), id}))
        names.push_back(row.text(0));
    return names;
}

std::optional<Uuid> RepositoryStore::caretaker(Transaction& tx, const Repository& repository) {
    if (repository.agent)
        return repository.agent;
    const auto rows = tx.query(
        "SELECT a.id FROM restic_policies p JOIN restic_agent_policy_links l ON l.tenant_id = p.tenant_id "
        "AND "
        "l.policy_id = p.id JOIN restic_agents a ON a.tenant_id = l.tenant_id AND a.id = l.agent_id WHERE "
        "p.tenant_id = $1 AND p.repository_id = $2 AND p.archived_at_us IS NULL AND a.revoked_at_us IS NULL "
        "ORDER BY CASE WHEN a.status = 'online' THEN 0 ELSE 1 END, a.id LIMIT 1",
        {tx.tenant(), repository.id});
    return rows.empty() ? std::nullopt : std::optional(rows[0].uuid(0));
}

std::int64_t RepositoryStore::openTasks(Transaction& tx, const Uuid& id) {
    return tx
        .query(std::string(
                   "SELECT count(*) FROM restic_tasks WHERE tenant_id = $1 AND repository_id = $2 AND ") +
                   kOpenTask,
               {tx.tenant(), id})[0]
        .integer(0);
}

void RepositoryStore::archive(Transaction& tx, const Uuid& id, Instant now) {
    tx.execute("UPDATE restic_repositories SET archived_at_us = $3, updated_at_us = $3 WHERE tenant_id = $1 "
               "AND id = $2",
               {tx.tenant(), id, now});
}

std::vector<std::string> RepositoryStore::linksOfOthers(Transaction& tx, const Uuid& id, const Uuid& agent) {
    std::vector<std::string> names;
    for (const auto& row :
         tx.query("SELECT a.hostname || ' (policy ' || p.name || ')' FROM restic_policies p "
                  "JOIN restic_agent_policy_links l ON l.tenant_id = p.tenant_id AND l.policy_id = p.id "
                  "JOIN restic_agents a ON a.tenant_id = l.tenant_id AND a.id = l.agent_id "
                  "WHERE p.tenant_id = $1 AND p.repository_id = $2 AND p.archived_at_us IS NULL AND "
                  "l.agent_id <> $3 AND a.revoked_at_us IS NULL ORDER BY 1 LIMIT 20",
                  {tx.tenant(), id, agent}))
        names.push_back(row.text(0));
    return names;
}

} // namespace restic
