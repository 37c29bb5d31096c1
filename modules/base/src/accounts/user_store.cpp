#include "accounts/user_store.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "core/http/list_query.h"

namespace base {

using core::db::ConstraintViolation;
using core::db::Row;
using core::db::Transaction;
using core::http::Role;

namespace {

// Not the hash: a tenant's own unit of work may not read that column.
constexpr auto kColumns = "u.id, u.email, u.name, u.active, u.system, u.created_at_us, u.updated_at_us";

UserRow rowOf(const Row& row) {
    return {row.uuid(0),    row.text(1),    row.text(2),   row.boolean(3),
            row.boolean(4), row.instant(5), row.instant(6)};
}

// What stands behind kColumns for a member.
constexpr auto kMembership = "m.role, m.active, m.name, m.suspended_at_us, m.created_at_us";
// Which memberships let a person in.
constexpr auto kAdmits = "m.active AND m.suspended_at_us IS NULL";

Member memberOf(const Row& row) {
    return {rowOf(row),
            core::http::parseRole(row.text(7)).value(),
            row.boolean(8),
            row.optionalText(9),
            row.optionalInstant(10),
            row.instant(11)};
}

template <typename F>
void emailsAreUnique(const std::string& email, F&& change) {
    try {
        change();
    } catch (const ConstraintViolation& violation) {
        if (violation.kind() != ConstraintViolation::Kind::unique)
            throw;
        throw core::Error(errors::kUserExists,
                          fmt::format("A user with the address {} exists already.", email));
    }
}

} // namespace

std::string normalEmail(std::string_view email, const std::string& pointer) {
    std::string text;
    for (const char c : email)
        text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto at = text.find('@');
    bool good = at != std::string::npos && at > 0 && at + 1 < text.size() &&
                text.find('@', at + 1) == std::string::npos && text.size() <= 254;
    for (const char c : text)
        good = good && c > ' ' && c < 0x7f;
    if (!good)
        throw core::Error(core::errors::kValidation, "This is no e-mail address.",
                          {{pointer, "must be an e-mail address"}});
    return text;
}

UserRow UserStore::create(Transaction& tx, const std::string& email, const std::string& name,
                          const std::string& passwordHash, bool system) const {
    const auto now = clock_.now();
    UserRow user{core::Uuid::generate(now), email, name, true, system, now, now};
    emailsAreUnique(email, [&] {
        tx.execute("INSERT INTO users (id, email, password_hash, name, active, system, created_at_us, "
                   "updated_at_us, "
                   "password_changed_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   {user.id, email, passwordHash, name, true, system, now, now, now});
    });
    return user;
}

std::optional<UserRow> UserStore::find(Transaction& tx, const core::Uuid& id) const {
    const auto rows = tx.query(fmt::format("SELECT {} FROM users u WHERE u.id = $1", kColumns), {id});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

std::optional<UserRow> UserStore::findByEmail(Transaction& tx, const std::string& email) const {
    const auto rows = tx.query(fmt::format("SELECT {} FROM users u WHERE u.email = $1", kColumns), {email});
    return rows.empty() ? std::nullopt : std::optional(rowOf(rows[0]));
}

std::optional<std::string> UserStore::passwordHash(Transaction& tx, const core::Uuid& id) const {
    const auto rows = tx.query("SELECT password_hash FROM users WHERE id = $1", {id});
    return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

void UserStore::setPassword(Transaction& tx, const core::Uuid& id, const std::string& hash) const {
    const auto now = clock_.now();
    tx.execute(
        "UPDATE users SET password_hash = $2, password_changed_at_us = $3, updated_at_us = $4 WHERE id = $1",
        {id, hash, now, now});
}

void UserStore::update(Transaction& tx, UserRow& user) const {
    user.updatedAt = clock_.now();
    emailsAreUnique(user.email, [&] {
        tx.execute("UPDATE users SET email = $2, name = $3, active = $4, system = $5, updated_at_us = $6 "
                   "WHERE id = $1",
                   {user.id, user.email, user.name, user.active, user.system, user.updatedAt});
    });
}

void UserStore::remove(Transaction& tx, const core::Uuid& id) const {
    tx.execute("DELETE FROM users WHERE id = $1", {id});
}

bool UserStore::any(Transaction& tx) const {
    return !tx.query("SELECT 1 FROM users LIMIT 1").empty();
}

std::vector<UserRow> UserStore::everybody(Transaction& tx) const {
    std::vector<UserRow> all;
    for (const auto& row : tx.query(fmt::format("SELECT {} FROM users u ORDER BY u.email", kColumns)))
        all.push_back(rowOf(row));
    return all;
}

std::vector<Membership> UserStore::memberships(Transaction& tx, const core::Uuid& user) const {
    const auto rows = tx.query(
        fmt::format(
            "SELECT m.tenant_id, t.name, m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id "
            "WHERE m.user_id = $1 AND {} ORDER BY m.created_at_us, m.tenant_id",
            kAdmits),
        {user});
    std::vector<Membership> list;
    for (const auto& row : rows)
        list.push_back({row.uuid(0), row.text(1), core::http::parseRole(row.text(2)).value()});
    return list;
}

bool UserStore::belongsAnywhere(Transaction& tx, const core::Uuid& user) const {
    return !tx.query("SELECT 1 FROM memberships WHERE user_id = $1 LIMIT 1", {user}).empty();
}

void UserStore::setMembership(Transaction& tx, const core::Uuid& user, const core::Uuid& tenant,
                              Role role) const {
    tx.execute("INSERT INTO memberships (user_id, tenant_id, role, created_at_us) VALUES ($1, $2, $3, $4) "
               "ON CONFLICT (user_id, tenant_id) DO UPDATE SET role = excluded.role",
               {user, tenant, core::http::roleName(role), clock_.now()});
}

void UserStore::lockMembership(Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const {
    if (tx.dialect() == core::db::Dialect::postgresql) // SQLite has one writer anyway
        tx.query("SELECT user_id FROM memberships WHERE user_id = $1 AND tenant_id = $2 FOR UPDATE",
                 {user, tenant});
}

void UserStore::updateMembership(Transaction& tx, const core::Uuid& tenant, const Member& member) const {
    tx.execute("UPDATE memberships SET role = $3, active = $4, name = $5, suspended_at_us = $6 "
               "WHERE user_id = $1 AND tenant_id = $2",
               {member.user.id, tenant, core::http::roleName(member.role), member.active, member.name,
                member.suspendedAt});
}

void UserStore::removeMembership(Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const {
    tx.execute("DELETE FROM memberships WHERE user_id = $1 AND tenant_id = $2", {user, tenant});
}

void UserStore::suspendElsewhere(Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const {
    tx.execute("UPDATE memberships SET suspended_at_us = $3 WHERE user_id = $1 AND tenant_id <> $2 "
               "AND suspended_at_us IS NULL",
               {user, tenant, clock_.now()});
}

void UserStore::endSuspensions(Transaction& tx, const core::Uuid& user) const {
    tx.execute("UPDATE memberships SET suspended_at_us = NULL WHERE user_id = $1", {user});
}

bool UserStore::hasAnotherAdmin(Transaction& tx, const core::Uuid& tenant, const core::Uuid& besides) const {
    return !tx.query(fmt::format("SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id WHERE "
                                 "m.tenant_id = $1 AND m.role = 'admin' AND u.active AND {} AND m.user_id <> "
                                 "$2 ORDER BY m.user_id LIMIT 1",
                                 kAdmits),
                     {tenant, besides})
                .empty();
}

std::optional<core::Uuid> UserStore::chosenTenant(Transaction& tx, const core::Uuid& user) const {
    const auto rows = tx.query("SELECT chosen_tenant_id FROM users WHERE id = $1", {user});
    return rows.empty() ? std::nullopt : rows[0].optionalUuid(0);
}

void UserStore::choose(Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const {
    tx.execute("UPDATE users SET chosen_tenant_id = $2 WHERE id = $1", {user, tenant});
}

std::optional<Member> UserStore::findMember(Transaction& tx, const core::Uuid& tenant,
                                            const core::Uuid& user) const {
    const auto rows =
        tx.query(fmt::format("SELECT {}, {} FROM users u JOIN memberships m ON m.user_id = u.id "
                             "WHERE m.tenant_id = $1 AND u.id = $2",
                             kColumns, kMembership),
                 {tenant, user});
    return rows.empty() ? std::nullopt : std::optional(memberOf(rows[0]));
}

std::optional<Member> UserStore::findMemberByEmail(Transaction& tx, const core::Uuid& tenant,
                                                   const std::string& email) const {
    const auto rows =
        tx.query(fmt::format("SELECT {}, {} FROM users u JOIN memberships m ON m.user_id = u.id "
                             "WHERE m.tenant_id = $1 AND u.email = $2",
                             kColumns, kMembership),
                 {tenant, email});
    return rows.empty() ? std::nullopt : std::optional(memberOf(rows[0]));
}

std::vector<Member> UserStore::list(Transaction& tx, const core::Uuid& tenant,
                                    const std::optional<core::http::Cursor>& after, int limit) const {
    core::http::ListQuery query(fmt::format(
        "SELECT {}, {} FROM memberships m JOIN users u ON u.id = m.user_id", kColumns, kMembership));
    query.where("m.tenant_id = ?", tenant);
    query.page("m.created_at_us", after, limit, "m.user_id");
    std::vector<Member> list;
    for (const auto& row : query.run(tx))
        list.push_back(memberOf(row));
    return list;
}

} // namespace base
