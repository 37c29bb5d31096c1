#include <gmock/gmock.h>

#include "integration/system/system_fixture.h"

namespace test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What stands before and after the handlers, in the real host.
class EdgeOfTheHost : public SystemTest {
protected:
    ApiAnswer login(const std::string& email, const std::string& password) {
        return api().send("POST", "/api/v1/auth/login", "",
                          core::json::write(Object{{"email", email}, {"password", password}}));
    }
    static std::string header(const ApiAnswer& answer, const std::string& name) {
        const auto found = answer.headers.find(name);
        return found != answer.headers.end() ? found->second : "";
    }
    std::string log() { return readFile(dir_ / "backend.log"); }
};

TEST_F(EdgeOfTheHost, GuessingAPasswordIsSlowedDownAndTheRightOneWorksAfterwards) {
    configureHost("http:\n  throttle_account: 3\n  throttle_window: 6s\n");
    startBackend();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(login(kAdminEmail, "not the password").status, 401);
    const auto refused = login("ADMIN@example.com", kAdminPassword);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.error(), "RateLimitExceeded");
    EXPECT_THAT(header(refused, "retry-after"), testing::AnyOf("1", "2"));
    EXPECT_EQ(login("nobody@example.com", "not the password").status, 401) << "another account";
    EXPECT_EQ(api().get("/api/v1/auth/me", admin_).status, 200) << "who is signed in stays so";
    EXPECT_EQ(api().get("/api/v1/auth/me", "nonsense").status, 401);
    EXPECT_TRUE(await([&] { return login(kAdminEmail, kAdminPassword).status == 200; }));
}

TEST_F(EdgeOfTheHost, ChangingAPasswordIsThrottledByItsOwner) {
    configureHost("http:\n  throttle_account: 2\n");
    startBackend();
    const auto change = [&](const std::string& current) {
        return api()
            .post("/api/v1/auth/password", admin_,
                  Object{{"current", current}, {"new", "another good password"}})
            .status;
    };
    EXPECT_EQ(change("wrong"), 403);
    EXPECT_EQ(change("wrong"), 403);
    EXPECT_EQ(change(kAdminPassword), 429);
}

TEST_F(EdgeOfTheHost, GuessingARegistrationTokenIsSlowedDown) {
    configureHost("http:\n  throttle_account: 3\n");
    startBackend();
    const auto enrol = [&](const std::string& token) {
        return api().post("/api/v1/restic/agents/register", token, Object{{"hostname", "web-01"}}).status;
    };
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(enrol("a wrong one"), 401);
    EXPECT_EQ(enrol("a wrong one"), 429);
    EXPECT_NE(enrol(registrationToken()), 429) << "another one";
}

TEST_F(EdgeOfTheHost, ACallerThatIsTooFastIsToldWhenToComeBack) {
    configureHost("http:\n  rate_limit: 1\n  rate_burst: 3\n");
    startBackend();
    const auto token = apiToken("viewer");
    int refused = 0;
    for (int i = 0; i < 6; ++i) {
        const auto answer = api().get("/api/v1/auth/me", token);
        if (answer.status != 429)
            continue;
        ++refused;
        EXPECT_EQ(header(answer, "retry-after"), "1");
        EXPECT_EQ(answer.error(), "RateLimitExceeded");
    }
    EXPECT_GE(refused, 1);
    EXPECT_EQ(api().get("/api/v1/auth/me", admin_).status, 200) << "another caller";
    EXPECT_EQ(api().get("/health/ready", "").status, 200);
}

TEST_F(EdgeOfTheHost, OtherOriginsByTheListOnly) {
    configureHost("http:\n  cors_origins: [\"https://monitor.example.org\"]\n");
    startBackend();
    const auto preflight = [&](const std::string& origin) {
        return api().send("OPTIONS", "/api/v1/auth/login", "", std::nullopt,
                          {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}});
    };
    const auto allowed = preflight("https://monitor.example.org");
    EXPECT_EQ(allowed.status, 204);
    EXPECT_EQ(header(allowed, "access-control-allow-origin"), "https://monitor.example.org");
    EXPECT_EQ(header(preflight("https://evil.example.org"), "access-control-allow-origin"), "");
    const auto read = api().send("GET", "/api/v1/auth/me", "Bearer " + admin_, std::nullopt,
                                 {{"Origin", "https://monitor.example.org"}});
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(header(read, "access-control-allow-origin"), "https://monitor.example.org");
    EXPECT_EQ(header(read, "vary"), "Origin");
    configureHost("http:\n  cors_origins: [\"*\"]\n");
    const auto refused = backend({"config", "check"});
    EXPECT_NE(refused.exit.code, 0);
    EXPECT_THAT(refused.error + refused.output, HasSubstr("http.cors_origins"));
}

TEST_F(EdgeOfTheHost, TheAccessLogIsSwitchedOnWhileItRunsAndHoldsNoSecret) {
    startBackend();
    EXPECT_THAT(log(), Not(HasSubstr("\"msg\":\"request\"")));
    configureHost("http:\n  access_log: true\n");
    backend_->signal(SIGHUP);
    ASSERT_TRUE(await([&] {
        api().get("/api/v1/auth/me?secret=of-the-query", admin_);
        return log().find("\"msg\":\"request\"") != std::string::npos;
    }));
    login(kAdminEmail, kAdminPassword);
    EXPECT_THAT(log(), HasSubstr(R"("path":"/api/v1/auth/login","status":200)"));
    EXPECT_THAT(log(), HasSubstr(R"("principal":"user","principal_id":")"));
    for (const std::string& secret : {std::string(kAdminPassword), admin_, std::string("of-the-query")})
        EXPECT_THAT(log(), Not(HasSubstr(secret)));
}

TEST_F(EdgeOfTheHost, HealthNamesThePartAndAStoppingHostIsNotReady) {
    configureHost("http:\n  drain_delay: 60s\n");
    startBackend();
    const auto ready = api().get("/health/ready", "");
    EXPECT_EQ(ready.status, 200) << ready.body;
    EXPECT_EQ(ready.json.stringOr("status"), "ok");
    const auto document = api().get("/openapi.json", "");
    const auto* promised = document.json.find("paths")->find("/health/ready")->find("get")->find("responses");
    EXPECT_THAT(core::json::write(*promised->find("503")), HasSubstr("#/components/schemas/Health\""));

    backend_->signal(SIGTERM);
    ASSERT_TRUE(await([&] { return api().get("/health/ready", "").status == 503; }));
    const auto stopping = api().get("/health/ready", "");
    EXPECT_THAT(stopping.body,
                HasSubstr(R"({"name":"host","status":"failed","reason":"This host is stopping)"));
    EXPECT_THAT(stopping.body, HasSubstr(R"({"name":"database","status":"ok")"));
    EXPECT_EQ(api().get("/health/live", "").status, 200);
    EXPECT_EQ(api().get("/api/v1/auth/me", admin_).status, 200) << "it still serves";
    killBackend();
}

TEST_F(EdgeOfTheHost, TheNumbersOfTheHostAreThere) {
    configureHost();
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    const auto made = backend({"--json", "token", "create", "--role", "viewer", "--name", "all", "--system"});
    ASSERT_TRUE(made.exit.ok()) << made.error;
    const auto before = std::chrono::system_clock::now();
    startBackend();
    const auto all = api().get("/metrics", core::json::parse(made.output).value().stringOr("token"));
    ASSERT_EQ(all.status, 200) << all.body;
    for (const char* expected :
         {"ae_http_pool_threads{pool=\"http-fast\"} 2\n", "ae_http_pool_threads{pool=\"http-blocking\"} 8\n",
          "ae_http_pool_busy{pool=\"http-blocking\"} 1\n", "ae_http_pool_queued{pool=\"http-fast\"} 0\n",
          "ae_db_connections_max 11\n", "ae_db_waits_total 0\n", "ae_db_connections{state=\"open\"}",
          "process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
          "process_max_fds ", "process_threads "})
        EXPECT_THAT(all.body, HasSubstr(expected));
    std::smatch found;
    ASSERT_TRUE(std::regex_search(all.body, found, std::regex("\nprocess_start_time_seconds ([0-9.e+]+)\n")));
    const double started = std::stod(found[1]);
    const auto since = std::chrono::duration<double>(before.time_since_epoch()).count();
    EXPECT_NEAR(started, since, 10) << "when the process began";
}

TEST_F(EdgeOfTheHost, LargeAnswersAndPagesComePacked) {
    startBackend();
    const auto packed = api().send("GET", "/openapi.json", "", std::nullopt, {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(packed.status, 200);
    EXPECT_EQ(header(packed, "content-encoding"), "gzip");
    const auto whole = api().get("/openapi.json", "");
    EXPECT_EQ(header(whole, "content-encoding"), "");
    EXPECT_LT(packed.body.size() * 4, whole.body.size());

    const auto page = api().get("/", "");
    ASSERT_EQ(page.status, 200) << "the web application is built";
    std::smatch script;
    ASSERT_TRUE(std::regex_search(page.body, script, std::regex("/assets/[^\"]+\\.js")));
    const auto plain = api().get(script[0], "");
    for (const char* coding : {"br", "gzip"}) {
        const auto answer = api().send("GET", script[0], "", std::nullopt, {{"Accept-Encoding", coding}});
        EXPECT_EQ(header(answer, "content-encoding"), coding) << "the build packs it";
        EXPECT_EQ(header(answer, "vary"), "Accept-Encoding");
        EXPECT_LT(answer.body.size() * 2, plain.body.size());
    }
    EXPECT_THAT(header(page, "content-security-policy"), Not(HasSubstr("unsafe")));
}

} // namespace
} // namespace test
