#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/user_store.h"
#include "auth/password.h"
#include "auth/refusals.h"
#include "auth/session_store.h"
#include "base/token_signer.h"
#include "core/db/database.h"
#include "core/http/principal.h"
#include "core/time.h"

namespace base {

/// What a person gets who signed in.
struct SignedIn {
    std::string accessToken;
    std::chrono::seconds accessFor{};
    std::string refreshToken;
    std::chrono::seconds refreshFor{};
    UserRow user;
    Membership active;
    core::Uuid session;
};

/// Signing in and out of people. Thread-safe; slow where passwords are involved.
class SignIn {
public:
    struct Lifetimes {
        std::chrono::seconds access{std::chrono::minutes(15)};
        std::chrono::seconds refresh{std::chrono::hours(24 * 30)};
    };
    /// How long a spent refresh token still leads to the one that took its place: several tabs of one browser
    /// send the same one at the same moment.
    static constexpr auto kGrace = std::chrono::seconds(30);

    /// `refreshKey` makes the next refresh token out of the one before.
    SignIn(core::db::Database& database, const core::Clock& clock, const TokenSigner& signer,
           const PasswordHasher& hasher, core::http::Authentication& authentication, Refusals& refusals,
           std::string refreshKey, Lifetimes lifetimes);

    /// How the account of that address is called, however the address is spelt.
    [[nodiscard]] static std::string account(const std::string& email);
    /// Without `tenant` into the one that the person has chosen, or their only one; otherwise
    /// errors::kTenantChoice, whose details name them. Throws core::Error: kInvalidToken (address, password
    /// or account; one sentence for all) or kForbidden (no such membership).
    SignedIn login(const std::string& email, const std::string& password,
                   const std::optional<core::Uuid>& tenant, const Origin& origin);
    /// Spends the refresh token for a new pair. A spent one that comes back within kGrace is given what the
    /// first one was given; later it ends its whole family. `tenant` is the one to stay in where the session
    /// has moved on. Throws core::Error(kInvalidToken) or kForbidden.
    SignedIn refresh(const std::string& refreshToken, const std::optional<core::Uuid>& tenant,
                     const Origin& origin);
    /// Makes another tenant the active one of this session, and of the next sign-in. Throws
    /// core::Error(kForbidden).
    SignedIn switchTo(const core::http::Principal& caller, const core::Uuid& tenant,
                      const core::SystemContext& context);
    /// Inside a unit of work: a session in that tenant, which is chosen from now on; `session` is gone on
    /// with.
    SignedIn enter(core::db::Transaction& tx, const UserRow& user, const Membership& active,
                   const std::optional<core::Uuid>& session, const std::string& address);
    void logout(const core::Uuid& session, const core::SystemContext& context);
    /// Ends all other sessions of the user. Throws core::Error(kInvalidToken) for a wrong current password
    /// and kValidation for a new one that is too weak.
    void changePassword(const core::http::Principal& caller, const std::string& current,
                        const std::string& wanted, const core::SystemContext& context, const Origin& origin);

    /// Called with the address of a user whose password has changed, after the commit.
    std::function<void(const std::string& email)> passwordChanged;

private:
    SignedIn grant(core::db::Transaction& tx, const UserRow& user, const Membership& active,
                   const core::Uuid& session, std::string refreshToken);
    [[nodiscard]] std::string next(std::string_view refreshToken) const;
    /// The good one among those that came after a spent token; nullopt if it was spent too long ago.
    std::optional<std::string> successor(core::db::Transaction& tx, std::string token, core::Instant spentAt);

    core::db::Database& database_;
    const core::Clock& clock_;
    const TokenSigner& signer_;
    const PasswordHasher& hasher_;
    core::http::Authentication& authentication_;
    Refusals& refusals_;
    std::string refreshKey_;
    Lifetimes lifetimes_;
    UserStore users_;
    SessionStore sessions_;
};

/// Verifies people's access tokens; looks after the session at most every 30 seconds.
class SessionAuthenticator final : public core::http::Authenticator {
public:
    SessionAuthenticator(core::db::Database& database, const core::Clock& clock, const TokenSigner& signer)
        : database_(database), clock_(clock), signer_(signer), sessions_(clock) {}
    std::optional<core::Result<Verified>> authenticate(const core::http::Credentials& credentials) override;

private:
    core::db::Database& database_;
    const core::Clock& clock_;
    const TokenSigner& signer_;
    SessionStore sessions_;
};

} // namespace base
