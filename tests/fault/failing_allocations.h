#pragma once

#include <atomic>
#include <cstdint>

namespace test {

/// What a test and the host that it started share, in a file that both map: which allocations fail. Only
/// those of the threads that run handlers count; all is off at first.
struct FailingAllocations {
    std::atomic<std::int64_t> countdown{0}; ///< 1: the next one fails; 0: off
    std::atomic<std::int64_t> every{0};     ///< about one of so many fails; 0: off
    std::atomic<std::int64_t> seen{0};      ///< since `every` was set
    std::atomic<std::int64_t> failed{0};    ///< so many did
};

/// The variable that names the file.
inline constexpr auto kFailingAllocations = "AE_TEST_FAILING_ALLOCATIONS";

} // namespace test
