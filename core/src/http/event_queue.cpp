#include "http/event_queue.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <sys/eventfd.h>

namespace core::http {

EventQueue::EventQueue()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_.get() < 0 || wake_.get() < 0 || !add(wake_.get(), EPOLLIN, kWakeTag))
        throw std::system_error(errno, std::generic_category(), "epoll");
}

bool EventQueue::add(int fd, std::uint32_t events, std::uint64_t tag) const noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventQueue::change(int fd, std::uint32_t events, std::uint64_t tag) const noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventQueue::remove(int fd) const noexcept {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> EventQueue::wait(int timeoutMs) {
    const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeoutMs);
    auto end = events_.begin() + std::max(count, 0);
    const auto wake = std::find_if(events_.begin(), end,
                                   [](const epoll_event& event) { return event.data.u64 == kWakeTag; });
    if (wake != end) {
        std::uint64_t posts = 0;
        [[maybe_unused]] const auto got = ::read(wake_.get(), &posts, sizeof posts);
        end = std::move(wake + 1, end, wake);
    }
    return {events_.begin(), end};
}

void EventQueue::post(std::function<void()> action) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_)
            return;
        posted_.push_back(std::move(action));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void EventQueue::runPosted() {
    std::vector<std::function<void()>> actions;
    {
        const std::lock_guard lock(mutex_);
        actions.swap(posted_);
    }
    for (const auto& action : actions)
        action();
}

void EventQueue::close() {
    std::vector<std::function<void()>> dropped; // outlives the lock: what an action holds may post at its end
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(posted_);
}

} // namespace core::http
