#include "users/invitation_store.h"

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/http/list_query.h"

namespace base {

using core::db::Row;
using core::db::Transaction;

namespace {

constexpr auto kColumns = "id, tenant_id, email, name, role, created_by, created_at_us, expires_at_us";

InvitationRow rowOf(const Row& row) {
    return {row.uuid(0),
            row.uuid(1),
            row.text(2),
            row.text(3),
            core::http::parseRole(row.text(4)).value(),
            row.optionalUuid(5),
            row.instant(6),
            row.instant(7)};
}

std::string digest(std::string_view token) {
    return core::hexEncode(core::sha256(token));
}

} // namespace

void InvitationStore::put(Transaction& tx, const InvitationRow& row, std::string_view token) const {
    tx.execute(
        "INSERT INTO invitations (id, tenant_id, email, name, role, token_sha256, created_by, "
        "created_at_us, expires_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        "ON CONFLICT (tenant_id, email) DO UPDATE SET id = excluded.id, name = excluded.name, "
        "role = excluded.role, token_sha256 = excluded.token_sha256, created_by = excluded.created_by, "
        "created_at_us = excluded.created_at_us, expires_at_us = excluded.expires_at_us",
        {row.id, row.tenant, row.email, row.name, core::http::roleName(row.role), digest(token),
         row.createdBy, row.createdAt, row.expiresAt});
}

std::optional<InvitationRow> InvitationStore::findByToken(Transaction& tx, std::string_view token) const {
    const auto rows = tx.query(
        fmt::format("SELECT {} FROM invitations WHERE token_sha256 = $1 AND expires_at_us > $2", kColumns),
        {digest(token), clock_.now()});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

std::optional<InvitationRow> InvitationStore::find(Transaction& tx, const core::Uuid& tenant,
                                                   const core::Uuid& id) const {
    const auto rows = tx.query(
        fmt::format("SELECT {} FROM invitations WHERE tenant_id = $1 AND id = $2", kColumns), {tenant, id});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

bool InvitationStore::remove(Transaction& tx, const core::Uuid& tenant, const core::Uuid& id) const {
    return tx.execute("DELETE FROM invitations WHERE tenant_id = $1 AND id = $2", {tenant, id}) == 1;
}

std::int64_t InvitationStore::countOthers(Transaction& tx, const core::Uuid& tenant,
                                          const std::string& email) const {
    return tx
        .query("SELECT count(*) FROM invitations WHERE tenant_id = $1 AND email <> $2 AND expires_at_us > $3",
               {tenant, email, clock_.now()})[0]
        .integer(0);
}

std::vector<InvitationRow> InvitationStore::list(Transaction& tx, const core::Uuid& tenant,
                                                 const std::optional<core::http::Cursor>& after,
                                                 int limit) const {
    core::http::ListQuery query(fmt::format("SELECT {} FROM invitations", kColumns));
    query.where("tenant_id = ?", tenant);
    query.where("expires_at_us > ?", clock_.now());
    query.page("created_at_us", after, limit);
    std::vector<InvitationRow> list;
    for (const auto& row : query.run(tx))
        list.push_back(rowOf(row));
    return list;
}

std::int64_t InvitationStore::clean(Transaction& tx) const {
    return tx.execute("DELETE FROM invitations WHERE expires_at_us <= $1", {clock_.now()});
}

} // namespace base
