#pragma once

#include <functional>
#include <optional>
#include <string>

#include "accounts/user_store.h"
#include "auth/password.h"
#include "auth/session_store.h"
#include "core/db/database.h"
#include "core/http/principal.h"
#include "tokens/api_token_store.h"

namespace base {

/// The rules of managing people. Thread-safe; slow where passwords are involved.
///
/// A person may belong to several tenants. What the administrator of one decides (role, name, active) holds
/// in that tenant. A password holds everywhere: so a reset of it suspends the memberships in other tenants
/// until their administrators confirm, or else one tenant could take over another's. No answer tells whether
/// there are others.
class UserService {
public:
    UserService(core::db::Database& database, const core::Clock& clock, const PasswordHasher& hasher,
                core::http::Authentication& authentication);

    struct NewUser {
        std::string email;
        std::string password;
        std::string name;
        core::http::Role role = core::http::Role::viewer;
        bool system = false;
    };
    /// A new person with a password: for the operator of the host and the first start. Others are invited
    /// (Invitations). Throws core::Error(errors::kUserExists) for an address that has an account.
    Member create(const core::Uuid& tenant, const NewUser& wanted, const core::SystemContext& context);

    struct Change {
        std::optional<std::string> email = {}; ///< only by the system: others would learn who exists
        std::optional<std::string> name = {};
        std::optional<std::string> password = {};
        std::optional<core::http::Role> role = {};
        std::optional<bool> active = {};
        /// Sees the member before the change, which nobody else changes meanwhile; what it throws ends it.
        std::function<void(const Member&)> judge = {};
    };
    /// Throws core::Error: errors::kUserNotFound, kLastAdmin, kUserExists, kForbidden, kValidation.
    Member update(const core::Uuid& tenant, const core::Uuid& user, const Change& change, bool bySystem,
                  const core::SystemContext& context);
    /// Ends the suspension of the membership. Throws core::Error(errors::kUserNotFound).
    Member confirm(const core::Uuid& tenant, const core::Uuid& user, const core::SystemContext& context);
    /// Ends the membership, and deletes a person who has no other. Throws as update().
    void remove(const core::Uuid& tenant, const core::Uuid& user, const core::SystemContext& context);

    [[nodiscard]] Member get(const core::TenantContext& context, const core::Uuid& user);
    [[nodiscard]] std::vector<Member> list(const core::TenantContext& context,
                                           const std::optional<core::http::Cursor>& after, int limit);

    // By the operator of the host, of the whole account. Throw core::Error(errors::kUserNotFound).

    /// Ends all sessions and suspensions: the operator answers for who is told the password.
    UserRow setPassword(const std::string& email, const std::string& password,
                        const core::SystemContext& context);
    UserRow setActive(const std::string& email, bool active, const core::SystemContext& context);

    [[nodiscard]] const UserStore& store() const noexcept { return users_; }

    /// Called with the address of a user whose password has changed, after the commit.
    std::function<void(const std::string& email)> passwordChanged;

private:
    Member require(core::db::Transaction& tx, const core::Uuid& tenant, const core::Uuid& user) const;
    void requireAnotherAdmin(core::db::Transaction& tx, const core::Uuid& tenant,
                             const core::Uuid& user) const;

    /// Drops what is remembered of the person and of the API tokens that stand on their rights.
    void forgetAfterCommit(core::db::Transaction& tx, const core::Uuid& user);
    UserRow requireAccount(core::db::Transaction& tx, const std::string& email) const;

    core::db::Database& database_;
    const PasswordHasher& hasher_;
    core::http::Authentication& authentication_;
    UserStore users_;
    SessionStore sessions_;
    ApiTokenStore tokens_;
};

} // namespace base
