#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace test {

/// Stands before a server of the loopback and, while it is told to, keeps back all that the server says. What
/// was kept back goes on later, so for the client the server is slow and not gone.
class SlowProxy {
public:
    /// Listens at a free port of the loopback for the server at `port`. `words`: for holdAt().
    explicit SlowProxy(int port, std::string words = {});
    ~SlowProxy();
    SlowProxy(const SlowProxy&) = delete;
    SlowProxy& operator=(const SlowProxy&) = delete;

    [[nodiscard]] int port() const noexcept { return port_; }
    void hold() { holding_ = true; }
    /// Holds from the `count`-th request on that has the `words`: what it asks for is done then, and the
    /// client is not told.
    void holdAt(int count) { coming_ = count; }
    void goOn() { holding_ = false; }
    /// Connections for which something is kept back.
    [[nodiscard]] int waiting() const noexcept { return waiting_; }

private:
    void accept(const std::stop_token& stop);
    void pass(int client, const std::stop_token& stop);

    int server_;
    std::string words_;
    int listener_;
    int port_ = 0;
    std::atomic<bool> holding_{false};
    std::atomic<int> coming_{0}; ///< until it holds; 0: it does not by itself
    std::atomic<int> waiting_{0};
    std::vector<std::jthread> connections_; ///< of the accepting thread
    std::jthread accepting_;
};

} // namespace test
