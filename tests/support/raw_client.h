#pragma once

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

/// One answer as it stood on the wire.
struct RawResponse {
    int status = 0;
    std::string head;
    std::string body;
    /// The first field of that name, "" if there is none.
    [[nodiscard]] std::string header(std::string_view name) const {
        std::string lower = head, key = "\r\n" + std::string(name) + ": ";
        for (auto* text : {&lower, &key})
            for (char& c : *text)
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const auto at = lower.find(key);
        if (at == std::string::npos)
            return {};
        const auto from = at + key.size();
        return head.substr(from, head.find("\r\n", from) - from);
    }
};

/// A client that sends exactly the bytes it is told to. Throws std::runtime_error when nothing arrives within
/// `patience`.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receiveBuffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        if (receiveBuffer > 0)
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("not connected");
        }
    }
    ~RawClient() { close(); }
    RawClient(RawClient&& other) noexcept : fd_(other.fd_), in_(std::move(other.in_)) { other.fd_ = -1; }
    RawClient& operator=(RawClient&&) = delete;

    void send(std::string_view text) const {
        while (!text.empty()) {
            const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent < 0)
                throw std::runtime_error("the server has closed");
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void get(const std::string& path, const std::string& fields = {}) const {
        send("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    }
    void endSending() const { ::shutdown(fd_, SHUT_WR); }
    void close() {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = -1;
    }

    /// The next answer; `toHead`: it has no body whatever it declares.
    RawResponse response(bool toHead = false) {
        RawResponse response;
        std::size_t end = 0;
        while ((end = in_.find("\r\n\r\n")) == std::string::npos)
            if (!receive())
                throw std::runtime_error("closed instead of an answer; got: " + in_);
        response.head = in_.substr(0, end + 2);
        in_.erase(0, end + 4);
        response.status = std::stoi(response.head.substr(9, 3));
        const std::string declared = response.header("Content-Length");
        const std::size_t length = toHead || declared.empty() ? 0 : std::stoul(declared);
        while (in_.size() < length)
            if (!receive())
                throw std::runtime_error("closed within a body");
        response.body = in_.substr(0, length);
        in_.erase(0, length);
        return response;
    }
    RawResponse ask(const std::string& path, const std::string& fields = {}) {
        get(path, fields);
        return response();
    }
    /// Everything until the server closes.
    std::string rest() {
        while (receive()) {
        }
        return std::move(in_);
    }
    std::chrono::milliseconds patience{15000};

private:
    bool receive() {
        pollfd entry{fd_, POLLIN, 0};
        if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0)
            throw std::runtime_error("nothing arrived in time");
        char block[65536];
        const auto got = ::recv(fd_, block, sizeof block, 0);
        if (got <= 0)
            return false;
        in_.append(block, static_cast<std::size_t>(got));
        return true;
    }

    int fd_;
    std::string in_;
};

} // namespace test
