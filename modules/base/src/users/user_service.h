#pragma once

#include <functional>
#include <optional>
#include <string>

#include "auth/password.h"
#include "auth/session_store.h"
#include "core/db/database.h"
#include "core/http/principal.h"
#include "users/user_store.h"

namespace base {

/// The rules of managing people. Thread-safe; slow where passwords are involved.
///
/// A person may belong to several tenants. The administrator of one decides about membership and role in it;
/// what holds everywhere (address, name, password, active) only about people who belong to no other tenant
/// and are not of the system, or else one tenant could take over another's.
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
    /// Called with the member inside the unit of work that made it.
    using Made = std::function<void(const Member&)>;
    /// A new person, or a known one (whose password stays) made a member. Throws
    /// core::Error(errors::kUserExists) for a member.
    Member create(const core::Uuid& tenant, const NewUser& wanted, const core::SystemContext& context,
                  const Made& made = {});

    struct Change {
        std::optional<std::string> email = {};
        std::optional<std::string> name = {};
        std::optional<std::string> password = {};
        std::optional<core::http::Role> role = {};
        std::optional<bool> active = {};
    };
    /// Throws core::Error: errors::kUserNotFound, kLastAdmin, kUserExists, kForbidden, kValidation.
    Member update(const core::Uuid& tenant, const core::Uuid& user, const Change& change, bool bySystem,
                  const core::SystemContext& context);
    /// Ends the membership, and deletes a person who has no other. Throws as update().
    void remove(const core::Uuid& tenant, const core::Uuid& user, const core::SystemContext& context);

    [[nodiscard]] Member get(const core::TenantContext& context, const core::Uuid& user);
    [[nodiscard]] std::vector<Member> list(const core::TenantContext& context,
                                           const std::optional<core::http::Cursor>& after, int limit);
    [[nodiscard]] const UserStore& store() const noexcept { return users_; }

    /// Called with the address of a user whose password has changed, after the commit.
    std::function<void(const std::string& email)> passwordChanged;

private:
    Member require(core::db::Transaction& tx, const core::Uuid& tenant, const core::Uuid& user) const;
    void requireAnotherAdmin(core::db::Transaction& tx, const core::Uuid& tenant,
                             const core::Uuid& user) const;

    core::db::Database& database_;
    const PasswordHasher& hasher_;
    core::http::Authentication& authentication_;
    UserStore users_;
    SessionStore sessions_;
};

} // namespace base
