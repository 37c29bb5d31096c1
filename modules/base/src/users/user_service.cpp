#include "users/user_service.h"

#include "base/errors.h"

namespace base {

using core::Error;
using core::SystemContext;
using core::Uuid;
using core::db::Transaction;
using core::http::Role;

namespace {

/// What the audit log keeps of a user: never the password.
core::json::Value auditOf(const Member& member) {
    return core::json::Object{{"email", member.user.email},
                              {"name", member.user.name},
                              {"active", member.user.active},
                              {"role", core::http::roleName(member.role)}};
}

void note(const SystemContext& context, const Uuid& user, core::json::Value before, core::json::Value after) {
    if (!context.audit())
        return;
    context.audit()->object("user", user.toString());
    context.audit()->entry.before = std::move(before);
    context.audit()->entry.after = std::move(after);
}

} // namespace

UserService::UserService(core::db::Database& database, const core::Clock& clock, const PasswordHasher& hasher,
                         core::http::Authentication& authentication)
    : database_(database), hasher_(hasher), authentication_(authentication), users_(clock), sessions_(clock) {
}

Member UserService::require(Transaction& tx, const Uuid& tenant, const Uuid& user) const {
    auto member = users_.findMember(tx, tenant, user);
    if (!member)
        throw Error(errors::kUserNotFound, "There is no user with this id.");
    return *member;
}

void UserService::requireAnotherAdmin(Transaction& tx, const Uuid& tenant, const Uuid& user) const {
    // Two administrators who remove each other at the same moment must not both succeed.
    if (tx.dialect() == core::db::Dialect::postgresql)
        tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                 {"tenant admins " + tenant.toString()});
    if (users_.activeAdmins(tx, tenant, user) == 0)
        throw Error(errors::kLastAdmin,
                    "This is the tenant's last administrator. Make somebody else one first.");
}

Member UserService::create(const Uuid& tenant, const NewUser& wanted, const SystemContext& context,
                           const Made& made) {
    const auto email = normalEmail(wanted.email, "/email");
    requireGoodPassword(wanted.password, "/password");
    const auto hash = hasher_.hash(wanted.password);
    return database_.transact(context, [&](Transaction& tx) {
        auto user = users_.findByEmail(tx, email);
        if (user && users_.findMember(tx, tenant, user->id))
            throw Error(errors::kUserExists, "A user with the address " + email + " exists already.");
        if (!user)
            user = users_.create(tx, email, wanted.name, hash, wanted.system);
        users_.setMembership(tx, user->id, tenant, wanted.role);
        Member member{*user, wanted.role};
        note(context, user->id, {}, auditOf(member));
        if (made)
            made(member);
        return member;
    });
}

Member UserService::update(const Uuid& tenant, const Uuid& user, const Change& change, bool bySystem,
                           const SystemContext& context) {
    std::optional<std::string> hash;
    if (change.password) {
        requireGoodPassword(*change.password, "/password");
        hash = hasher_.hash(*change.password);
    }
    const auto email = change.email ? std::optional(normalEmail(*change.email, "/email")) : std::nullopt;
    return database_.transact(context, [&](Transaction& tx) {
        auto member = require(tx, tenant, user);
        const auto before = auditOf(member);
        const bool wasAdmin = member.role == Role::admin && member.user.active;
        const bool everywhere = (email && *email != member.user.email) ||
                                (change.name && *change.name != member.user.name) || hash ||
                                (change.active && *change.active != member.user.active);
        if (everywhere && !bySystem && (member.user.system || users_.memberships(tx, user).size() > 1))
            throw Error(core::errors::kForbidden,
                        "This user belongs to other tenants too: here only the role can be "
                        "changed.");
        member.role = change.role.value_or(member.role);
        member.user.email = email.value_or(member.user.email);
        member.user.name = change.name.value_or(member.user.name);
        member.user.active = change.active.value_or(member.user.active);
        if (wasAdmin && (member.role != Role::admin || !member.user.active))
            requireAnotherAdmin(tx, tenant, user);
        users_.update(tx, member.user);
        users_.setMembership(tx, user, tenant, member.role);
        if (hash)
            users_.setPassword(tx, user, *hash);
        if (hash || !member.user.active)
            sessions_.revokeOthers(tx, user, {});
        note(context, user, before, auditOf(member));
        tx.afterCommit([this, user, changed = hash.has_value(), address = member.user.email] {
            authentication_.forget(user);
            if (changed && passwordChanged)
                passwordChanged(address);
        });
        return member;
    });
}

void UserService::remove(const Uuid& tenant, const Uuid& user, const SystemContext& context) {
    database_.transact(context, [&](Transaction& tx) {
        const auto member = require(tx, tenant, user);
        if (member.role == Role::admin && member.user.active)
            requireAnotherAdmin(tx, tenant, user);
        users_.removeMembership(tx, user, tenant);
        if (users_.memberships(tx, user).empty())
            users_.remove(tx, user);
        note(context, user, auditOf(member), {});
        tx.afterCommit([this, user] { authentication_.forget(user); });
    });
}

Member UserService::get(const core::TenantContext& context, const Uuid& user) {
    return database_.read(context, [&](Transaction& tx) { return require(tx, context.tenant(), user); });
}

std::vector<Member> UserService::list(const core::TenantContext& context,
                                      const std::optional<core::http::Cursor>& after, int limit) {
    return database_.read(context,
                          [&](Transaction& tx) { return users_.list(tx, context.tenant(), after, limit); });
}

} // namespace base
