#include <regex>

#include <gmock/gmock.h>

#include "integration/system/agent_fixture.h"
#include "support/free_port.h"
#include "support/tls_client.h"
#include "support/web_socket_client.h"

namespace test {
namespace {

using testing::HasSubstr;

/// The examples in deploy/ with the real programs in front of the real host. Only names, ports and times are
/// replaced; each of those must stand in the example.
class Proxies : public BackupSystemTest {
protected:
    void SetUp() override {
        makeCertificate();
        configureHost(laySample("gamma") + "http:\n  websocket_ping: 1s\n");
        startBackend();
        proxyPort_ = freePort();
    }
    void TearDown() override {
        if (HasFailure())
            std::fprintf(stderr, "--- the proxy's log\n%s\n", readFile(dir_ / "proxy.log").c_str());
        proxy_.reset();
        BackupSystemTest::TearDown();
    }

    void makeCertificate() {
        const auto made =
            run("openssl", {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-days", "2", "-subj", "/CN=monitor.example.org", "-addext",
                            "subjectAltName=DNS:monitor.example.org", "-keyout",
                            (dir_ / "privkey.pem").string(), "-out", (dir_ / "fullchain.pem").string()});
        ASSERT_TRUE(made.exit.ok()) << made.error;
        writeFile(dir_ / "monitor.pem", readFile(dir_ / "fullchain.pem") + readFile(dir_ / "privkey.pem"));
    }
    core::ProcessResult run(const std::string& program, std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = program;
        spec.arguments = std::move(arguments);
        spec.environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = 60s;
        return runner_.run(spec).value();
    }
    /// The example with its parts replaced: by regular expression, each at least once.
    static std::string example(const std::string& file,
                               const std::vector<std::pair<std::string, std::string>>& parts) {
        std::string text = readFile(std::filesystem::path(AE_SOURCE_DIR) / "deploy" / file);
        for (const auto& [pattern, replacement] : parts) {
            const std::regex expression(pattern);
            EXPECT_TRUE(std::regex_search(text, expression)) << pattern << " is not in deploy/" << file;
            text = std::regex_replace(text, expression, replacement);
        }
        return text;
    }
    void startProxy(const std::string& program, std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = program;
        spec.arguments = std::move(arguments);
        spec.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "proxy.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "proxy.log");
        proxy_ = std::move(runner_.start(spec)).value();
        ASSERT_TRUE(
            await([&] { return curl("/health/live").status == 200 || proxy_->wait(0ms).has_value(); }));
        ASSERT_FALSE(proxy_->wait(0ms).has_value()) << "the proxy does not run";
    }

    struct Answer {
        int status = 0;
        std::string body;
        std::chrono::milliseconds took{0};
    };
    /// Over TLS, with the certificate checked.
    Answer curl(const std::string& path, std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{
            "--silent",    "--show-error",
            "--max-time",  "30",
            "--cacert",    (dir_ / "fullchain.pem").string(),
            "--resolve",   "monitor.example.org:" + std::to_string(proxyPort_) + ":127.0.0.1",
            "--write-out", "\n%{http_code}"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        arguments.push_back("https://monitor.example.org:" + std::to_string(proxyPort_) + path);
        const auto began = std::chrono::steady_clock::now();
        const auto result = run("curl", arguments);
        Answer answer;
        answer.took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        // Also after an error: a refusal may come while the body is still on its way.
        const auto end = result.output.rfind('\n');
        if (end == std::string::npos)
            return {0, result.error, answer.took};
        answer.status = std::stoi(result.output.substr(end + 1));
        answer.body = result.output.substr(0, end);
        return answer;
    }
    std::vector<std::string> json(const std::string& token, const std::string& body) {
        writeFile(dir_ / "body.json", body);
        std::vector<std::string> arguments{"--header", "Content-Type: application/json", "--data-binary",
                                           "@" + (dir_ / "body.json").string()};
        if (!token.empty())
            arguments.insert(arguments.end(), {"--header", "Authorization: Bearer " + token});
        return arguments;
    }

    /// What a person, a page and an agent do.
    void everythingWorks() {
        const auto login =
            curl("/api/v1/auth/login",
                 json("", core::json::write(Object{{"email", kAdminEmail}, {"password", kAdminPassword}})));
        ASSERT_EQ(login.status, 200) << login.body;
        const auto token = core::json::parse(login.body).value().stringOr("access_token");
        const std::vector<std::string> bearer{"--header", "Authorization: Bearer " + token};

        const auto me = curl("/api/v1/auth/me", bearer);
        EXPECT_EQ(me.status, 200) << me.body;
        EXPECT_THAT(me.body, HasSubstr(kAdminEmail));
        EXPECT_EQ(curl("/").status, 200);

        // Close to the host's limit of this route, far above what proxies buffer by themselves.
        auto policy = policyBody("large");
        Array paths;
        for (int i = 0; i < 250; ++i)
            paths.emplace_back("/" + std::to_string(i) + std::string(4000, 'p'));
        policy.set("include_paths", paths);
        const auto large = curl("/api/v1/restic/policies", json(token, core::json::write(policy)));
        EXPECT_EQ(large.status, 201) << large.body.substr(0, 300);
        const auto read =
            curl("/api/v1/restic/policies/" + core::json::parse(large.body).value().stringOr("id"), bearer);
        EXPECT_GT(read.body.size(), 1000000U);

        const auto tooLarge = curl("/api/v1/restic/policies", json(token, std::string(2U << 20U, ' ')));
        EXPECT_EQ(tooLarge.status, 413);
        EXPECT_THAT(tooLarge.body, HasSubstr("PayloadTooLarge")) << "the host says so, not the proxy";
        EXPECT_EQ(curl("/api/v1/restic/policies", json(token, std::string(9U << 20U, ' '))).status, 413);

        const auto agent = enrolled(token);
        const auto poll = curl("/api/v1/restic/agents/" + agent.first + "/tasks?wait=4",
                               {"--header", "Authorization: Bearer " + agent.second});
        EXPECT_EQ(poll.status, 200) << poll.body;
        EXPECT_GE(poll.took, 3900ms) << "it was a long poll";

        WebSocketClient<TlsClient> socket(static_cast<std::uint16_t>(proxyPort_));
        const auto upgraded = socket.open("/api/v1/gamma/echo", "Origin: https://h\r\n");
        ASSERT_EQ(upgraded.status, 101) << upgraded.body;
        socket.sendText("through the proxy");
        EXPECT_EQ(socket.nextText(), "through the proxy");

        // Longer than the proxy waits for an answer: the host's pings keep it open.
        int pings = 0;
        for (; pings < 6; ++pings) {
            const auto ping = socket.next();
            ASSERT_EQ(ping.opcode, Frame::ping);
            socket.send(Frame{.opcode = Frame::pong});
        }
        const std::string whole(150000, 'x');
        socket.sendText(whole);
        while (true) {
            const auto frame = socket.next();
            if (frame.opcode == Frame::ping)
                continue;
            EXPECT_EQ(frame.payload, whole);
            break;
        }
        socket.sendText("close");
        auto end = socket.next();
        while (end.opcode == Frame::ping)
            end = socket.next();
        EXPECT_EQ(end.code(), 4000);
    }
    std::pair<std::string, std::string> enrolled(const std::string& admin) {
        const auto registration = curl("/api/v1/restic/agents/registration-tokens", json(admin, "{}"));
        const auto token = core::json::parse(registration.body).value().stringOr("token");
        const auto answer =
            curl("/api/v1/restic/agents/register",
                 json(token, R"({"hostname":"web-01","os":"linux","arch":"amd64","version":"0.1.0"})"));
        EXPECT_EQ(answer.status, 201) << answer.body;
        const auto value = core::json::parse(answer.body).value();
        return {value.stringOr("agentId"), value.stringOr("token")};
    }

    int proxyPort_ = 0;
    std::unique_ptr<core::Process> proxy_;
};

TEST_F(Proxies, Nginx) {
    const std::string folder = dir_.path().string();
    // Every other time becomes one that the long poll would not survive.
    writeFile(dir_ / "site.conf", example("nginx/restic-monitor.conf",
                                          {{"listen 443", "listen 127.0.0.1:" + std::to_string(proxyPort_)},
                                           {"127\\.0\\.0\\.1:8080", "127.0.0.1:" + std::to_string(port_)},
                                           {"/etc/ssl/monitor", folder},
                                           {"client_header_timeout 15s", "client_header_timeout 1s"},
                                           {"keepalive_timeout 75s", "keepalive_timeout 1s"},
                                           {"proxy_connect_timeout 5s", "proxy_connect_timeout 1s"},
                                           {"proxy_read_timeout 330s", "proxy_read_timeout 5s"}}));
    std::string main = "daemon off;\nmaster_process off;\npid " + folder +
                       "/nginx.pid;\nerror_log stderr;\n"
                       "events {}\nhttp {\naccess_log off;\n";
    for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        main += std::string(name) + "_temp_path " + folder + "/" + name + ";\n";
    writeFile(dir_ / "nginx.conf", main + "include " + folder + "/site.conf;\n}\n");
    startProxy("nginx", {"-p", folder, "-e", "stderr", "-c", folder + "/nginx.conf"});
    everythingWorks();
}

TEST_F(Proxies, HAProxy) {
    const std::string folder = dir_.path().string();
    writeFile(
        dir_ / "haproxy.cfg",
        example("haproxy/haproxy.cfg", {{"maxconn 8000", "maxconn 100"}, // a test may have few descriptors
                                        {"bind :443", "bind 127.0.0.1:" + std::to_string(proxyPort_)},
                                        {"127\\.0\\.0\\.1:8080", "127.0.0.1:" + std::to_string(port_)},
                                        {"/etc/haproxy/monitor.pem", folder + "/monitor.pem"},
                                        {"timeout http-request 15s", "timeout http-request 1s"},
                                        {"timeout http-keep-alive 75s", "timeout http-keep-alive 1s"},
                                        {"timeout connect 5s", "timeout connect 1s"},
                                        {"timeout (client|server) 330s", "timeout $1 8s"}}));
    startProxy("haproxy", {"-db", "-f", folder + "/haproxy.cfg"});
    everythingWorks();
}

} // namespace
} // namespace test
