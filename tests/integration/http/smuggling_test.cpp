#include "integration/http/server_fixture.h"

namespace core::http {
namespace {

using namespace std::string_literals;
using testing::IsEmpty;

const std::string kProbe = "GET /count HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kNext = "GET /ok HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kZero = "0\r\n\r\n";

/// After the answer the connection ends, and what was sent behind it is read by nobody.
constexpr bool kCloses = false;
/// The request is understood to its last byte: the next one on the connection is answered as itself.
constexpr bool kGoesOn = true;

struct Attack {
    const char* name;
    std::string text;
    int status;
    bool goesOn;
    std::string body = {}; ///< of the answer, if it matters
};

std::string get(const std::string& line, const std::string& fields = "Host: h\r\n") {
    return line + "\r\n" + fields + "\r\n";
}
/// A request whose framing is `fields`, with this behind the head.
std::string post(const std::string& fields, const std::string& rest) {
    return "POST /take HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + rest;
}
std::string chunks(const std::string& rest, const std::string& coding = "Transfer-Encoding: chunked\r\n") {
    return post(coding, rest);
}

/// What the literature knows of requests that two parsers read in two ways (RFC 9112, 11.2; HTTP desync and
/// its variants). The parser's own refusals, byte by byte, are in its unit test: here is what a client sees
/// on the wire, and that nothing of a body was ever done.
const Attack kAttacks[] = {
    // Content-Length against chunks
    {"ClTe", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", kZero + "G"), 400, kCloses},
    {"TeCl", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "20\r\n" + kProbe + "\r\n" + kZero),
     400, kCloses},
    {"ClZeroTe", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", kZero), 400, kCloses},
    {"ClTeByHttp10",
     get("POST /take HTTP/1.0", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + kZero, 400, kCloses},
    {"TeByHttp10", get("POST /take HTTP/1.0", "Transfer-Encoding: chunked\r\n") + kZero, 400, kCloses},
    {"TeOfGet",
     get("GET /ok HTTP/1.1", "Host: h\r\nTransfer-Encoding: chunked\r\n") + "20\r\n" + kProbe.substr(0, 32) +
         "\r\n" + kZero,
     200, kGoesOn},
    // Codings that one of two parsers takes for chunked
    {"TeBlankBeforeColon", chunks(kZero, "Transfer-Encoding : chunked\r\n"), 400, kCloses},
    {"TeTabBeforeColon", chunks(kZero, "Transfer-Encoding\t: chunked\r\n"), 400, kCloses},
    {"TeX", chunks(kZero, "Transfer-Encoding: xchunked\r\n"), 501, kCloses},
    {"TeTab", chunks("5\r\nhello\r\n" + kZero, "Transfer-Encoding:\tchunked\t\r\n"), 200, kGoesOn, "hello"},
    {"TeCase", chunks("5\r\nhello\r\n" + kZero, "tRANSFER-eNCODING: cHUNKED\r\n"), 200, kGoesOn, "hello"},
    {"TeVerticalTab",
     chunks(kZero, "Transfer-Encoding: \x0b"
                   "chunked\r\n"),
     400, kCloses},
    {"TeFormFeed", chunks(kZero, "Transfer-Encoding: chunked\x0c\r\n"), 400, kCloses},
    {"TeNul", chunks(kZero, "Transfer-Encoding: chunked\0\r\n"s), 400, kCloses},
    {"TeHighByte",
     chunks(kZero, "Transfer-Encoding: \xa0"
                   "chunked\r\n"),
     501, kCloses},
    {"TeThenIdentity", chunks(kZero, "Transfer-Encoding: chunked, identity\r\n"), 501, kCloses},
    {"TeAfterIdentity", chunks(kZero, "Transfer-Encoding: identity, chunked\r\n"), 501, kCloses},
    {"TeIdentity", post("Transfer-Encoding: identity\r\nContent-Length: 32\r\n", kProbe), 501, kCloses},
    {"TeListOfTwo", chunks(kZero, "Transfer-Encoding: chunked, chunked\r\n"), 501, kCloses},
    {"TeTwice", chunks(kZero, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, kCloses},
    {"TeTwiceOneUnknown", chunks(kZero, "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"), 501,
     kCloses},
    {"TeQuoted", chunks(kZero, "Transfer-Encoding: \"chunked\"\r\n"), 501, kCloses},
    {"TeApostrophes", chunks(kZero, "Transfer-Encoding: 'chunked'\r\n"), 501, kCloses},
    {"TeParameter", chunks(kZero, "Transfer-Encoding: chunked;q=1\r\n"), 501, kCloses},
    {"TeComma", chunks(kZero, "Transfer-Encoding: ,chunked\r\n"), 501, kCloses},
    {"TeEmpty", chunks(kZero, "Transfer-Encoding:\r\n"), 501, kCloses},
    {"TeFolded", chunks(kZero, "Transfer-Encoding:\r\n chunked\r\n"), 400, kCloses},
    {"TeBehindBareLf", chunks(kZero, "X: y\nTransfer-Encoding: chunked\r\n"), 400, kCloses},
    {"TeBehindBareCr", chunks(kZero, "X: y\rTransfer-Encoding: chunked\r\n"), 400, kCloses},
    {"TeAsPartOfAName", post("X-Transfer-Encoding: chunked\r\nContent-Length: 32\r\n", kProbe), 200, kGoesOn,
     kProbe},
    {"TeWithUnderscore", post("Transfer_Encoding: chunked\r\nContent-Length: 32\r\n", kProbe), 200, kGoesOn,
     kProbe},
    {"TeGzip", chunks(kZero, "Transfer-Encoding: gzip, chunked\r\n"), 501, kCloses},
    // Lengths
    {"ClTwiceUnequal", post("Content-Length: 0\r\nContent-Length: 32\r\n", kProbe), 400, kCloses},
    {"ClTwiceEqual", post("Content-Length: 32\r\nContent-Length: 32\r\n", kProbe), 400, kCloses},
    {"ClPlus", post("Content-Length: +32\r\n", kProbe), 400, kCloses},
    {"ClMinus", post("Content-Length: -32\r\n", kProbe), 400, kCloses},
    {"ClMinusZero", post("Content-Length: -0\r\n", kProbe), 400, kCloses},
    {"ClList", post("Content-Length: 32,32\r\n", kProbe), 400, kCloses},
    {"ClHex", post("Content-Length: 0x20\r\n", kProbe), 400, kCloses},
    {"ClBlankInside", post("Content-Length: 3 2\r\n", kProbe), 400, kCloses},
    {"ClBlankBehind", post("Content-Length: 32 \r\n", kProbe), 200, kGoesOn, kProbe},
    {"ClZeroInFront", post("Content-Length: 032\r\n", kProbe), 200, kGoesOn, kProbe},
    {"ClExponent", post("Content-Length: 3e1\r\n", kProbe), 400, kCloses},
    {"ClFraction", post("Content-Length: 32.0\r\n", kProbe), 400, kCloses},
    {"ClQuoted", post("Content-Length: \"32\"\r\n", kProbe), 400, kCloses},
    {"ClOver32Bits", post("Content-Length: 4294967296\r\n", kProbe), 413, kCloses},
    {"ClOver64Bits", post("Content-Length: 18446744073709551648\r\n", kProbe), 400, kCloses},
    {"ClEmpty", post("Content-Length:\r\n", kProbe), 400, kCloses},
    {"ClNone", post("", kProbe), 200, kCloses},
    {"ClOfGet", get("GET /ok HTTP/1.1", "Host: h\r\nContent-Length: 32\r\n") + kProbe, 200, kGoesOn, "ok"},
    {"ClOfNowhere", get("GET /nowhere HTTP/1.1", "Host: h\r\nContent-Length: 32\r\n") + kProbe, 404, kGoesOn},
    {"ClDroppedByConnection", post("Connection: Content-Length\r\nContent-Length: 32\r\n", kProbe), 200,
     kGoesOn, kProbe},
    // Chunks
    {"ChunksHoldARequest", chunks("20\r\n" + kProbe + "\r\n" + kZero), 200, kGoesOn, kProbe},
    {"ChunkSizeHex", chunks("0x5\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizePlus", chunks("+5\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeMinus", chunks("-1\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeBlankBefore", chunks(" 5\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeBlankBehind", chunks("5 \r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeEmpty", chunks("\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeUnderscore", chunks("0_5\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeOver32Bits", chunks("100000005\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeOver64Bits", chunks("10000000000000005\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeOverTheLimit", chunks("ffffffff\r\nhello\r\n" + kZero), 413, kCloses},
    {"ChunkSizeEndsWithLf", chunks("5\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkSizeEndsWithCr", chunks("5\rhello\r\n" + kZero), 400, kCloses},
    {"ChunkExtension", chunks("5;a=b\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkExtensionBare", chunks("5;\nX\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkExtensionWithLf", chunks("2;\nxx\r\n20\r\n" + kZero + kProbe), 400, kCloses},
    {"ChunkExtensionOfTheLast", chunks("0;a=b\r\n\r\n"), 400, kCloses},
    {"ChunkExtensionLong", chunks("5;" + std::string(3000, 'a') + "\r\nhello\r\n" + kZero), 400, kCloses},
    {"ChunkDataEndsWithLf", chunks("5\r\nhello\n" + kZero), 400, kCloses},
    {"ChunkDataWithoutEnd", chunks("5\r\nhello" + kZero), 400, kCloses},
    {"ChunkDataTooLong", chunks("5\r\nhello!\r\n" + kZero), 400, kCloses},
    {"ChunkLastEndsWithLf", chunks("0\n\n"), 400, kCloses},
    {"ChunkTrailersEndWithLf", chunks("0\r\n\n"), 400, kCloses},
    {"ChunkTrailerLength", chunks("0\r\nContent-Length: 32\r\n\r\n"), 200, kGoesOn},
    {"ChunkTrailerCoding", chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n"), 200, kGoesOn},
    {"ChunkTrailerIsARequest", chunks("0\r\n" + kProbe), 400, kCloses},
    {"ChunkTrailerFolded", chunks("0\r\nX: a\r\n b\r\n\r\n"), 400, kCloses},
    {"ChunkTrailerWithCr", chunks("0\r\nX: a\rb\r\n\r\n"), 400, kCloses},
    // Lines
    {"Folded", get("GET /ok HTTP/1.1", "Host: h\r\nX: a\r\n b\r\n"), 400, kCloses},
    {"FoldedFirst", get("GET /ok HTTP/1.1", " Host: h\r\n"), 400, kCloses},
    {"LfInName", get("GET /ok HTTP/1.1", "Host: h\r\nX\nY: a\r\n"), 400, kCloses},
    {"LfInValue", get("GET /ok HTTP/1.1", "Host: h\r\nX: a\nb\r\n"), 400, kCloses},
    {"LfInLine", get("GET /ok\n HTTP/1.1"), 400, kCloses},
    {"LfBehindLine", "GET /ok HTTP/1.1\nHost: h\r\n\r\n", 400, kCloses},
    {"LfOnly", "GET /ok HTTP/1.1\nHost: h\n\n", 400, kCloses},
    {"LfEndsHead", "GET /ok HTTP/1.1\r\nHost: h\r\n\n", 400, kCloses},
    {"CrInName", get("GET /ok HTTP/1.1", "Host: h\r\nX\rY: a\r\n"), 400, kCloses},
    {"CrInValue", get("GET /ok HTTP/1.1", "Host: h\r\nX: a\rb\r\n"), 400, kCloses},
    {"CrInLine", get("GET /ok\r HTTP/1.1"), 400, kCloses},
    {"CrCrLf", get("GET /ok HTTP/1.1", "Host: h\r\nX: a\r\r\n"), 400, kCloses},
    {"NulInName", get("GET /ok HTTP/1.1", "Host: h\r\nX\0: a\r\n"s), 400, kCloses},
    {"NulInValue", get("GET /ok HTTP/1.1", "Host: h\r\nX: a\0b\r\n"s), 400, kCloses},
    {"NulInTarget", get("GET /ok\0 HTTP/1.1"s), 400, kCloses},
    {"BlankBeforeColon", get("GET /ok HTTP/1.1", "Host: h\r\nX : a\r\n"), 400, kCloses},
    {"NameEmpty", get("GET /ok HTTP/1.1", "Host: h\r\n: a\r\n"), 400, kCloses},
    {"NameOnly", get("GET /ok HTTP/1.1", "Host: h\r\nX\r\n"), 400, kCloses},
    {"EmptyLineFirst", "\r\n" + kNext, 200, kGoesOn, "ok"},
    {"TwoEmptyLinesFirst", "\r\n\r\n" + kNext, 400, kCloses},
    {"LfFirst", "\n" + kNext, 400, kCloses},
    {"BlankFirst", " " + kNext, 400, kCloses},
    // Targets and hosts
    {"Absolute", get("GET http://h/ok HTTP/1.1"), 200, kGoesOn, "ok"},
    {"AbsoluteOfAnotherHost", get("GET http://other/ok HTTP/1.1"), 400, kCloses},
    {"AbsoluteWithUser", get("GET http://a@h/ok HTTP/1.1"), 400, kCloses},
    {"Authority", get("GET h:80 HTTP/1.1"), 400, kCloses},
    {"Connect", get("CONNECT h:80 HTTP/1.1"), 400, kCloses},
    {"ConnectToAPath", get("CONNECT /ok HTTP/1.1"), 405, kGoesOn},
    {"Asterisk", get("OPTIONS * HTTP/1.1"), 400, kCloses},
    {"AsteriskOfGet", get("GET * HTTP/1.1"), 400, kCloses},
    {"TargetWithoutSlash", get("GET ok HTTP/1.1"), 400, kCloses},
    {"TargetWithFragment", get("GET /ok#a HTTP/1.1"), 400, kCloses},
    {"TargetWithBackslash", get("GET \\ok HTTP/1.1"), 400, kCloses},
    {"TargetWithEncodedLines", get("GET /x%0d%0aX:%20y HTTP/1.1"), 404, kGoesOn},
    {"HostNone", get("GET /ok HTTP/1.1", ""), 400, kCloses},
    {"HostTwice", get("GET /ok HTTP/1.1", "Host: h\r\nHost: h\r\n"), 400, kCloses},
    {"HostWithPath", get("GET /ok HTTP/1.1", "Host: h/a\r\n"), 400, kCloses},
    {"HostList", get("GET /ok HTTP/1.1", "Host: h, i\r\n"), 400, kCloses},
    {"HostWithBadPort", get("GET /ok HTTP/1.1", "Host: h:x\r\n"), 400, kCloses},
    {"HostEmpty", get("GET /ok HTTP/1.1", "Host:\r\n"), 200, kGoesOn, "ok"},
    // Versions and methods
    {"Version09", "GET /ok\r\n\r\n", 400, kCloses},
    {"Version10", get("GET /ok HTTP/1.0"), 200, kCloses},
    {"Version12", get("GET /ok HTTP/1.2"), 505, kCloses},
    {"Version2", get("GET /ok HTTP/2.0"), 505, kCloses},
    {"Version2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, kCloses},
    {"VersionLower", get("GET /ok http/1.1"), 400, kCloses},
    {"VersionLong", get("GET /ok HTTP/1.10"), 400, kCloses},
    {"VersionShort", get("GET /ok HTTP/1"), 400, kCloses},
    {"VersionWithBlank", get("GET /ok HTTP/ 1.1"), 400, kCloses},
    {"MethodLong", get(std::string(20000, 'G') + " /ok HTTP/1.1"), 400, kCloses},
    {"MethodEndless", std::string(40000, 'G'), 431, kCloses},
    {"MethodLower", get("get /ok HTTP/1.1"), 405, kGoesOn},
    {"MethodUnknown", get("BREW /ok HTTP/1.1"), 405, kGoesOn},
    {"MethodNoToken", get("G{T /ok HTTP/1.1"), 400, kCloses},
    {"MethodOverridden", get("GET /take HTTP/1.1", "Host: h\r\nX-HTTP-Method-Override: POST\r\n"), 405,
     kGoesOn},
    // What would change the protocol, or wait
    {"UpgradeToHttp2",
     get("GET /ok HTTP/1.1", "Host: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
                             "h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
     200, kGoesOn, "ok"},
    {"UpgradeToTls", get("GET /ok HTTP/1.1", "Host: h\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), 200,
     kGoesOn, "ok"},
    {"ExpectOther", post("Expect: 200-ok\r\nContent-Length: 32\r\n", kProbe), 417, kCloses},
    {"ExpectList", post("Expect: 100-continue, x\r\nContent-Length: 32\r\n", kProbe), 417, kCloses},
    {"ExpectWithoutBody", get("GET /ok HTTP/1.1", "Host: h\r\nExpect: 100-continue\r\n"), 200, kGoesOn, "ok"},
    {"ExpectByHttp10", get("POST /take HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 32\r\n") + kProbe,
     200, kCloses, kProbe},
};

class Smuggling : public ServerTest {
protected:
    void SetUp() override {
        add("POST", "/take", [](Request& request) -> Outcome {
            return Response::text(request.body, "text/plain");
        }).bodyLimit = 1000;
        start();
    }
    static std::string withNext(const Attack& attack) {
        return attack.text + (attack.goesOn ? kNext : kProbe);
    }
    void judge(const Attack& attack, test::RawClient& client) {
        SCOPED_TRACE(attack.name);
        try {
            const auto answer = client.response();
            EXPECT_EQ(answer.status, attack.status) << answer.body;
            if (!attack.body.empty()) {
                EXPECT_EQ(answer.body, attack.body);
            }
            if (attack.goesOn) {
                EXPECT_EQ(client.response().body, "ok") << "the next request is not answered as itself";
            }
            EXPECT_THAT(client.rest(), IsEmpty());
        } catch (const std::exception& e) {
            ADD_FAILURE() << e.what();
        }
        EXPECT_EQ(counted.exchange(0), 0) << "what is no request was done";
    }
};

TEST_F(Smuggling, InOnePiece) {
    for (const Attack& attack : kAttacks) {
        auto client = connect();
        client.send(withNext(attack));
        client.endSending();
        judge(attack, client);
    }
}

TEST_F(Smuggling, ByteByByte) {
    for (const Attack& attack : kAttacks) {
        const std::string text = withNext(attack);
        auto client = connect();
        try {
            for (const char& c : text)
                client.send({&c, 1});
            client.endSending();
        } catch (const std::exception&) {
            EXPECT_FALSE(attack.goesOn) << attack.name << ": closed too early";
        }
        judge(attack, client);
    }
}

} // namespace
} // namespace core::http
