#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "http/file_descriptor.h"
#include "http/listen_address.h"

namespace core::http {

/// An IP address as text, in an array so that a connection needs no memory of its own for it. "unix" for a
/// client of a socket file.
using AddressText = std::array<char, 46>;

/// A socket that takes connections. One thread.
class Listener {
public:
    /// Takes the address; connections are taken from listen() on. Throws core::Error(kUnavailable) that names
    /// the address and what to do. A socket file is for this user and its group; one that is left from a host
    /// that has died is replaced, one that somebody serves is not.
    static Listener bind(const ListenAddress& address);
    /// Throws as bind() would now, and leaves everything as it is.
    static void tryBind(const ListenAddress& address);
    /// Takes over a socket that listens already. Throws core::Error(kUnavailable) if it does not.
    static Listener adopt(FileDescriptor fd);
    /// Removes the socket file that it has made.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&&) = delete;

    /// Throws as bind().
    void listen();

    struct Accepted {
        FileDescriptor fd; ///< non-blocking
        AddressText peer{};
    };
    /// The next connection that waits; nullopt with errno set if there is none.
    [[nodiscard]] std::optional<Accepted> accept() const;

    [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }
    /// Only programs of this machine can connect, by a socket file.
    [[nodiscard]] bool local() const noexcept { return local_; }
    /// 0 for a socket file.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// HOST:PORT with the port that was bound, [V6]:PORT, or unix:/PATH.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] ListenAddress::Protocol protocol() const noexcept { return protocol_; }

private:
    Listener(FileDescriptor fd, ListenAddress::Protocol protocol);
    static Listener bindTcp(const ListenAddress& address);
    static Listener bindFile(const ListenAddress& address);

    FileDescriptor fd_;
    ListenAddress::Protocol protocol_;
    bool local_ = false;
    std::uint16_t port_ = 0;
    std::string name_;
    struct File {
        std::string path; ///< empty: none to remove
        dev_t device = 0;
        ino_t inode = 0;
    } file_;
};

} // namespace core::http
