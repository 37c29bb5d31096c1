#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/export.h"

namespace core {

/// Fills the span from getrandom(2). Blocks only before the kernel's pool is first seeded.
CORE_EXPORT void fillRandom(std::span<std::byte> out);

/// `bytes` random bytes as base64url without padding: 32 give a token of 256 bits.
CORE_EXPORT std::string randomToken(std::size_t bytes = 32);

} // namespace core
