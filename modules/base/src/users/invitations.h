#pragma once

#include <functional>
#include <optional>
#include <string>

#include "accounts/user_store.h"
#include "auth/sign_in.h"
#include "core/db/database.h"
#include "core/http/principal.h"
#include "tenants/tenant_store.h"
#include "tokens/api_token_store.h"
#include "users/invitation_store.h"

namespace base {

/// How people come into a tenant: by an invitation that its holder accepts. Inviting changes nothing for the
/// invited and answers the same whether or not the address has an account. Thread-safe; accepting is slow
/// where a password is set.
class Invitations {
public:
    static constexpr auto kGoodFor = std::chrono::hours(24 * 7);
    /// Open ones of one tenant.
    static constexpr std::int64_t kMost = 200;

    Invitations(core::db::Database& database, const core::Clock& clock, const PasswordHasher& hasher,
                SignIn& signIn, const TenantStore& tenants, Refusals& refusals);

    struct Wanted {
        std::string email;
        std::string name;
        core::http::Role role = core::http::Role::viewer;
    };
    struct Made {
        InvitationRow row;
        std::string token; ///< shown once
    };
    /// `made` is called inside the unit of work. Throws core::Error: errors::kUserExists for a member of this
    /// tenant, kTooManyInvitations, kValidation.
    void invite(const core::Uuid& tenant, const core::http::Principal& caller, const Wanted& wanted,
                const core::SystemContext& context, const std::function<void(const Made&)>& made);
    /// Throws core::Error(errors::kInvitationNotFound).
    void withdraw(const core::Uuid& tenant, const core::Uuid& id, const core::SystemContext& context);
    [[nodiscard]] std::vector<InvitationRow> list(const core::TenantContext& context,
                                                  const std::optional<core::http::Cursor>& after, int limit);

    struct Look {
        InvitationRow row;
        std::string tenantName;
    };
    /// What the holder of a token is invited to. Throws core::Error(errors::kInvitationNotFound).
    [[nodiscard]] Look look(const std::string& token);
    /// Uses the invitation up. Signed in, the caller becomes a member, if the invitation is for their
    /// address. Otherwise a new account is made with `password`; for an address that has one, the person must
    /// sign in. Throws core::Error: errors::kInvitationNotFound, kForbidden, kInvalidToken, kValidation.
    SignedIn accept(const std::string& token, const std::optional<std::string>& password,
                    const std::optional<core::http::Principal>& caller, const Origin& origin);

private:
    /// The invitation if it can be accepted now: whoever invited must still be allowed to.
    InvitationRow require(core::db::Transaction& tx, const std::string& token) const;

    core::db::Database& database_;
    const core::Clock& clock_;
    const PasswordHasher& hasher_;
    SignIn& signIn_;
    const TenantStore& tenants_;
    Refusals& refusals_;
    UserStore users_;
    ApiTokenStore tokens_;
    InvitationStore invitations_;
};

} // namespace base
