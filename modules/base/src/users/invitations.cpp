#include "users/invitations.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "core/random.h"

namespace base {

using core::Error;
using core::SystemContext;
using core::Uuid;
using core::db::Transaction;
using core::http::PrincipalKind;
using core::http::Role;

namespace {

core::json::Value auditOf(const InvitationRow& row) {
    return core::json::Object{{"email", row.email}, {"role", core::http::roleName(row.role)}};
}

void note(const SystemContext& context, const InvitationRow& row, core::json::Value before,
          core::json::Value after) {
    if (!context.audit())
        return;
    context.audit()->object("invitation", row.id.toString());
    context.audit()->entry.before = std::move(before);
    context.audit()->entry.after = std::move(after);
}

Error noInvitation() {
    return Error(
        errors::kInvitationNotFound,
        "This invitation does not exist (any more): it was used, replaced, withdrawn, or has expired.");
}

} // namespace

Invitations::Invitations(core::db::Database& database, const core::Clock& clock, const PasswordHasher& hasher,
                         SignIn& signIn, const TenantStore& tenants, Refusals& refusals)
    : database_(database), clock_(clock), hasher_(hasher), signIn_(signIn), tenants_(tenants),
      refusals_(refusals), users_(clock), tokens_(clock), invitations_(clock) {}

void Invitations::invite(const Uuid& tenant, const core::http::Principal& caller, const Wanted& wanted,
                         const SystemContext& context, const std::function<void(const Made&)>& made) {
    const auto email = normalEmail(wanted.email, "/email");
    database_.transact(context, [&](Transaction& tx) {
        if (users_.findMemberByEmail(tx, tenant, email))
            throw Error(errors::kUserExists,
                        "A user with the address " + email + " belongs to this tenant already.");
        if (invitations_.countOthers(tx, tenant, email) >= kMost)
            throw Error(
                errors::kTooManyInvitations,
                fmt::format("{} invitations are open. Withdraw those that nobody will accept.", kMost));
        const auto now = clock_.now();
        const Made result{{Uuid::generate(now), tenant, email, wanted.name, wanted.role,
                           tokens_.personOf(tx, caller), now, now + kGoodFor},
                          core::randomToken()};
        invitations_.put(tx, result.row, result.token);
        note(context, result.row, {}, auditOf(result.row));
        made(result);
    });
}

void Invitations::withdraw(const Uuid& tenant, const Uuid& id, const SystemContext& context) {
    database_.transact(context, [&](Transaction& tx) {
        const auto row = invitations_.find(tx, tenant, id);
        if (!row || !invitations_.remove(tx, tenant, id))
            throw noInvitation();
        note(context, *row, auditOf(*row), {});
    });
}

std::vector<InvitationRow> Invitations::list(const core::TenantContext& context,
                                             const std::optional<core::http::Cursor>& after, int limit) {
    return database_.read(
        context, [&](Transaction& tx) { return invitations_.list(tx, context.tenant(), after, limit); });
}

InvitationRow Invitations::require(Transaction& tx, const std::string& token) const {
    const auto row = invitations_.findByToken(tx, token);
    if (!row)
        throw noInvitation();
    if (row->createdBy) {
        const auto inviter = users_.findMember(tx, row->tenant, *row->createdBy);
        if (!inviter || !inviter->admits() || inviter->role != Role::admin)
            throw noInvitation();
    }
    return *row;
}

Invitations::Look Invitations::look(const std::string& token) {
    return database_.read(SystemContext("invitation"), [&](Transaction& tx) {
        auto row = require(tx, token);
        auto name = tenants_.require(tx, row.tenant).name;
        return Look{std::move(row), std::move(name)};
    });
}

SignedIn Invitations::accept(const std::string& token, const std::optional<std::string>& password,
                             const std::optional<core::http::Principal>& caller, const Origin& origin) {
    struct Found {
        InvitationRow row;
        std::optional<UserRow> account;
    };
    const auto found = database_.read(SystemContext("invitation"), [&](Transaction& tx) {
        auto row = require(tx, token);
        auto account = users_.findByEmail(tx, row.email);
        return Found{std::move(row), std::move(account)};
    });
    std::optional<std::string> hash;
    if (caller) {
        if (caller->kind != PrincipalKind::user || caller->name != found.row.email)
            throw Error(core::errors::kForbidden,
                        "This invitation is for somebody else. Sign in with the address that was invited.");
    } else {
        if (!password)
            throw Error(core::errors::kValidation,
                        "Choose a password, or sign in first if you have an account.",
                        {{"/password", "is required for a new account"}});
        requireGoodPassword(*password, "/password");
        // As slow for an address that has an account.
        hash = hasher_.hash(*password);
        if (found.account) {
            refusals_.note("base.invitation.refused", "the account exists and nobody was signed in",
                           Refusals::Account{found.account->id, found.account->email, {}}, origin);
            throw Error(core::errors::kInvalidToken,
                        "This address cannot be given a password here. Sign in with it, then accept.");
        }
    }
    return database_.transact(SystemContext("invitation", origin.trail), [&](Transaction& tx) {
        const auto row = require(tx, token);
        // Of two who accept at the same moment one finds it gone.
        if (row.id != found.row.id || !invitations_.remove(tx, row.tenant, row.id))
            throw noInvitation();
        const auto user = caller ? users_.find(tx, caller->id)
                                 : std::optional(users_.create(tx, row.email, row.name, *hash, false));
        if (!user || user->email != row.email || users_.findMember(tx, row.tenant, user->id))
            throw noInvitation();
        users_.setMembership(tx, user->id, row.tenant, row.role);
        const Membership active{row.tenant, tenants_.require(tx, row.tenant).name, row.role};
        if (origin.trail) {
            auto& entry = origin.trail->entry;
            entry.actorKind = core::http::principalKindName(PrincipalKind::user);
            entry.actorId = user->id.toString();
            entry.actorName = user->email;
            entry.tenant = row.tenant;
            entry.after = auditOf(row);
            origin.trail->object("user", user->id.toString());
        }
        return signIn_.enter(tx, *user, active, caller ? caller->session : std::nullopt, origin.address);
    });
}

} // namespace base
