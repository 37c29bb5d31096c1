#include "repositories/repository_store.h"

#include "agents/agent_store.h"
#include "core/db/table.h"
#include "core/http/list_query.h"
#include "id_list.h"
#include "open_tasks.h"
#include "repositories/place.h"
#include "restic/protocol/task_kinds.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
using core::db::column;
using core::db::Use;

const core::db::Table<Repository>& table() {
    static const core::db::Table<Repository> columns(
        "restic_repositories",
        {column("id", &Repository::id, Use::fixed), column("name", &Repository::name),
         column("type", &Repository::type), column("url", &Repository::url),
         column("config", &Repository::config), column("secret_fields", &Repository::secretFields),
         column("agent_id", &Repository::agent), column("place", &Repository::place),
         column("password_file", &Repository::passwordFile), column("cert_file", &Repository::certFile),
         column("environment_vars", &Repository::environment),
         column("maintenance_agent_id", &Repository::maintenanceAgent),
         column("append_only", &Repository::appendOnly),
         column("maintenance_timezone", &Repository::timezone),
         column("check_subset", &Repository::checkSubset),
         column("created_at_us", &Repository::createdAt, Use::fixed),
         column("updated_at_us", &Repository::updatedAt)});
    return columns;
}

Repository placed(Repository repository) {
    repository.place = placeOf(repository);
    return repository;
}
} // namespace

void RepositoryStore::insert(Transaction& tx, const Repository& repository) {
    table().insert(tx, placed(repository));
}

void RepositoryStore::update(Transaction& tx, const Repository& repository) {
    table().update(tx, repository.id, placed(repository));
}

std::optional<Repository> RepositoryStore::find(Transaction& tx, const Uuid& id) {
    const auto rows = tx.query(
        table().select() + " WHERE tenant_id = $1 AND id = $2 AND archived_at_us IS NULL", {tx.tenant(), id});
    return rows.empty() ? std::nullopt : std::optional(table().read(rows[0]));
}

std::vector<Repository> RepositoryStore::find(Transaction& tx, const std::vector<Uuid>& ids) {
    std::vector<Repository> all;
    if (!ids.empty())
        for (const auto& row :
             tx.query(table().select() + " WHERE tenant_id = $1 AND archived_at_us IS NULL AND id IN " +
                          idsIn(tx, "$2"),
                      {tx.tenant(), idList(ids)}))
            all.push_back(table().read(row));
    return all;
}

std::optional<Repository> RepositoryStore::findByName(Transaction& tx, const std::string& name) {
    return table().readFirst(
        tx.query(table().select() + " WHERE tenant_id = $1 AND name = $2 AND archived_at_us IS NULL",
                 {tx.tenant(), name}));
}

std::optional<Repository> RepositoryStore::findByPlace(Transaction& tx, const std::string& place,
                                                       const std::optional<Uuid>& except) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    query.plain("archived_at_us IS NULL");
    query.where("place = ?", place);
    if (except)
        query.where("id <> ?", *except);
    return table().readFirst(query.run(tx));
}

std::vector<Repository> RepositoryStore::withoutPlace(Transaction& tx) {
    return table().readAll(tx.query(
        table().select() + " WHERE tenant_id = $1 AND place = '' AND archived_at_us IS NULL ORDER BY id",
        {tx.tenant()}));
}

std::vector<Repository> RepositoryStore::list(Transaction& tx, const core::http::PageQuery& page) {
    core::http::ListQuery query(table().select());
    query.where("tenant_id = ?", tx.tenant());
    query.plain("archived_at_us IS NULL");
    query.page("created_at_us", page);
    return table().readAll(query.run(tx));
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
    if (repository.maintenanceAgent &&
        !tx.query("SELECT 1 FROM restic_agents WHERE tenant_id = $1 AND id = $2 AND revoked_at_us IS NULL",
                  {tx.tenant(), *repository.maintenanceAgent})
             .empty())
        return repository.maintenanceAgent;
    if (repository.agent)
        return repository.agent;
    const auto rows = tx.query(
        "SELECT a.id FROM restic_policies p JOIN restic_agent_policy_links l ON l.tenant_id = p.tenant_id "
        "AND "
        "l.policy_id = p.id JOIN restic_agents a ON a.tenant_id = l.tenant_id AND a.id = l.agent_id WHERE "
        "p.tenant_id = $1 AND p.repository_id = $2 AND p.archived_at_us IS NULL AND NOT p.awaiting_adoption "
        "AND a.revoked_at_us IS NULL AND " +
            std::string(kRealAgent) +
            " ORDER BY CASE WHEN a.status = 'online' THEN 0 ELSE 1 END, a.id LIMIT 1",
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

bool RepositoryStore::changesPassword(Transaction& tx, const Uuid& id) {
    return !tx.query(std::string(
                         "SELECT id FROM restic_tasks WHERE tenant_id = $1 AND repository_id = $2 AND ") +
                         kOpenTask + " AND type IN ($3, $4) LIMIT 1",
                     {tx.tenant(), id, std::string(protocol::kinds::addKey.name),
                      std::string(protocol::kinds::removeKey.name)})
                .empty();
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
