#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace test {

/// A restic to try something with.
struct Restic {
    std::string name; ///< for the test's name
    std::string program;
};

inline void PrintTo(const Restic& restic, std::ostream* out) {
    *out << restic.name;
}

/// The system's own, and those of Debian's newer suites that scripts/restics.sh fetched.
inline std::vector<Restic> restics() {
    const std::filesystem::path fetched = std::filesystem::path(AE_BUILD_DIR) / "tools/restic";
    return {{"system", "restic"},
            {"trixie", (fetched / "trixie/restic").string()},
            {"sid", (fetched / "sid/restic").string()}};
}

} // namespace test
