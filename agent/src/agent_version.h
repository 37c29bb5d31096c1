#pragma once

#include <string_view>

namespace agent {

/// The version of this build.
inline constexpr std::string_view kAgentVersion = AE_VERSION;

} // namespace agent
