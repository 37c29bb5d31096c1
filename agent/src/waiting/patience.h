#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>

namespace agent {

/// Does something that may never come back, such as a look at a file on a dead network file system, on a
/// thread of its own, and leaves that thread behind when `giveUp` says so. `work` must own all that it
/// touches. What it throws is thrown here.
template <typename Work>
auto patiently(Work work, const std::function<bool()>& giveUp) -> std::optional<decltype(work())> {
    using Value = decltype(work());
    auto task = std::make_shared<std::packaged_task<Value()>>(std::move(work));
    auto result = task->get_future();
    std::thread([task] { (*task)(); }).detach();
    constexpr auto kFirst = std::chrono::milliseconds(5);
    if (result.wait_for(kFirst) == std::future_status::ready)
        return result.get();
    while (result.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
        if (giveUp())
            return std::nullopt;
    return result.get();
}

/// The same for at most so long.
template <typename Work>
auto patiently(Work work, std::chrono::milliseconds most) -> std::optional<decltype(work())> {
    const auto until = std::chrono::steady_clock::now() + most;
    return patiently(std::move(work), [until] { return std::chrono::steady_clock::now() >= until; });
}

} // namespace agent
