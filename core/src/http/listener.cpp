#include "http/listener.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "core/error.h"

namespace core::http {

namespace {

std::pair<std::string, std::string> splitAddress(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos)
        throw Error(errors::kUnavailable, "The address \"" + address + "\" has no port: write HOST:PORT.");
    std::string host = address.substr(0, colon);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    return {host, address.substr(colon + 1)};
}

void writePeer(const sockaddr_storage& address, AddressText& out) {
    constexpr auto kSize = static_cast<socklen_t>(std::tuple_size_v<AddressText>);
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6))
            ::inet_ntop(AF_INET, &v6.s6_addr[12], out.data(), kSize);
        else
            ::inet_ntop(AF_INET6, &v6, out.data(), kSize);
    } else {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, out.data(), kSize);
    }
}

} // namespace

Listener::Listener(FileDescriptor fd) : fd_(std::move(fd)) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                              : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

Listener Listener::bind(const std::string& address) {
    const auto [host, port] = splitAddress(address);
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int rc = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
        rc != 0)
        throw Error(errors::kUnavailable,
                    fmt::format("The address \"{}\" cannot be used: {}.", address, ::gai_strerror(rc)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
    int lastError = 0;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        FileDescriptor fd(::socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (fd.get() < 0)
            continue;
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(fd.get(), info->ai_addr, info->ai_addrlen) == 0 && ::listen(fd.get(), SOMAXCONN) == 0)
            return Listener(std::move(fd));
        lastError = errno;
    }
    const char* advice =
        lastError == EADDRINUSE
            ? "another program listens there; stop it or choose another address with AE_HTTP_ADDR"
            : std::strerror(lastError);
    throw Error(errors::kUnavailable, fmt::format("Cannot listen on {}: {}.", address, advice));
}

std::optional<Listener::Accepted> Listener::accept() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    FileDescriptor fd(
        ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() < 0)
        return std::nullopt;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Accepted accepted{std::move(fd), {}};
    writePeer(address, accepted.peer);
    return accepted;
}

} // namespace core::http
