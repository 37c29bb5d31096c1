#include "support/slow_proxy.h"

#include <array>
#include <stdexcept>
#include <string_view>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

namespace {
sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

bool sendAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}
} // namespace

SlowProxy::SlowProxy(int port, std::string words)
    : server_(port), words_(std::move(words)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("the proxy cannot listen");
    port_ = ntohs(address.sin_port);
    accepting_ = std::jthread([this](const std::stop_token& stop) { accept(stop); });
}

SlowProxy::~SlowProxy() {
    accepting_.request_stop();
    accepting_.join();
    ::close(listener_);
    connections_.clear();
}

void SlowProxy::accept(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd incoming{listener_, POLLIN, 0};
        if (::poll(&incoming, 1, 50) <= 0)
            continue;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0)
            connections_.emplace_back([this, client](const std::stop_token& ended) { pass(client, ended); });
    }
}

void SlowProxy::pass(int client, const std::stop_token& stop) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(server_);
    bool open = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    bool keepsBack = false;
    std::array<char, 65536> bytes{};
    while (open && !stop.stop_requested()) {
        // Not asked of the server while it is slow: what it says stays in its socket.
        std::array<pollfd, 2> fds{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), keepsBack ? 0 : 20) < 0)
            break;
        const bool said = fds[1].revents != 0;
        if (const bool keeps = said && holding_; keeps != keepsBack) {
            waiting_ += keeps ? 1 : -1;
            keepsBack = keeps;
        }
        for (const bool fromServer : {false, true}) {
            if (!open || fds.at(fromServer ? 1 : 0).revents == 0 || (fromServer && keepsBack))
                continue;
            const auto got = ::recv(fromServer ? server : client, bytes.data(), bytes.size(), 0);
            if (!fromServer && got > 0 && coming_ > 0 &&
                std::string_view(bytes.data(), static_cast<std::size_t>(got)).find(words_) !=
                    std::string_view::npos &&
                --coming_ == 0)
                hold();
            open = got > 0 &&
                   sendAll(fromServer ? client : server, {bytes.data(), static_cast<std::size_t>(got)});
        }
        if (keepsBack) {
            pollfd asked{client, POLLIN, 0};
            ::poll(&asked, 1, 20);
        }
    }
    if (keepsBack)
        --waiting_;
    ::close(server);
    ::close(client);
}

} // namespace test
