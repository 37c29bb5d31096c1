#include <gtest/gtest.h>

#include "http/head_parser.h"

namespace core::http {
namespace {

using namespace std::string_literals;
using Progress = HeadParser::Progress;

const std::string kGood = "GET /a/b?x=1 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n\r\n";

std::string head(const std::string& fields, const std::string& line = "POST / HTTP/1.1") {
    return line + "\r\n" + fields + "\r\n";
}

TEST(HeadParser, ReadsAHead) {
    HeadParser parser{HeadLimits{}};
    ASSERT_EQ(parser.feed(kGood + "next"), Progress::complete);
    EXPECT_EQ(parser.consumed(), kGood.size());
    EXPECT_EQ(parser.head().method, "GET");
    EXPECT_EQ(parser.head().path, "/a/b");
    EXPECT_EQ(parser.head().query, "x=1");
    EXPECT_EQ(parser.head().headers.get("x-ONE"), "1");
    EXPECT_TRUE(parser.head().keepAlive);
    EXPECT_FALSE(parser.head().chunked);
    EXPECT_FALSE(parser.head().contentLength);
}

TEST(HeadParser, ReadsTheSameHoweverItArrives) {
    const std::string withBlankLine = "\r\n" + kGood;
    for (const std::string& text : {kGood, withBlankLine})
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            HeadParser parser{HeadLimits{}};
            ASSERT_EQ(parser.feed(std::string_view(text).substr(0, cut)), Progress::incomplete) << cut;
            ASSERT_EQ(parser.feed(text), Progress::complete) << cut;
            EXPECT_EQ(parser.consumed(), text.size());
            EXPECT_EQ(parser.head().path, "/a/b");
        }
    HeadParser parser{HeadLimits{}};
    for (std::size_t size = 0; size < kGood.size(); ++size)
        ASSERT_EQ(parser.feed(std::string_view(kGood).substr(0, size)), Progress::incomplete) << size;
    EXPECT_EQ(parser.feed(kGood), Progress::complete);
}

TEST(HeadParser, KnowsLengthCodingAndConnection) {
    struct Case {
        std::string text;
        bool keepAlive, chunked;
        std::optional<std::uint64_t> length;
    };
    const Case cases[] = {
        {head("Host: h\r\nContent-Length: 5\r\n"), true, false, 5},
        {head("Host: h\r\nContent-Length: 0\r\n"), true, false, 0},
        {head("Host: h\r\nTransfer-Encoding: Chunked\r\n"), true, true, {}},
        {head("Host: h\r\nConnection: foo, CLOSE\r\n"), false, false, {}},
        {head("", "GET / HTTP/1.0"), false, false, {}},
        {head("Connection: keep-alive\r\n", "GET / HTTP/1.0"), true, false, {}},
        {head("Connection: close\r\nConnection: keep-alive\r\n", "GET / HTTP/1.0"), false, false, {}},
    };
    for (const Case& c : cases) {
        HeadParser parser{HeadLimits{}};
        ASSERT_EQ(parser.feed(c.text), Progress::complete) << c.text;
        EXPECT_EQ(parser.head().keepAlive, c.keepAlive) << c.text;
        EXPECT_EQ(parser.head().chunked, c.chunked) << c.text;
        EXPECT_EQ(parser.head().contentLength, c.length) << c.text;
    }
}

struct Refused {
    const char* what;
    std::string text;
    int status;
};

class HeadParserRefuses : public testing::TestWithParam<Refused> {};

TEST_P(HeadParserRefuses, WhateverTheCut) {
    const Refused& c = GetParam();
    HeadParser whole{HeadLimits{}};
    ASSERT_EQ(whole.feed(c.text), Progress::refused);
    EXPECT_EQ(whole.refusal().status, c.status);
    EXPECT_FALSE(whole.refusal().message.empty());
    for (std::size_t cut = 1; cut < std::min<std::size_t>(c.text.size(), 400); ++cut) {
        HeadParser parser{HeadLimits{}};
        Progress progress = parser.feed(std::string_view(c.text).substr(0, cut));
        if (progress == Progress::incomplete)
            progress = parser.feed(c.text);
        ASSERT_EQ(progress, Progress::refused) << cut;
        EXPECT_EQ(parser.refusal().status, c.status) << cut;
    }
}

std::string many(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += "X-" + std::to_string(i) + ": v\r\n";
    return text;
}

const Refused kRefused[] = {
    {"BareLfThroughout", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"BareLfInField", head("Host: h\nX: y\r\n"), 400},
    {"BareLfAfterLine", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
    {"BareCrInField", head("Host: h\r\nX: a\rContent-Length: 5\r\n"), 400},
    {"BareCrInLine", head("Host: h\r\n", "GET /\rx HTTP/1.1"), 400},
    {"BareCrAfterVersion", head("Host: h\r\n", "GET / HTTP/1.1\r"), 400},
    {"Folded", head("Host: h\r\nX: a\r\n b\r\n"), 400},
    {"FoldedByTab", head("Host: h\r\nX: a\r\n\tb\r\n"), 400},
    {"FoldedFirst", head(" Host: h\r\n"), 400},
    {"BlankBeforeColon", head("Host: h\r\nContent-Length : 5\r\n"), 400},
    {"TabBeforeColon", head("Host: h\r\nContent-Length\t: 5\r\n"), 400},
    {"BlankInName", head("Host: h\r\nContent Length: 5\r\n"), 400},
    {"NoColon", head("Host: h\r\nContent-Length\r\n"), 400},
    {"NoName", head("Host: h\r\n: 5\r\n"), 400},
    {"NulInName", head("Host: h\r\nX\0Y: 5\r\n"s), 400},
    {"NulInValue", head("Host: h\r\nX: a\0b\r\n"s), 400},
    {"NulInTarget", head("Host: h\r\n", "GET /a\0b HTTP/1.1"s), 400},
    {"ControlInValue", head("Host: h\r\nX: a\x0b"s + "b\r\n"), 400},
    {"DelInValue", head("Host: h\r\nX: a\x7f\r\n"), 400},
    {"TwoLengths", head("Host: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n"), 400},
    {"TwoEqualLengths", head("Host: h\r\nContent-Length: 5\r\ncontent-length: 5\r\n"), 400},
    {"LengthList", head("Host: h\r\nContent-Length: 5, 5\r\n"), 400},
    {"LengthPlus", head("Host: h\r\nContent-Length: +5\r\n"), 400},
    {"LengthMinus", head("Host: h\r\nContent-Length: -5\r\n"), 400},
    {"LengthHex", head("Host: h\r\nContent-Length: 0x5\r\n"), 400},
    {"LengthFraction", head("Host: h\r\nContent-Length: 5.0\r\n"), 400},
    {"LengthEmpty", head("Host: h\r\nContent-Length:\r\n"), 400},
    {"LengthBlankInside", head("Host: h\r\nContent-Length: 5 5\r\n"), 400},
    {"LengthTooLong", head("Host: h\r\nContent-Length: 1844674407370955162\r\n"), 400},
    {"LengthOverflow", head("Host: h\r\nContent-Length: 18446744073709551621\r\n"), 400},
    {"LengthWithChunked", head("Host: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"ChunkedWithLength", head("Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
    {"ChunkedTwice", head("Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"ChunkedIdentity", head("Host: h\r\nTransfer-Encoding: chunked, identity\r\n"), 501},
    {"IdentityChunked", head("Host: h\r\nTransfer-Encoding: identity, chunked\r\n"), 501},
    {"ChunkedQuoted", head("Host: h\r\nTransfer-Encoding: \"chunked\"\r\n"), 501},
    {"ChunkedWithTail", head("Host: h\r\nTransfer-Encoding: chunked;x=1\r\n"), 501},
    {"ChunkedVerticalTab",
     head("Host: h\r\nTransfer-Encoding: \x0b"
          "chunked\r\n"),
     400},
    {"XChunked", head("Host: h\r\nTransfer-Encoding: xchunked\r\n"), 501},
    {"Gzip", head("Host: h\r\nTransfer-Encoding: gzip\r\n"), 501},
    {"CodingEmpty", head("Host: h\r\nTransfer-Encoding:\r\n"), 501},
    {"ChunkedByHttp10", head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), 400},
    {"NoHost", head("X: y\r\n"), 400},
    {"TwoHosts", head("Host: a\r\nHost: b\r\n"), 400},
    {"TwoHostsByHttp10", head("Host: a\r\nHost: b\r\n", "GET / HTTP/1.0"), 400},
    {"BareLfBeforeAWrongVersion", "GET / HTTP/2.0\r\nHost: h\nX: y\r\n\r\n", 400},
    {"BareLfWithinAHugeHead", "GET / HTTP/1.1\r\nX: \n" + std::string(40000, 'a') + "\r\n\r\n", 400},
    {"HostWithBlank", head("Host: a b\r\n"), 400},
    {"HostList", head("Host: a, b\r\n"), 400},
    {"HostWithPath", head("Host: a/b\r\n"), 400},
    {"HostWithUser", head("Host: a@b\r\n"), 400},
    {"HostForAShell", head("Host: a;b\r\n"), 400},
    {"HostWithoutName", head("Host: :80\r\n"), 400},
    {"HostWithWordAsPort", head("Host: a:b\r\n"), 400},
    {"HostWithLongPort", head("Host: a:123456\r\n"), 400},
    {"HostWithOpenBracket", head("Host: [::1\r\n"), 400},
    {"HostWithTwoPorts", head("Host: a:80:90\r\n"), 400},
    {"AbsoluteTargetOfAnotherHost", head("Host: h\r\n", "GET http://other/ HTTP/1.1"), 400},
    {"AbsoluteTargetWithUser", head("Host: h\r\n", "GET http://h@h/ HTTP/1.1"), 400},
    {"AbsoluteTargetWithoutHost", head("Host: h\r\n", "GET http:///a HTTP/1.1"), 400},
    {"AbsoluteTargetOfAnotherScheme", head("Host: h\r\n", "GET ftp://h/ HTTP/1.1"), 400},
    {"AuthorityTarget", head("Host: h\r\n", "CONNECT h:443 HTTP/1.1"), 400},
    {"AsteriskTarget", head("Host: h\r\n", "OPTIONS * HTTP/1.1"), 400},
    {"FragmentTarget", head("Host: h\r\n", "GET /a#b HTTP/1.1"), 400},
    {"Utf8Target", head("Host: h\r\n", "GET /\xc3\xa4 HTTP/1.1"), 400},
    {"NoTarget", head("Host: h\r\n", "GET  HTTP/1.1"), 400},
    {"TwoBlanks", head("Host: h\r\n", "GET  / HTTP/1.1"), 400},
    {"TabInLine", head("Host: h\r\n", "GET\t/ HTTP/1.1"), 400},
    {"BlankAfterVersion", head("Host: h\r\n", "GET / HTTP/1.1 "), 400},
    {"BlankBeforeMethod", head("Host: h\r\n", " GET / HTTP/1.1"), 400},
    {"NoVersion", head("Host: h\r\n", "GET /"), 400},
    {"BadMethod", head("Host: h\r\n", "G(T / HTTP/1.1"), 400},
    {"LongMethod", head("Host: h\r\n", std::string(33, 'G') + " / HTTP/1.1"), 400},
    {"Version2", head("Host: h\r\n", "GET / HTTP/2.0"), 505},
    {"Version12", head("Host: h\r\n", "GET / HTTP/1.2"), 505},
    {"VersionLower", head("Host: h\r\n", "GET / http/1.1"), 400},
    {"VersionLong", head("Host: h\r\n", "GET / HTTP/1.10"), 400},
    {"TwoEmptyLinesFirst", "\r\n\r\n" + head("Host: h\r\n"), 400},
    {"UnknownExpectation", head("Host: h\r\nExpect: coffee\r\n"), 417},
    {"LongTarget", head("Host: h\r\n", "GET /" + std::string(8192, 'a') + " HTTP/1.1"), 414},
    {"LongValue", head("Host: h\r\nX: " + std::string(8193, 'a') + "\r\n"), 431},
    {"ManyFields", head("Host: h\r\n" + many(100)), 431},
    {"HugeHead", head("Host: h\r\n" + std::string("X: ") + std::string(40000, 'a') + "\r\n"), 431},
};
INSTANTIATE_TEST_SUITE_P(All, HeadParserRefuses, testing::ValuesIn(kRefused),
                         [](const auto& i) { return std::string(i.param.what); });

TEST(HeadParser, TakesAWholeAddressOfTheSameHost) {
    struct Case {
        std::string target, host, path, query;
    };
    for (const Case& c :
         {Case{"http://h/a?b=1", "h", "/a", "b=1"}, Case{"HTTPS://H.example:8443", "h.example:8443", "/", ""},
          Case{"http://[::1]:80?q", "[::1]:80", "/", "q"}}) {
        HeadParser parser{HeadLimits{}};
        ASSERT_EQ(parser.feed(head("Host: " + c.host + "\r\n", "GET " + c.target + " HTTP/1.1")),
                  Progress::complete)
            << c.target;
        EXPECT_EQ(parser.head().path, c.path);
        EXPECT_EQ(parser.head().query, c.query);
    }
}

TEST(HeadParser, TakesHostsAsTheyAreWritten) {
    for (const char* host :
         {"", "h", "a-b.example.org:8080", "my_host", "192.0.2.1", "[2001:db8::1]", "[::1]:443", "h:"}) {
        HeadParser parser{HeadLimits{}};
        EXPECT_EQ(parser.feed(head("Host: " + std::string(host) + "\r\n")), Progress::complete) << host;
    }
}

TEST(HeadParser, DoesNotWaitForTheEndOfAHugeHead) {
    HeadParser parser{HeadLimits{}};
    EXPECT_EQ(parser.feed("GET / HTTP/1.1\r\nX: " + std::string(32768, 'a')), Progress::refused);
    EXPECT_EQ(parser.refusal().status, 431);
}

TEST(HeadParser, KeepsEncodedWordsAsTheyAre) {
    HeadParser parser{HeadLimits{}};
    ASSERT_EQ(parser.feed(head("Host: h\r\nX: =?utf-8?q?a=0D=0Ab?=\r\n")), Progress::complete);
    EXPECT_EQ(parser.head().headers.get("X"), "=?utf-8?q?a=0D=0Ab?=");
}

TEST(HeadParser, TakesWhatIsAllowedAtTheLimits) {
    HeadParser parser{HeadLimits{}};
    ASSERT_EQ(parser.feed(head("Host: h\r\n" + many(98) + "X: " + std::string(8192, 'a') + "\r\n")),
              Progress::complete);
    EXPECT_EQ(parser.head().headers.fields().size(), 100U);
}

} // namespace
} // namespace core::http
