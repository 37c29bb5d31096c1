#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <unistd.h>

#include "http/body_reader.h"
#include "http/dispatcher.h"
#include "http/head_parser.h"
#include "http/park.h"

namespace core::http {

/// Closes a descriptor at the end of its life.
class FileDescriptor {
public:
    explicit FileDescriptor(int fd = -1) noexcept : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    int release() noexcept {
        const int fd = fd_;
        fd_ = -1;
        return fd;
    }

private:
    int fd_;
};

/// One client's connection. It is owned by one thread at a time: by the event loop while it waits, reads,
/// writes or is parked, by a worker while it is dispatched. `phase` hands it over.
struct Connection {
    enum class Phase : std::uint8_t { idle, reading, dispatched, writing, parked, draining };

    explicit Connection(FileDescriptor descriptor, std::uint64_t number)
        : fd(std::move(descriptor)), id(number) {}

    /// The request that is being read; gone while the connection is idle.
    struct Exchange {
        explicit Exchange(const HeadLimits& limits) : parser(limits) {}
        HeadParser parser;
        std::unique_ptr<BodyReader> body;
        Dispatcher::Incoming incoming;
        bool keepAlive = true;
        bool headOnly = false;
    };

    FileDescriptor fd;
    std::uint64_t id;
    std::atomic<Phase> phase{Phase::idle};
    std::atomic<std::int64_t> deadlineMs{0}; ///< steady milliseconds
    std::int64_t timerAt = 0;                ///< when the loop looks at the deadline next; the loop's own
    std::array<char, 46> peer{};             ///< IP address as text
    bool trusted = false;                    ///< `peer` is a proxy whose word on its client counts
    std::string in;
    std::string out;
    std::size_t outAt = 0;
    bool closeAfterWrite = false;
    bool peerClosed = false;
    std::unique_ptr<Exchange> exchange;
    std::shared_ptr<detail::ParkState> park;
    /// What the answer to a parked request needs.
    bool parkKeepAlive = true;
    bool parkHeadOnly = false;
    std::string parkRequestId;
};

} // namespace core::http
