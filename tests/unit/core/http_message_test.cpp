

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/page.h"
#include "core/http/request.h"
#include "core/testing/temp_dir.h"
#include "core/uuid.h"
#include "http/request_id.h"
#include "http/response_writer.h"
#include "http/static_files.h"

namespace core::http {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

TEST(ResponseWriter, DropsWhatWouldBreakTheFraming) {
    Response response = Response::text("hi", "text/plain");
    response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
    response.headers.add("X-Lf", "a\nb");
    response.headers.add("X-Nul", "a\0b"s);
    response.headers.add("X-\r\nName", "v");
    response.headers.add("X-Good", "v");
    const std::string text = serialize(response, {true, false, "id-1", false}).own;
    EXPECT_THAT(text, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(text, testing::EndsWith("\r\n\r\nhi"));
    for (const char* gone : {"Set-Cookie", "X-Evil", "X-Lf", "X-Nul", "Name"})
        EXPECT_THAT(text, Not(HasSubstr(gone)));
    for (const char* there :
         {"X-Good: v\r\n", "Content-Length: 2\r\n", "X-Request-Id: id-1\r\n", "Cache-Control: no-store\r\n",
          "X-Content-Type-Options: nosniff\r\n", "Connection: keep-alive\r\n"})
        EXPECT_THAT(text, HasSubstr(there));
    EXPECT_THAT(text, Not(HasSubstr("Strict-Transport-Security")));
}

TEST(ResponseWriter, HeadAndBodylessAnswers) {
    const Response response = Response::text("hi", "text/plain");
    const std::string head = serialize(response, {false, true, "i", true}).own;
    EXPECT_THAT(head, HasSubstr("Content-Length: 2\r\n"));
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(head, HasSubstr("Strict-Transport-Security"));
    EXPECT_THAT(head, testing::EndsWith("\r\n\r\n"));
    for (const int status : {204, 304}) {
        Response empty = Response::empty(status);
        empty.body = "must not be sent";
        const std::string text = serialize(empty, {true, false, "i", false}).own;
        EXPECT_THAT(text, Not(HasSubstr("Content-Length")));
        EXPECT_THAT(text, testing::EndsWith("\r\n\r\n"));
    }
}

TEST(ResponseWriter, SharedBytesStayApartIfTheyAreMany) {
    for (const std::size_t size : {8192U, 8193U}) {
        const auto whole = std::make_shared<const std::string>(size + 2, 'x');
        Response response;
        response.shared = SharedBytes(whole, 1, size);
        EXPECT_EQ(response.content().size(), size);
        const WireBytes bytes = serialize(response, {true, false, "i", false});
        EXPECT_THAT(bytes.own, HasSubstr("Content-Length: " + std::to_string(size) + "\r\n"));
        EXPECT_EQ(static_cast<bool>(bytes.shared), size > 8192);
        EXPECT_EQ(bytes.own.substr(bytes.own.find("\r\n\r\n") + 4) + std::string(bytes.shared.view()),
                  std::string(size, 'x'));
        EXPECT_FALSE(serialize(response, {true, true, "i", false}).shared) << "an answer to HEAD";
    }
}

TEST(ResponseWriter, PagesGetAPolicyAndEverythingElseNothing) {
    const std::string page =
        serialize(Response::text("<p>", "text/html; charset=utf-8"), {true, false, "i", false}).own;
    EXPECT_THAT(page, HasSubstr("script-src 'self'; style-src 'self';"));
    EXPECT_THAT(page, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(page, HasSubstr("\r\nCross-Origin-Opener-Policy: same-origin\r\n"));
    EXPECT_THAT(page, HasSubstr("\r\nPermissions-Policy: "));
    const std::string data = serialize(Response::json("{}"), {true, false, "i", false}).own;
    EXPECT_THAT(data,
                HasSubstr("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"));
    // Its headers would replace those of the page that the browser has, and the page would be dead.
    EXPECT_THAT(serialize(Response::empty(304), {true, false, "i", false}).own,
                Not(HasSubstr("Content-Security-Policy")));
    for (const auto& text : {page, data}) {
        EXPECT_THAT(text, Not(HasSubstr("unsafe")));
        EXPECT_THAT(text, HasSubstr("\r\nCross-Origin-Resource-Policy: same-origin\r\n"));
        EXPECT_THAT(text, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    }
}

TEST(Response, ErrorsHaveOneShape) {
    const auto response = Response::error(Error(errors::kValidation, "Bad \"x\"", {{"/a", "no"}}));
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, R"({"error":"ValidationError","message":"Bad \"x\"",)"
                             R"("details":[{"pointer":"/a","message":"no"}]})");
    EXPECT_EQ(Response::error(Error(errors::kInvalidToken, "x")).headers.get("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(Response::error(Error(errors::kUnavailable, "x")).headers.get("Retry-After"), "5");
    EXPECT_THAT(Response::error(Error(errors::kNotFound, "x").withDetail("secret")).body,
                Not(HasSubstr("secret")));
}

TEST(RequestId, IsATrustedProxysOrANewOne) {
    const SystemClock clock;
    const auto given = [&](const std::string& id, bool trusted) {
        Headers headers;
        headers.add("X-Request-Id", id);
        return requestIdFor(headers, trusted, clock);
    };
    for (const std::string& id : {"0af7651916cd43dd8448eb211c80319c"s, std::string(64, 'x'), "a/b=c~!"s}) {
        EXPECT_EQ(given(id, true), id);
        EXPECT_TRUE(Uuid::parse(given(id, false))) << "anybody could say so";
    }
    for (const std::string& id : {""s, std::string(65, 'x'), "a b"s, "a\tb"s, "\xc3\xa4"s, "a\x7f"s, "a\nb"s})
        EXPECT_TRUE(Uuid::parse(given(id, true))) << id;
    EXPECT_TRUE(Uuid::parse(requestIdFor(Headers(), true, clock)));
    EXPECT_NE(given("", true), given("", true));
}

TEST(Headers, CompareWithoutCaseAndReplaceAll) {
    Headers headers;
    headers.add("A", "1");
    headers.add("a", "2");
    EXPECT_EQ(headers.get("a"), "1");
    headers.set("a", "3");
    EXPECT_EQ(headers.fields().size(), 1U);
    EXPECT_EQ(headers.get("A"), "3");
    EXPECT_EQ(headers.find("b"), nullptr);
}

TEST(Request, ReadsCookies) {
    Request request;
    EXPECT_FALSE(request.cookie("a"));
    request.headers.add("Cookie", "xa=0; a=1=2;b=; c");
    EXPECT_EQ(request.cookie("a"), "1=2");
    EXPECT_EQ(request.cookie("b"), "");
    EXPECT_FALSE(request.cookie("c"));
    EXPECT_FALSE(request.cookie("A"));
}

TEST(Request, ReadsTheQueryByItsDeclaration) {
    Request request;
    EXPECT_EQ(request.queryAs<PageQuery>().limit, 50);
    request.query = "limit=7&&after=a%2Bb+c";
    EXPECT_EQ(request.queryAs<PageQuery>().limit, 7);
    EXPECT_EQ(request.queryAs<PageQuery>().after, "a+b c");
    for (const char* query : {"limit=0", "limit=501", "limit=x", "limit=7x", "limit=1&limit=2", "unknown=1",
                              "limit=%", "after=%00", "after=%ff", "limit", "limit="}) {
        request.query = query;
        EXPECT_THROW(static_cast<void>(request.queryAs<PageQuery>()), Error) << query;
    }
}

TEST(Request, ReadsJsonOnlyIfItIsCalledSo) {
    Request request;
    request.body = R"({"limit":3})";
    const auto statusOf = [&] {
        try {
            return static_cast<int>(request.json<PageQuery>().limit);
        } catch (const Error& error) {
            return error.status();
        }
    };
    EXPECT_EQ(statusOf(), 415);
    request.headers.set("Content-Type", "text/json");
    EXPECT_EQ(statusOf(), 415);
    request.headers.set("Content-Type", "Application/JSON; charset=utf-8");
    EXPECT_EQ(statusOf(), 3);
    request.body = "{";
    EXPECT_EQ(statusOf(), 400);
}

TEST(Request, ParametersAndCaller) {
    Request request;
    request.pathParameters = {{"id", "no-uuid"}};
    EXPECT_EQ(request.parameter("id"), "no-uuid");
    EXPECT_THROW(static_cast<void>(request.parameter("x")), Error);
    constexpr ErrorKind kMissing{"ThingNotFound", 404, "", ""};
    try {
        static_cast<void>(request.uuidParameter("id", kMissing));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.name(), "ThingNotFound");
    }
    EXPECT_THROW(static_cast<void>(request.principal()), Error);
    request.caller = Principal{};
    try {
        static_cast<void>(request.tenant());
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), 403);
    }
}

TEST(Cursor, ReadsBackAndRefusesTheRest) {
    for (const std::int64_t key : {std::int64_t{0}, std::int64_t{-5}, INT64_MAX, INT64_MIN}) {
        const Cursor cursor{key, Uuid::generate(fromMicros(1'000'000))};
        const Cursor back = Cursor::decode(cursor.encode());
        EXPECT_EQ(back.key, key);
        EXPECT_EQ(back.id, cursor.id);
    }
    for (const char* text : {"", "!", "AAAA", "MTpub3V1aWQ", "eDow"})
        EXPECT_THROW(static_cast<void>(Cursor::decode(text)), Error) << text;
}

TEST(Page, EndsWhereNothingFollows) {
    const auto make = [](std::vector<int> rows) {
        return makePage(
            std::move(rows), 2,
            [](int row) {
                return Cursor{row, Uuid()};
            },
            [](int row) { return row * 10; });
    };
    EXPECT_FALSE(make({1, 2}).next);
    EXPECT_TRUE(make({}).items.empty());
    const auto page = make({1, 2, 3});
    EXPECT_THAT(page.items, testing::ElementsAre(10, 20));
    EXPECT_EQ(Cursor::decode(page.next.value()).key, 2);
}

struct StaticFilesTest : testing::Test {
    core::testkit::TempDir dir;
    StaticFilesTest() {
        core::testkit::writeFile(dir / "web/index.html", "<html>");
        core::testkit::writeFile(dir / "web/assets/a.1f.js", "js");
        core::testkit::writeFile(dir / "web/swagger/index.html", "swagger");
        core::testkit::writeFile(dir / "secret.txt", "secret");
    }
    static std::optional<Response> ask(StaticFiles& files, std::string path, std::string etag = {}) {
        Request request;
        request.path = std::move(path);
        if (!etag.empty())
            request.headers.add("If-None-Match", std::move(etag));
        return files.serve(request);
    }
};

TEST_F(StaticFilesTest, ServesFilesAndTheApplicationsOwnRoutes) {
    StaticFiles files(dir / "web");
    const auto script = ask(files, "/assets/a.1f.js");
    ASSERT_TRUE(script);
    EXPECT_EQ(script->content(), "js");
    EXPECT_EQ(script->headers.get("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_THAT(std::string(script->headers.get("Cache-Control")), HasSubstr("immutable"));
    const auto index = ask(files, "/");
    EXPECT_EQ(index->headers.get("Cache-Control"), "no-cache");
    EXPECT_EQ(ask(files, "/agents/17")->content(), "<html>");
    EXPECT_EQ(ask(files, "/swagger/")->content(), "swagger");
    EXPECT_EQ(ask(files, "/swagger")->headers.get("Location"), "/swagger/");
    const auto again = ask(files, "/", std::string(index->headers.get("ETag")));
    EXPECT_EQ(again->status, 304);
    EXPECT_TRUE(again->content().empty());
    EXPECT_FALSE(ask(files, "/missing.js"));
}

TEST_F(StaticFilesTest, AnswersAddressesThatTheApplicationDoesNotHaveWithItsPageAnd404) {
    core::testkit::writeFile(dir / "web/pages.json", R"(["/","/runs/:id","/policies/new"])");
    StaticFiles files(dir / "web");
    for (const char* path : {"/", "/runs/17", "/runs/17/", "/policies/new", "/swagger/", "/assets/a.1f.js"})
        EXPECT_EQ(ask(files, path)->status, 200) << path;
    for (const char* path : {"/nowhere", "/runs", "/runs/17/more", "/policies/other", "/Policies/new"}) {
        const auto answer = ask(files, path);
        EXPECT_EQ(answer->status, 404) << path;
        EXPECT_EQ(answer->content(), "<html>") << path;
    }
    EXPECT_FALSE(ask(files, "/pages.json")) << "it is for the host";
}

TEST_F(StaticFilesTest, ServesModulesBelowTheirHashForEverAndNothingElseThere) {
    StaticFiles files(dir / "web");
    files.addModule("sites", "h4sh",
                    {{"page.js", readAsset(dir / "web/assets/a.1f.js")},
                     {"part/list.html", readAsset(dir / "web/index.html")}});
    const auto page = ask(files, "/modules/sites/web/h4sh/page.js");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->content(), "js");
    EXPECT_EQ(page->headers.get("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(page->headers.get("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_TRUE(ask(files, "/modules/sites/web/h4sh/part/list.html"));
    // The application's index page would be taken for the module's code.
    for (const char* path :
         {"/modules/sites/web/h4sh/nothing", "/modules/sites/web/h4sh/part", "/modules/sites",
          "/modules/sites/web/0ther/page.js", "/modules/sites/web/page.js", "/modules/other/web/h4sh/page.js",
          "/modules/sites/web/h4sh/../h4sh/page.js",
          "/modules/sites/web/h4sh/%2e%2e/%2e%2e/%2e%2e/%2e%2e/index.html"})
        EXPECT_FALSE(ask(files, path)) << path;
}

TEST_F(StaticFilesTest, NeverLeavesItsFolder) {
    StaticFiles files(dir / "web");
    for (const char* path : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
                             "/assets/../../secret.txt", "//secret.txt", "/secret.txt%00.js", "/%"}) {
        const auto response = ask(files, path);
        EXPECT_TRUE(!response || response->content() != "secret") << path;
        EXPECT_FALSE(response && response->status == 200 && response->content() != "<html>") << path;
    }
    StaticFiles none(dir / "nowhere");
    EXPECT_TRUE(none.empty());
    EXPECT_FALSE(ask(none, "/"));
}

} // namespace
} // namespace core::http
