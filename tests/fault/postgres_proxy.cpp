#include "fault/postgres_proxy.h"

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace test {

namespace {
sockaddr_un address(const std::string& folder) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const auto path = folder + "/.s.PGSQL.5432";
    if (path.size() >= sizeof name.sun_path)
        throw std::runtime_error("the folder's name is too long for a socket: " + path);
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    return name;
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

PostgresProxy::PostgresProxy(const std::filesystem::path& folder, const std::string& server)
    : server_(server), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::filesystem::create_directories(folder);
    const auto name = address(folder.string());
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        ::listen(listener_, 64) != 0)
        throw std::runtime_error("the proxy cannot listen");
    accepting_ = std::jthread([this](const std::stop_token& stop) { accept(stop); });
}

PostgresProxy::~PostgresProxy() {
    accepting_.request_stop();
    accepting_.join();
    ::close(listener_);
    connections_.clear();
}

void PostgresProxy::accept(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd waiting{listener_, POLLIN, 0};
        if (::poll(&waiting, 1, 50) <= 0)
            continue;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0)
            continue;
        const std::lock_guard lock(mutex_);
        connections_.emplace_back([this, client](const std::stop_token& ended) { pass(client, ended); });
    }
}

/// A CommandComplete message whose tag is COMMIT. Answers are small and come in one piece; one that does not
/// is passed on as it is.
bool PostgresProxy::answersCommit(const char* bytes, std::size_t size) {
    using namespace std::string_view_literals;
    return std::string_view(bytes, size)
               .find("C\0\0\0\x0b"
                     "COMMIT\0"sv) != std::string_view::npos;
}

void PostgresProxy::pass(int client, const std::stop_token& stop) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto name = address(server_);
    bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
    std::array<char, 65536> bytes{};
    while (open && !stop.stop_requested()) {
        std::array<pollfd, 2> fds{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), 50) <= 0)
            continue;
        for (const bool fromServer : {false, true}) {
            if (!open || fds.at(fromServer ? 1 : 0).revents == 0)
                continue;
            const auto got = ::recv(fromServer ? server : client, bytes.data(), bytes.size(), 0);
            const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
            if (fromServer && every_ > 0 && answersCommit(bytes.data(), size) && ++seen_ % every_ == 0) {
                ++lost_;
                open = false;
            } else {
                open = size > 0 && sendAll(fromServer ? client : server, {bytes.data(), size});
            }
        }
    }
    ::close(server);
    ::close(client);
}

} // namespace test
