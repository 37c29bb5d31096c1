#include "host/service_manager.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace core::host {

namespace {
constexpr int kFirstSocket = 3; // SD_LISTEN_FDS_START
constexpr int kMaxSockets = 64;

/// The variable's value, taken out of the environment; "" if it is not there.
std::string take(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): no other thread runs yet
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name); // NOLINT(concurrency-mt-unsafe)
    return text;
}

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}
} // namespace

ServiceManager ServiceManager::takeFromEnvironment() {
    ServiceManager manager;
    const auto listenPid = number(take("LISTEN_PID"));
    const auto count = number(take("LISTEN_FDS")).value_or(0);
    take("LISTEN_FDNAMES");
    if (listenPid == ::getpid()) // else they are meant for the process that started this one
        for (int fd = kFirstSocket; fd < kFirstSocket + std::clamp<std::int64_t>(count, 0, kMaxSockets);
             ++fd) {
            ::fcntl(fd, F_SETFD, FD_CLOEXEC);
            manager.sockets_.push_back(fd);
        }
    manager.address_ = take("NOTIFY_SOCKET");
    const auto watchdogPid = number(take("WATCHDOG_PID"));
    const auto watchdog = number(take("WATCHDOG_USEC"));
    if (watchdog && *watchdog > 0 && (!watchdogPid || *watchdogPid == ::getpid()))
        manager.aliveEvery_ = std::chrono::milliseconds(std::max<std::int64_t>(*watchdog / 2000, 1));
    return manager;
}

void ServiceManager::tell(std::string_view message) const noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (address_.size() < 2 || address_.size() >= sizeof address.sun_path ||
        (address_.front() != '/' && address_.front() != '@'))
        return;
    std::copy(address_.begin(), address_.end(), std::begin(address.sun_path));
    if (address_.front() == '@') // a name that is no file
        address.sun_path[0] = '\0';
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size()));
    ::close(fd);
}

void ServiceManager::ready(std::string_view status) const noexcept {
    tell(fmt::format("READY=1\nSTATUS={}\n", status));
}

void ServiceManager::reloading() const noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", now.tv_sec * 1000000 + now.tv_nsec / 1000));
}

void ServiceManager::stopping() const noexcept {
    tell("STOPPING=1\nSTATUS=Stopping\n");
}

void ServiceManager::alive() const noexcept {
    tell("WATCHDOG=1\n");
}

} // namespace core::host
