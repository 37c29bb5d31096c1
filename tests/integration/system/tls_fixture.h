#pragma once

#include "integration/system/system_fixture.h"
#include "support/certificates.h"
#include "support/tls_client.h"

namespace test {

/// What of a host is said in `Base`, with a certificate and a second address that speaks TLS.
template <typename Base>
class WithTls : public Base {
protected:
    /// What goes into the host's file.
    [[nodiscard]] std::string tlsSettings() const {
        return fmt::format("tls:\n  cert_file: {}\n  key_file: {}\n", own_.certificate, own_.key);
    }
    /// Addresses for the start.
    static constexpr auto kBoth = "http://127.0.0.1:0,127.0.0.1:0";
    /// After it.
    void findTlsPort() {
        static const std::regex kSecond(R"re("addresses":"[^ ]+, 127\.0\.0\.1:(\d+)")re");
        std::smatch found;
        const auto log = readFile(this->dir_ / "backend.log");
        ASSERT_TRUE(std::regex_search(log, found, kSecond)) << log;
        tlsPort_ = static_cast<std::uint16_t>(std::stoi(found[1]));
    }
    /// A certificate of that name in the place of the one before; the host learns it by itself, or at SIGHUP.
    void replaceCertificate(const std::string& name, int days = 30) {
        const auto next = makeCertificate(this->dir_.path(), name, {.days = days});
        std::filesystem::rename(next.key, own_.key);
        std::filesystem::rename(next.certificate, own_.certificate);
    }

    CertificateFiles own_ = makeCertificate(this->dir_.path(), "first");
    std::uint16_t tlsPort_ = 0;
};

} // namespace test
