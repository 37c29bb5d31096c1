#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_fixture.h"
#include "support/certificates.h"
#include "support/free_port.h"

namespace test {
namespace {
using namespace std::chrono_literals;

class TlsTest : public AgentTest {
protected:
    void serve(const CertificateFiles& own, const std::vector<std::string>& more = {}) {
        port_ = freePort();
        core::ProcessSpec spec;
        spec.program = "openssl";
        spec.arguments = {"s_server",      "-accept", "127.0.0.1:" + std::to_string(port_),
                          "-HTTP",         "-quiet",  "-cert",
                          own.certificate, "-key",    own.key};
        spec.arguments.insert(spec.arguments.end(), more.begin(), more.end());
        spec.environment = kEnvironment;
        // It answers with files that are whole answers.
        writeFile(dir_ / "served/health/live",
                  "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"ok\"}");
        spec.workingDirectory = dir_ / "served";
        tlsServer_ = std::move(runner_.start(spec)).value();
        ASSERT_TRUE(await([&] {
            const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(static_cast<std::uint16_t>(port_));
            const bool open = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
            ::close(fd);
            return open;
        }));
    }

    /// What doctor says of the server.
    core::json::Value check(const std::string& host, const std::string& caCert) {
        writeFile(dir_ / "config.yaml", fmt::format("orchestrator:\n  url: https://{}:{}\n{}", host, port_,
                                                    caCert.empty() ? "" : "  ca_cert: " + caCert + "\n"));
        const auto report = core::json::parse(agentCommand({"doctor", "--json"}).output).value();
        for (const auto& one : *report.find("checks")->array())
            if (one.stringOr("name") == "server")
                return one;
        return {};
    }

    int port_ = 0;
    std::unique_ptr<core::Process> tlsServer_;
};

TEST_F(TlsTest, OnlyATrustedCertificateForThisHostIsTaken) {
    const auto own = makeCertificate(dir_.path(), "good");
    const auto other = makeCertificate(dir_.path(), "other", {.names = "DNS:elsewhere.example.com"});
    serve(own);
    const auto good = own.certificate;
    auto result = check("localhost", good);
    EXPECT_TRUE(result.booleanOr("ok")) << result.stringOr("message");
    result = check("localhost", "");
    EXPECT_FALSE(result.booleanOr("ok", true)) << "a certificate of nobody was trusted";
    EXPECT_NE(result.stringOr("message").find("not trusted"), std::string::npos)
        << result.stringOr("message");
    EXPECT_NE(result.stringOr("hint").find("ca_cert"), std::string::npos);
    result = check("localhost", other.certificate);
    EXPECT_FALSE(result.booleanOr("ok", true));

    serve(other);
    result = check("localhost", other.certificate);
    EXPECT_FALSE(result.booleanOr("ok", true)) << "a certificate for another host was taken";
    result = check("localhost", (dir_ / "none.pem").string());
    EXPECT_FALSE(result.booleanOr("ok", true));
}

TEST_F(TlsTest, OldProtocolsAreRefused) {
    const auto own = makeCertificate(dir_.path(), "good");
    serve(own, {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
    EXPECT_FALSE(check("localhost", own.certificate).booleanOr("ok", true));
    serve(own, {"-tls1_2"});
    EXPECT_FALSE(check("localhost", own.certificate).booleanOr("ok", true)) << "1.2 was spoken";
    serve(own, {"-tls1_3"});
    EXPECT_TRUE(check("localhost", own.certificate).booleanOr("ok"));
}

} // namespace
} // namespace test
