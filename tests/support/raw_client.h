#pragma once

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
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
    /// Not connected yet.
    RawClient() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {}
    /// To this port of this machine; `from` is the address that it comes from.
    explicit RawClient(std::uint16_t port, int receiveBuffer = 0, const char* from = "127.0.0.1")
        : RawClient() {
        if (receiveBuffer > 0)
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
        sockaddr_in own{};
        own.sin_family = AF_INET;
        ::inet_pton(AF_INET, from, &own.sin_addr);
        ::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own);
        connectTo(port);
    }
    /// To a socket file.
    explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("not connected to " + path);
        }
    }
    virtual ~RawClient() { close(); }
    RawClient(RawClient&& other) noexcept : fd_(other.fd_), in_(std::move(other.in_)) { other.fd_ = -1; }
    RawClient& operator=(RawClient&&) = delete;

    void connectTo(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            close();
            throw std::runtime_error("not connected");
        }
    }
    /// Bytes that the other side has no room for, or has not taken yet.
    [[nodiscard]] int unsent() const {
        int bytes = 0;
        ::ioctl(fd_, SIOCOUTQ, &bytes);
        return bytes;
    }
    void send(std::string_view text) const {
        while (!text.empty()) {
            const auto sent = write(text);
            if (sent <= 0)
                throw std::runtime_error("the server has closed");
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void get(const std::string& path, const std::string& fields = {}) const {
        send("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    }
    /// True if the server has closed and everything it sent has been taken.
    [[nodiscard]] bool ended() const {
        char next = 0;
        return in_.empty() && ::recv(fd_, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }
    /// True if something waits to be read.
    [[nodiscard]] bool arrived() const {
        char next = 0;
        return !in_.empty() || ::recv(fd_, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
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
    /// The next bytes, just so many.
    std::string take(std::size_t size) {
        while (in_.size() < size)
            if (!receive())
                throw std::runtime_error("closed too early");
        std::string taken = in_.substr(0, size);
        in_.erase(0, size);
        return taken;
    }
    /// Everything until the server closes.
    std::string rest() {
        while (receive()) {
        }
        return std::move(in_);
    }
    std::chrono::milliseconds patience{15000};

protected:
    [[nodiscard]] int descriptor() const { return fd_; }
    virtual ssize_t write(std::string_view text) const {
        return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    }
    /// Throws if nothing arrives in time.
    virtual ssize_t read(char* block, std::size_t size) {
        awaitInput();
        return ::recv(fd_, block, size, 0);
    }
    void awaitInput() const {
        pollfd entry{fd_, POLLIN, 0};
        if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0)
            throw std::runtime_error("nothing arrived in time");
    }

private:
    bool receive() {
        char block[65536];
        const auto got = read(block, sizeof block);
        if (got <= 0)
            return false;
        in_.append(block, static_cast<std::size_t>(got));
        return true;
    }

    int fd_;
    std::string in_;
};

} // namespace test
