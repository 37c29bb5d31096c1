#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/client.h"
#include "core/process.h"
#include "core/testing/temp_dir.h"
#include "support/await.h"
#include "support/free_port.h"

/// The HTTP client of core/base against servers of all kinds.
namespace test {
namespace {
using namespace std::chrono_literals;
using namespace core::testkit;
using core::http::Client;
using core::http::ClientOptions;
using testing::HasSubstr;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Identity {
    Key key{nullptr, EVP_PKEY_free};
    Certificate certificate{nullptr, X509_free};
};

void extend(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/// Valid from so many seconds to so many seconds from now; signed by itself without an issuer.
Identity make(const char* name, const Identity* issuer, bool authority, long from = -3600, long to = 86400,
              const char* names = "DNS:localhost,IP:127.0.0.1") {
    Identity made;
    made.key.reset(EVP_EC_gen("P-256"));
    made.certificate.reset(X509_new());
    auto* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    static std::atomic<long> serial{1};
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to);
    auto* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1,
                               -1, 0);
    auto* by = issuer == nullptr ? certificate : issuer->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(by));
    X509_set_pubkey(certificate, made.key.get());
    extend(certificate, by, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!authority)
        extend(certificate, by, NID_subject_alt_name, names);
    X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
    return made;
}

std::string pem(const Identity& identity) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(out.get(), identity.certificate.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pemKey(const Identity& identity) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(out.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// Listens on a port of this machine and lets a function serve each connection, one after the other.
class Listener {
public:
    explicit Listener(std::function<void(int)> serve) : serve_(std::move(serve)) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
        ::listen(fd_, 16);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] {
            for (;;) {
                const int connection = ::accept(fd_, nullptr, nullptr);
                if (connection < 0)
                    return;
                serve_(connection);
                ::close(connection);
            }
        });
    }
    ~Listener() {
        ::shutdown(fd_, SHUT_RDWR);
        thread_.join();
        ::close(fd_);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    std::function<void(int)> serve_;
    int fd_ = -1;
    int port_ = 0;
    std::thread thread_;
};

std::string readHead(int fd) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && ::recv(fd, &byte, 1, 0) == 1)
        head.push_back(byte);
    return head;
}

void say(int fd, const std::string& text) {
    [[maybe_unused]] const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

class ClientTlsTest : public testing::Test {
protected:
    /// openssl's server with these certificates; what the client says of it.
    std::string talk(const Identity& own, const std::vector<const Identity*>& chain,
                     const std::string& caFile, const std::vector<std::string>& more = {},
                     const std::string& host = "localhost") {
        const int port = freePort();
        writeFile(dir_ / "own.crt", pem(own));
        writeFile(dir_ / "own.key", pemKey(own));
        std::string chained;
        for (const auto* one : chain)
            chained += pem(*one);
        core::ProcessSpec spec;
        spec.program = "openssl";
        spec.arguments = {"s_server",
                          "-accept",
                          "127.0.0.1:" + std::to_string(port),
                          "-www",
                          "-quiet",
                          "-cert",
                          (dir_ / "own.crt").string(),
                          "-key",
                          (dir_ / "own.key").string()};
        if (!chain.empty()) {
            writeFile(dir_ / "chain.crt", chained);
            spec.arguments.insert(spec.arguments.end(), {"-cert_chain", (dir_ / "chain.crt").string()});
        }
        spec.arguments.insert(spec.arguments.end(), more.begin(), more.end());
        spec.environment = {{"PATH", "/usr/bin:/bin"}};
        core::SystemProcessRunner runner;
        const auto server = std::move(runner.start(spec)).value();
        std::string said;
        EXPECT_TRUE(await([&] {
            said = ask("https://" + host + ":" + std::to_string(port), caFile);
            return said.find("refuses connections") == std::string::npos;
        }));
        return said;
    }

    static std::string ask(const std::string& url, const std::string& caFile) {
        ClientOptions options;
        options.url = url;
        options.caFile = caFile;
        core::http::ClientRequest request;
        request.path = "/";
        const auto answer = Client(options).send(request);
        return answer ? "answered " + std::to_string(answer.value().status) : answer.error().what();
    }

    std::string file(const std::string& name, const std::string& text) {
        writeFile(dir_ / name, text);
        return (dir_ / name).string();
    }

    TempDir dir_;
    Identity root_ = make("Test Root", nullptr, true);
    Identity intermediate_ = make("Test Intermediate", &root_, true);
    Identity leaf_ = make("leaf", &intermediate_, false);
    std::string rootFile_ = file("root.pem", pem(root_));
};

TEST_F(ClientTlsTest, AWholeChainIsTrustedAndSoIsWhatTheFileNames) {
    EXPECT_EQ(talk(leaf_, {&intermediate_}, rootFile_), "answered 200");
    // An intermediate, or the server's own certificate, in the CA file.
    EXPECT_EQ(talk(leaf_, {}, file("intermediate.pem", pem(intermediate_))), "answered 200");
    EXPECT_EQ(talk(leaf_, {}, file("leaf.pem", pem(leaf_))), "answered 200");
    EXPECT_EQ(talk(leaf_, {&intermediate_}, file("two.pem", pem(make("Other", nullptr, true)) + pem(root_))),
              "answered 200");
}

TEST_F(ClientTlsTest, EachFaultHasItsOwnSentence) {
    const auto other = file("other.pem", pem(make("Other Root", nullptr, true)));
    EXPECT_THAT(talk(leaf_, {}, rootFile_),
                HasSubstr("sends it alone, and its issuer (CN = Test Intermediate)"));
    EXPECT_THAT(talk(leaf_, {&intermediate_}, other), HasSubstr("chain ends at CN = Test Root"));
    EXPECT_THAT(talk(leaf_, {&intermediate_, &root_}, other), HasSubstr("its root (CN = Test Root)"));
    EXPECT_THAT(talk(make("self", nullptr, false), {}, other), HasSubstr("signed by itself"));
    EXPECT_THAT(talk(make("old", &root_, false, -7200, -3600), {}, rootFile_), HasSubstr("expired at 20"));
    EXPECT_THAT(talk(make("new", &root_, false, 3600, 7200), {}, rootFile_), HasSubstr("is valid from 20"));
    EXPECT_THAT(talk(make("name", &root_, false, -60, 60, "DNS:elsewhere.example.com"), {}, rootFile_),
                HasSubstr("not for the name localhost"));
    EXPECT_THAT(talk(leaf_, {&intermediate_}, rootFile_, {"-tls1_2"}), HasSubstr("does not speak TLS 1.3"));
    // Another root of the same name.
    EXPECT_THAT(
        talk(make("leaf", &root_, false), {}, file("same.pem", pem(make("Test Root", nullptr, true)))),
        HasSubstr("not trusted"));
    const Listener plain([](int fd) {
        char byte = 0;
        [[maybe_unused]] const auto first = ::recv(fd, &byte, 1, 0);
        say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    EXPECT_THAT(ask("https://localhost:" + std::to_string(plain.port()), rootFile_),
                HasSubstr("does not speak TLS on this port"));
    EXPECT_THROW(ask("https://localhost:1", (dir_ / "none.pem").string()), core::Error);
    EXPECT_THROW(ask("https://localhost:1", file("key.pem", pemKey(leaf_))), core::Error);
}

std::string send(ClientOptions options, std::chrono::milliseconds timeout = 10s) {
    core::http::ClientRequest request;
    request.path = "/x?y=z";
    request.bearer = "token-canary";
    request.timeout = timeout;
    const auto answer = Client(std::move(options)).send(request);
    return answer ? "answered " + std::to_string(answer.value().status) + " " + answer.value().body
                  : answer.error().what();
}

TEST(HttpClient, RedirectsAreRefusedAndTheTokenGoesNowhereElse) {
    std::atomic<int> followed{0};
    const Listener second([&](int fd) {
        readHead(fd);
        ++followed;
    });
    const Listener first([&](int fd) {
        readHead(fd);
        say(fd, "HTTP/1.1 301 Moved\r\nLocation: " + second.url() + "/\r\nContent-Length: 0\r\n\r\n");
    });
    EXPECT_THAT(send({.url = first.url()}), HasSubstr("sends its callers to " + second.url()));
    EXPECT_EQ(followed, 0);
}

TEST(HttpClient, AnswersAreBoundedInTimeAndSize) {
    const Listener silent([](int fd) {
        readHead(fd);
        char byte = 0;
        [[maybe_unused]] const auto end = ::recv(fd, &byte, 1, 0);
    });
    EXPECT_THAT(send({.url = silent.url()}, 200ms), HasSubstr("did not answer in time"));
    // A byte now and then is not enough to hold a call for ever.
    const Listener slow([](int fd) {
        readHead(fd);
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        char byte = 0;
        while (::recv(fd, &byte, 1, MSG_DONTWAIT) != 0) {
            say(fd, "x");
            std::this_thread::sleep_for(20ms);
        }
    });
    EXPECT_THAT(send({.url = slow.url()}, 300ms), HasSubstr("in time"));
    const Listener large([](int fd) {
        readHead(fd);
        say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(5000, 'x'));
    });
    EXPECT_THAT(send({.url = large.url(), .maxBody = 1000}), HasSubstr("larger than 1000"));
    const Listener cut([](int fd) {
        readHead(fd);
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    });
    EXPECT_THAT(send({.url = cut.url()}), HasSubstr("cut short"));
}

TEST(HttpClient, GoesThroughAProxyWhereOneIsNamed) {
    std::string seen;
    const Listener proxy([&](int fd) {
        seen = readHead(fd);
        if (seen.find("Proxy-Authorization: Basic dTpw\r\n") == std::string::npos)
            say(fd, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        else
            say(fd, "HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    const auto rules = [&](const std::string& user) {
        return core::http::ProxyRules::fromEnvironment([&](const std::string& name) {
            return name == "https_proxy" ? "http://" + user + "127.0.0.1:" + std::to_string(proxy.port())
                                         : std::string();
        });
    };
    EXPECT_THAT(send({.url = "https://backup.example.com", .proxies = rules("")}),
                HasSubstr("asks for a user and a password"));
    EXPECT_THAT(seen, HasSubstr("CONNECT backup.example.com:443 HTTP/1.1\r\n"));
    EXPECT_EQ(seen.find("token-canary"), std::string::npos) << "the proxy saw the agent's token";
    EXPECT_THAT(send({.url = "https://backup.example.com", .proxies = rules("u:p@")}),
                HasSubstr("refuses to connect to backup.example.com:443: 403"));
}

TEST(HttpClient, EveryAddressOfANameIsTried) {
    // localhost is ::1 and 127.0.0.1; only the second listens.
    const Listener listener([](int fd) {
        readHead(fd);
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    EXPECT_EQ(send({.url = "http://localhost:" + std::to_string(listener.port())}), "answered 200 ok");
    EXPECT_THAT(send({.url = "http://localhost:1"}), HasSubstr("refuses connections"));
    EXPECT_THAT(send({.url = "http://no-such-host.invalid"}), HasSubstr("no-such-host.invalid"));
}

TEST(HttpClient, ACallCanBeInterruptedFromAnotherThread) {
    std::atomic<bool> asked{false};
    const Listener silent([&](int fd) {
        readHead(fd);
        asked = true;
        char byte = 0;
        [[maybe_unused]] const auto end = ::recv(fd, &byte, 1, 0);
    });
    core::http::Interrupter interrupter;
    std::jthread other([&] {
        while (!asked)
            std::this_thread::yield();
        interrupter.interrupt();
    });
    Client client({.url = silent.url()});
    core::http::ClientRequest request;
    request.timeout = 60s;
    const auto answer = client.send(request, &interrupter);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().name(), "Interrupted");
    EXPECT_FALSE(client.send(request, &interrupter)) << "until it is reset";
}
} // namespace
} // namespace test
