#include "auth/jwt.h"

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "core/error.h"
#include "core/testing/fake_clock.h"

namespace base {

namespace {

using core::json::Object;
using core::json::Value;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kKey(32, 'k');

class Jwt : public testing::Test {
protected:
    TokenClaims claims() {
        return {.subject = "agent-1",
                .audience = "agent",
                .issuedAt = clock.now(),
                .expiresAt = clock.now() + minutes(15),
                .extra = {{"tenant_id", "t-1"}, {"agent_hostname", "web-01"}}};
    }
    TokenFault judge(const std::string& token) { return signer.verify(token, "agent").fault; }
    /// A token of our making in every respect but what the test changes.
    static std::string forge(const std::string& header, const std::string& payload,
                             const std::string& key = kKey) {
        const auto text = core::base64UrlEncode(header) + "." + core::base64UrlEncode(payload);
        return text + "." + core::base64UrlEncode(core::hmacSha256(key, text));
    }
    std::string payload(const std::function<void(Object&)>& change = {}) {
        const auto now = core::toMicros(clock.now()) / 1'000'000;
        Object object{{"sub", "agent-1"},
                      {"iss", "restic-monitor"},
                      {"aud", "agent"},
                      {"iat", now},
                      {"exp", now + 900}};
        if (change)
            change(object);
        return core::json::write(Value(object));
    }
    static constexpr auto kHeader = R"({"alg":"HS256","typ":"JWT"})";

    core::testkit::FakeClock clock;
    JwtSigner signer{kKey, clock};
};

} // namespace

TEST_F(Jwt, KeepsItsClaims) {
    const auto verdict = signer.verify(signer.sign(claims()), "agent");
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict.claims.subject, "agent-1");
    EXPECT_EQ(verdict.claims.audience, "agent");
    EXPECT_EQ(verdict.claims.issuedAt, clock.now());
    EXPECT_EQ(verdict.claims.expiresAt, clock.now() + minutes(15));
    EXPECT_EQ(verdict.claims.extra, (Object{{"tenant_id", "t-1"}, {"agent_hostname", "web-01"}}));
    EXPECT_EQ(signer.audienceOf(signer.sign(claims())), "agent");
}

TEST_F(Jwt, TwoTokensOfOneMomentDiffer) {
    EXPECT_NE(signer.sign(claims()), signer.sign(claims()));
}

TEST_F(Jwt, ExtraClaimsCannotReplaceRegisteredOnes) {
    auto sly = claims();
    sly.extra.set("exp", std::int64_t{99999999999});
    sly.extra.set("aud", "user");
    const auto verdict = signer.verify(signer.sign(sly), "agent");
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict.claims.expiresAt, clock.now() + minutes(15));
}

TEST_F(Jwt, TheForgeIsSound) {
    EXPECT_EQ(judge(forge(kHeader, payload())), TokenFault::none);
}

TEST_F(Jwt, RefusesAnotherKey) {
    EXPECT_EQ(judge(forge(kHeader, payload(), std::string(32, 'x'))), TokenFault::signature);
    EXPECT_EQ(judge(JwtSigner(std::string(40, 'x'), clock).sign(claims())), TokenFault::signature);
}

TEST_F(Jwt, RefusesEveryOtherAlgorithm) {
    for (const std::string header :
         {R"({"alg":"none","typ":"JWT"})", R"({"alg":"None","typ":"JWT"})", R"({"alg":"hs256","typ":"JWT"})",
          R"({"alg":"HS512","typ":"JWT"})", R"({"alg":"RS256","typ":"JWT"})", R"({"typ":"JWT"})",
          R"({"alg":["HS256"],"typ":"JWT"})", R"({"alg":"HS256"})", R"({"alg":"HS256","typ":"at+jwt"})",
          R"({"alg":"HS256","typ":"JWT","crit":["exp"]})"})
        EXPECT_EQ(judge(forge(header, payload())), TokenFault::signature) << header;
    const auto unsigned_ =
        core::base64UrlEncode(R"({"alg":"none","typ":"JWT"})") + "." + core::base64UrlEncode(payload()) + ".";
    EXPECT_EQ(judge(unsigned_), TokenFault::signature);
}

TEST_F(Jwt, RefusesAnyChangeOfItsText) {
    const auto token = signer.sign(claims());
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_NE(judge(changed), TokenFault::none) << i;
    }
    EXPECT_NE(judge(token + "="), TokenFault::none);
    EXPECT_NE(judge(token + "A"), TokenFault::none);
    EXPECT_NE(judge(token.substr(0, token.size() - 1)), TokenFault::none);
    EXPECT_NE(judge(token + "." + token), TokenFault::none);
}

TEST_F(Jwt, RefusesAnotherIssuerOrAudience) {
    EXPECT_EQ(judge(forge(kHeader, payload([](Object& o) { o.set("iss", "somebody"); }))),
              TokenFault::issuer);
    EXPECT_EQ(judge(forge(kHeader, payload([](Object& o) { o.erase("iss"); }))), TokenFault::issuer);
    EXPECT_EQ(judge(forge(kHeader, payload([](Object& o) { o.set("aud", "user"); }))), TokenFault::audience);
    EXPECT_EQ(judge(forge(kHeader, payload([](Object& o) { o.erase("aud"); }))), TokenFault::audience);
    EXPECT_EQ(signer.verify(signer.sign(claims()), "user").fault, TokenFault::audience);
}

TEST_F(Jwt, ExpiresAfterAMinuteOfSkew) {
    const auto token = signer.sign(claims());
    clock.advance(minutes(15) + seconds(59));
    EXPECT_EQ(judge(token), TokenFault::none);
    clock.advance(seconds(1));
    EXPECT_EQ(judge(token), TokenFault::expired);
}

TEST_F(Jwt, IsNotGoodBeforeItsTime) {
    const auto now = core::toMicros(clock.now()) / 1'000'000;
    EXPECT_EQ(judge(forge(kHeader, payload([&](Object& o) { o.set("nbf", now + 60); }))), TokenFault::none);
    EXPECT_EQ(judge(forge(kHeader, payload([&](Object& o) { o.set("nbf", now + 61); }))),
              TokenFault::notYetValid);
    EXPECT_EQ(judge(forge(kHeader, payload([&](Object& o) { o.set("iat", now + 61); }))),
              TokenFault::notYetValid);
}

TEST_F(Jwt, RefusesMissingAndMalformedClaims) {
    for (const std::string name : {"exp", "iat", "sub"})
        EXPECT_EQ(judge(forge(kHeader, payload([&](Object& o) { o.erase(name); }))), TokenFault::malformed)
            << name;
    for (const Value& wrong :
         {Value("soon"), Value(-1), Value(1.5), Value(std::int64_t{1} << 62), Value(nullptr)}) {
        EXPECT_EQ(judge(forge(kHeader, payload([&](Object& o) { o.set("exp", wrong); }))),
                  TokenFault::malformed);
        EXPECT_EQ(judge(forge(kHeader, payload([&](Object& o) { o.set("nbf", wrong); }))),
                  TokenFault::malformed);
    }
    for (const std::string text : {"", ".", "..", "a.b.c", "a.b", "x", "{}.{}.{}"}) {
        EXPECT_EQ(judge(text), TokenFault::malformed) << text;
        EXPECT_EQ(signer.audienceOf(text), std::nullopt) << text;
    }
    EXPECT_EQ(judge(forge(kHeader, "[]")), TokenFault::malformed);
    EXPECT_EQ(judge(forge(kHeader, R"({"sub":"a","sub":"b"})")), TokenFault::malformed);
    EXPECT_EQ(judge(std::string(1U << 20U, 'A')), TokenFault::malformed);
}

TEST_F(Jwt, RefusesAShortKey) {
    EXPECT_THROW(JwtSigner(std::string(31, 'k'), clock), core::Error);
    EXPECT_NO_THROW(JwtSigner(std::string(32, 'k'), clock));
}

} // namespace base
