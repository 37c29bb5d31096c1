#include "tokens/api_token_store.h"

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/http/list_query.h"
#include "core/random.h"

namespace base {

using core::db::Row;
using core::db::Transaction;

namespace {

constexpr auto kColumns =
    "id, tenant_id, name, prefix, role, created_by, created_at_us, expires_at_us, last_used_at_us, "
    "revoked_at_us";
// One text for both kinds: tokens of a tenant, and those without.
constexpr auto kOwner = "(tenant_id = $1::uuid OR ($1::uuid IS NULL AND tenant_id IS NULL))";

ApiTokenRow rowOf(const Row& row) {
    return {row.uuid(0),
            row.optionalUuid(1),
            row.text(2),
            row.text(3),
            core::http::parseRole(row.text(4)).value(),
            row.optionalUuid(5),
            row.instant(6),
            row.optionalInstant(7),
            row.optionalInstant(8),
            row.optionalInstant(9)};
}

std::string digest(std::string_view token) {
    return core::hexEncode(core::sha256(token));
}

} // namespace

ApiTokenStore::Created ApiTokenStore::create(Transaction& tx, const std::optional<core::Uuid>& tenant,
                                             const std::string& name, core::http::Role role,
                                             const std::optional<core::Uuid>& createdBy,
                                             const std::optional<core::Instant>& expiresAt) const {
    constexpr std::size_t kShown = 10;
    const auto now = clock_.now();
    Created created{{}, std::string(kMark) + core::randomToken()};
    created.row = {core::Uuid::generate(now),
                   tenant,
                   name,
                   created.token.substr(0, kShown),
                   role,
                   createdBy,
                   now,
                   expiresAt,
                   {},
                   {}};
    tx.execute(
        "INSERT INTO api_tokens (id, tenant_id, name, prefix, token_sha256, role, created_by, created_at_us, "
        "expires_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        {created.row.id, tenant, name, created.row.prefix, digest(created.token), core::http::roleName(role),
         createdBy, now, expiresAt});
    return created;
}

std::optional<core::http::Role> ApiTokenStore::Standing::role() const {
    if (!row.createdBy)
        return row.role;
    if (!ownerActive)
        return std::nullopt;
    if (!row.tenant)
        return ownerSystem ? std::optional(row.role) : std::nullopt;
    return ownerRole ? std::optional(std::min(row.role, *ownerRole)) : std::nullopt;
}

std::optional<ApiTokenStore::Standing> ApiTokenStore::findByToken(Transaction& tx,
                                                                  std::string_view token) const {
    const auto rows = tx.query(
        "SELECT t.id, t.tenant_id, t.name, t.prefix, t.role, t.created_by, t.created_at_us, t.expires_at_us, "
        "t.last_used_at_us, t.revoked_at_us, u.active, u.system, m.role FROM api_tokens t "
        "LEFT JOIN users u ON u.id = t.created_by "
        "LEFT JOIN memberships m ON m.user_id = t.created_by AND m.tenant_id = t.tenant_id AND m.active "
        "AND m.suspended_at_us IS NULL WHERE t.token_sha256 = $1",
        {digest(token)});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    Standing standing{rowOf(row), !row.isNull(10) && row.boolean(10), !row.isNull(11) && row.boolean(11), {}};
    if (!row.isNull(12))
        standing.ownerRole = core::http::parseRole(row.text(12));
    return standing;
}

std::vector<core::Uuid> ApiTokenStore::createdBy(Transaction& tx, const core::Uuid& user) const {
    std::vector<core::Uuid> ids;
    for (const auto& row :
         tx.query("SELECT id FROM api_tokens WHERE created_by = $1 AND revoked_at_us IS NULL", {user}))
        ids.push_back(row.uuid(0));
    return ids;
}

std::optional<core::Uuid> ApiTokenStore::personOf(Transaction& tx,
                                                  const core::http::Principal& caller) const {
    if (caller.kind == core::http::PrincipalKind::user)
        return caller.id;
    const auto rows = tx.query("SELECT created_by FROM api_tokens WHERE id = $1", {caller.id});
    return rows.empty() ? std::nullopt : rows[0].optionalUuid(0);
}

void ApiTokenStore::used(Transaction& tx, const core::Uuid& id) const {
    tx.execute("UPDATE api_tokens SET last_used_at_us = $2 WHERE id = $1", {id, clock_.now()});
}

std::optional<ApiTokenRow> ApiTokenStore::find(Transaction& tx, const std::optional<core::Uuid>& tenant,
                                               const core::Uuid& id) const {
    const auto rows = tx.query(
        fmt::format("SELECT {} FROM api_tokens WHERE {} AND id = $2", kColumns, kOwner), {tenant, id});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

void ApiTokenStore::rename(Transaction& tx, const core::Uuid& id, const std::string& name) const {
    tx.execute("UPDATE api_tokens SET name = $2 WHERE id = $1", {id, name});
}

void ApiTokenStore::revoke(Transaction& tx, const core::Uuid& id) const {
    tx.execute("UPDATE api_tokens SET revoked_at_us = $2 WHERE id = $1 AND revoked_at_us IS NULL",
               {id, clock_.now()});
}

std::vector<ApiTokenRow> ApiTokenStore::list(Transaction& tx, const std::optional<core::Uuid>& tenant,
                                             const std::optional<core::http::Cursor>& after,
                                             int limit) const {
    core::http::ListQuery query(fmt::format("SELECT {} FROM api_tokens", kColumns));
    if (tenant)
        query.where("tenant_id = ?", *tenant);
    else
        query.plain("tenant_id IS NULL");
    query.page("created_at_us", after, limit);
    std::vector<ApiTokenRow> list;
    for (const auto& row : query.run(tx))
        list.push_back(rowOf(row));
    return list;
}

} // namespace base
