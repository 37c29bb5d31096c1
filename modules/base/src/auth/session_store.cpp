#include "auth/session_store.h"

#include "core/encoding.h"
#include "core/random.h"

namespace base {

using core::db::Transaction;

namespace {
std::string digest(std::string_view token) {
    return core::hexEncode(core::sha256(token));
}
} // namespace

core::Uuid SessionStore::create(Transaction& tx, const core::Uuid& user, const core::Uuid& tenant,
                                const std::string& address) const {
    const auto now = clock_.now();
    const auto id = core::Uuid::generate(now);
    tx.execute(
        "INSERT INTO sessions (id, user_id, tenant_id, address, created_at_us) VALUES ($1, $2, $3, $4, $5)",
        {id, user, tenant, address, now});
    return id;
}

void SessionStore::issue(Transaction& tx, const core::Uuid& session, std::string_view token,
                         core::Instant expiresAt) const {
    tx.execute("INSERT INTO refresh_tokens (token_sha256, session_id, created_at_us, expires_at_us) VALUES "
               "($1, $2, $3, $4) ON CONFLICT (token_sha256) DO NOTHING",
               {digest(token), session, clock_.now(), expiresAt});
}

SessionStore::Spent SessionStore::spend(Transaction& tx, std::string_view token) const {
    const auto now = clock_.now();
    const auto spent =
        tx.query("UPDATE refresh_tokens SET spent_at_us = $2 WHERE token_sha256 = $1 AND spent_at_us IS NULL "
                 "RETURNING session_id, expires_at_us",
                 {digest(token), now});
    if (!spent.empty())
        return {spent[0].instant(1) > now ? Spend::good : Spend::expired, spent[0].uuid(0)};
    const auto known = tx.query("SELECT session_id, spent_at_us FROM refresh_tokens WHERE token_sha256 = $1",
                                {digest(token)});
    return known.empty() ? Spent{} : Spent{Spend::reused, known[0].uuid(0), known[0].instant(1)};
}

std::optional<core::Instant> SessionStore::spentAt(Transaction& tx, std::string_view token) const {
    const auto rows =
        tx.query("SELECT spent_at_us FROM refresh_tokens WHERE token_sha256 = $1", {digest(token)});
    return rows.empty() ? std::nullopt : rows[0].optionalInstant(0);
}

void SessionStore::spendAll(Transaction& tx, const core::Uuid& session) const {
    tx.execute("UPDATE refresh_tokens SET spent_at_us = $2 WHERE session_id = $1 AND spent_at_us IS NULL",
               {session, clock_.now()});
}

std::optional<SessionView> SessionStore::view(Transaction& tx, const core::Uuid& session,
                                              const std::optional<core::Uuid>& tenant) const {
    const auto rows = tx.query("SELECT s.user_id, coalesce($2::uuid, s.tenant_id), u.email, u.active, "
                               "s.revoked_at_us, u.system, m.role "
                               "FROM sessions s JOIN users u ON u.id = s.user_id "
                               "LEFT JOIN memberships m ON m.user_id = s.user_id AND m.tenant_id = "
                               "coalesce($2::uuid, s.tenant_id) AND m.active AND m.suspended_at_us IS NULL "
                               "WHERE s.id = $1",
                               {session, tenant});
    if (rows.empty())
        return std::nullopt;
    const auto& row = rows[0];
    SessionView view{row.uuid(0),    row.uuid(1), row.text(2), row.boolean(3) && row.isNull(4),
                     row.boolean(5), {}};
    if (!row.isNull(6))
        view.role = core::http::parseRole(row.text(6));
    return view;
}

void SessionStore::setTenant(Transaction& tx, const core::Uuid& session, const core::Uuid& tenant) const {
    tx.execute("UPDATE sessions SET tenant_id = $2 WHERE id = $1", {session, tenant});
}

void SessionStore::revoke(Transaction& tx, const core::Uuid& session) const {
    tx.execute("UPDATE sessions SET revoked_at_us = $2 WHERE id = $1 AND revoked_at_us IS NULL",
               {session, clock_.now()});
}

void SessionStore::revokeOthers(Transaction& tx, const core::Uuid& user,
                                const std::optional<core::Uuid>& keep) const {
    tx.execute("UPDATE sessions SET revoked_at_us = $2 WHERE user_id = $1 AND revoked_at_us IS NULL "
               "AND ($3::uuid IS NULL OR id <> $3::uuid)",
               {user, clock_.now(), keep});
}

std::int64_t SessionStore::clean(Transaction& tx) const {
    const auto before = clock_.now() - std::chrono::hours(24);
    const auto tokens = tx.execute("DELETE FROM refresh_tokens WHERE expires_at_us < $1", {before});
    return tokens +
           tx.execute("DELETE FROM sessions WHERE created_at_us < $1 AND (revoked_at_us < $1 OR NOT EXISTS "
                      "(SELECT 1 FROM refresh_tokens r WHERE r.session_id = sessions.id))",
                      {before});
}

} // namespace base
