#include <filesystem>

#include "core/testing/temp_dir.h"
#include "integration/http/server_fixture.h"
#include "support/certificates.h"
#include "support/tls_client.h"

namespace core::http {
namespace {

namespace fs = std::filesystem;
using test::makeCertificate;
using test::TlsClient;
using testing::HasSubstr;
using testing::Not;

class TlsTest : public ServerTest {
protected:
    TlsTest() {
        options.tls = TlsFiles{own.certificate, own.key, {}};
        add("GET", "/who", [](Request& request) -> Outcome {
            const auto& shown = request.clientCertificate;
            return Response::text((request.secure ? "secure " : "plain ") +
                                      (shown ? shown->subject + " " + shown->fingerprint : "nobody"),
                                  "text/plain");
        });
        add("POST", "/length", [](Request& request) -> Outcome {
            return Response::text(std::to_string(request.body.size()), "text/plain");
        }).bodyLimit = 8U << 20U;
    }
    [[nodiscard]] TlsClient connectTls(const test::TlsClientOptions& with = {}) const {
        return TlsClient(server->port(), with);
    }
    bool handshakes(const test::TlsClientOptions& with) const {
        try {
            static_cast<void>(connectTls(with));
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }

    core::testkit::TempDir dir;
    test::CertificateFiles own = makeCertificate(dir.path(), "first");
};

TEST_F(TlsTest, SpeaksTwoVersionsAndNoOlderOne) {
    start();
    for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
        TlsClient client = connectTls({.lowest = version, .highest = version});
        EXPECT_EQ(client.version(), name);
        for (int i = 0; i < 2; ++i) {
            const auto answer = client.ask("/who");
            EXPECT_EQ(answer.body, "secure nobody");
            EXPECT_NE(answer.header("Strict-Transport-Security"), "");
        }
    }
    EXPECT_EQ(server->stats().handshakes, 2U);
    EXPECT_FALSE(handshakes({.lowest = TLS1_VERSION, .highest = TLS1_1_VERSION}));
    EXPECT_TRUE(test::await([&] { return server->stats().failedHandshakes == 1; }));
}

TEST_F(TlsTest, TakesKeysOfBothKinds) {
    own = makeCertificate(dir.path(), "rsa", {.algorithm = "rsa:2048"});
    options.tls = TlsFiles{own.certificate, own.key, {}};
    start();
    TlsClient client = connectTls({.highest = TLS1_2_VERSION});
    EXPECT_EQ(client.serverName(), "rsa");
    EXPECT_EQ(client.ask("/ok").body, "ok");
}

TEST_F(TlsTest, OffersHttp11AndNothingElse) {
    start();
    EXPECT_EQ(connectTls({.protocols = "\x02h2\x08http/1.1"}).protocol(), "http/1.1");
    EXPECT_EQ(connectTls().protocol(), "");
    EXPECT_FALSE(handshakes({.protocols = "\x02h2"}));
}

TEST_F(TlsTest, TellsAPlainClientWhatThePortSpeaks) {
    start();
    auto client = connect();
    const auto answer = client.ask("/ok");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("https://"));
    EXPECT_EQ(client.rest(), "");
}

TEST_F(TlsTest, SpeaksPlainHttpWhereTheAddressSaysSo) {
    const std::string path = (dir / "http.sock").string();
    options.addresses = {ListenAddress::parse("http://127.0.0.1:0").value(),
                         ListenAddress::parse("unix:" + path).value(),
                         ListenAddress::parse("https://127.0.0.1:0").value()};
    start();
    EXPECT_EQ(connect().ask("/who").body, "plain nobody");
    EXPECT_EQ(test::RawClient(path).ask("/who").body, "plain nobody");
    const auto& name = server->addresses()[2];
    TlsClient client(static_cast<std::uint16_t>(std::stoi(name.substr(name.rfind(':') + 1))));
    EXPECT_EQ(client.ask("/who").body, "secure nobody");
}

TEST_F(TlsTest, DoesNotStartWithoutAUsableCertificate) {
    const auto other = makeCertificate(dir.path(), "other");
    testkit::writeFile(dir / "empty", "");
    for (const auto& [files, reason] : {
             std::pair{TlsFiles{(dir / "none").string(), own.key, {}}, "The certificate "},
             {TlsFiles{(dir / "empty").string(), own.key, {}}, "no start line"},
             {TlsFiles{own.certificate, (dir / "none").string(), {}}, "The key "},
             {TlsFiles{own.certificate, other.key, {}}, "key values mismatch"},
             {TlsFiles{own.certificate, own.key, (dir / "empty").string()},
              "The CA for client certificates "},
         }) {
        options.tls = files;
        Server refused(options, router, dispatcher, clock, log.logger("refused"));
        try {
            refused.start();
            ADD_FAILURE() << reason;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr(reason));
        }
    }
}

TEST_F(TlsTest, TakesANewCertificateWhileConnectionsAreOpen) {
    options.tlsRefresh = 10ms;
    start();
    TlsClient before = connectTls();
    EXPECT_EQ(before.serverName(), "first");
    const auto second = makeCertificate(dir.path(), "second");

    // Half of the exchange: the certificate without its key is not taken.
    fs::rename(second.certificate, own.certificate);
    EXPECT_TRUE(test::await([&] { return log.text().find("key values mismatch") != std::string::npos; }));
    EXPECT_EQ(connectTls().serverName(), "first");

    fs::rename(second.key, own.key);
    EXPECT_TRUE(test::await([&] { return connectTls().serverName() == "second"; }));
    EXPECT_EQ(before.ask("/ok").body, "ok");
    EXPECT_THAT(log.text(), HasSubstr("CN=second"));
}

TEST_F(TlsTest, ReadsTheCertificateAgainWhenTold) {
    options.tlsRefresh = 1h;
    start();
    EXPECT_EQ(connectTls().serverName(), "first");
    const auto second = makeCertificate(dir.path(), "second");
    fs::rename(second.certificate, own.certificate);
    fs::rename(second.key, own.key);
    EXPECT_EQ(connectTls().serverName(), "first");
    server->reloadCertificate();
    EXPECT_TRUE(test::await([&] { return connectTls().serverName() == "second"; }));
}

TEST_F(TlsTest, HalfOpenHandshakesDelayNobody) {
    options.headTimeout = 60s;
    start();
    const auto before = threads();
    std::vector<test::RawClient> slow;
    for (int i = 0; i < 500; ++i) {
        slow.push_back(connect());
        if (i % 2 == 0) // the beginning of a ClientHello
            slow.back().send(std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
    }
    ASSERT_TRUE(test::await([&] { return server->stats().open == 500; }));
    for (int i = 0; i < 20; ++i) {
        TlsClient client = connectTls();
        client.patience = 5s;
        EXPECT_EQ(client.ask("/ok").body, "ok");
    }
    EXPECT_EQ(threads(), before);
    EXPECT_EQ(server->stats().handshakes, 20U);
    EXPECT_TRUE(server->stop()) << "they do not hold up the end either";
}

TEST_F(TlsTest, AHandshakeHasTheTimeOfAHead) {
    options.headTimeout = 50ms;
    start();
    auto silent = connect();
    EXPECT_EQ(silent.rest(), "");
    auto slow = connect();
    slow.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
    EXPECT_EQ(slow.rest(), "");
    EXPECT_TRUE(test::await([&] { return server->stats().failedHandshakes == 2; }));
}

TEST_F(TlsTest, ASlowReaderGetsALargeAnswerWhole) {
    start();
    TlsClient slow = connectTls({.receiveBuffer = 4096});
    slow.get("/big");
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(connectTls().ask("/ok").body, "ok");
    const auto answer = slow.response();
    EXPECT_EQ(answer.body.size(), big->size());
    EXPECT_TRUE(answer.body == *big);
    EXPECT_EQ(slow.ask("/ok").body, "ok");
}

TEST_F(TlsTest, LargeBodiesArriveWhole) {
    start();
    TlsClient client = connectTls();
    for (const std::size_t size : {1U, 16384U, 65536U, 262144U, 5000000U}) {
        client.send("POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) +
                    "\r\n\r\n" + std::string(size, 'x'));
        EXPECT_EQ(client.response().body, std::to_string(size));
    }
}

TEST_F(TlsTest, AnswersPipelinedRequestsInOrder) {
    start();
    TlsClient client = connectTls();
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n" + std::to_string(1000 + i);
    client.send(all); // in one record of TLS
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(client.response().body, std::to_string(1000 + i));
}

TEST_F(TlsTest, ParkedRequestsNeedNoThread) {
    start();
    const auto before = threads();
    std::vector<std::unique_ptr<TlsClient>> waiting;
    for (int i = 0; i < 100; ++i) {
        waiting.push_back(std::make_unique<TlsClient>(server->port()));
        waiting.back()->get("/park/" + std::to_string(i));
    }
    ASSERT_TRUE(areParked(100));
    EXPECT_EQ(threads(), before);
    waiting[99]->close(); // one gives up
    ASSERT_TRUE(test::await([&] { return server->stats().parked == 99; }));
    for (auto& [name, handle] : parked())
        if (handle.claim())
            handle.answer(Response::text("for " + name, "text/plain"));
    for (int i = 0; i < 99; ++i) {
        auto& one = *waiting[static_cast<std::size_t>(i)];
        const auto answer = one.response();
        ASSERT_EQ(answer.body, "for " + std::to_string(i));
        EXPECT_NE(answer.header("Strict-Transport-Security"), "");
        ASSERT_EQ(one.ask("/ok").body, "ok");
    }
}

TEST_F(TlsTest, AStopAnswersParkedRequests) {
    start();
    TlsClient client = connectTls();
    client.get("/park/a");
    ASSERT_TRUE(areParked(1));
    EXPECT_TRUE(server->stop());
    EXPECT_EQ(client.response().body, "nothing");
    EXPECT_EQ(client.rest(), "");
}

TEST_F(TlsTest, KnowsClientsByTheirCertificates) {
    const auto ca = makeCertificate(dir.path(), "ca");
    const auto good = makeCertificate(dir.path(), "agent-7", {.issuer = &ca});
    const auto foreign = makeCertificate(dir.path(), "stranger");
    options.tls->clientCa = ca.certificate;
    start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto with = [&](const test::CertificateFiles& files) {
            return test::TlsClientOptions{
                .lowest = version, .highest = version, .certificate = files.certificate, .key = files.key};
        };
        auto fingerprint =
            test::runTool("openssl", {"x509", "-in", good.certificate, "-noout", "-fingerprint", "-sha256"})
                .output;
        fingerprint = fingerprint.substr(fingerprint.find('=') + 1);
        std::erase(fingerprint, ':');
        std::erase(fingerprint, '\n');
        for (char& c : fingerprint)
            c = static_cast<char>(std::tolower(c));
        TlsClient known = connectTls(with(good));
        for (int i = 0; i < 2; ++i)
            EXPECT_EQ(known.ask("/who").body, "secure CN=agent-7 " + fingerprint);
        EXPECT_EQ(connectTls({.lowest = version, .highest = version}).ask("/who").body, "secure nobody");
        // With 1.3 the client learns of it after its own half of the handshake.
        EXPECT_THROW(connectTls(with(foreign)).ask("/who"), std::runtime_error);
    }
    EXPECT_TRUE(test::await([&] { return server->stats().failedHandshakes == 2; }));
    EXPECT_EQ(counted, 0);
}

TEST_F(TlsTest, AsksForNoCertificateWithoutACa) {
    const auto shown = makeCertificate(dir.path(), "anybody");
    start();
    EXPECT_EQ(connectTls({.certificate = shown.certificate, .key = shown.key}).ask("/who").body,
              "secure nobody");
}

TEST_F(TlsTest, IsTrustedByOpensslsOwnClient) {
    start();
    testkit::writeFile(dir / "input", "GET /ok HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto result =
        test::runTool("openssl",
                      {"s_client", "-connect", "127.0.0.1:" + std::to_string(server->port()), "-CAfile",
                       own.certificate, "-verify_return_error", "-verify_ip", "127.0.0.1", "-ign_eof"},
                      dir / "input");
    EXPECT_TRUE(result.exit.ok()) << result.error;
    EXPECT_THAT(result.output, HasSubstr("Verify return code: 0 (ok)"));
    EXPECT_THAT(result.output, HasSubstr("HTTP/1.1 200 OK"));
}

TEST_F(TlsTest, IsFoundStrongByAScanner) {
    start();
    const auto result =
        test::runTool("sslscan", {"--no-colour", "127.0.0.1:" + std::to_string(server->port())});
    ASSERT_TRUE(result.exit.ok()) << result.error;
    const auto& found = result.output;
    for (const char* line : {"SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled",
                             "TLSv1.1   disabled", "TLSv1.2   enabled", "TLSv1.3   enabled",
                             "Session renegotiation not supported", "TLSv1.2 not vulnerable to heartbleed"})
        EXPECT_THAT(found, HasSubstr(line));
    EXPECT_THAT(found, HasSubstr("ECDHE-ECDSA-AES128-GCM-SHA256"));
    for (const char* weak : {"CBC", "RC4", "3DES", "DES-", "NULL", "EXP", "MD5", "ADH", "AECDH", "-SHA ",
                             "SHA1", "CCM", "CAMELLIA", "ARIA"})
        EXPECT_THAT(found, Not(HasSubstr(weak)));
}

} // namespace
} // namespace core::http
