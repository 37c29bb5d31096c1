#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "core/certificate.h"

namespace core::http {

/// Where the host's own certificate stands, in PEM.
struct TlsFiles {
    std::string certificate; ///< the host's first, then the chain's
    std::string key;         ///< without a passphrase
    std::string clientCa;    ///< whose client certificates are taken; empty: none is asked for
    bool operator==(const TlsFiles&) const = default;
};

/// How this host speaks TLS, with the certificate that the files held: 1.2 and 1.3, only suites with forward
/// secrecy and authenticated encryption, no renegotiation, no compression, HTTP/1.1 by ALPN. Immutable;
/// sessions of it outlive it.
class TlsContext {
public:
    /// Throws core::Error(kUnavailable) that names the file and what is wrong with it.
    explicit TlsContext(const TlsFiles& files);

    [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }
    /// The host's own.
    [[nodiscard]] Certificate certificate() const;

private:
    std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
};

} // namespace core::http
