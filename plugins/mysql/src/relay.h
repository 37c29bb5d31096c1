#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace mysql {

/// Passes bytes from one descriptor to another on a thread of its own and keeps the first and the last of
/// them. The descriptors stay open, the caller's.
class Relay {
public:
    struct Calls {
        /// Each piece before it is written. May be absent, then pieces are as large as reads are.
        std::function<void(std::string_view)> seen = {};
        /// About once a second, with the bytes so far.
        std::function<void(std::uint64_t)> progress = {};
        /// What is written in place of the piece; by default the piece itself.
        std::function<void(std::string_view, std::string&)> change = {};
        /// After the end: what is still to be written.
        std::function<void(std::string&)> rest = {};
    };
    /// `atEnd`: on that thread after the last byte, or after an error: closes what the other side waits for.
    Relay(int from, int to, Calls calls, std::function<void()> atEnd);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Waits for the end. What follows is then valid.
    void join();
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] const std::string& head() const noexcept { return head_; }
    [[nodiscard]] const std::string& tail() const noexcept { return tail_; }
    /// Why it ended early; 0: it did not.
    [[nodiscard]] int readError() const noexcept { return readError_; }
    [[nodiscard]] int writeError() const noexcept { return writeError_; }

private:
    void run();
    bool write(std::string_view piece);

    int from_;
    int to_;
    Calls calls_;
    std::function<void()> atEnd_;
    std::uint64_t bytes_ = 0;
    std::string head_;
    std::string tail_;
    int readError_ = 0;
    int writeError_ = 0;
    std::thread thread_;
};

} // namespace mysql
