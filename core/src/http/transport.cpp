#include "http/transport.h"

#include <cerrno>

#include <sys/socket.h>

namespace core::http {

Transport::Result Transport::receive(std::span<char> block) const {
    for (;;) {
        const auto got = ::recv(fd_.get(), block.data(), block.size(), 0);
        if (got > 0)
            return {Progress::some, static_cast<std::size_t>(got)};
        if (got == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
            return {Progress::ended};
        if (errno != EINTR)
            return {Progress::wait};
    }
}

Transport::Result Transport::read(std::span<char> block) {
    return receive(block);
}

Transport::Result Transport::write(std::string_view bytes) {
    for (;;) {
        const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            return {Progress::some, static_cast<std::size_t>(sent)};
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return {Progress::wait};
        if (errno != EINTR)
            return {Progress::ended};
    }
}

void Transport::endWriting() {
    ::shutdown(fd_.get(), SHUT_WR);
}

Transport::Result Transport::discard(std::span<char> block) {
    return receive(block);
}

void Transport::endReading() const noexcept {
    ::shutdown(fd_.get(), SHUT_RD);
}

} // namespace core::http
