#include "auth/sign_in.h"

#include "core/error.h"

namespace base {

using core::Error;
using core::SystemContext;
using core::db::Transaction;

namespace {

/// How long a verified access token is believed without another look at its session: what another host or a
/// command revoked is seen after this.
constexpr auto kBelieved = std::chrono::seconds(30);

Error wrongPassword() {
    return Error(core::errors::kInvalidToken, "The e-mail address or the password is wrong.");
}
Error endedSession() {
    return Error(core::errors::kInvalidToken, "The session has ended. Sign in again.");
}

const Membership& choose(const std::vector<Membership>& memberships,
                         const std::optional<core::Uuid>& wanted) {
    for (const auto& membership : memberships)
        if (!wanted || membership.tenant == *wanted)
            return membership;
    throw Error(core::errors::kForbidden,
                wanted ? "You do not belong to this tenant."
                       : "You belong to no tenant; ask an administrator to add you to one.");
}

} // namespace

SignIn::SignIn(core::db::Database& database, const core::Clock& clock, const TokenSigner& signer,
               const PasswordHasher& hasher, core::http::Authentication& authentication, Lifetimes lifetimes)
    : database_(database), clock_(clock), signer_(signer), hasher_(hasher), authentication_(authentication),
      lifetimes_(lifetimes), users_(clock), sessions_(clock) {}

SignedIn SignIn::grant(Transaction& tx, const UserRow& user, const Membership& active,
                       const core::Uuid& session) {
    const auto now = clock_.now();
    SignedIn result;
    result.user = user;
    result.active = active;
    result.session = session;
    result.accessFor = lifetimes_.access;
    result.refreshFor = lifetimes_.refresh;
    result.refreshToken = sessions_.issue(tx, session, now + lifetimes_.refresh);
    result.accessToken = signer_.sign({user.id.toString(),
                                       std::string(TokenSigner::kUserAudience),
                                       now,
                                       now + lifetimes_.access,
                                       now,
                                       {{"tenant_id", active.tenant.toString()},
                                        {"sid", session.toString()},
                                        {"role", core::http::roleName(active.role)}}});
    return result;
}

std::string SignIn::account(const std::string& email) {
    std::string address;
    for (const char c : email)
        address += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return address;
}

SignedIn SignIn::login(const std::string& email, const std::string& password,
                       const std::optional<core::Uuid>& tenant, const Origin& origin) {
    const std::string address = account(email);
    struct Found {
        UserRow user;
        std::optional<std::string> hash;
        std::vector<Membership> memberships;
    };
    const auto found = database_.read(SystemContext("sign-in"), [&](Transaction& tx) -> std::optional<Found> {
        const auto user = users_.findByEmail(tx, address);
        if (!user)
            return std::nullopt;
        return Found{*user, users_.passwordHash(tx, user->id), users_.memberships(tx, user->id)};
    });
    // The slow part, outside of any transaction, and as slow for an address that nobody has.
    if (!hasher_.verify(password, found ? found->hash : std::nullopt) || !found->user.active)
        throw wrongPassword();
    const auto active = choose(found->memberships, tenant);

    if (origin.trail) {
        auto& entry = origin.trail->entry;
        entry.actorKind = core::http::principalKindName(core::http::PrincipalKind::user);
        entry.actorId = found->user.id.toString();
        entry.actorName = found->user.email;
        entry.tenant = active.tenant;
    }
    return database_.transact(SystemContext("sign-in", origin.trail), [&](Transaction& tx) {
        const auto session = sessions_.create(tx, found->user.id, active.tenant, origin.address);
        if (origin.trail)
            origin.trail->object("session", session.toString());
        return grant(tx, found->user, active, session);
    });
}

SignedIn SignIn::refresh(const std::string& refreshToken, const std::optional<core::Uuid>& tenant) {
    struct Outcome {
        std::optional<SignedIn> granted;
        std::optional<Error> refused;
        std::optional<core::Uuid> ended;
    };
    // Refusals are returned and not thrown: what was spent or revoked must stay so.
    auto outcome = database_.transact(SystemContext("refresh"), [&](Transaction& tx) -> Outcome {
        const auto spent = sessions_.spend(tx, refreshToken);
        if (spent.outcome == SessionStore::Spend::reused) {
            sessions_.revoke(tx, spent.session);
            return {{}, endedSession(), spent.session};
        }
        if (spent.outcome != SessionStore::Spend::good)
            return {{}, endedSession(), {}};
        const auto view = sessions_.view(tx, spent.session);
        const auto user = view ? users_.find(tx, view->user) : std::nullopt;
        if (!view || !view->active || !user)
            return {{}, endedSession(), spent.session};
        const auto memberships = users_.memberships(tx, view->user);
        const auto wanted = tenant.value_or(view->tenant);
        for (const auto& membership : memberships)
            if (membership.tenant == wanted) {
                if (wanted != view->tenant)
                    sessions_.setTenant(tx, spent.session, wanted);
                return {grant(tx, *user, membership, spent.session), {}, {}};
            }
        return {
            {},
            Error(core::errors::kForbidden, "You do not belong to this tenant (any more). Sign in again."),
            {}};
    });
    if (outcome.ended)
        authentication_.forget(*outcome.ended);
    if (outcome.refused)
        throw *outcome.refused;
    return std::move(*outcome.granted);
}

void SignIn::logout(const core::Uuid& session, const SystemContext& context) {
    database_.transact(context, [&](Transaction& tx) {
        sessions_.revoke(tx, session);
        tx.afterCommit([this, session] { authentication_.forget(session); });
    });
}

void SignIn::changePassword(const core::http::Principal& caller, const std::string& current,
                            const std::string& wanted, const SystemContext& context) {
    const auto hash = database_.read(SystemContext("change of password"),
                                     [&](Transaction& tx) { return users_.passwordHash(tx, caller.id); });
    if (!hasher_.verify(current, hash))
        throw Error(core::errors::kForbidden, "The current password is wrong.");
    requireGoodPassword(wanted, "/new_password");
    const auto fresh = hasher_.hash(wanted);
    database_.transact(context, [&](Transaction& tx) {
        users_.setPassword(tx, caller.id, fresh);
        sessions_.revokeOthers(tx, caller.id, caller.session);
        tx.afterCommit([&] {
            authentication_.forget(caller.id);
            if (passwordChanged)
                passwordChanged(caller.name);
        });
    });
}

std::optional<core::Result<SessionAuthenticator::Verified>>
SessionAuthenticator::authenticate(const core::http::Credentials& credentials) {
    using core::http::Credentials;
    if (credentials.scheme != Credentials::Scheme::bearer ||
        signer_.audienceOf(credentials.secret) != TokenSigner::kUserAudience)
        return std::nullopt;
    const auto verdict = signer_.verify(credentials.secret, TokenSigner::kUserAudience);
    if (!verdict.ok())
        return core::Result<Verified>(
            Error(core::errors::kInvalidToken, verdict.fault == TokenFault::expired
                                                   ? "The access token has expired."
                                                   : "The access token is not valid."));
    const auto& claims = verdict.claims;
    const core::json::Value extra(claims.extra);
    const auto user = core::Uuid::parse(claims.subject);
    const auto session = core::Uuid::parse(extra.stringOr("sid"));
    const auto tenant = core::Uuid::parse(extra.stringOr("tenant_id"));
    if (!user || !session || !tenant)
        return core::Result<Verified>(Error(core::errors::kInvalidToken, "The access token is not valid."));
    const auto view = database_.read(SystemContext("authentication"),
                                     [&](Transaction& tx) { return sessions_.view(tx, *session, *tenant); });
    if (!view || !view->active || !view->role || view->user != *user)
        return core::Result<Verified>(endedSession());
    core::http::Principal principal;
    principal.kind = core::http::PrincipalKind::user;
    principal.id = *user;
    principal.name = view->email;
    principal.tenant = *tenant;
    principal.role = view->role; // as it is now, whatever the token says
    principal.system = view->system;
    principal.session = *session;
    return core::Result<Verified>(Verified{principal, std::min(claims.expiresAt, clock_.now() + kBelieved)});
}

} // namespace base
