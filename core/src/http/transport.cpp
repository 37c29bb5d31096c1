#include "http/transport.h"

#include <cerrno>

#include <sys/socket.h>

namespace core::http {

Transport::Result Transport::receive(std::span<char> block, int flags) const {
    for (;;) {
        const auto got = ::recv(fd_.get(), block.data(), block.size(), flags);
        if (got > 0)
            return {Progress::some, static_cast<std::size_t>(got)};
        if (got == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
            return {Progress::ended};
        if (errno != EINTR)
            return {Progress::wait};
    }
}

Transport::Result Transport::read(std::span<char> block) {
    if (!tls_)
        return receive(block, 0);
    const auto [progress, bytes] = tls_->read(block);
    readWantsWrite_ = progress == TlsSession::Progress::wantsWrite;
    if (bytes > 0) // an end, if there is one, is found again
        return {Progress::some, bytes};
    return {progress == TlsSession::Progress::ended ? Progress::ended : Progress::wait};
}

Transport::Result Transport::write(std::string_view bytes, bool more) {
    if (tls_) {
        const auto [progress, sent] = tls_->write(bytes);
        writeWantsRead_ = progress == TlsSession::Progress::wantsRead;
        if (progress == TlsSession::Progress::done)
            return {Progress::some, sent};
        return {progress == TlsSession::Progress::ended ? Progress::ended : Progress::wait};
    }
    for (;;) {
        const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(),
                                 MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
        if (sent > 0)
            return {Progress::some, static_cast<std::size_t>(sent)};
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return {Progress::wait};
        if (errno != EINTR)
            return {Progress::ended};
    }
}

FileDescriptor Transport::release() noexcept {
    tls_.reset();
    ::shutdown(fd_.get(), SHUT_RDWR);
    return std::move(fd_);
}

void Transport::endWriting() {
    if (tls_)
        tls_->end();
    ::shutdown(fd_.get(), SHUT_WR);
}

Transport::Result Transport::peek(std::span<char> block) const {
    return receive(block, MSG_PEEK);
}

Transport::Result Transport::discard(std::span<char> block) const {
    return receive(block, 0);
}

void Transport::startTls(const TlsContext& context) {
    tls_ = std::make_unique<TlsSession>(context, fd_.get());
}

Transport::Progress Transport::handshake() {
    const auto progress = tls_->handshake();
    readWantsWrite_ = progress == TlsSession::Progress::wantsWrite;
    if (progress == TlsSession::Progress::done)
        return Progress::some;
    return progress == TlsSession::Progress::ended ? Progress::ended : Progress::wait;
}

} // namespace core::http
