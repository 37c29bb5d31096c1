#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "http/file_descriptor.h"

namespace core::http {

/// An IP address as text, in an array so that a connection needs no memory of its own for it.
using AddressText = std::array<char, 46>;

/// A socket that takes connections. One thread.
class Listener {
public:
    /// Binds HOST:PORT or [HOST]:PORT; port 0 takes a free one. Throws core::Error(kUnavailable) that names
    /// the address and what to do.
    static Listener bind(const std::string& address);

    struct Accepted {
        FileDescriptor fd; ///< non-blocking
        AddressText peer{};
    };
    /// The next connection that waits; nullopt with errno set if there is none.
    [[nodiscard]] std::optional<Accepted> accept() const;

    [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    explicit Listener(FileDescriptor fd);

    FileDescriptor fd_;
    std::uint16_t port_ = 0;
};

} // namespace core::http
