#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <sys/epoll.h>

#include "http/file_descriptor.h"
#include "http/tls_session.h"

namespace core::http {

/// The bytes of one connection, plain or through TLS. Nothing here blocks. Belongs to the thread that owns
/// the connection.
class Transport {
public:
    explicit Transport(FileDescriptor fd) : fd_(std::move(fd)) {}

    [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }

    enum class Progress { some, wait, ended };
    struct Result {
        Progress progress;
        std::size_t bytes = 0; ///< with `some`
    };
    /// `wait`: nothing has arrived. `ended`: the peer has ended its side, or the connection is broken. A
    /// block that is not filled means that nothing more is there now.
    [[nodiscard]] Result read(std::span<char> block);
    /// `wait`: the socket takes nothing now; try again with the same bytes. `ended`: the connection is
    /// broken. `more`: further bytes follow at once, and may go in the same packet.
    [[nodiscard]] Result write(std::string_view bytes, bool more = false);
    /// Ends the connection for the peer; the descriptor stays open as long as what is returned. Not to be
    /// used afterwards.
    [[nodiscard]] FileDescriptor release() noexcept;
    /// Tells the peer that nothing more will come.
    void endWriting();

    /// The raw bytes beneath TLS: looks at what has arrived and leaves it there, or throws it away.
    [[nodiscard]] Result peek(std::span<char> block) const;
    [[nodiscard]] Result discard(std::span<char> block) const;

    /// From here on everything goes through TLS, whose handshake comes first.
    void startTls(const TlsContext& context);
    /// `some`: it is done.
    [[nodiscard]] Progress handshake();
    [[nodiscard]] bool secure() const noexcept { return tls_ != nullptr; }
    /// With TLS, and after its handshake.
    [[nodiscard]] std::optional<ClientCertificate> clientCertificate() const {
        return tls_->clientCertificate();
    }
    /// True if something that has arrived may wait where epoll does not see it: read on instead of waiting.
    [[nodiscard]] bool buffered() const noexcept { return tls_ && tls_->buffered(); }

    /// The events to wait for before reading (or the handshake) and before writing can go on.
    [[nodiscard]] std::uint32_t readEvents() const noexcept { return readWantsWrite_ ? EPOLLOUT : EPOLLIN; }
    [[nodiscard]] std::uint32_t writeEvents() const noexcept { return writeWantsRead_ ? EPOLLIN : EPOLLOUT; }

private:
    [[nodiscard]] Result receive(std::span<char> block, int flags) const;

    FileDescriptor fd_;
    bool readWantsWrite_ = false;
    bool writeWantsRead_ = false;
    std::unique_ptr<TlsSession> tls_; // null: plain
};

} // namespace core::http
