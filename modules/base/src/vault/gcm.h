#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base::gcm {

inline constexpr std::size_t kNonceBytes = 12;

/// AES-256-GCM; the result ends with the 16 bytes of the tag. A nonce must never be used twice with one key.
/// Throws core::Error(kInternal) if OpenSSL fails.
std::string seal(std::string_view key, std::string_view nonce, std::string_view additional,
                 std::string_view plain);
/// nullopt if key, nonce, additional data or text are not those of seal().
std::optional<std::string> open(std::string_view key, std::string_view nonce, std::string_view additional,
                                std::string_view sealed);

} // namespace base::gcm
