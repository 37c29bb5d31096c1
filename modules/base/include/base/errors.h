#pragma once

#include "core/error.h"

/// What the base module's API can answer besides core's errors: each declared once.
namespace base::errors {

using core::ErrorKind;

inline constexpr ErrorKind kUserNotFound{"UserNotFound", 404, "No such user", "Check the user's id"};
inline constexpr ErrorKind kUserExists{"UserAlreadyExists", 409, "This e-mail address is taken",
                                       "Use another e-mail address"};
inline constexpr ErrorKind kLastAdmin{"LastAdmin", 409, "The tenant would be left without an administrator",
                                      "Make somebody else an administrator first"};
inline constexpr ErrorKind kTenantNotFound{"TenantNotFound", 404, "No such tenant", "Check the tenant's id"};
inline constexpr ErrorKind kTenantChoice{"TenantChoiceRequired", 409,
                                         "The person belongs to several tenants and has chosen none",
                                         "Send tenant_id; the details name the tenants"};
inline constexpr ErrorKind kInvitationNotFound{
    "InvitationNotFound", 404, "No such invitation, or not any more", "Ask for a new invitation"};
inline constexpr ErrorKind kTooManyInvitations{"TooManyInvitations", 409, "Too many invitations are open",
                                               "Withdraw those that nobody will accept"};
inline constexpr ErrorKind kTenantLimitReached{"TenantLimitReached", 409, "The tenant's limit is reached",
                                               "Remove what is not needed, or have the limit raised"};
inline constexpr ErrorKind kTokenNotFound{"TokenNotFound", 404, "No such API token", "Check the token's id"};
inline constexpr ErrorKind kVaultSealed{"VaultSealed", 500, "The key does not open the vault",
                                        "Start with the BACKUP_ENCRYPTION_KEY that sealed the secrets"};

} // namespace base::errors
