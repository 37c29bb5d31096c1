#include "relay.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

namespace mysql {
namespace {
constexpr std::size_t kPiece = 1U << 20U;
constexpr std::size_t kHead = 65536;
constexpr std::size_t kTail = 4096;
} // namespace

Relay::Relay(int from, int to, Calls calls, std::function<void()> atEnd)
    : from_(from), to_(to), calls_(std::move(calls)), atEnd_(std::move(atEnd)), thread_([this] { run(); }) {}

Relay::~Relay() {
    join();
}

void Relay::join() {
    if (thread_.joinable())
        thread_.join();
}

bool Relay::write(std::string_view piece) {
    while (to_ >= 0 && !piece.empty()) {
        const auto count = ::write(to_, piece.data(), piece.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            writeError_ = errno;
            return false;
        }
        piece.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

void Relay::run() {
    // A reader that is gone is an error of write(), not the end of the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    std::vector<char> buffer(kPiece);
    std::string changed;
    auto told = std::chrono::steady_clock::now();
    for (;;) {
        const auto count = ::read(from_, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            readError_ = errno;
        if (count <= 0)
            break;
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        bytes_ += piece.size();
        if (head_.size() < kHead)
            head_ += piece.substr(0, kHead - head_.size());
        if (piece.size() >= kTail) {
            tail_ = piece.substr(piece.size() - kTail);
        } else {
            tail_ += piece;
            if (tail_.size() > kTail)
                tail_.erase(0, tail_.size() - kTail);
        }
        if (calls_.seen)
            calls_.seen(piece);
        bool written = false;
        if (calls_.change) {
            changed.clear();
            calls_.change(piece, changed);
            written = write(changed);
        } else {
            written = write(piece);
        }
        if (!written)
            break;
        if (const auto now = std::chrono::steady_clock::now();
            calls_.progress && now - told > std::chrono::seconds(1)) {
            told = now;
            calls_.progress(bytes_);
        }
    }
    if (calls_.rest && readError_ == 0 && writeError_ == 0) {
        changed.clear();
        calls_.rest(changed);
        write(changed);
    }
    if (atEnd_)
        atEnd_();
}

} // namespace mysql
