#include "http_connect.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocketImpl.h>

#include "core/encoding.h"
#include "fd.h"
#include "http_tls.h"

namespace core::http {
namespace {
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    int family = 0;
    std::string text;
};

std::vector<Address> lookUp(const std::string& host, int port, const std::string& where) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
    if (code != 0) {
        const bool unknown = code == EAI_NONAME || code == EAI_NODATA;
        throw Error(errors::kUnreachable, unknown
                                              ? where + ": there is no host of the name " + host
                                              : where + ": the name " + host + " could not be looked up (" +
                                                    ::gai_strerror(code) + ")");
    }
    std::vector<Address> out;
    for (const auto* one = list; one != nullptr && out.size() < 16; one = one->ai_next) {
        Address address;
        std::copy_n(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen,
                    reinterpret_cast<char*>(&address.storage));
        address.size = one->ai_addrlen;
        address.family = one->ai_family;
        std::array<char, NI_MAXHOST> text{};
        ::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
        address.text = text.data();
        out.push_back(std::move(address));
    }
    return out;
}

/// 0, or the errno of the failure. Throws Interrupted.
int connectTo(const Address& address, SteadyPoint until, Interrupter* interrupter, Fd& out) {
    Fd fd{::socket(address.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd.valid())
        return errno;
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
        if (errno != EINPROGRESS)
            return errno;
        for (;;) {
            if (interrupter != nullptr && interrupter->interrupted())
                throw Interrupted{};
            const auto time = timeLeft(until);
            if (time.count() <= 0)
                return ETIMEDOUT;
            pollfd waiting{fd.get(), POLLOUT, 0};
            const int ready = ::poll(
                &waiting, 1, static_cast<int>(std::min<milliseconds>(time, milliseconds(100)).count()));
            if (ready < 0 && errno != EINTR)
                return errno;
            if (ready > 0)
                break;
        }
        int code = 0;
        socklen_t size = sizeof(code);
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
        if (code != 0)
            return code;
    }
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    out = std::move(fd);
    return 0;
}

std::string reasonOf(int code) {
    switch (code) {
    case ECONNREFUSED:
        return "refuses connections";
    case ETIMEDOUT:
        return "did not answer in time";
    default:
        return "cannot be reached: " + std::generic_category().message(code);
    }
}

Fd connectAny(const std::string& host, int port, const std::string& where, milliseconds each,
              SteadyPoint deadline, Interrupter* interrupter) {
    const auto addresses = lookUp(host, port, where);
    std::string reasons;
    int last = ETIMEDOUT;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        // An address that says nothing must not use up the time of the others.
        const auto share =
            std::max(milliseconds(500), timeLeft(deadline) / static_cast<int>(addresses.size() - i));
        const auto until = std::min(deadline, Clock::now() + std::min(each, share));
        Fd fd;
        last = connectTo(addresses[i], until, interrupter, fd);
        if (last == 0)
            return fd;
        reasons += (reasons.empty() ? "" : "; ") + addresses[i].text + " " + reasonOf(last);
        if (Clock::now() >= deadline)
            break;
    }
    throw Error(errors::kUnreachable, addresses.size() == 1 ? where + " " + reasonOf(last)
                                                            : where + " cannot be reached: " + reasons);
}

std::string base64(std::string_view bytes) {
    auto out = base64UrlEncode(bytes);
    std::replace(out.begin(), out.end(), '-', '+');
    std::replace(out.begin(), out.end(), '_', '/');
    out.resize((out.size() + 3) / 4 * 4, '=');
    return out;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

/// Asks the proxy for a way through.
void tunnel(Poco::Net::StreamSocket& socket, const Destination& to, const Proxy& proxy) {
    const auto target = bracketed(to.host) + ":" + std::to_string(to.port);
    std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!proxy.credentials.empty())
        request += "Proxy-Authorization: Basic " + base64(proxy.credentials) + "\r\n";
    request += "\r\n";
    const auto name = "The proxy " + bracketed(proxy.host) + ":" + std::to_string(proxy.port);
    for (std::size_t sent = 0; sent < request.size();)
        sent += static_cast<std::size_t>(
            socket.sendBytes(request.data() + sent, static_cast<int>(request.size() - sent)));
    // One byte at a time: what follows the head belongs to TLS already.
    constexpr std::size_t kMaxHead = 16384;
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        char byte = 0;
        if (head.size() >= kMaxHead || socket.receiveBytes(&byte, 1) != 1)
            throw Error(errors::kUnreachable, name + " does not answer like a proxy");
        head.push_back(byte);
    }
    const auto line = head.substr(0, head.find("\r\n"));
    if (!line.starts_with("HTTP/1.") || line.size() < 12)
        throw Error(errors::kUnreachable, name + " does not answer like a proxy");
    const auto status = line.substr(9, 3);
    if (status.front() == '2')
        return;
    throw Error(errors::kUnreachable,
                status == "407"
                    ? name + " asks for a user and a password: name them in HTTPS_PROXY"
                    : name + " refuses to connect to " + target + ": " + toUtf8(line.substr(9, 100)));
}
} // namespace

InterruptibleSocket::InterruptibleSocket(Interrupter* interrupter, int fd) : interrupter_(interrupter) {
    if (interrupter_ != nullptr && !interrupter_->attach(fd)) {
        interrupter_->detach();
        throw Interrupted{};
    }
}

InterruptibleSocket::~InterruptibleSocket() {
    if (interrupter_ != nullptr)
        interrupter_->detach();
}

Poco::Net::StreamSocket openConnection(const Destination& to, const std::optional<Proxy>& proxy,
                                       const Poco::Net::Context::Ptr& context, milliseconds connectTimeout,
                                       SteadyPoint deadline, Interrupter* interrupter) {
    auto fd = proxy ? connectAny(proxy->host, proxy->port,
                                 "The proxy " + bracketed(proxy->host) + ":" + std::to_string(proxy->port),
                                 connectTimeout, deadline, interrupter)
                    : connectAny(to.host, to.port, to.where, connectTimeout, deadline, interrupter);
    const InterruptibleSocket interruptible(interrupter, fd.get());
    auto* plain = new Bounded<Poco::Net::StreamSocketImpl>(fd.release());
    Poco::Net::StreamSocket socket(plain);
    plain->setDeadline(deadline);
    if (proxy && to.scheme == "https")
        tunnel(socket, to, *proxy);
    if (context.isNull())
        return socket;
    return tls::connect(plain, to.host, to.where, context, deadline);
}

} // namespace core::http
