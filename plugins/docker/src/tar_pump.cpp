#include "tar_pump.h"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "connection.h"

namespace docker {
namespace {
using namespace std::chrono_literals;
constexpr std::size_t kPiece = 262144;
} // namespace

void ArchiveEnd::read(std::string_view piece) {
    bytes_ += piece.size();
    const auto last = piece.find_last_not_of('\0');
    if (last == std::string_view::npos)
        zeros_ += piece.size();
    else
        zeros_ = piece.size() - last - 1;
}

Pump::Pump(const Step& step, Descriptor to) : step_(step), to_(std::move(to)), thread_([this] { run(); }) {}

void Pump::join() {
    if (thread_.joinable())
        thread_.join();
}

void Pump::run() {
    withoutPipeSignal();
    std::vector<char> buffer(kPiece);
    auto told = std::chrono::steady_clock::now();
    bool taken = true;
    while (!step_.stopped()) {
        pollfd ready{step_.stream(), POLLIN, 0};
        if (::poll(&ready, 1, 200) == 0)
            continue;
        const auto count = ::read(step_.stream(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        archive_.read(piece);
        taken = taken && writeAll(to_.fd(), piece);
        if (const auto now = std::chrono::steady_clock::now(); now - told > 1s) {
            told = now;
            step_.progress(archive_.bytes());
        }
    }
    to_.close();
}

Pipe makePipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Failure("There is no room for another pipe");
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

} // namespace docker
