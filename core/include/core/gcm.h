#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/export.h"

/// Authenticated encryption: AES-256-GCM.
namespace core::gcm {

inline constexpr std::size_t kNonceBytes = 12;

/// A new random nonce.
CORE_EXPORT std::string newNonce();
/// The key has 32 bytes, the nonce kNonceBytes; the result ends with the 16 bytes of the tag. A nonce must
/// never be used twice with one key. Throws core::Error(kInternal) if OpenSSL fails.
CORE_EXPORT std::string seal(std::string_view key, std::string_view nonce, std::string_view additional,
                             std::string_view plain);
/// nullopt if key, nonce, additional data or text are not those of seal().
CORE_EXPORT std::optional<std::string> open(std::string_view key, std::string_view nonce,
                                            std::string_view additional, std::string_view sealed);

} // namespace core::gcm
