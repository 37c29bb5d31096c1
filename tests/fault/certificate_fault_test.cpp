// F24: the certificate changes while clients are connected and come back.
#include <atomic>
#include <thread>

#include "fault/load.h"
#include "integration/system/tls_fixture.h"

namespace test {
namespace {

class CertificateChanges : public WithTls<SystemTest> {
protected:
    void SetUp() override {
        configureHost("http:\n  rate_limit: 0\n" + tlsSettings());
        startBackend(kBoth);
        findTlsPort();
    }
};

TEST_F(CertificateChanges, AndNobodyIsTurnedAway) {
    constexpr int kClients = 12;
    const auto agents = enrolAgents(api(), admin_, kClients);
    std::vector<TlsClient> parked;
    for (const auto& agent : agents) {
        parked.emplace_back(tlsPort_);
        parked.back().patience = 60s;
        parked.back().get(agent.poll(3), bearer(agent.token));
    }

    std::atomic<int> handshakes{0}, resumed{0}, answers{0};
    std::atomic<bool> failed{false};
    std::vector<std::jthread> coming, staying;
    const auto ask = [&](TlsClient& client) {
        const auto response = client.ask("/api/v1/auth/me", bearer(admin_));
        EXPECT_EQ(response.status, 200) << response.body;
        failed = failed || response.status != 200;
        ++answers;
    };
    for (int i = 0; i < kClients; ++i) {
        // Half of them come with what they kept of their session, as agents and browsers do.
        coming.emplace_back([&, keeps = i % 2 == 0](const std::stop_token& stop) {
            TlsClientOptions options;
            while (!stop.stop_requested() && !failed)
                try {
                    TlsClient client(tlsPort_, options);
                    ++handshakes;
                    resumed += client.resumed() ? 1 : 0;
                    ask(client);
                    if (keeps)
                        options.session = client.session();
                } catch (const std::runtime_error& error) {
                    ADD_FAILURE() << error.what();
                    failed = true;
                }
        });
        staying.emplace_back([&](const std::stop_token& stop) {
            try {
                TlsClient client(tlsPort_);
                while (!stop.stop_requested() && !failed)
                    ask(client);
            } catch (const std::runtime_error& error) {
                ADD_FAILURE() << error.what();
                failed = true;
            }
        });
    }
    for (const std::string name : {"second", "third", "fourth", "fifth"}) {
        const auto before = handshakes.load();
        ASSERT_TRUE(await([&] { return handshakes > before + 3 * kClients || failed; }));
        replaceCertificate(name);
        backend_->signal(SIGHUP);
        EXPECT_TRUE(await([&] { return TlsClient(tlsPort_).serverName() == name || failed; }));
    }
    // A key without its certificate, as it is for an instant when both are replaced: the one before stays.
    const auto lone = makeCertificate(dir_.path(), "lone");
    std::filesystem::rename(lone.key, own_.key);
    backend_->signal(SIGHUP);
    ASSERT_TRUE(
        await([&] { return readFile(dir_ / "backend.log").find("stays in use") != std::string::npos; }));
    const auto before = handshakes.load();
    ASSERT_TRUE(await([&] { return handshakes > before + kClients || failed; }));
    EXPECT_EQ(TlsClient(tlsPort_).serverName(), "fifth");
    coming.clear();
    staying.clear();

    // Who was parked before the first change is answered on the connection that it had.
    for (auto& client : parked) {
        EXPECT_EQ(client.response().status, 200);
        EXPECT_EQ(client.serverName(), "first");
    }
    EXPECT_GT(resumed, 0);
    EXPECT_EQ(metric(api(), admin_, "ae_http_tls_handshakes_total{result=\"failed\"}"), 0);
    std::printf("%d handshakes (%d of them resumed), %d answers\n", handshakes.load(), resumed.load(),
                answers.load());
}

} // namespace
} // namespace test
