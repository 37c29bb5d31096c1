#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include <sys/epoll.h>

#include "http/file_descriptor.h"

namespace core::http {

/// What the event loop waits for: descriptors, each with a tag, and actions that other threads post. Belongs
/// to the loop's thread except where it says otherwise.
class EventQueue {
public:
    /// Throws std::system_error.
    EventQueue();

    /// Level-triggered until it is changed or removed. False, with errno, if the system takes no more.
    [[nodiscard]] bool add(int fd, std::uint32_t events, std::uint64_t tag) const noexcept;
    /// Takes effect at once, so that the next event may arrive before this returns. Thread-safe.
    void change(int fd, std::uint32_t events, std::uint64_t tag) const noexcept;
    void remove(int fd) const noexcept;
    /// Waits for events, and returns early for a posted action. The events are valid until the next call.
    [[nodiscard]] std::span<const epoll_event> wait(int timeoutMs);

    /// Runs on the loop's thread, soon. Thread-safe. Dropped once the queue is closed.
    void post(std::function<void()> action);
    void runPosted();
    /// Drops what is posted, and whatever will be.
    void close();

private:
    static constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};

    FileDescriptor epoll_, wake_;
    std::array<epoll_event, 256> events_{};
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;
    bool closed_ = false;
};

} // namespace core::http
