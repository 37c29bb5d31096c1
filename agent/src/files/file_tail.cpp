#include "files/file_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace agent {
namespace {
constexpr std::uint64_t kMaxAtOnce = 4U << 20U;
}

FileTail::~FileTail() {
    if (fd_ >= 0)
        ::close(fd_);
}

bool FileTail::poll(const Line& line) {
    if (fd_ < 0) {
        fd_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd_ < 0)
            return false;
        ::lseek(fd_, static_cast<off_t>(offset_), SEEK_SET);
    }
    std::array<char, 32768> buffer;
    const auto until = offset_ + kMaxAtOnce;
    while (offset_ < until) {
        const auto count = ::read(fd_, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
        while (!bytes.empty()) {
            const auto newline = bytes.find('\n');
            const auto piece = bytes.substr(0, newline == std::string_view::npos ? newline : newline + 1);
            bytes.remove_prefix(piece.size());
            offset_ += piece.size();
            splitter_.feed(piece, [&](std::string_view text) { line(text, offset_); });
        }
    }
    return true;
}

void FileTail::finish(const Line& line) {
    while (poll(line)) {
    }
    splitter_.finish([&](std::string_view text) { line(text, offset_); });
}

} // namespace agent
