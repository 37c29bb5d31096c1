#include "core/certificate.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/DateTime.h>
#include <Poco/Exception.h>
#include <fmt/format.h>

#include "core/text.h"
#include "x509.h"

namespace core {

namespace {

constexpr auto kSoon = std::chrono::days(14);

Instant instantOf(const Poco::DateTime& time) {
    return Instant(std::chrono::microseconds(time.timestamp().epochMicroseconds()));
}

Certificate certificateOf(const Poco::Crypto::X509Certificate& certificate) {
    return {subjectOf(certificate.certificate()), instantOf(certificate.validFrom()),
            instantOf(certificate.expiresOn())};
}

std::string dayOf(Instant at) {
    return formatInstant(at).substr(0, 10);
}

} // namespace

std::string subjectOf(const X509* certificate) {
    const std::unique_ptr<BIO, decltype(&::BIO_free)> text(::BIO_new(::BIO_s_mem()), &::BIO_free);
    ::X509_NAME_print_ex(text.get(), ::X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const auto length = BIO_get_mem_data(text.get(), &data);
    return {data, static_cast<std::size_t>(length)};
}

Certificate certificateOf(X509* certificate) {
    constexpr bool kShared = true;
    return certificateOf(Poco::Crypto::X509Certificate(certificate, kShared));
}

Result<std::vector<Certificate>> readCertificates(const std::filesystem::path& file) {
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
    const auto refusal = [&](const std::string& reason) {
        return Error(errors::kUnavailable, file.string() + " cannot be used: " + reason + ".");
    };
    std::ifstream in(file);
    if (!in)
        return refusal("it cannot be opened");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::vector<Certificate> read;
    try {
        // One after the other: readPEM() of Poco 1.11 does not free what it read before something that is
        // none.
        for (auto at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at + 1)) {
            const auto end = text.find(kEnd, at);
            std::istringstream one(text.substr(at, end == std::string::npos ? end : end + kEnd.size() - at));
            read.push_back(certificateOf(Poco::Crypto::X509Certificate(one)));
        }
    } catch (const Poco::Exception& error) {
        return refusal("it holds no certificate in PEM (" + error.displayText() + ")");
    }
    if (read.empty())
        return refusal("it holds no certificate in PEM");
    return read;
}

std::optional<std::string> certificateProblem(const Certificate& certificate, Instant now) {
    if (now < certificate.validFrom)
        return fmt::format("It is valid from {} on only; look at this machine's clock.",
                           dayOf(certificate.validFrom));
    if (now >= certificate.expiresAt)
        return fmt::format("It ended on {}; replace it.", dayOf(certificate.expiresAt));
    if (now + kSoon >= certificate.expiresAt)
        return fmt::format("It ends on {}; replace it, or look at what should have renewed it.",
                           dayOf(certificate.expiresAt));
    return std::nullopt;
}

} // namespace core
