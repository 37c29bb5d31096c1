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
inline constexpr ErrorKind kTenantExists{"TenantAlreadyExists", 409, "A tenant of this name exists",
                                         "Choose another name"};
inline constexpr ErrorKind kTenantLimitReached{"TenantLimitReached", 409, "The tenant's limit is reached",
                                               "Remove what is not needed, or have the limit raised"};
inline constexpr ErrorKind kTokenNotFound{"TokenNotFound", 404, "No such API token", "Check the token's id"};
inline constexpr ErrorKind kVaultSealed{"VaultSealed", 500, "The key does not open the vault",
                                        "Start with the BACKUP_ENCRYPTION_KEY that sealed the secrets"};

} // namespace base::errors
