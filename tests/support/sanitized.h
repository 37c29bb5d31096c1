#pragma once

namespace test {

/// Whether this build has a sanitizer: all of it works several times as long, and a process keeps what it
/// freed for a while.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

} // namespace test
