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
                              {"name", member.shownName()},
                              {"active", member.active},
                              {"suspended", member.suspendedAt.has_value()},
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
    : database_(database), hasher_(hasher), authentication_(authentication), users_(clock), sessions_(clock),
      tokens_(clock) {}

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
    if (!users_.hasAnotherAdmin(tx, tenant, user))
        throw Error(errors::kLastAdmin,
                    "This is the tenant's last administrator. Make somebody else one first.");
}

Member UserService::create(const Uuid& tenant, const NewUser& wanted, const SystemContext& context) {
    const auto email = normalEmail(wanted.email, "/email");
    requireGoodPassword(wanted.password, "/password");
    const auto hash = hasher_.hash(wanted.password);
    return database_.transact(context, [&](Transaction& tx) {
        const auto user = users_.create(tx, email, wanted.name, hash, wanted.system);
        users_.setMembership(tx, user.id, tenant, wanted.role);
        users_.choose(tx, user.id, tenant);
        auto member = require(tx, tenant, user.id);
        note(context, user.id, {}, auditOf(member));
        return member;
    });
}

void UserService::forgetAfterCommit(Transaction& tx, const Uuid& user) {
    auto gone = tokens_.createdBy(tx, user);
    gone.push_back(user);
    tx.afterCommit([this, gone = std::move(gone)] {
        for (const auto& id : gone)
            authentication_.forget(id);
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
        if (change.judge)
            users_.lockMembership(tx, user, tenant);
        auto member = require(tx, tenant, user);
        if (change.judge)
            change.judge(member);
        const auto before = auditOf(member);
        const bool wasAdmin = member.role == Role::admin && member.admits();
        if (email && *email != member.user.email && !bySystem)
            throw Error(core::errors::kForbidden, "Only the system can change an address. Invite the new "
                                                  "one and remove the old one.");
        if (hash && member.user.system && !bySystem)
            throw Error(core::errors::kForbidden,
                        "This user belongs to the system: only the system can set their password.");
        member.role = change.role.value_or(member.role);
        member.active = change.active.value_or(member.active);
        if (change.name)
            member.name = change.name;
        if (email && *email != member.user.email) {
            member.user.email = *email;
            users_.update(tx, member.user);
        }
        if (hash) {
            users_.setPassword(tx, user, *hash);
            users_.suspendElsewhere(tx, user, tenant);
            member.suspendedAt = std::nullopt; // whoever sets the password knows whose it is
            sessions_.revokeOthers(tx, user, {});
        }
        if (wasAdmin && (member.role != Role::admin || !member.active))
            requireAnotherAdmin(tx, tenant, user);
        users_.updateMembership(tx, tenant, member);
        note(context, user, before, auditOf(member));
        forgetAfterCommit(tx, user);
        tx.afterCommit([this, changed = hash.has_value(), address = member.user.email] {
            if (changed && passwordChanged)
                passwordChanged(address);
        });
        return member;
    });
}

Member UserService::confirm(const Uuid& tenant, const Uuid& user, const SystemContext& context) {
    return database_.transact(context, [&](Transaction& tx) {
        auto member = require(tx, tenant, user);
        const auto before = auditOf(member);
        member.suspendedAt = std::nullopt;
        users_.updateMembership(tx, tenant, member);
        note(context, user, before, auditOf(member));
        forgetAfterCommit(tx, user);
        return member;
    });
}

void UserService::remove(const Uuid& tenant, const Uuid& user, const SystemContext& context) {
    database_.transact(context, [&](Transaction& tx) {
        const auto member = require(tx, tenant, user);
        if (member.role == Role::admin && member.admits())
            requireAnotherAdmin(tx, tenant, user);
        forgetAfterCommit(tx, user);
        users_.removeMembership(tx, user, tenant);
        // What is the operator's (a system account, one that is disabled) does not end by a tenant's hand.
        if (!users_.belongsAnywhere(tx, user) && member.user.active && !member.user.system)
            users_.remove(tx, user);
        note(context, user, auditOf(member), {});
    });
}

UserRow UserService::requireAccount(Transaction& tx, const std::string& email) const {
    auto user = users_.findByEmail(tx, normalEmail(email, "/email"));
    if (!user)
        throw Error(errors::kUserNotFound, "There is no user with the address " + email + ".");
    return *user;
}

UserRow UserService::setPassword(const std::string& email, const std::string& password,
                                 const SystemContext& context) {
    requireGoodPassword(password, "/password");
    const auto hash = hasher_.hash(password);
    return database_.transact(context, [&](Transaction& tx) {
        auto user = requireAccount(tx, email);
        users_.setPassword(tx, user.id, hash);
        users_.endSuspensions(tx, user.id);
        sessions_.revokeOthers(tx, user.id, {});
        note(context, user.id, {}, core::json::Object{{"email", user.email}});
        forgetAfterCommit(tx, user.id);
        tx.afterCommit([this, address = user.email] {
            if (passwordChanged)
                passwordChanged(address);
        });
        return user;
    });
}

UserRow UserService::setActive(const std::string& email, bool active, const SystemContext& context) {
    return database_.transact(context, [&](Transaction& tx) {
        auto user = requireAccount(tx, email);
        const core::json::Value before = core::json::Object{{"email", user.email}, {"active", user.active}};
        user.active = active;
        users_.update(tx, user);
        if (!active)
            sessions_.revokeOthers(tx, user.id, {});
        note(context, user.id, before, core::json::Object{{"email", user.email}, {"active", active}});
        forgetAfterCommit(tx, user.id);
        return user;
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
