#include "http/tls_session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <new>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "../../base/x509.h"

namespace core::http {

namespace {

// OpenSSL's own BIO for sockets writes without MSG_NOSIGNAL: a client that has gone would end the process.

int descriptorOf(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(::BIO_get_data(bio)));
}

int writeBio(BIO* bio, const char* data, int length) {
    BIO_clear_retry_flags(bio);
    const auto sent =
        ::send(descriptorOf(bio), data, static_cast<std::size_t>(length), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int readBio(BIO* bio, char* data, int length) {
    BIO_clear_retry_flags(bio);
    const auto got = ::recv(descriptorOf(bio), data, static_cast<std::size_t>(length), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_read(bio);
    else if (got == 0)
        ::BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(got);
}

long controlBio(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    if (command == BIO_CTRL_EOF)
        return ::BIO_test_flags(bio, BIO_FLAGS_IN_EOF);
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* socketBio(int fd) {
    static const std::unique_ptr<BIO_METHOD, decltype(&::BIO_meth_free)> method = [] {
        BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
        ::BIO_meth_set_write(made, writeBio);
        ::BIO_meth_set_read(made, readBio);
        ::BIO_meth_set_ctrl(made, controlBio);
        return std::unique_ptr<BIO_METHOD, decltype(&::BIO_meth_free)>(made, &::BIO_meth_free);
    }();
    BIO* bio = ::BIO_new(method.get());
    if (bio == nullptr)
        throw std::bad_alloc();
    // A BIO keeps a pointer for its methods; nobody follows this one.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    ::BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
    ::BIO_set_init(bio, 1);
    return bio;
}

} // namespace

TlsSession::TlsSession(const TlsContext& context, int fd) : session_(::SSL_new(context.get()), &::SSL_free) {
    if (!session_)
        throw std::bad_alloc();
    BIO* bio = socketBio(fd);
    ::SSL_set_bio(session_.get(), bio, bio); // takes it
    ::SSL_set_accept_state(session_.get());
}

TlsSession::Progress TlsSession::judge(int result) {
    switch (::SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_NONE:
        return Progress::done;
    case SSL_ERROR_WANT_READ:
        return Progress::wantsRead;
    case SSL_ERROR_WANT_WRITE:
        return Progress::wantsWrite;
    case SSL_ERROR_ZERO_RETURN: // an orderly end, which may still be answered
        return Progress::ended;
    default:
        usable_ = false;
        ::ERR_clear_error();
        return Progress::ended;
    }
}

TlsSession::Progress TlsSession::handshake() {
    ::ERR_clear_error();
    const Progress progress = judge(::SSL_do_handshake(session_.get()));
    buffered_ = progress == Progress::done; // the first request may have come with its last message
    return progress;
}

TlsSession::Result TlsSession::read(std::span<char> block) {
    std::size_t total = 0;
    buffered_ = false;
    while (total < block.size()) {
        ::ERR_clear_error();
        std::size_t got = 0;
        const int result = ::SSL_read_ex(session_.get(), block.data() + total, block.size() - total, &got);
        if (result != 1) {
            const Progress progress = judge(result);
            buffered_ = progress == Progress::ended && total > 0; // the end is found when it is read on
            return {progress, total};
        }
        total += got;
    }
    buffered_ = true;
    return {Progress::done, total};
}

TlsSession::Result TlsSession::write(std::string_view bytes) {
    if (!usable_)
        return {Progress::ended};
    ::ERR_clear_error();
    std::size_t sent = 0;
    const int result = ::SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &sent);
    if (result != 1)
        return {judge(result)};
    return {Progress::done, sent};
}

void TlsSession::end() {
    if (!usable_ || ::SSL_in_init(session_.get()) != 0)
        return;
    ::ERR_clear_error();
    ::SSL_shutdown(session_.get());
    ::ERR_clear_error();
    usable_ = false;
}

std::optional<ClientCertificate> TlsSession::clientCertificate() const {
    const X509* certificate = ::SSL_get0_peer_certificate(session_.get());
    if (certificate == nullptr || ::SSL_get_verify_result(session_.get()) != X509_V_OK)
        return std::nullopt;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    ::X509_digest(certificate, ::EVP_sha256(), digest.data(), &length);
    std::string fingerprint;
    for (unsigned i = 0; i < length; ++i)
        fingerprint += fmt::format("{:02x}", digest[i]);
    return ClientCertificate{subjectOf(certificate), std::move(fingerprint)};
}

} // namespace core::http
