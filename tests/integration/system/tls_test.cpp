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

    const auto doctor = [&] {
        spec.arguments = {"doctor",      "--json",
                          "--config",    (dir_ / "agent.yaml").string(),
                          "--state-dir", (dir_ / "state").string()};
        spec.standardOutput = core::ProcessOutput::capture();
        const auto said = core::json::parse(runner_.run(spec).value().output).value();
        for (const auto& check : *said.find("checks")->array())
            if (check.stringOr("name") == "ca")
                return check;
        ADD_FAILURE() << "nothing is said of the CA";
        return Value();
    };
    EXPECT_EQ(*doctor().find("ok"), Value(true));
    replaceCertificate("second", 13);
    EXPECT_EQ(*doctor().find("ok"), Value(false));
    EXPECT_NE(doctor().stringOr("message").find("CN=second: It ends on "), std::string::npos);
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

TEST_F(TlsSystemTest, TheEndOfItsCertificateIsSaidInTime) {
    const auto doctor = [&] {
        auto spec = backendCommand({"doctor", "--json"});
        const auto result = runner_.run(spec).value();
        const auto said = core::json::parse(result.output).value();
        for (const auto& check : *said.find("checks")->array())
            if (check.stringOr("name") == "certificate")
                return check;
        ADD_FAILURE() << result.output << result.error;
        return Value();
    };
    const auto system = [&] { return get("/api/v1/system"); };
    const auto first = system();
    ASSERT_TRUE(first.find("certificate")) << core::json::write(first);
    EXPECT_EQ(first.find("certificate")->stringOr("subject"), "CN=first");
    EXPECT_EQ(first.find("certificate")->stringOr("problem", "none"), "none");
    EXPECT_EQ(*doctor().find("ok"), Value(true));
    const auto ends = [](const Value& said) {
        return core::parseInstant(said.find("certificate")->stringOr("expires_at")).value();
    };
    const auto metric = api().send("GET", "/metrics", "Bearer " + admin_);
    EXPECT_NE(metric.body.find(fmt::format("ae_tls_certificate_expiry_timestamp_seconds {}",
                                           ends(first).time_since_epoch() / 1s)),
              std::string::npos);

    replaceCertificate("second", 13);
    backend_->signal(SIGHUP);
    ASSERT_TRUE(await([&] { return system().find("certificate")->stringOr("subject") == "CN=second"; }));
    const auto second = system();
    EXPECT_LT(ends(second), ends(first));
    const auto problem = second.find("certificate")->stringOr("problem");
    EXPECT_EQ(problem.substr(0, 11), "It ends on ") << problem;
    EXPECT_EQ(*doctor().find("ok"), Value(false));
    EXPECT_EQ(doctor().stringOr("message"), own_.certificate + ": " + problem);
    EXPECT_NE(readFile(dir_ / "backend.log").find("the TLS certificate has to be replaced"),
              std::string::npos);
}

} // namespace
} // namespace test
