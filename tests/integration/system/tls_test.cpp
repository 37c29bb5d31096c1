// The real host with a certificate, and a real agent that trusts it.
#include <filesystem>

#include "integration/system/tls_fixture.h"

namespace test {
namespace {

class TlsSystemTest : public WithTls<SystemTest> {
protected:
    void SetUp() override {
        configureHost(tlsSettings());
        startBackend(kBoth);
        findTlsPort();
    }
};

TEST_F(TlsSystemTest, AnAgentEnrolsThroughIt) {
    writeFile(dir_ / "agent.yaml", "agent:\n  heartbeat_interval: 1s\n");
    core::ProcessSpec spec;
    spec.program = AE_BUILD_DIR "/bin/restic-agent";
    spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}};
    spec.standardError = core::ProcessOutput::capture();
    spec.timeout = 60s;
    spec.arguments = {"enroll",
                      "--server",
                      "https://localhost:" + std::to_string(tlsPort_),
                      "--token",
                      registrationToken(),
                      "--hostname",
                      "web-01",
                      "--config",
                      (dir_ / "agent.yaml").string(),
                      "--state-dir",
                      (dir_ / "state").string()};
    const auto untrusting = runner_.run(spec).value();
    EXPECT_FALSE(untrusting.exit.ok());
    EXPECT_NE(untrusting.error.find("not trusted"), std::string::npos) << untrusting.error;
    spec.arguments.insert(spec.arguments.end(), {"--ca-cert", own_.certificate});
    const auto enrolled = runner_.run(spec).value();
    EXPECT_TRUE(enrolled.exit.ok()) << enrolled.error;
    EXPECT_EQ(get("/api/v1/restic/agents").find("items")->array()->size(), 1U);
}

TEST_F(TlsSystemTest, ANewCertificateIsTakenAtSighup) {
    EXPECT_EQ(TlsClient(tlsPort_).serverName(), "first");
    replaceCertificate("second");
    backend_->signal(SIGHUP);
    EXPECT_TRUE(await([&] { return TlsClient(tlsPort_).serverName() == "second"; }));
    const auto metrics = api().send("GET", "/metrics", "Bearer " + admin_);
    EXPECT_NE(metrics.body.find("ae_http_tls_handshakes_total{result=\"done\"}"), std::string::npos);
    EXPECT_NE(metrics.body.find("ae_http_over_limit_total{limit=\"connections_per_address\"} 0"),
              std::string::npos);
}

} // namespace
} // namespace test
