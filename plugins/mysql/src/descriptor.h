#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "settings.h"

namespace mysql {

/// An open descriptor; closed with this object.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    void close() {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }
    [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_;
};

/// A pipe that holds as much as an unprivileged one may: fewer changes between its two ends.
struct Pipe {
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw Failure("There is no room for another pipe");
        out = Descriptor(ends[0]);
        in = Descriptor(ends[1]);
        (void)::fcntl(in.fd(), F_SETPIPE_SZ, 1 << 20);
    }
    /// Read from `out` what was written to `in`.
    Descriptor out;
    Descriptor in;
};

} // namespace mysql
