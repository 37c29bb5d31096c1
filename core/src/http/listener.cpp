#include "http/listener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace core::http {

namespace {

constexpr mode_t kSocketFileMode = 0660;

[[noreturn]] void cannotListen(std::string_view address, int error) {
    const char* advice =
        error == EADDRINUSE
            ? "another program listens there; stop it or choose another address with AE_HTTP_ADDR"
            : std::strerror(error);
    throw Error(errors::kUnavailable, fmt::format("Cannot listen on {}: {}.", address, advice));
}

void writeAddress(const sockaddr_storage& address, AddressText& out) {
    constexpr auto kSize = static_cast<socklen_t>(std::tuple_size_v<AddressText>);
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6))
            ::inet_ntop(AF_INET, &v6.s6_addr[12], out.data(), kSize);
        else
            ::inet_ntop(AF_INET6, &v6, out.data(), kSize);
    } else if (address.ss_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, out.data(), kSize);
    } else {
        std::memcpy(out.data(), "unix", sizeof "unix");
    }
}

sockaddr_un fileAddress(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), std::begin(address.sun_path)); // its length was checked
    return address;
}

/// True if the file is a socket at which nobody answers any more.
bool isStale(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
        return false;
    const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const sockaddr_un address = fileAddress(path);
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
           errno == ECONNREFUSED;
}

} // namespace

Listener::Listener(FileDescriptor fd, ListenAddress::Protocol protocol)
    : fd_(std::move(fd)), protocol_(protocol) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
    AddressText text{};
    writeAddress(bound, text);
    if (bound.ss_family == AF_UNIX) {
        local_ = true;
        protocol_ = ListenAddress::Protocol::plain;
        const auto& file = reinterpret_cast<const sockaddr_un&>(bound);
        name_ = fmt::format("unix:{}", std::string_view(file.sun_path));
        return;
    }
    const bool v6 = bound.ss_family == AF_INET6;
    port_ = ntohs(v6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                     : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
    name_ = v6 ? fmt::format("[{}]:{}", text.data(), port_) : fmt::format("{}:{}", text.data(), port_);
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::move(other.fd_)), protocol_(other.protocol_), local_(other.local_), port_(other.port_),
      name_(std::move(other.name_)), file_(std::exchange(other.file_, {})) {}

Listener::~Listener() {
    struct stat found {};
    if (!file_.path.empty() && ::lstat(file_.path.c_str(), &found) == 0 && found.st_dev == file_.device &&
        found.st_ino == file_.inode) // else another host has put its own there
        ::unlink(file_.path.c_str());
}

Listener Listener::bind(const ListenAddress& address) {
    return address.path.empty() ? bindTcp(address) : bindFile(address);
}

void Listener::tryBind(const ListenAddress& address) {
    if (address.path.empty()) {
        bindTcp(address);
        return;
    }
    struct stat found {};
    const auto folder = std::filesystem::path(address.path).parent_path();
    if (::lstat(address.path.c_str(), &found) == 0 && !isStale(address.path))
        cannotListen(address.text, EADDRINUSE);
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        cannotListen(address.text, errno);
}

Listener Listener::bindTcp(const ListenAddress& address) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int rc = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                     address.port.c_str(), &hints, &found);
        rc != 0)
        throw Error(errors::kUnavailable,
                    fmt::format("The address \"{}\" cannot be used: {}.", address.text, ::gai_strerror(rc)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
    int lastError = 0;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        FileDescriptor fd(::socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (fd.get() < 0) {
            lastError = errno;
            continue;
        }
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(fd.get(), info->ai_addr, info->ai_addrlen) == 0)
            return Listener(std::move(fd), address.protocol);
        lastError = errno;
    }
    cannotListen(address.text, lastError);
}

Listener Listener::bindFile(const ListenAddress& address) {
    FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const sockaddr_un name = fileAddress(address.path);
    const auto bindIt = [&] {
        return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
    };
    // The file begins with the mode of its socket (less the umask): it is never open to others.
    if (fd.get() < 0 || ::fchmod(fd.get(), kSocketFileMode) != 0)
        cannotListen(address.text, errno);
    if (!bindIt()) {
        const int error = errno;
        if (error != EADDRINUSE || !isStale(address.path) || ::unlink(address.path.c_str()) != 0)
            cannotListen(address.text, error);
        if (!bindIt())
            cannotListen(address.text, errno);
    }
    struct stat made {};
    // At once: another host would take a file at which nobody listens for a dead one's.
    if (::chmod(address.path.c_str(), kSocketFileMode) != 0 || ::listen(fd.get(), SOMAXCONN) != 0 ||
        ::lstat(address.path.c_str(), &made) != 0)
        cannotListen(address.text, errno);
    Listener listener(std::move(fd), address.protocol);
    listener.file_ = {address.path, made.st_dev, made.st_ino};
    return listener;
}

Listener Listener::adopt(FileDescriptor fd) {
    int listens = 0;
    socklen_t length = sizeof listens;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0)
        throw Error(errors::kUnavailable, fmt::format("The descriptor {} that the service manager gave is no "
                                                      "listening stream socket; correct the socket unit.",
                                                      fd.get()));
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    return Listener(std::move(fd), ListenAddress::Protocol::automatic);
}

void Listener::listen() {
    if (::listen(fd_.get(), SOMAXCONN) != 0)
        cannotListen(name_, errno);
}

std::optional<Listener::Accepted> Listener::accept() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    FileDescriptor fd(
        ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() < 0)
        return std::nullopt;
    if (!local_) {
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    Accepted accepted{std::move(fd), {}};
    writeAddress(address, accepted.peer);
    return accepted;
}

} // namespace core::http
