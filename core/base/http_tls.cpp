#include "http_tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstdio>
#include <memory>

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocketImpl.h>

#include "core/encoding.h"
#include "core/http/client.h"
#include "core/time.h"

namespace core::http::tls {
namespace {

class BoundedSecure final : public Bounded<Poco::Net::SecureStreamSocketImpl> {
public:
    /// Over that socket, whose reference it takes.
    BoundedSecure(Bounded<Poco::Net::StreamSocketImpl>* below, const Poco::Net::Context::Ptr& context)
        : Bounded(below, context), below_(below) {}
    void setDeadline(SteadyPoint deadline) override {
        Bounded::setDeadline(deadline);
        below_->setDeadline(deadline);
    }
    void handshake(const std::string& host) {
        arm();
        setPeerHostName(host);
        setLazyHandshake(true);
        connectSSL();
        // Of a socket that blocks, each read would have the whole time for itself, and what comes byte by
        // byte would have no end. From here on this one does not block, and Poco, which believes that it
        // does, waits for it by poll() of the one below.
        ::fcntl(sockfd(), F_SETFL, ::fcntl(sockfd(), F_GETFL) | O_NONBLOCK);
        if (completeHandshake() <= 0)
            throw Poco::Net::SSLException("the handshake was not completed");
        verifyPeerCertificate();
    }

private:
    Bounded<Poco::Net::StreamSocketImpl>* below_; ///< as long as this one lives
};

/// What the verification of the handshake that this thread is in has found.
struct Finding {
    int code = X509_V_OK;
    int depth = 0;
    int sent = 0; ///< certificates that the server sent
    std::string subject;
    std::string issuer;
    std::string notBefore;
    std::string notAfter;
};

Finding& finding() {
    thread_local Finding value;
    return value;
}

/// "CN=Example CA", or the whole name where there is no common name; never a control character.
std::string nameOf(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return toUtf8(std::string_view(data, static_cast<std::size_t>(size)).substr(0, 256));
}

std::string timeOf(const ASN1_TIME* time) {
    tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return "an unknown time";
    return formatInstant(fromMicros(static_cast<std::int64_t>(::timegm(&parts)) * 1000000));
}

int onVerified(int ok, X509_STORE_CTX* store) {
    if (ok == 1)
        return ok;
    auto& found = finding();
    if (found.code != X509_V_OK)
        return 0;
    found.code = X509_STORE_CTX_get_error(store);
    found.depth = X509_STORE_CTX_get_error_depth(store);
    if (const auto* chain = X509_STORE_CTX_get0_untrusted(store))
        found.sent = sk_X509_num(chain);
    if (const auto* certificate = X509_STORE_CTX_get_current_cert(store)) {
        found.subject = nameOf(X509_get_subject_name(certificate));
        found.issuer = nameOf(X509_get_issuer_name(certificate));
        found.notBefore = timeOf(X509_get0_notBefore(certificate));
        found.notAfter = timeOf(X509_get0_notAfter(certificate));
    }
    return 0;
}

std::string whose(const Finding& found) {
    return found.depth == 0 ? "The certificate of " : "A CA certificate (" + found.subject + ") of ";
}

std::string sentence(const Finding& found, const std::string& where) {
    switch (found.code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return whose(found) + where + " expired at " + found.notAfter +
               "; renew it on the server, or correct this machine's clock if it is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return whose(found) + where + " is valid from " + found.notBefore +
               " only; correct this machine's clock, or the certificate";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "The certificate of " + where + " is not trusted: it is signed by itself (" + found.subject +
               ") and is not in the CA file";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "The certificate of " + where + " is not trusted: its root (" + found.subject +
               ") is neither among the system's roots nor in the CA file";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        if (found.sent <= 1)
            return "The certificate of " + where +
                   " is not trusted: the server sends it alone, and its issuer (" + found.issuer +
                   ") is neither trusted here nor sent along. If that is an intermediate CA, the server must "
                   "send "
                   "the whole chain; else put the issuer's certificate into the CA file";
        return "The certificate of " + where + " is not trusted: its chain ends at " + found.issuer +
               ", which is neither among the system's roots nor in the CA file";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "The certificate of " + where + " is not trusted: the trusted certificate named " +
               found.issuer + " has another key than the one that signed it";
    case X509_V_ERR_INVALID_PURPOSE:
        return whose(found) + where + " is not trusted: it is not made for a server's TLS";
    case X509_V_ERR_CERT_REVOKED:
        return whose(found) + where + " has been revoked";
    default:
        return "The certificate of " + where +
               " is not trusted: " + X509_verify_cert_error_string(found.code);
    }
}

/// Why a handshake ended that the certificate's verification did not end.
std::string handshakeSentence(const std::string& text, const std::string& where) {
    const auto says = [&](const char* phrase) { return text.find(phrase) != std::string::npos; };
    if (says("protocol version") || says("unsupported protocol"))
        return where + " does not speak TLS 1.3, which is required; allow it on the server, or on the proxy "
                       "before it";
    if (says("wrong version number") || says("http request"))
        return where + " does not speak TLS on this port; is its address http://, or is the port another?";
    if (says("certificate required") || says("bad certificate"))
        return where + " asks for a client's certificate, which is not supported; let it do without";
    if (says("handshake failure") || says("no shared cipher"))
        return where + " has no cipher or certificate that TLS 1.3 can use";
    if (says("unrecognized name"))
        return where + " does not know itself by this name";
    return "TLS with " + where + " failed: " + text;
}

std::size_t certificatesIn(const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "re"), std::fclose);
    if (in == nullptr)
        return 0;
    std::size_t count = 0;
    while (auto* certificate = PEM_read_X509(in.get(), nullptr, nullptr, nullptr)) {
        X509_free(certificate);
        ++count;
    }
    ERR_clear_error();
    return count;
}

} // namespace

Poco::Net::Context::Ptr makeContext(const std::string& caFile) {
    using Poco::Net::Context;
    if (!caFile.empty() && certificatesIn(caFile) == 0)
        throw Error(errors::kUntrusted,
                    "The CA certificate " + caFile +
                        " cannot be used: the file cannot be read, or holds no certificate in PEM");
    try {
        // Relaxed would take any name in the certificate of a server on this machine.
        Context::Ptr context = new Context(Context::TLS_CLIENT_USE, "", "", caFile, Context::VERIFY_STRICT, 9,
                                           true, "HIGH:!aNULL:!MD5");
        context->requireMinimumProtocol(Context::PROTO_TLSV1_3);
        auto* native = context->sslContext();
        SSL_CTX_set_verify(native, SSL_VERIFY_PEER, onVerified);
        // Whoever names an intermediate or the server's own certificate means that one.
        X509_STORE_set_flags(SSL_CTX_get_cert_store(native), X509_V_FLAG_PARTIAL_CHAIN);
        return context;
    } catch (const Poco::Exception& error) {
        throw Error(errors::kUntrusted, "The CA certificate " + caFile + " cannot be used")
            .withDetail(error.displayText());
    }
}

Poco::Net::StreamSocket connect(Bounded<Poco::Net::StreamSocketImpl>* socket, const std::string& host,
                                const std::string& where, const Poco::Net::Context::Ptr& context,
                                SteadyPoint deadline) {
    finding() = {};
    ERR_clear_error();
    auto* secure = new BoundedSecure(socket, context);
    Poco::Net::StreamSocket owner(secure);
    secure->setDeadline(deadline);
    try {
        secure->handshake(host);
        return owner;
    } catch (const Poco::Net::CertificateValidationException& error) {
        throw Error(errors::kUntrusted,
                    finding().code != X509_V_OK
                        ? sentence(finding(), where)
                        : "The certificate of " + where + " is not trusted: it is not for the name " + host)
            .withDetail(error.displayText());
    } catch (const Poco::Net::SSLException& error) {
        throw Error(errors::kUntrusted, finding().code != X509_V_OK
                                            ? sentence(finding(), where)
                                            : handshakeSentence(error.message(), where))
            .withDetail(error.displayText());
    }
}

} // namespace core::http::tls
