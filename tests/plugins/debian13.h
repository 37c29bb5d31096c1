#pragma once

#include <string>

namespace test {

/// A file of the small Debian 13 that scripts/debian13.sh unpacked: PostgreSQL 17 and MariaDB 11.8, whose
/// programs run on this machine as they are.
inline std::string inDebian13(const std::string& path) {
    return AE_SOURCE_DIR "/build/tools/debian13/" + path;
}

} // namespace test
