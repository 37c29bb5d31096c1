#include "auth/sign_in.h"

#include "base/errors.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/random.h"

namespace base {

using core::Error;
using core::SystemContext;
using core::db::Transaction;

namespace {

/// How long a verified access token is believed without another look at its session: what another host or a
/// command revoked is seen after this.
constexpr auto kBelieved = std::chrono::seconds(30);

Error wrongPassword() {
    return Error(core::errors::kInvalidToken,
                 "The e-mail address or the password is wrong, or the account is not active.");
}
Error endedSession() {
    return Error(core::errors::kInvalidToken, "The session has ended. Sign in again.");
}

const Membership* find(const std::vector<Membership>& memberships, const core::Uuid& tenant) {
    for (const auto& membership : memberships)
        if (membership.tenant == tenant)
            return &membership;
    return nullptr;
}

Error notAMember() {
    return Error(core::errors::kForbidden, "You do not belong to this tenant (any more).");
}

/// Never by a tenant's name or place in a list: those are in other people's hands.
const Membership& choose(const std::vector<Membership>& memberships, const std::optional<core::Uuid>& wanted,
                         const std::optional<core::Uuid>& chosen) {
    if (wanted) {
        if (const auto* membership = find(memberships, *wanted))
            return *membership;
        throw notAMember();
    }
    if (memberships.size() == 1)
        return memberships.front();
    if (chosen)
        if (const auto* membership = find(memberships, *chosen))
            return *membership;
    std::vector<core::Problem> details;
    details.reserve(memberships.size());
    for (const auto& membership : memberships)
        details.push_back({"/tenant_id", membership.tenant.toString() + " " + membership.tenantName});
    throw Error(errors::kTenantChoice, "You belong to several tenants: say which one, as tenant_id.",
                std::move(details));
}

} // namespace

SignIn::SignIn(core::db::Database& database, const core::Clock& clock, const TokenSigner& signer,
               const PasswordHasher& hasher, core::http::Authentication& authentication, Refusals& refusals,
               std::string refreshKey, Lifetimes lifetimes)
    : database_(database), clock_(clock), signer_(signer), hasher_(hasher), authentication_(authentication),
      refusals_(refusals), refreshKey_(std::move(refreshKey)), lifetimes_(lifetimes), users_(clock),
      sessions_(clock) {}

SignedIn SignIn::grant(Transaction& tx, const UserRow& user, const Membership& active,
                       const core::Uuid& session, std::string refreshToken) {
    const auto now = clock_.now();
    SignedIn result;
    result.user = user;
    result.active = active;
    result.session = session;
    result.accessFor = lifetimes_.access;
    result.refreshFor = lifetimes_.refresh;
    result.refreshToken = std::move(refreshToken);
    sessions_.issue(tx, session, result.refreshToken, now + lifetimes_.refresh);
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

// Made and not drawn, so that everybody who sends the same one at the same moment is given the same next one,
// without the database ever knowing it: a second branch of a family would hide a thief.
std::string SignIn::next(std::string_view refreshToken) const {
    return core::base64UrlEncode(core::hmacSha256(refreshKey_, refreshToken));
}

std::optional<std::string> SignIn::successor(Transaction& tx, std::string token, core::Instant spentAt) {
    constexpr int kMost = 8; // renewals within kGrace
    const auto now = clock_.now();
    std::optional<core::Instant> spent = spentAt;
    for (int i = 0; i < kMost && spent; ++i) {
        if (now - *spent > kGrace)
            return std::nullopt;
        token = next(token);
        spent = sessions_.spentAt(tx, token);
    }
    return spent ? std::nullopt : std::optional(std::move(token));
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
        std::optional<core::Uuid> chosen;
    };
    const auto found = database_.read(SystemContext("sign-in"), [&](Transaction& tx) -> std::optional<Found> {
        const auto user = users_.findByEmail(tx, address);
        if (!user)
            return std::nullopt;
        return Found{*user, users_.passwordHash(tx, user->id), users_.memberships(tx, user->id),
                     users_.chosenTenant(tx, user->id)};
    });
    // The slow part, outside of any transaction, and as slow for an address that nobody has.
    const bool right = hasher_.verify(password, found ? found->hash : std::nullopt);
    if (!right || !found->user.active || found->memberships.empty()) {
        std::optional<Refusals::Account> whose;
        if (found) {
            whose = {found->user.id, found->user.email, found->chosen};
            if (!whose->tenant && found->memberships.size() == 1)
                whose->tenant = found->memberships.front().tenant;
        }
        refusals_.note("base.session.refused",
                       !found   ? "unknown address"
                       : !right ? "wrong password"
                                : "the account is not active",
                       whose, origin);
        throw wrongPassword();
    }
    const auto active = choose(found->memberships, tenant, found->chosen);

    if (origin.trail) {
        auto& entry = origin.trail->entry;
        entry.actorKind = core::http::principalKindName(core::http::PrincipalKind::user);
        entry.actorId = found->user.id.toString();
        entry.actorName = found->user.email;
        entry.tenant = active.tenant;
    }
    return database_.transact(SystemContext("sign-in", origin.trail), [&](Transaction& tx) {
        // The password may have been changed while it was compared.
        if (users_.passwordHash(tx, found->user.id) != found->hash)
            throw wrongPassword();
        const auto session = sessions_.create(tx, found->user.id, active.tenant, origin.address);
        if (origin.trail)
            origin.trail->object("session", session.toString());
        if (tenant || !found->chosen) // their only one, so that a second one does not make them choose
            users_.choose(tx, found->user.id, active.tenant);
        return grant(tx, found->user, active, session, core::randomToken());
    });
}

SignedIn SignIn::refresh(const std::string& refreshToken, const std::optional<core::Uuid>& tenant,
                         const Origin& origin) {
    struct Outcome {
        std::optional<SignedIn> granted;
        std::optional<Error> refused;
        std::optional<core::Uuid> ended;
        std::optional<Refusals::Account> reusedOf;
    };
    // Refusals are returned and not thrown: what was spent or revoked must stay so.
    auto outcome = database_.transact(SystemContext("refresh"), [&](Transaction& tx) -> Outcome {
        const auto spent = sessions_.spend(tx, refreshToken);
        if (spent.outcome == SessionStore::Spend::unknown || spent.outcome == SessionStore::Spend::expired)
            return {{}, endedSession(), {}, {}};
        const auto view = sessions_.view(tx, spent.session);
        const auto user = view ? users_.find(tx, view->user) : std::nullopt;
        if (!view || !view->active || !user)
            return {{}, endedSession(), spent.session, {}};
        const auto token = spent.outcome == SessionStore::Spend::good ? std::optional(next(refreshToken))
                                                                      : successor(tx, refreshToken, spent.at);
        if (!token) {
            sessions_.revoke(tx, spent.session);
            return {
                {}, endedSession(), spent.session, Refusals::Account{user->id, user->email, view->tenant}};
        }
        const auto memberships = users_.memberships(tx, view->user);
        const auto* active = find(memberships, tenant.value_or(view->tenant));
        if (active == nullptr)
            return {{}, notAMember(), {}, {}};
        return {grant(tx, *user, *active, spent.session, *token), {}, {}, {}};
    });
    if (outcome.ended)
        authentication_.forget(*outcome.ended);
    if (outcome.reusedOf)
        refusals_.note("base.session.reused", "a spent refresh token came back", outcome.reusedOf, origin);
    if (outcome.refused)
        throw *outcome.refused;
    return std::move(*outcome.granted);
}

SignedIn SignIn::enter(Transaction& tx, const UserRow& user, const Membership& active,
                       const std::optional<core::Uuid>& session, const std::string& address) {
    const auto id = session ? *session : sessions_.create(tx, user.id, active.tenant, address);
    if (session) {
        sessions_.spendAll(tx, id);
        sessions_.setTenant(tx, id, active.tenant);
    }
    users_.choose(tx, user.id, active.tenant);
    return grant(tx, user, active, id, core::randomToken());
}

SignedIn SignIn::switchTo(const core::http::Principal& caller, const core::Uuid& tenant,
                          const SystemContext& context) {
    return database_.transact(context, [&](Transaction& tx) {
        const auto user = users_.find(tx, caller.id);
        const auto memberships = users_.memberships(tx, caller.id);
        const auto* active = find(memberships, tenant);
        if (!user || active == nullptr)
            throw notAMember();
        return enter(tx, *user, *active, caller.session, {});
    });
}

void SignIn::logout(const core::Uuid& session, const SystemContext& context) {
    database_.transact(context, [&](Transaction& tx) {
        sessions_.revoke(tx, session);
        tx.afterCommit([this, session] { authentication_.forget(session); });
    });
}

void SignIn::changePassword(const core::http::Principal& caller, const std::string& current,
                            const std::string& wanted, const SystemContext& context, const Origin& origin) {
    const auto hash = database_.read(SystemContext("change of password"),
                                     [&](Transaction& tx) { return users_.passwordHash(tx, caller.id); });
    if (!hasher_.verify(current, hash)) {
        refusals_.note("base.user.password_refused", "wrong password",
                       Refusals::Account{caller.id, caller.name, caller.tenant}, origin);
        throw Error(core::errors::kForbidden, "The current password is wrong.");
    }
    requireGoodPassword(wanted, "/new");
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
