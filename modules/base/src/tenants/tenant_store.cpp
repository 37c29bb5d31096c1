#include "tenants/tenant_store.h"

#include "base/errors.h"
#include "core/http/list_query.h"

namespace base {

using core::db::Transaction;

namespace {

constexpr auto kSelect =
    "SELECT t.id, t.name, t.max_agents, t.max_policies, t.created_at_us, t.updated_at_us FROM tenants t ";

TenantRow rowOf(const core::db::Row& row) {
    return {row.uuid(0), row.text(1), row.integer(2), row.integer(3), row.instant(4), row.instant(5)};
}

} // namespace

TenantRow TenantStore::create(Transaction& tx, const std::string& name, std::optional<std::int64_t> maxAgents,
                              std::optional<std::int64_t> maxPolicies) const {
    const auto now = clock_.now();
    TenantRow tenant{core::Uuid::generate(now), name, 100, 50, now, now};
    tenant.maxAgents = maxAgents.value_or(tenant.maxAgents);
    tenant.maxPolicies = maxPolicies.value_or(tenant.maxPolicies);
    tx.execute("INSERT INTO tenants (id, name, max_agents, max_policies, created_at_us, updated_at_us) "
               "VALUES ($1, $2, $3, $4, $5, $6)",
               {tenant.id, name, tenant.maxAgents, tenant.maxPolicies, now, now});
    return tenant;
}

void TenantStore::ensureDefault(Transaction& tx, const std::string& name) const {
    const auto now = clock_.now();
    tx.execute("INSERT INTO tenants (id, name, created_at_us, updated_at_us, is_default) "
               "SELECT $1::uuid, $2::text, $3::bigint, $4::bigint, true "
               "WHERE NOT EXISTS (SELECT 1 FROM tenants) ON CONFLICT DO NOTHING",
               {core::Uuid::generate(now), name, now, now});
}

std::optional<TenantRow> TenantStore::findDefault(Transaction& tx) const {
    const auto rows = tx.query(std::string(kSelect) + "WHERE t.is_default");
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

std::optional<TenantRow> TenantStore::find(Transaction& tx, const core::Uuid& id) const {
    const auto rows = tx.query(std::string(kSelect) + "WHERE t.id = $1", {id});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

std::vector<TenantRow> TenantStore::findByName(Transaction& tx, const std::string& name) const {
    std::vector<TenantRow> list;
    for (const auto& row :
         tx.query(std::string(kSelect) + "WHERE t.name = $1 ORDER BY t.created_at_us, t.id", {name}))
        list.push_back(rowOf(row));
    return list;
}

TenantRow TenantStore::require(Transaction& tx, const core::Uuid& id) const {
    auto tenant = find(tx, id);
    if (!tenant)
        throw core::Error(errors::kTenantNotFound, "There is no tenant with this id.");
    return *tenant;
}

void TenantStore::update(Transaction& tx, TenantRow& tenant) const {
    tenant.updatedAt = clock_.now();
    tx.execute("UPDATE tenants SET name = $2, max_agents = $3, max_policies = $4, updated_at_us = $5 "
               "WHERE id = $1",
               {tenant.id, tenant.name, tenant.maxAgents, tenant.maxPolicies, tenant.updatedAt});
}

void TenantStore::remove(Transaction& tx, const core::Uuid& id) const {
    tx.execute("DELETE FROM tenants WHERE id = $1", {id});
}

std::vector<TenantRow> TenantStore::list(Transaction& tx, const std::optional<core::Uuid>& member,
                                         const std::optional<core::http::Cursor>& after, int limit) const {
    core::http::ListQuery query{std::string(kSelect)};
    if (member)
        query.where("t.id IN (SELECT m.tenant_id FROM memberships m WHERE m.user_id = ? AND m.active AND "
                    "m.suspended_at_us IS NULL)",
                    *member);
    query.page("t.created_at_us", after, limit, "t.id");
    std::vector<TenantRow> list;
    for (const auto& row : query.run(tx))
        list.push_back(rowOf(row));
    return list;
}

Limits TenantStore::get(Transaction& tx, const core::Uuid& tenant) {
    const auto row = require(tx, tenant);
    return {row.maxAgents, row.maxPolicies};
}

Limits TenantStore::getForCreation(Transaction& tx, const core::Uuid& tenant) {
    // SQLite has one writer anyway.
    if (tx.dialect() == core::db::Dialect::postgresql)
        tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                 {"tenant limits " + tenant.toString()});
    return get(tx, tenant);
}

} // namespace base
