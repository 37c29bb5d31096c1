#include "http/tls_context.h"

#include <cstring>
#include <string_view>

#include <openssl/err.h>

#include <fmt/format.h>

#include "../../base/x509.h"
#include "core/error.h"

namespace core::http {

namespace {

constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";

[[noreturn]] void fail(std::string_view what, const std::string& file) {
    const unsigned long first = ::ERR_peek_error();
    const char* reason =
        ERR_SYSTEM_ERROR(first) ? std::strerror(ERR_GET_REASON(first)) : ::ERR_reason_error_string(first);
    const std::string message = fmt::format("{} {} cannot be used: {}.", what, file,
                                            reason == nullptr ? "it cannot be read" : reason);
    ::ERR_clear_error();
    throw Error(errors::kUnavailable, message);
}

/// OpenSSL would ask at the terminal.
int noPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) {
    return -1;
}

/// Takes HTTP/1.1 from what the client offers.
int chooseProtocol(SSL* /*session*/, const unsigned char** out, unsigned char* outLength,
                   const unsigned char* offered, unsigned int offeredLength, void* /*context*/) {
    static constexpr unsigned char kHttp11[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (::SSL_select_next_proto(&chosen, outLength, kHttp11, sizeof kHttp11 - 1, offered, offeredLength) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

} // namespace

TlsContext::TlsContext(const TlsFiles& files)
    : context_(::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free) {
    SSL_CTX* context = context_.get();
    ::ERR_clear_error();
    ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    ::SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // A connection's answer may move in memory between two tries, and an idle one keeps no buffers.
    ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_read_ahead(context, 1);
    // Clients keep their sessions themselves, in tickets: nothing grows here.
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    static constexpr unsigned char kName[] = "ae-backend";
    ::SSL_CTX_set_session_id_context(context, kName, sizeof kName - 1);
    ::SSL_CTX_set_default_passwd_cb(context, noPassphrase);
    ::SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nullptr);
    if (::SSL_CTX_set_cipher_list(context, kCiphers) != 1 ||
        ::SSL_CTX_set_ciphersuites(context, kSuites) != 1 ||
        ::SSL_CTX_set1_groups_list(context, kGroups) != 1)
        throw Error(errors::kInternal, "This OpenSSL lacks the suites that the host needs for TLS.");

    if (::SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        fail("The certificate", files.certificate);
    if (::SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        ::SSL_CTX_check_private_key(context) != 1)
        fail("The key", files.key);
    if (files.clientCa.empty())
        return;
    STACK_OF(X509_NAME)* names = ::SSL_load_client_CA_file(files.clientCa.c_str());
    if (names == nullptr)
        fail("The CA for client certificates", files.clientCa);
    ::SSL_CTX_set_client_CA_list(context, names); // takes them
    if (::SSL_CTX_load_verify_file(context, files.clientCa.c_str()) != 1)
        fail("The CA for client certificates", files.clientCa);
    // Without FAIL_IF_NO_PEER_CERT: browsers have none.
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

Certificate TlsContext::certificate() const {
    return certificateOf(::SSL_CTX_get0_certificate(context_.get()));
}

} // namespace core::http
