#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/page.h"
#include "http/openapi.h"
#include "http/router.h"

namespace core::http {
namespace {

Route get(std::string path) {
    return {.method = "GET",
            .path = std::move(path),
            .summary = "s",
            .permission = Permission::open(),
            .handler = [](Request&) -> Outcome { return Response::empty(); }};
}
Route post(std::string path) {
    Route route = get(std::move(path));
    route.method = "POST";
    route.audit = Audit::action("test.made");
    return route;
}
std::vector<Route> one(Route route) {
    std::vector<Route> routes;
    routes.push_back(std::move(route));
    return routes;
}
std::string pathOf(const Router::Match& match) {
    return match.route ? match.route->path : "";
}

TEST(Router, PrefersLiteralsToParameters) {
    Router router;
    router.add("m", {get("/a/{id}"), get("/a/list"), get("/a/{id}/b"), get("/")});
    EXPECT_EQ(pathOf(router.find("GET", "/a/list")), "/a/list");
    EXPECT_EQ(pathOf(router.find("GET", "/a/other")), "/a/{id}");
    EXPECT_EQ(pathOf(router.find("GET", "/a/1/b")), "/a/{id}/b");
    EXPECT_EQ(pathOf(router.find("GET", "/")), "/");
    for (const char* path : {"/a", "/a/", "/a/1/", "/a/1/c", "//", "/b", "", "a/list"})
        EXPECT_FALSE(router.find("GET", path).pathExists) << path;
}

TEST(Router, TriesTheParameterWhereTheLiteralLeadsNowhere) {
    Router router;
    router.add("m", {get("/a/{x}/c"), get("/a/b/d"), get("/a/{x*}")});
    const auto match = router.find("GET", "/a/b/c");
    EXPECT_EQ(pathOf(match), "/a/{x}/c");
    EXPECT_THAT(match.parameters, testing::ElementsAre(testing::Pair("x", "b")));
    EXPECT_EQ(pathOf(router.find("GET", "/a/b/d")), "/a/b/d");
    const auto rest = router.find("GET", "/a/b/e");
    EXPECT_EQ(pathOf(rest), "/a/{x*}");
    EXPECT_THAT(rest.parameters, testing::ElementsAre(testing::Pair("x", "b/e")));
}

TEST(Router, DecodesAfterItHasSplit) {
    Router router;
    router.add("m", {get("/a/{id}"), get("/a/{id}/b")});
    const auto match = router.find("GET", "/a/x%2Fb%20y");
    EXPECT_EQ(pathOf(match), "/a/{id}");
    EXPECT_THAT(match.parameters, testing::ElementsAre(testing::Pair("id", "x/b y")));
    EXPECT_EQ(pathOf(router.find("GET", "/%61/1")), "/a/{id}");
    for (const char* path : {"/a/%", "/a/%4", "/a/%zz", "/a/%00", "/a/%ff", "/a/x%00/b"})
        EXPECT_FALSE(router.find("GET", path).pathExists) << path;
}

TEST(Router, TheLastParameterMayTakeTheRest) {
    Router router;
    router.add("m", {get("/files/{path*}"), get("/files/special")});
    EXPECT_EQ(router.find("GET", "/files/a/b%2Fc").parameters.at(0).second, "a/b/c");
    EXPECT_EQ(pathOf(router.find("GET", "/files/special")), "/files/special");
    EXPECT_EQ(router.find("GET", "/files/special/x").parameters.at(0).second, "special/x");
    EXPECT_FALSE(router.find("GET", "/files/a/%ff").pathExists);
}

TEST(Router, NamesTheMethodsOfAPath) {
    Router router;
    router.add("m", {get("/a"), post("/a"), post("/b")});
    const auto match = router.find("DELETE", "/a");
    EXPECT_TRUE(match.pathExists);
    EXPECT_EQ(match.route, nullptr);
    EXPECT_EQ(match.allowed, "GET, HEAD, POST");
    EXPECT_EQ(router.find("HEAD", "/a").route->method, "GET");
    EXPECT_EQ(router.find("HEAD", "/b").route, nullptr);
}

TEST(Router, RefusesRoutesThatAreNotSafe) {
    Router router;
    const auto refuses = [&](Route route, std::string_view why) {
        try {
            router.add("m", one(std::move(route)));
            ADD_FAILURE() << why;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr(why));
        }
    };
    Route route = get("/x");
    route.permission = Permission();
    refuses(route, "declares no permission");
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        route = get("/x");
        route.method = method;
        refuses(route, "declares no audit action");
    }
    route = get("/x");
    route.handler = nullptr;
    refuses(route, "has no handler");
    route = post("/x");
    route.method = "BREW";
    refuses(route, "has an unknown method");
    refuses(get("x"), "does not begin with a slash");
    for (const char* path : {"/{}", "/{a", "/a}", "/{a*}/b", "/{*}", "/a{b}", "/{a}/{a}"})
        refuses(get(path), "is not a well-formed pattern");
    EXPECT_TRUE(router.routes().empty());
}

TEST(Router, RefusesWhatIsTakenAndRemovesByModule) {
    Router router;
    router.add("one", {get("/a"), get("/c/{x}")});
    EXPECT_THROW(router.add("two", one(get("/a"))), Error);
    EXPECT_THROW(router.add("two", one(get("/c/{y}"))), Error);
    router.add("two", {post("/a"), get("/b")});
    ASSERT_EQ(router.routes().size(), 4U);
    EXPECT_EQ(router.routes().front()->method, "GET");
    router.remove("one");
    EXPECT_EQ(router.find("GET", "/a").route, nullptr);
    EXPECT_EQ(router.find("GET", "/a").allowed, "POST");
    EXPECT_FALSE(router.find("GET", "/c/1").pathExists);
    router.add("three", one(get("/a")));
    EXPECT_EQ(router.find("GET", "/a").route->module, "three");
}

TEST(OpenApi, SaysWhatTheRoutesDeclare) {
    Router router;
    Route list = get("/api/v1/things/{id}/files/{path*}");
    list.permission = Permission::role("test.read", Role::operator_);
    list.query = &wire::typeOf<PageQuery>();
    list.errors = {&errors::kConflict};
    Route make = post("/api/v1/things");
    make.request = &wire::typeOf<PageQuery>();
    make.response = &wire::typeOf<PageQuery>();
    make.responseIsList = true;
    make.status = 201;
    router.add("m", {list, make});
    const auto document = json::parse(openApi(router.routes(), "1.2.3")).value();
    EXPECT_EQ(document.find("info")->stringOr("version"), "1.2.3");
    const auto* paths = document.find("paths");
    const auto* read = paths->find("/api/v1/things/{id}/files/{path}")->find("get");
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->stringOr("operationId"), "getApiV1ThingsIdFilesPath");
    EXPECT_THAT(read->stringOr("description"), testing::HasSubstr("test.read, role operator"));
    EXPECT_EQ(read->find("parameters")->array()->size(), 4U);
    for (const char* status : {"200", "400", "401", "403", "409"})
        EXPECT_NE(read->find("responses")->find(status), nullptr) << status;
    const auto* made = paths->find("/api/v1/things")->find("post");
    ASSERT_NE(made, nullptr);
    ASSERT_NE(made->find("security"), nullptr); // said, not left out: nothing is needed
    EXPECT_TRUE(made->find("security")->array()->empty());
    EXPECT_EQ(made->find("responses")->find("401"), nullptr);
    const auto* schema =
        made->find("responses")->find("201")->find("content")->find("application/json")->find("schema");
    EXPECT_EQ(schema->stringOr("type"), "array");
    EXPECT_EQ(schema->find("items")->stringOr("$ref"), "#/components/schemas/PageQuery");
    EXPECT_NE(document.find("components")->find("schemas")->find("PageQuery"), nullptr);
    EXPECT_NE(document.find("components")->find("schemas")->find("Error"), nullptr);
}

TEST(OpenApi, DeclaresWhatEveryReaderNeeds) {
    Router router;
    Route change = post("/api/v1/things/{id}");
    change.method = "PUT";
    change.permission = Permission::role("test.write", Role::admin);
    change.request = &wire::typeOf<PageQuery>();
    change.versioned = true;
    Route make = post("/api/v1/things");
    make.permission = Permission::role("test.write", Role::admin);
    make.request = &wire::typeOf<PageQuery>();
    make.status = 201;
    make.location = "/api/v1/things/{id}";
    Route report = post("/api/v1/reports");
    report.permission = Permission::agent("test.report");
    router.add("test", {std::move(change), std::move(make), std::move(report)});
    const auto document = json::parse(openApi(router.routes(), "1.2.3")).value();
    EXPECT_EQ(document.find("servers")->array()->at(0).stringOr("url"), "/");
    EXPECT_EQ(document.find("tags")->array()->at(0).stringOr("name"), "test");
    const auto* components = document.find("components");
    for (const char* scheme : {"bearer", "basic", "agentKey"})
        EXPECT_NE(components->find("securitySchemes")->find(scheme), nullptr) << scheme;
    EXPECT_EQ(components->find("securitySchemes")->find("agentKey")->stringOr("name"), "X-Agent-API-Key");

    const auto* paths = document.find("paths");
    const auto* changed = paths->find("/api/v1/things/{id}")->find("put");
    for (const char* status : {"400", "401", "403", "405", "409", "412", "413", "415", "429", "500", "503"})
        EXPECT_NE(changed->find("responses")->find(status), nullptr) << status;
    EXPECT_NE(changed->find("responses")->find("200")->find("headers")->find("ETag"), nullptr);
    const auto* made = paths->find("/api/v1/things")->find("post");
    EXPECT_NE(made->find("responses")->find("422"), nullptr);
    EXPECT_NE(made->find("responses")->find("201")->find("headers")->find("Location"), nullptr);
    EXPECT_NE(json::write(*paths->find("/api/v1/reports")->find("post")->find("security")).find("agentKey"),
              std::string::npos);

    const auto names = json::write(*components->find("schemas")->find("ErrorName")->find("enum"));
    for (const auto* kind :
         {&errors::kValidation, &errors::kPreconditionFailed, &errors::kIdempotencyKeyReused,
          &errors::kRequestTimeout, &errors::kTooLarge, &errors::kUnsupportedMedia})
        EXPECT_THAT(names, testing::HasSubstr("\"" + std::string(kind->name) + "\""));
}

TEST(OpenApi, NamesTheShapeOfRawJson) {
    struct Holder {
        json::Value one;
        json::Value many;
    };
    static const auto type =
        wire::object<Holder>("Holder", wire::tolerant)
            .field("one", &Holder::one, {.shape = &wire::typeOf<PageQuery>})
            .field("many", &Holder::many, {.shape = &wire::typeOf<PageQuery>, .shapeIsList = true})
            .build();
    std::vector<const wire::Type*> used;
    const json::Value schema = type.schema(used);
    EXPECT_EQ(json::write(*schema.find("properties")->find("one")),
              R"({"anyOf":[{"$ref":"#/components/schemas/PageQuery"},{"type":"null"}]})");
    EXPECT_EQ(json::write(*schema.find("properties")->find("many")),
              R"({"type":"array","items":{"$ref":"#/components/schemas/PageQuery"}})");
    EXPECT_EQ(used.size(), 2U);
}

} // namespace
} // namespace core::http
