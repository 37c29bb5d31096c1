#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "http/conditions.h"
#include "http/content_coding.h"
#include "http/field_list.h"
#include "http/static_files.h"

namespace core::http {
namespace {

using testing::ElementsAre;

Headers with(const std::string& name, const std::string& value) {
    Headers headers;
    headers.add(name, value);
    return headers;
}

TEST(FieldList, KeepsCommasInsideOfQuotesAndDropsWhatIsEmpty) {
    EXPECT_THAT(fieldList(R"( "a,b" ,, W/"c"	, d )"), ElementsAre(R"("a,b")", R"(W/"c")", "d"));
    EXPECT_TRUE(fieldList(" , ").empty());
    EXPECT_TRUE(fieldList("").empty());
}

TEST(AcceptedCodings, FollowTheClientsWeights) {
    using enum Coding;
    const auto choose = [](const std::string& field) {
        return AcceptedCodings(with("Accept-Encoding", field)).choose(true, true);
    };
    EXPECT_EQ(AcceptedCodings(Headers()).choose(true, true), identity);
    EXPECT_EQ(choose(""), identity);
    EXPECT_EQ(choose("gzip, deflate, br, zstd"), brotli);
    EXPECT_EQ(choose("gzip"), gzip);
    EXPECT_EQ(choose("GZIP;Q=0.5 , br;q=0.4"), gzip);
    EXPECT_EQ(choose("gzip;q=0, br;q=0"), identity);
    EXPECT_EQ(choose("*"), brotli);
    EXPECT_EQ(choose("*;q=0.1, br;q=0"), gzip);
    EXPECT_EQ(choose("identity;q=1, gzip;q=0.5"), identity);
    EXPECT_EQ(choose("identity;q=0.5, gzip;q=1.0"), gzip);
    EXPECT_EQ(choose("deflate"), identity);
    for (const char* malformed :
         {"gzip;q=", "gzip;q=2", "gzip;q=0.1234", "gzip;q=-1", "gzip;level=9", "gzip;q=1.5"})
        EXPECT_EQ(choose(malformed), identity) << malformed;
    EXPECT_EQ(AcceptedCodings(with("Accept-Encoding", "br, gzip;q=0.1")).choose(true, false), gzip);
    EXPECT_EQ(AcceptedCodings(with("Accept-Encoding", "br, gzip")).choose(false, false), identity);
}

TEST(Conditions, KnowAnETagInAListAndWeakly) {
    const std::string etag = R"("a,1")";
    for (const char* field : {R"("a,1")", R"(W/"a,1")", R"("x", W/"a,1" , "y")", "*", " * "})
        EXPECT_TRUE(isKnown(with("If-None-Match", field), etag)) << field;
    for (const char* field : {R"("a")", R"(a,1)", R"("x", "y")", "", "**", R"("*")"})
        EXPECT_FALSE(isKnown(with("If-None-Match", field), etag)) << field;
    EXPECT_FALSE(isKnown(Headers(), etag));
}

TEST(Conditions, ReadOneRange) {
    const auto wanted = [](const std::string& range, std::size_t size = 10) {
        return wantedBytes(with("Range", range), R"("e")", size);
    };
    const WantedBytes whole;
    EXPECT_EQ(wanted("bytes=0-3"), WantedBytes(ByteRange{0, 3}));
    EXPECT_EQ(wanted("Bytes=2-"), WantedBytes(ByteRange{2, 9}));
    EXPECT_EQ(wanted("bytes=-3"), WantedBytes(ByteRange{7, 9}));
    EXPECT_EQ(wanted("bytes=-99999999999999999999999"), WantedBytes(ByteRange{0, 9}));
    EXPECT_EQ(wanted("bytes=9-18446744073709551616"), WantedBytes(ByteRange{9, 9}));
    EXPECT_EQ(wanted("bytes=10-"), WantedBytes(Unsatisfiable{}));
    EXPECT_EQ(wanted("bytes=-0"), WantedBytes(Unsatisfiable{}));
    EXPECT_EQ(wanted("bytes=0-", 0), WantedBytes(Unsatisfiable{}));
    for (const char* ignored : {"bytes=0-1,3-4", "bytes=3-1", "bytes=a-b", "bytes=", "bytes=-", "lines=0-1",
                                "bytes=1", "bytes=1-2-3", "bytes 0-1", "bytes=+1-2", ""})
        EXPECT_EQ(wanted(ignored), whole) << ignored;
    EXPECT_EQ(wantedBytes(Headers(), R"("e")", 10), whole);
}

TEST(Conditions, IfRangeNeedsTheSameETag) {
    const auto wanted = [](const std::string& condition) {
        Headers headers = with("Range", "bytes=0-0");
        headers.add("If-Range", condition);
        return wantedBytes(headers, R"("e")", 10);
    };
    EXPECT_EQ(wanted(R"("e")"), WantedBytes(ByteRange{0, 0}));
    for (const char* other : {R"(W/"e")", R"("f")", "Sat, 21 Nov 2026 20:00:00 GMT", ""})
        EXPECT_EQ(wanted(other), WantedBytes()) << other;
}

class PackedFiles : public testing::Test {
protected:
    PackedFiles() {
        core::testkit::writeFile(dir / "assets/a.js", "the script itself");
        core::testkit::writeFile(dir / "assets/a.js.gz", "gz");
        core::testkit::writeFile(dir / "assets/a.js.br", "b");
        core::testkit::writeFile(dir / "plain.txt", "0123456789");
    }
    Response ask(const std::string& path,
                 const std::vector<std::pair<std::string, std::string>>& headers = {},
                 const std::string& method = "GET") {
        StaticFiles files(dir.path());
        Request request;
        request.method = method;
        request.path = path;
        for (const auto& [name, value] : headers)
            request.headers.add(name, value);
        return files.serve(request).value();
    }
    core::testkit::TempDir dir;
};

TEST_F(PackedFiles, GoOutAsTheClientLikesThem) {
    const auto plain = ask("/assets/a.js");
    const auto gzipped = ask("/assets/a.js", {{"Accept-Encoding", "gzip"}});
    const auto packed = ask("/assets/a.js", {{"Accept-Encoding", "gzip, br"}});
    EXPECT_EQ(plain.content(), "the script itself");
    EXPECT_EQ(plain.headers.find("Content-Encoding"), nullptr);
    EXPECT_EQ(gzipped.content(), "gz");
    EXPECT_EQ(gzipped.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.content(), "b");
    EXPECT_EQ(packed.headers.get("Content-Encoding"), "br");
    for (const auto* answer : {&plain, &gzipped, &packed}) {
        EXPECT_EQ(answer->headers.get("Vary"), "Accept-Encoding");
        EXPECT_EQ(answer->headers.get("Content-Type"), "text/javascript; charset=utf-8");
    }
    EXPECT_NE(plain.headers.get("ETag"), gzipped.headers.get("ETag"));
    EXPECT_NE(packed.headers.get("ETag"), gzipped.headers.get("ETag"));
    EXPECT_EQ(ask("/plain.txt", {{"Accept-Encoding", "gzip"}}).headers.find("Vary"), nullptr);
}

TEST_F(PackedFiles, AreKnownByTheETagOfTheirCoding) {
    const std::string etag(ask("/assets/a.js", {{"Accept-Encoding", "br"}}).headers.get("ETag"));
    const auto again =
        ask("/assets/a.js", {{"Accept-Encoding", "br"}, {"If-None-Match", "\"x\", W/" + etag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_TRUE(again.content().empty());
    EXPECT_EQ(again.headers.get("ETag"), etag);
    EXPECT_EQ(again.headers.get("Vary"), "Accept-Encoding");
    EXPECT_EQ(ask("/assets/a.js", {{"If-None-Match", etag}}).status, 200)
        << "that was another representation";
}

TEST_F(PackedFiles, OneRangeIsAPart) {
    const auto part = ask("/plain.txt", {{"Range", "bytes=2-4"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.content(), "234");
    EXPECT_EQ(part.headers.get("Content-Range"), "bytes 2-4/10");
    const auto whole = ask("/plain.txt", {{"Range", "bytes=0-1,4-5"}});
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.content(), "0123456789");
    EXPECT_EQ(whole.headers.get("Accept-Ranges"), "bytes");
    const auto beyond = ask("/plain.txt", {{"Range", "bytes=10-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.headers.get("Content-Range"), "bytes */10");
    EXPECT_EQ(ask("/plain.txt", {{"Range", "bytes=2-4"}}, "HEAD").status, 200) << "a range is for GET only";
    EXPECT_EQ(ask("/assets/a.js", {{"Range", "bytes=0-0"}, {"Accept-Encoding", "gzip"}}).content(), "g");
    const std::string etag(whole.headers.get("ETag"));
    EXPECT_EQ(ask("/plain.txt", {{"Range", "bytes=2-4"}, {"If-None-Match", etag}}).status, 304);
    EXPECT_EQ(ask("/plain.txt", {{"Range", "bytes=2-4"}, {"If-Range", etag}}).status, 206);
    EXPECT_EQ(ask("/plain.txt", {{"Range", "bytes=2-4"}, {"If-Range", "\"old\""}}).content(), "0123456789");
}

} // namespace
} // namespace core::http
