#include <deque>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Poco/InflatingStream.h>

#include "core/testing/fake_clock.h"
#include "core/testing/test_callers.h"
#include "core/testing/test_log.h"
#include "http/dispatcher.h"
#include "http/openapi.h"
#include "metrics/store.h"

namespace core::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A dispatcher with everything around it, and routes that misbehave as told.
class EdgeTest : public testing::Test {
protected:
    EdgeTest() {
        authentication.add(callers);
        add("GET", "/open", Permission::open(), [this](Request&) -> Outcome { return Response::json(body); });
        add("POST", "/open", Permission::open(),
            [this](Request&) -> Outcome { return Response::json(body); });
        add("GET", "/mine", Permission::role("test.read", Role::viewer),
            [this](Request&) -> Outcome { return Response::json(body); });
        add("GET", "/secrets", Permission::open(), [this](Request&) -> Outcome {
            return Response::json(body);
        }).compressed = false;
        add("GET", "/park", Permission::open(), [](Request&) -> Outcome {
            return Park{1s, Response::empty(), {}};
        });
        // "right" is the password of everybody.
        add("POST", "/login", Permission::open(), [](Request& request) -> Outcome {
            if (request.body != "right")
                throw Error(errors::kInvalidToken, "wrong");
            return Response::json("{}");
        }).throttle = Throttle::failuresOf([](const Request& request) {
            return std::string(request.headers.get("X-Account"));
        });
        add("POST", "/enrol", Permission::registration("test.enrol"), [](Request& request) -> Outcome {
            return request.body == "right"
                       ? Response::json("{}")
                       : Response::error(Error(errors::kForbidden, "not for this machine"));
        }).throttle = Throttle::failuresOfCaller();
    }

    Route& add(std::string method, std::string path, Permission permission, Handler handler) {
        Route route{
            .method = std::move(method), .path = std::move(path), .summary = "", .permission = permission};
        route.audit = Audit::exempt("a test");
        route.handler = std::move(handler);
        routes.push_back(std::move(route));
        return routes.back();
    }

    Outcome dispatch(const std::string& method, const std::string& path, HeaderList headers = {},
                     const std::string& content = {}) {
        if (!edge) {
            router.add("test", {routes.begin(), routes.end()});
            edge = std::make_unique<Edge>(options, clock, log.logger("http"));
            dispatcher.setEdge(edge.get());
        }
        Dispatcher::Incoming incoming;
        incoming.request.method = method;
        incoming.request.path = path;
        incoming.request.query = "token=of-the-query";
        incoming.request.remoteAddress = address;
        incoming.request.requestId = "id-1";
        incoming.request.body = content;
        for (auto& [name, value] : headers)
            incoming.request.headers.add(name, value);
        incoming.match = router.find(method, path);
        return dispatcher.dispatch(incoming);
    }
    Response send(const std::string& method, const std::string& path, HeaderList headers = {},
                  const std::string& content = {}) {
        return std::get<Response>(dispatch(method, path, std::move(headers), content));
    }
    int login(const std::string& account, const std::string& password,
              const std::string& from = "192.0.2.1") {
        address = from;
        return send("POST", "/login", {{"X-Account", account}}, password).status;
    }
    std::pair<std::string, std::string> as(PrincipalKind kind) {
        Principal principal;
        principal.kind = kind;
        principal.id = Uuid::generate(clock.now());
        principal.role = Role::admin;
        return {"Authorization", "Bearer " + callers->tokenOf(principal)};
    }

    core::testkit::TestLog log;
    core::testkit::FakeClock clock;
    std::string body = "{}";
    std::string address = "192.0.2.1";
    EdgeOptions options;
    std::deque<Route> routes;
    Router router;
    MiddlewareChain middleware;
    Authentication authentication{clock};
    std::shared_ptr<core::testkit::TestCallers> callers = std::make_shared<core::testkit::TestCallers>();
    metrics::Store metrics{log.logger("metrics")};
    metrics::ModuleRegistry registry{metrics, "host"};
    Dispatcher dispatcher{middleware, authentication, clock, log.logger("dispatch"), registry};
    std::unique_ptr<Edge> edge;
};

// ---- other origins

constexpr auto kOrigin = "https://monitor.example.org";

TEST_F(EdgeTest, AnAllowedOriginMayAskAndRead) {
    options.cors = Cors({"http://localhost:5173", kOrigin});
    const auto preflight = send("OPTIONS", "/mine",
                                {{"Origin", kOrigin},
                                 {"Access-Control-Request-Method", "GET"},
                                 {"Access-Control-Request-Headers", "authorization"}});
    EXPECT_EQ(preflight.status, 204) << "without credentials";
    EXPECT_EQ(preflight.headers.get("Access-Control-Allow-Origin"), kOrigin);
    EXPECT_EQ(preflight.headers.get("Access-Control-Allow-Methods"), "GET, HEAD");
    EXPECT_THAT(std::string(preflight.headers.get("Access-Control-Allow-Headers")),
                HasSubstr("Authorization"));
    EXPECT_EQ(preflight.headers.find("Access-Control-Allow-Credentials"), nullptr);

    const auto answer = send("GET", "/open", {{"Origin", kOrigin}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), kOrigin);
    EXPECT_EQ(answer.headers.get("Vary"), "Origin");
    EXPECT_EQ(send("GET", "/mine", {{"Origin", kOrigin}}).headers.get("Access-Control-Allow-Origin"), kOrigin)
        << "an error is to be read, too";
}

TEST_F(EdgeTest, OtherOriginsGetNoHeaderAndNoPreflight) {
    options.cors = Cors({kOrigin});
    for (const char* other :
         {"https://monitor.example.org.evil.test", "http://monitor.example.org",
          "https://monitor.example.org:8443", "null", "https://MONITOR.example.org", ""}) {
        const auto answer = send("GET", "/open", {{"Origin", other}});
        EXPECT_EQ(answer.headers.find("Access-Control-Allow-Origin"), nullptr) << other;
        EXPECT_EQ(answer.headers.get("Vary"), "Origin") << "a cache must keep them apart";
        const auto preflight =
            send("OPTIONS", "/mine", {{"Origin", other}, {"Access-Control-Request-Method", "GET"}});
        EXPECT_EQ(preflight.status, 405) << other;
        EXPECT_EQ(preflight.headers.find("Access-Control-Allow-Origin"), nullptr);
    }
    EXPECT_EQ(send("OPTIONS", "/open", {{"Origin", kOrigin}}).status, 405) << "no preflight";
}

TEST_F(EdgeTest, WithoutAListNothingIsSaidAboutOrigins) {
    const auto answer = send("GET", "/open", {{"Origin", kOrigin}});
    EXPECT_EQ(answer.headers.find("Vary"), nullptr);
    EXPECT_EQ(answer.headers.find("Access-Control-Allow-Origin"), nullptr);
}

TEST(Cors, TakesExactOriginsOnly) {
    for (const char* bad :
         {"*", "https://*.example.org", "example.org", "https://example.org/", "null", "https://",
          "https://Example.org", "https://example.org:443", "http://example.org:80",
          "https://example.org:", "https://a:b", "ftp://example.org", "https://u@example.org", ""})
        EXPECT_THROW(Cors({bad}), Error) << bad;
    EXPECT_NO_THROW(Cors({"https://example.org:8443", "http://localhost", "http://[::1]:5173",
                          "http://127.0.0.1:80"
                          "80"}));
}

// ---- failed attempts

TEST_F(EdgeTest, FailuresOfAnAccountHoldUpItsAddressAndNobodyElse) {
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(login("ann", "wrong"), 401);
    const auto refused = send("POST", "/login", {{"X-Account", "ann"}}, "right");
    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(refused.body, HasSubstr("RateLimitExceeded"));
    EXPECT_EQ(refused.headers.get("Retry-After"), "90");
    EXPECT_EQ(login("ann", "right", "192.0.2.2"), 200) << "her own address is not held up";
    EXPECT_EQ(login("bob", "right"), 200);
    clock.advance(89s);
    EXPECT_EQ(login("ann", "right"), 429);
    clock.advance(1s);
    EXPECT_EQ(login("ann", "right"), 200) << "right after the pause";
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(login("ann", "wrong"), 401) << "and forgiven";
    EXPECT_EQ(login("ann", "wrong"), 429);
}

TEST_F(EdgeTest, RightPasswordsCostNothing) {
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(login("ann", "right"), 200);
}

TEST_F(EdgeTest, OneAddressCannotTryManyAccounts) {
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(login("user" + std::to_string(i), "wrong"), 401);
    EXPECT_EQ(login("user50", "wrong"), 429);
    EXPECT_EQ(login("ann", "right", "198.51.100.7"), 200);
    EXPECT_EQ(send("GET", "/open").status, 200) << "other routes are not throttled";
}

TEST_F(EdgeTest, AnAddressOfVersion6CountsByItsNetwork) {
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(login("user" + std::to_string(i), "wrong", "2001:db8:0:1::" + std::to_string(i)), 401);
    EXPECT_EQ(login("user50", "wrong", "2001:db8:0:1:ffff::1"), 429);
    EXPECT_EQ(login("user50", "wrong", "2001:db8:0:2::1"), 401);
}

TEST_F(EdgeTest, ThisMachineHasNoLimitOfItsAddressButAccountsHave) {
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(login("user" + std::to_string(i), "wrong", i % 2 == 0 ? "127.0.0.1" : "::1"), 401);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(login("ann", "wrong", i % 2 == 0 ? "127.0.0.1" : "::1"), 401);
    EXPECT_EQ(login("ann", "right", "127.0.0.1"), 429);
    EXPECT_EQ(login("ann", "right", "::1"), 429);
    EXPECT_EQ(login("ann", "right", "192.0.2.1"), 200);
}

TEST_F(EdgeTest, BadTokensAreSlowedDownAndLockNobodyOut) {
    address = "192.0.2.1";
    const auto guess = [&](const std::string& token) {
        return send("POST", "/enrol", {{"Authorization", "Bearer " + token}}, "right").status;
    };
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(guess("nonsense"), 401) << i;
    EXPECT_EQ(guess("nonsense"), 429) << "as one account";
    for (int i = 0; i < 40; ++i)
        EXPECT_EQ(guess("guess" + std::to_string(i)), 401) << i;
    EXPECT_EQ(guess("another"), 429) << "as one address";
    address = "192.0.2.9";
    EXPECT_EQ(guess("another"), 401) << "another address";
}

TEST_F(EdgeTest, ARightTokenFromAnAddressOfWrongOnesIsTaken) {
    address = "192.0.2.1";
    for (int i = 0; i < 40; ++i)
        ASSERT_EQ(
            send("POST", "/enrol", {{"Authorization", "Bearer guess" + std::to_string(i)}}, "right").status,
            401);
    const auto good = as(PrincipalKind::registration);
    EXPECT_EQ(send("POST", "/enrol", {good}, "right").status, 200);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(send("POST", "/enrol", {good}, "wrong").status, 403);
    EXPECT_EQ(send("POST", "/enrol", {good}, "right").status, 429) << "an answer that refuses counts as well";
    EXPECT_EQ(send("POST", "/enrol", {{"Authorization", "Bearer nonsense"}}, "right").status, 401);
    EXPECT_EQ(send("POST", "/enrol", {as(PrincipalKind::registration)}, "right").status, 200);
}

// ---- what goes wrong behind it

TEST_F(EdgeTest, AFaultOfTheProgramIsNotAConflict) {
    using Kind = db::ConstraintViolation::Kind;
    add("GET", "/broken", Permission::open(), [](Request& request) -> Outcome {
        const auto kind = static_cast<Kind>(std::stoi(request.headers.find("X-Kind")->c_str()));
        throw db::ConstraintViolation(kind, "shelf_height", "the shelf is too low");
    });
    for (const Kind kind : {Kind::check, Kind::foreignKey, Kind::notNull}) {
        const auto answer = send("GET", "/broken", {{"X-Kind", std::to_string(static_cast<int>(kind))}});
        EXPECT_EQ(answer.status, 500);
        EXPECT_THAT(answer.body, Not(HasSubstr("shelf")));
    }
    EXPECT_THAT(log.text(), HasSubstr("shelf_height"));
    EXPECT_EQ(send("GET", "/broken", {{"X-Kind", std::to_string(static_cast<int>(Kind::unique))}}).status,
              409);
}

TEST_F(EdgeTest, AStatusThatIsNoneIsAFault) {
    add("GET", "/odd", Permission::open(), [](Request& request) -> Outcome {
        return Response::empty(std::stoi(request.headers.find("X-Status")->c_str()));
    });
    for (const int status : {9999, 600, 199, 0, -1})
        EXPECT_EQ(send("GET", "/odd", {{"X-Status", std::to_string(status)}}).status, 500) << status;
    EXPECT_EQ(send("GET", "/odd", {{"X-Status", "204"}}).status, 204);
    EXPECT_THAT(log.text(), HasSubstr("status 9999"));
}

TEST_F(EdgeTest, AFailureThatEveryRequestMeetsIsLoggedOnce) {
    add("GET", "/full", Permission::open(),
        [](Request&) -> Outcome { throw Error(errors::kDatabase, "The disk of the database is full"); });
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(send("GET", "/full").status, 503);
    const auto text = log.text();
    const auto first = text.find("is full");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(text.find("is full", first + 1), std::string::npos);
}

TEST_F(EdgeTest, WhatIsNotThereNowIsNotDeniedForGood) {
    dispatcher.setIncomplete("this host lacks hello.");
    authentication.setIncomplete("this host lacks hello.");
    EXPECT_EQ(send("GET", "/api/v1/hello", {as(PrincipalKind::user)}).status, 503);
    const auto unknown = send("GET", "/mine", {{"Authorization", "Bearer of-another-kind"}});
    EXPECT_EQ(unknown.status, 503);
    EXPECT_EQ(unknown.headers.get("Retry-After"), "5");
    EXPECT_EQ(send("GET", "/mine").status, 401) << "nothing to verify";
    EXPECT_EQ(send("GET", "/nowhere").status, 404) << "the web application's";
    authentication.setIncomplete("");
    EXPECT_EQ(send("GET", "/mine", {{"Authorization", "Bearer of-another-kind"}}).status, 401);
}

// ---- how often

TEST_F(EdgeTest, ACallerMaySendSoManyAndNoMore) {
    options.rateLimit = 2;
    options.rateBurst = 5;
    const auto ann = as(PrincipalKind::user), agent = as(PrincipalKind::agent);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(send("GET", "/mine", {ann}).status, 200);
    const auto refused = send("GET", "/mine", {ann});
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.get("Retry-After"), "1");
    EXPECT_EQ(send("GET", "/mine", {as(PrincipalKind::apiToken)}).status, 200);
    EXPECT_EQ(send("GET", "/open").status, 200);
    clock.advance(500ms);
    EXPECT_EQ(send("GET", "/mine", {ann}).status, 200);
    EXPECT_EQ(send("GET", "/mine", {ann}).status, 429);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(send("GET", "/mine", {agent}).status, 403);
    EXPECT_EQ(send("GET", "/mine", {agent}).status, 429) << "agents as well";
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(send("GET", "/mine", {{"Authorization", "Bearer nonsense"}}).status, 401);
}

TEST_F(EdgeTest, WithoutALimitNobodyIsRefused) {
    const auto ann = as(PrincipalKind::user);
    for (int i = 0; i < 5000; ++i)
        ASSERT_EQ(send("GET", "/mine", {ann}).status, 200);
}

TEST_F(EdgeTest, TheDocumentNamesTheRefusal) {
    dispatch("GET", "/open");
    const auto document = json::parse(openApi(router.routes(), "1")).value();
    const auto lists = [&](const char* path, const char* method) {
        const auto& operation =
            *document.object()->find("paths")->object()->find(path)->object()->find(method);
        return operation.object()->find("responses")->object()->find("429") != nullptr;
    };
    EXPECT_TRUE(lists("/login", "post"));
    EXPECT_TRUE(lists("/mine", "get"));
    EXPECT_FALSE(lists("/open", "get"));
}

// ---- compression

TEST_F(EdgeTest, LargerJsonIsCompressedForWhoTakesIt) {
    body = "[" + std::string(5000, ' ') + "1]";
    const auto packed = send("GET", "/open", {{"Accept-Encoding", "br, gzip"}});
    EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.headers.get("Vary"), "Accept-Encoding");
    EXPECT_LT(packed.body.size(), 200U);
    std::istringstream in(packed.body);
    Poco::InflatingInputStream plain(in, Poco::InflatingStreamBuf::STREAM_GZIP);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(plain), {}), body);

    const auto whole = send("GET", "/open");
    EXPECT_EQ(whole.body, body);
    EXPECT_EQ(whole.headers.get("Vary"), "Accept-Encoding");
    EXPECT_EQ(whole.headers.find("Content-Encoding"), nullptr);
    EXPECT_EQ(send("GET", "/open", {{"Accept-Encoding", "gzip;q=0"}}).body, body);
}

TEST_F(EdgeTest, WhatMayHoldASecretOrIsSmallIsNotCompressed) {
    const HeaderList takes{{"Accept-Encoding", "gzip"}};
    body = std::string(1023, ' ');
    EXPECT_EQ(send("GET", "/open", takes).body, body);
    body = std::string(1024, ' ');
    EXPECT_NE(send("GET", "/open", takes).body, body);
    EXPECT_EQ(send("POST", "/open", takes).body, body) << "secrets are given out by POST";
    EXPECT_EQ(send("GET", "/secrets", takes).body, body);
    EXPECT_EQ(send("GET", "/secrets", takes).headers.find("Vary"), nullptr);
}

// ---- the access log

TEST_F(EdgeTest, EachRequestIsALineWithoutSecrets) {
    options.accessLog = true;
    log.logger().hub().addSecret("canary-in-the-agent");
    const auto ann = as(PrincipalKind::user);
    // Cut at 200 characters, the secret would be half a one.
    const std::string agent = std::string(190, 'x') + "canary-in-the-agent";
    send("GET", "/mine", {ann, {"User-Agent", agent}});
    const auto line = json::parse(log.text()).value();
    EXPECT_EQ(line.stringOr("msg"), "request");
    EXPECT_EQ(line.stringOr("level"), "info");
    EXPECT_EQ(line.stringOr("method"), "GET");
    EXPECT_EQ(line.stringOr("path"), "/mine");
    EXPECT_EQ(line.integerOr("status"), 200);
    EXPECT_EQ(line.integerOr("bytes"), 2);
    EXPECT_EQ(line.stringOr("client"), "192.0.2.1");
    EXPECT_EQ(line.stringOr("request_id"), "id-1");
    EXPECT_EQ(line.stringOr("principal"), "user");
    EXPECT_TRUE(Uuid::parse(line.stringOr("principal_id")));
    EXPECT_EQ(line.stringOr("user_agent"), std::string(190, 'x') + "***");
    EXPECT_NE(line.object()->find("duration_ms"), nullptr);
    EXPECT_THAT(log.text(), Not(HasSubstr("canary")));
    EXPECT_THAT(log.text(), Not(HasSubstr("of-the-query")));
    EXPECT_THAT(log.text(), Not(HasSubstr(ann.second)));
}

TEST_F(EdgeTest, TheLineOfAnUnknownPathIsCutBetweenCharacters) {
    options.accessLog = true;
    send("GET", "/nowhere/" + std::string(190, 'p') + "\u00e4\u00e4", {{"User-Agent", "\xff\"\n"}});
    const auto line = json::parse(log.text()).value();
    EXPECT_EQ(line.stringOr("path"), "/nowhere/" + std::string(190, 'p'));
    EXPECT_EQ(line.integerOr("status"), 404);
    EXPECT_EQ(line.stringOr("user_agent"), "\uFFFD\"\n");
    EXPECT_EQ(line.stringOr("principal", "none"), "none");
}

TEST_F(EdgeTest, TheAccessLogIsOffUntilItIsSwitchedOn) {
    send("GET", "/open");
    EXPECT_EQ(log.text(), "");
    edge->accessLog().set(true);
    dispatch("GET", "/park"); // whoever asked is gone at once
    EXPECT_THAT(log.text(), HasSubstr(R"("path":"/park","status":null,"bytes":null)"));
}

// ---- numbers

TEST_F(EdgeTest, RequestsAreCountedByRouteAndStatus) {
    for (int i = 0; i < 3; ++i)
        send("GET", "/open");
    send("GET", "/mine");
    send("GET", "/unknown/" + std::to_string(1));
    send("GET", "/unknown/" + std::to_string(2));
    dispatch("GET", "/park");
    const auto text = metrics.exposition(SystemContext("test"));
    for (const char* expected : {R"(ae_http_requests_total{method="GET",route="/open",status="200"} 3)",
                                 R"(ae_http_requests_total{method="GET",route="/mine",status="401"} 1)",
                                 R"(ae_http_requests_total{method="any",route="none",status="404"} 2)",
                                 R"(ae_http_requests_total{method="GET",route="/park",status="parked"} 1)",
                                 R"(ae_http_request_seconds_count{route="/open"} 3)"})
        EXPECT_THAT(text, HasSubstr(expected));
}

TEST(RouteCounters, CountMoreStatusesThanTheyHoldFromManyThreads) {
    core::testkit::TestLog log;
    metrics::Store store{log.logger("metrics")};
    metrics::ModuleRegistry registry{store, "host"};
    detail::RouteCounters counters;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 2000; ++i)
                    counters.count(registry, "GET", "/a", 200 + i % 20, 0.001);
            });
    }
    const auto text = store.exposition(SystemContext("test"));
    for (int status = 200; status < 220; ++status)
        EXPECT_THAT(text, HasSubstr("status=\"" + std::to_string(status) + "\"} 400\n"));
    EXPECT_THAT(text, HasSubstr("ae_http_request_seconds_count{route=\"/a\"} 8000\n"));
}

} // namespace
} // namespace core::http
