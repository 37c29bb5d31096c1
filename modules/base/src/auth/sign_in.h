#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/password.h"
#include "auth/session_store.h"
#include "base/token_signer.h"
#include "core/db/database.h"
#include "core/http/principal.h"
#include "core/time.h"
#include "users/user_store.h"

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
    SignIn(core::db::Database& database, const core::Clock& clock, const TokenSigner& signer,
           const PasswordHasher& hasher, core::http::Authentication& authentication, Lifetimes lifetimes);

    struct Origin {
        std::string address;
        std::shared_ptr<core::AuditTrail> trail;
    };
    /// How the account of that address is called, however the address is spelt.
    [[nodiscard]] static std::string account(const std::string& email);
    /// Throws core::Error: kInvalidToken (address, password or account; one sentence for all) or kForbidden
    /// (no such membership).
    SignedIn login(const std::string& email, const std::string& password,
                   const std::optional<core::Uuid>& tenant, const Origin& origin);
    /// Spends the refresh token for a new pair. A spent one that comes back ends its whole family. `tenant`
    /// changes the active one. Throws core::Error(kInvalidToken) or kForbidden.
    SignedIn refresh(const std::string& refreshToken, const std::optional<core::Uuid>& tenant);
    void logout(const core::Uuid& session, const core::SystemContext& context);
    /// Ends all other sessions of the user. Throws core::Error(kInvalidToken) for a wrong current password
    /// and kValidation for a new one that is too weak.
    void changePassword(const core::http::Principal& caller, const std::string& current,
                        const std::string& wanted, const core::SystemContext& context);

    /// Called with the address of a user whose password has changed, after the commit.
    std::function<void(const std::string& email)> passwordChanged;

private:
    SignedIn grant(core::db::Transaction& tx, const UserRow& user, const Membership& active,
                   const core::Uuid& session);

    core::db::Database& database_;
    const core::Clock& clock_;
    const TokenSigner& signer_;
    const PasswordHasher& hasher_;
    core::http::Authentication& authentication_;
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
