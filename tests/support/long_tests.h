#pragma once

#include <cstdlib>

namespace test {

/// With the slow cases: ./dev test --long.
inline bool longTests() {
    const char* given = std::getenv("AE_TEST_LONG");
    return given != nullptr && *given != '\0';
}

} // namespace test
