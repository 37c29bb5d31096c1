#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/http/principal.h"
#include "core/time.h"

namespace base {

struct UserRow {
    core::Uuid id;
    std::string email;
    std::string name;
    bool active = true; ///< false: the operator of the host has disabled the account
    bool system = false;
    core::Instant createdAt;
    core::Instant updatedAt;
};

struct Membership {
    core::Uuid tenant;
    std::string tenantName;
    core::http::Role role = core::http::Role::viewer;
};

/// A user as one tenant sees them.
struct Member {
    UserRow user;
    core::http::Role role = core::http::Role::viewer;
    bool active = true;                            ///< in this tenant
    std::optional<std::string> name;               ///< what this tenant calls them, instead of their own name
    std::optional<core::Instant> suspendedAt = {}; ///< until an administrator of this tenant confirms
    core::Instant since;

    [[nodiscard]] const std::string& shownName() const { return name ? *name : user.name; }
    /// Whether the membership lets them in.
    [[nodiscard]] bool admits() const { return user.active && active && !suspendedAt; }
};

/// The form in which an address is stored and looked up. Throws core::Error(kValidation), naming `pointer`,
/// for text that is no e-mail address.
std::string normalEmail(std::string_view email, const std::string& pointer);

/// People and their memberships. What changes here runs in a system context; list() and findMember() also in
/// a tenant's.
class UserStore {
public:
    explicit UserStore(const core::Clock& clock) : clock_(clock) {}

    /// Throws core::Error(errors::kUserExists).
    UserRow create(core::db::Transaction& tx, const std::string& email, const std::string& name,
                   const std::string& passwordHash, bool system) const;
    [[nodiscard]] std::optional<UserRow> find(core::db::Transaction& tx, const core::Uuid& id) const;
    [[nodiscard]] std::optional<UserRow> findByEmail(core::db::Transaction& tx,
                                                     const std::string& email) const;
    [[nodiscard]] std::optional<std::string> passwordHash(core::db::Transaction& tx,
                                                          const core::Uuid& id) const;
    void setPassword(core::db::Transaction& tx, const core::Uuid& id, const std::string& hash) const;
    /// Stores address, name, active and system. Throws core::Error(errors::kUserExists).
    void update(core::db::Transaction& tx, UserRow& user) const;
    void remove(core::db::Transaction& tx, const core::Uuid& id) const;
    [[nodiscard]] bool any(core::db::Transaction& tx) const;
    /// Everybody, by address.
    [[nodiscard]] std::vector<UserRow> everybody(core::db::Transaction& tx) const;

    /// Those that let the person in, oldest first: neither inactive nor suspended.
    [[nodiscard]] std::vector<Membership> memberships(core::db::Transaction& tx,
                                                      const core::Uuid& user) const;
    /// Whether there is any membership, whatever its state.
    [[nodiscard]] bool belongsAnywhere(core::db::Transaction& tx, const core::Uuid& user) const;
    /// Adds, or changes the role.
    void setMembership(core::db::Transaction& tx, const core::Uuid& user, const core::Uuid& tenant,
                       core::http::Role role) const;
    /// Nobody else changes it until this unit of work ends.
    void lockMembership(core::db::Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const;
    /// Stores role, active, name and suspension of what is there.
    void updateMembership(core::db::Transaction& tx, const core::Uuid& tenant, const Member& member) const;
    void removeMembership(core::db::Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const;
    /// Suspends the memberships in all tenants but one.
    void suspendElsewhere(core::db::Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const;
    void endSuspensions(core::db::Transaction& tx, const core::Uuid& user) const;
    /// Whether an administrator besides that one may come in.
    [[nodiscard]] bool hasAnotherAdmin(core::db::Transaction& tx, const core::Uuid& tenant,
                                       const core::Uuid& besides) const;

    /// The tenant in which the person has chosen to work.
    [[nodiscard]] std::optional<core::Uuid> chosenTenant(core::db::Transaction& tx,
                                                         const core::Uuid& user) const;
    void choose(core::db::Transaction& tx, const core::Uuid& user, const core::Uuid& tenant) const;

    [[nodiscard]] std::optional<Member> findMember(core::db::Transaction& tx, const core::Uuid& tenant,
                                                   const core::Uuid& user) const;
    [[nodiscard]] std::optional<Member> findMemberByEmail(core::db::Transaction& tx, const core::Uuid& tenant,
                                                          const std::string& email) const;
    /// Newest membership first, one more than the limit if there are more.
    [[nodiscard]] std::vector<Member> list(core::db::Transaction& tx, const core::Uuid& tenant,
                                           const std::optional<core::http::Cursor>& after, int limit) const;

private:
    const core::Clock& clock_;
};

} // namespace base
