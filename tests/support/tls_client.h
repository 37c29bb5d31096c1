#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include "support/raw_client.h"

namespace test {

struct TlsClientOptions {
    int lowest = TLS1_2_VERSION;
    int highest = TLS1_3_VERSION;
    std::string certificate = {}; ///< PEM file; empty: none is shown
    std::string key = {};
    std::string protocols = {}; ///< what ALPN offers, as on the wire: "\x08http/1.1"
    int receiveBuffer = 0;
    std::string before = {}; ///< sent plainly before the handshake
    /// What an earlier connection kept of its session, to go on with it.
    std::shared_ptr<SSL_SESSION> session = {};
};

/// A client with OpenSSL that sends exactly the bytes it is told to. It takes any certificate and tells which
/// it was. Throws std::runtime_error when the handshake fails.
class TlsClient : public RawClient {
public:
    explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {})
        : RawClient(port, options.receiveBuffer),
          context_(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free), session_(nullptr, &::SSL_free) {
        if (!options.before.empty())
            RawClient::write(options.before);
        ::SSL_CTX_set_security_level(context_.get(), 0); // versions that the server must refuse, too
        ::SSL_CTX_set_min_proto_version(context_.get(), options.lowest);
        ::SSL_CTX_set_max_proto_version(context_.get(), options.highest);
        if (!options.certificate.empty() &&
            (::SSL_CTX_use_certificate_chain_file(context_.get(), options.certificate.c_str()) != 1 ||
             ::SSL_CTX_use_PrivateKey_file(context_.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1))
            throw std::runtime_error("the client's certificate cannot be read");
        session_.reset(::SSL_new(context_.get()));
        if (!options.protocols.empty())
            ::SSL_set_alpn_protos(session_.get(),
                                  reinterpret_cast<const unsigned char*>(options.protocols.data()),
                                  static_cast<unsigned>(options.protocols.size()));
        if (options.session)
            ::SSL_set_session(session_.get(), options.session.get());
        const timeval limit{15, 0};
        ::setsockopt(descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::SSL_set_fd(session_.get(), descriptor());
        if (::SSL_connect(session_.get()) != 1)
            throw std::runtime_error("no handshake");
    }

    [[nodiscard]] std::string version() const { return ::SSL_get_version(session_.get()); }
    [[nodiscard]] std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned length = 0;
        ::SSL_get0_alpn_selected(session_.get(), &name, &length);
        return {reinterpret_cast<const char*>(name), length};
    }
    /// What a later connection may go on with; TLS 1.3 sends it with the first answer.
    [[nodiscard]] std::shared_ptr<SSL_SESSION> session() const { // a copy: OpenSSL spoils its own at the end
        return {::SSL_SESSION_dup(::SSL_get0_session(session_.get())), &::SSL_SESSION_free};
    }
    [[nodiscard]] bool resumed() const { return ::SSL_session_reused(session_.get()) == 1; }
    /// The common name in the server's certificate.
    [[nodiscard]] std::string serverName() const {
        char name[256] = "";
        ::X509_NAME_get_text_by_NID(::X509_get_subject_name(::SSL_get0_peer_certificate(session_.get())),
                                    NID_commonName, name, sizeof name);
        return name;
    }

protected:
    ssize_t write(std::string_view text) const override {
        return ::SSL_write(session_.get(), text.data(), static_cast<int>(text.size()));
    }
    ssize_t read(char* block, std::size_t size) override {
        if (::SSL_pending(session_.get()) == 0)
            awaitInput();
        return ::SSL_read(session_.get(), block, static_cast<int>(size));
    }

private:
    std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&::SSL_free)> session_;
};

} // namespace test
