#include <chrono>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Poco/Base64Encoder.h>

#include "core/encoding.h"
#include "core/json.h"
#include "core/log.h"
#include "core/testing/test_log.h"

namespace core {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kSecret = R"(p"w\<&>ß/1?)";

std::string asJson(std::string_view text) {
    std::string out;
    json::writeString(text, out);
    return out;
}

std::string base64(std::string_view text) {
    std::ostringstream out;
    Poco::Base64Encoder encoder(out);
    encoder << text;
    encoder.close();
    return out.str();
}

/// What is left of the text, between brackets.
std::string masked(const std::vector<std::string>& secrets, std::string_view text) {
    core::testkit::TestLog log;
    for (const auto& secret : secrets)
        log.logger().hub().addSecret(secret);
    return log.logger().hub().redact(text);
}

TEST(SecretMask, FindsEveryFormInWhichASecretComes) {
    for (const std::string& form :
         {std::string(kSecret), asJson(kSecret).substr(1, asJson(kSecret).size() - 2),
          asJson(asJson(kSecret)).substr(3, asJson(asJson(kSecret)).size() - 6),
          std::string(R"(p\"w\\\u003c\u0026\u003eß/1?)"),
          std::string(R"(p\\\"w\\\\\\u003c\\u0026\\u003eß/1?)"), percentEncode(kSecret)})
        EXPECT_EQ(masked({kSecret}, "[" + form + "]"), "[***]") << form;
}

TEST(SecretMask, FindsBase64WhereverTheSecretStandsInIt) {
    constexpr std::string_view kPassword = "correct horse battery staple>>>???";
    for (const std::string before : {"", "a", "ab", "abc", "admin:"})
        for (const std::string after : {"", "x", "xy", "xyz"}) {
            const std::string text = before + std::string(kPassword) + after;
            for (const auto& encoded : {base64(text), base64UrlEncode(text)}) {
                const auto left = masked({std::string(kPassword)}, encoded);
                EXPECT_THAT(left, HasSubstr("***")) << encoded;
                // What stays holds parts of at most two of its bytes at either end.
                EXPECT_LE(left.size(), 3 + (before.size() + 2) * 4 / 3 + 1 + (after.size() + 4) * 4 / 3 + 3)
                    << left;
            }
        }
}

TEST(SecretMask, FindsTheLinesOfASecretAlone) {
    const std::string key = "-----BEGIN KEY-----\r\nMIGHAgEAMBMGByqG\nSM49AgEG\n-----END KEY-----\n";
    EXPECT_EQ(masked({key}, "first MIGHAgEAMBMGByqG then SM49AgEG"), "first *** then ***");
    EXPECT_EQ(masked({key}, asJson(key)), "\"***\"");
}

TEST(SecretMask, TakesTheLongestAndLeavesOrdinaryWords) {
    EXPECT_EQ(masked({"secret-1", "secret-12345"}, "secret-12345 secret-1 secret-"), "*** *** secret-");
    EXPECT_EQ(masked({"secret-12345", "secret-1"}, "secret-12345secret-1"), "******");
    EXPECT_EQ(masked({"short", ""}, "short"), "short");
    EXPECT_EQ(masked({"******"}, "a ****** b"), "a *** b");
    EXPECT_EQ(masked({}, "anything"), "anything");
}

TEST(SecretMask, HoldsForEveryPartOfALine) {
    core::testkit::TestLog log;
    log.logger().hub().addSecret(kSecret);
    const Logger logger = log.logger("name " + std::string(kSecret));
    logger.info(kSecret, {{"field", kSecret},
                          {kSecret, "value"},
                          {"list", json::Array{kSecret, json::Object{{"deep", kSecret}}}},
                          {"embedded", asJson(kSecret)}});
    EXPECT_THAT(log.text(), Not(HasSubstr("ß/1?")));
    EXPECT_TRUE(json::parse(log.text()).ok()) << "the line is still JSON";
}

TEST(SecretMask, CostsTheSameForManySecrets) {
    core::testkit::TestLog few, many;
    for (int i = 0; i < 5000; ++i)
        many.logger().hub().addSecret("a registered secret number " + sha256(std::to_string(i)));
    few.logger().hub().addSecret("one registered secret");
    const std::string line(200000, 'a'); // what every one of them begins with
    const auto time = [&](core::testkit::TestLog& log) {
        auto best = std::chrono::nanoseconds::max();
        for (int i = 0; i < 5; ++i) {
            const auto began = std::chrono::steady_clock::now();
            EXPECT_EQ(log.logger().hub().redact(line).size(), line.size());
            best = std::min(best, std::chrono::nanoseconds(std::chrono::steady_clock::now() - began));
        }
        return best;
    };
    // Looking for one secret after the other would take thousands of times as long.
    EXPECT_LT(time(many), 50 * time(few) + std::chrono::milliseconds(1));
}

} // namespace
} // namespace core
