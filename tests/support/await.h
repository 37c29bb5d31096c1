#pragma once

#include <chrono>
#include <thread>

namespace test {

/// Waits until the condition holds; false after the time limit. For conditions that nothing announces (a
/// file, a process, another program's state).
template <typename Condition>
bool await(Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

} // namespace test
