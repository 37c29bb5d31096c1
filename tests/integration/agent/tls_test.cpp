#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_fixture.h"
#include "support/free_port.h"

namespace test {
namespace {
using namespace std::chrono_literals;

class TlsTest : public AgentTest {
protected:
    void makeCertificate(const std::string& name, const std::string& subjectName) {
        core::ProcessSpec spec;
        spec.program = "openssl";
        spec.arguments = {"req",
                          "-x509",
                          "-newkey",
                          "ec",
                          "-pkeyopt",
                          "ec_paramgen_curve:prime256v1",
                          "-nodes",
                          "-days",
                          "2",
                          "-subj",
                          "/CN=test",
                          "-addext",
                          "subjectAltName=" + subjectName,
                          "-keyout",
                          (dir_ / (name + ".key")).string(),
                          "-out",
                          (dir_ / (name + ".pem")).string()};
        spec.environment = kEnvironment;
        spec.standardError = core::ProcessOutput::capture();
        const auto result = runner_.run(spec).value();
        ASSERT_TRUE(result.exit.ok()) << result.error;
    }

    void serve(const std::string& name, const std::vector<std::string>& more = {}) {
        port_ = freePort();
        core::ProcessSpec spec;
        spec.program = "openssl";
        spec.arguments = {"s_server",
                          "-accept",
                          "127.0.0.1:" + std::to_string(port_),
                          "-www",
                          "-quiet",
                          "-cert",
                          (dir_ / (name + ".pem")).string(),
                          "-key",
                          (dir_ / (name + ".key")).string()};
        spec.arguments.insert(spec.arguments.end(), more.begin(), more.end());
        spec.environment = kEnvironment;
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
    makeCertificate("good", "DNS:localhost,IP:127.0.0.1");
    makeCertificate("other", "DNS:elsewhere.example.com");
    serve("good");
    const auto good = (dir_ / "good.pem").string();
    auto result = check("localhost", good);
    EXPECT_TRUE(result.booleanOr("ok")) << result.stringOr("message");
    result = check("localhost", "");
    EXPECT_FALSE(result.booleanOr("ok", true)) << "a certificate of nobody was trusted";
    EXPECT_NE(result.stringOr("message").find("not trusted"), std::string::npos)
        << result.stringOr("message");
    EXPECT_NE(result.stringOr("hint").find("ca_cert"), std::string::npos);
    result = check("localhost", (dir_ / "other.pem").string());
    EXPECT_FALSE(result.booleanOr("ok", true));

    serve("other");
    result = check("localhost", (dir_ / "other.pem").string());
    EXPECT_FALSE(result.booleanOr("ok", true)) << "a certificate for another host was taken";
    result = check("localhost", (dir_ / "none.pem").string());
    EXPECT_FALSE(result.booleanOr("ok", true));
}

TEST_F(TlsTest, OldProtocolsAreRefused) {
    makeCertificate("good", "DNS:localhost");
    serve("good", {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
    const auto result = check("localhost", (dir_ / "good.pem").string());
    EXPECT_FALSE(result.booleanOr("ok", true));
}
} // namespace
} // namespace test
