#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <openssl/ssl.h>

#include "core/http/request.h"
#include "http/tls_context.h"

namespace core::http {

/// TLS on one connection's socket, which it does not own. Nothing here blocks. Belongs to the thread that
/// owns the connection.
class TlsSession {
public:
    TlsSession(const TlsContext& context, int fd);

    /// What an operation came to. `wantsRead`, `wantsWrite`: try the same again when the socket can.
    enum class Progress { done, wantsRead, wantsWrite, ended };
    struct Result {
        Progress progress;
        std::size_t bytes = 0; ///< may be more than 0 without `done`
    };
    [[nodiscard]] Progress handshake();
    /// Reads until the block is full or nothing more can be read now.
    [[nodiscard]] Result read(std::span<char> block);
    /// Writes one record's worth at most. After `wantsRead` or `wantsWrite` the same bytes must come again,
    /// at any place in memory.
    [[nodiscard]] Result write(std::string_view bytes);
    /// Tells the peer that nothing more will come, if the connection is in a state to say so.
    void end();

    /// True if something that has arrived may still wait in here, where epoll does not see it.
    [[nodiscard]] bool buffered() const noexcept { return buffered_; }
    /// What the peer has proved to be; nullopt if it has shown no certificate.
    [[nodiscard]] std::optional<ClientCertificate> clientCertificate() const;

private:
    [[nodiscard]] Progress judge(int result);

    std::unique_ptr<SSL, decltype(&::SSL_free)> session_;
    bool buffered_ = false;
    bool usable_ = true; ///< no fatal error yet
};

} // namespace core::http
