// Many clients in one thread, for the benchmarks: they ask once and stay, or are slow on purpose.
//
//   load_client KIND PORT COUNT [tls] <requests
//
// KIND is ask (one request, wait for its answer), head (half a head, then a byte every ten seconds), body
// (the same with a body) or deaf (many requests, whose answers are never read). Standard input is one line
// for each connection, PATH and TOKEN, the last of which counts for all that follow; then an empty line. All
// connections are opened at once and stay open until standard input ends. What happens is said in JSON: first
// when everything was sent, then, by ask, when everything was answered.
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

struct Client {
    enum class State { connecting, handshaking, sending, waiting, over };
    State state = State::over;
    int fd = -1;
    std::unique_ptr<SSL, decltype(&::SSL_free)> tls{nullptr, &::SSL_free};
    std::string out;
    std::size_t sent = 0;
    bool asked = false, answered = false;
};

class Load {
public:
    Load(std::string kind, int port, std::size_t count, bool tls) : kind_(std::move(kind)), clients_(count) {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(port));
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (tls) {
            context_.reset(::SSL_CTX_new(::TLS_client_method()));
            ::SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
            ::SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
        }
    }

    int run() {
        readRequests();
        watch(STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN, kInput);
        began_ = Clock::now();
        for (std::size_t i = 0; i < clients_.size(); ++i)
            open(i);
        auto dripAt = Clock::now() + std::chrono::seconds(10);
        for (bool more = true; more;) {
            const int ready = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), 50);
            for (int i = 0; i < ready; ++i) {
                const auto tag = events_[static_cast<std::size_t>(i)].data.u64;
                if (tag == kInput)
                    more = false;
                else
                    step(tag);
            }
            std::vector<std::size_t> refused;
            refused.swap(refused_);
            for (const auto index : refused)
                open(index);
            if (dripping() && Clock::now() > dripAt) {
                dripAt += std::chrono::seconds(10);
                for (auto& client : clients_)
                    if (client.state == Client::State::waiting)
                        ::send(client.fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
            }
        }
        say("end");
        return 0;
    }

private:
    static constexpr std::uint64_t kInput = ~std::uint64_t{0};
    [[nodiscard]] bool dripping() const { return kind_ == "head" || kind_ == "body"; }

    void readRequests() {
        std::string line;
        std::size_t index = 0;
        std::string text;
        while (std::getline(std::cin, line) && !line.empty()) {
            const auto blank = line.find(' ');
            const auto head = fmt::format(
                "{} {} HTTP/1.1\r\nHost: localhost\r\n{}", kind_ == "body" ? "POST" : "GET",
                line.substr(0, blank),
                blank == std::string::npos ? "" : "Authorization: Bearer " + line.substr(blank + 1) + "\r\n");
            if (kind_ == "head")
                text = head + "X-Slow: ";
            else if (kind_ == "body")
                text = head + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
            else
                text = head + "\r\n";
            if (kind_ == "deaf") {
                const auto one = text;
                for (int i = 1; i < 100; ++i)
                    text += one;
            }
            if (index < clients_.size())
                clients_[index++].out = text;
        }
        for (; index < clients_.size(); ++index)
            clients_[index].out = text;
    }

    void watch(int fd, int operation, std::uint32_t events, std::uint64_t tag) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = tag;
        ::epoll_ctl(epoll_, operation, fd, &event);
    }

    void open(std::size_t index) {
        Client& client = clients_[index];
        client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (client.fd < 0) {
            end(index, std::strerror(errno));
            return;
        }
        if (kind_ == "deaf") {
            const int small = 4096;
            ::setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        }
        client.state = Client::State::connecting;
        ::connect(client.fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
        watch(client.fd, EPOLL_CTL_ADD, EPOLLOUT, index);
    }

    void step(std::size_t index) {
        Client& client = clients_[index];
        if (client.state == Client::State::connecting) {
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error == ECONNREFUSED) { // nobody listens yet
                ::close(client.fd);
                refused_.push_back(index);
                return;
            }
            if (error != 0) {
                end(index, std::strerror(error));
                return;
            }
            client.state = Client::State::sending;
            if (context_) {
                client.tls.reset(::SSL_new(context_.get()));
                ::SSL_set_fd(client.tls.get(), client.fd);
                client.state = Client::State::handshaking;
            }
        }
        if (client.state == Client::State::handshaking) {
            const int done = ::SSL_connect(client.tls.get());
            if (done != 1) {
                await(index, done, "handshake");
                return;
            }
            client.state = Client::State::sending;
        }
        if (client.state == Client::State::sending)
            send(index);
        else if (client.state == Client::State::waiting)
            receive(index);
    }

    /// After an operation that could not be completed.
    void await(std::size_t index, int result, const char* what) {
        Client& client = clients_[index];
        const int reason = ::SSL_get_error(client.tls.get(), result);
        if (reason == SSL_ERROR_WANT_READ)
            watch(client.fd, EPOLL_CTL_MOD, EPOLLIN, index);
        else if (reason == SSL_ERROR_WANT_WRITE)
            watch(client.fd, EPOLL_CTL_MOD, EPOLLOUT, index);
        else
            end(index, what);
    }

    void send(std::size_t index) {
        Client& client = clients_[index];
        while (client.sent < client.out.size()) {
            const auto* from = client.out.data() + client.sent;
            const auto size = client.out.size() - client.sent;
            const auto sent = client.tls ? ::SSL_write(client.tls.get(), from, static_cast<int>(size))
                                         : ::send(client.fd, from, size, MSG_NOSIGNAL);
            if (sent > 0) {
                client.sent += static_cast<std::size_t>(sent);
                continue;
            }
            if (kind_ == "deaf") // as much as the server lets it
                break;
            if (client.tls)
                await(index, static_cast<int>(sent), "sending");
            else if (errno == EAGAIN)
                watch(client.fd, EPOLL_CTL_MOD, EPOLLOUT, index);
            else
                end(index, std::strerror(errno));
            return;
        }
        client.out = std::string();
        client.state = Client::State::waiting;
        watch(client.fd, EPOLL_CTL_MOD, kind_ == "deaf" ? 0U : std::uint32_t{EPOLLIN}, index);
        client.asked = true;
        if (++asked_ == clients_.size())
            say("sent");
    }

    void receive(std::size_t index) {
        Client& client = clients_[index];
        std::array<char, 16384> block{};
        const auto got = client.tls ? ::SSL_read(client.tls.get(), block.data(), block.size())
                                    : ::recv(client.fd, block.data(), block.size(), 0);
        if (got <= 0) {
            if (client.tls)
                await(index, static_cast<int>(got), "closed");
            else if (got == 0 || errno != EAGAIN)
                end(index, "closed");
            return;
        }
        const std::string_view text(block.data(), static_cast<std::size_t>(got));
        if (client.answered || !text.starts_with("HTTP/1.1 "))
            return;
        client.answered = true;
        ++statuses_[std::string(text.substr(9, 3))];
        longest_ = secondsSince(began_);
        if (++answered_ == clients_.size())
            say("answered");
    }

    void end(std::size_t index, const std::string& why) {
        Client& client = clients_[index];
        if (client.fd >= 0)
            ::close(client.fd);
        client.fd = -1;
        client.tls.reset();
        client.state = Client::State::over;
        ++ended_[why];
    }

    void say(const char* event) const {
        const auto list = [](const auto& counts) {
            std::string text;
            for (const auto& [name, count] : counts)
                text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, count);
            return text;
        };
        std::cout << fmt::format("{{\"event\":\"{}\",\"seconds\":{:.4f},\"sent\":{},\"answered\":{},"
                                 "\"longest\":{:.4f},\"statuses\":{{{}}},\"ended\":{{{}}}}}",
                                 event, secondsSince(began_), asked_, answered_, longest_, list(statuses_),
                                 list(ended_))
                  << std::endl;
    }

    std::string kind_;
    sockaddr_in address_{};
    std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_{nullptr, &::SSL_CTX_free};
    int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    std::array<epoll_event, 512> events_{};
    std::vector<Client> clients_;
    std::vector<std::size_t> refused_;
    Clock::time_point began_;
    std::size_t asked_ = 0, answered_ = 0;
    double longest_ = 0;
    std::map<std::string, int> statuses_, ended_;
};

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "load_client KIND PORT COUNT [tls]\n";
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without asking for none
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return Load(argv[1], std::stoi(argv[2]), std::stoul(argv[3]), argc > 4).run();
}
