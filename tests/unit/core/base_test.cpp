#include <set>

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "core/log.h"
#include "core/random.h"
#include "core/time.h"
#include "core/uuid.h"

namespace core {
namespace {

using namespace std::chrono_literals;

TEST(Time, FormatsAndParsesRfc3339) {
    const auto at = parseInstant("2026-02-28T23:59:59.123456Z").value();
    EXPECT_EQ(formatInstant(at), "2026-02-28T23:59:59.123Z");
    EXPECT_EQ(toMicros(at) % 1000000, 123456);
    EXPECT_EQ(parseInstant("2026-03-01T01:59:59.123456+02:00"), at);
    EXPECT_EQ(formatInstant(fromMicros(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(parseInstant("2025-11-23T12:30:00.123456789+00:00").value(),
              parseInstant("2025-11-23T12:30:00.123456Z").value());
}

TEST(Time, RefusesWhatIsNoTime) {
    for (const auto* text : {"", "2026-02-28", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                             "2026-02-28T24:00:00Z", "2026-02-28T00:00:00", "2026-02-28T00:00:00.Z",
                             "2026-02-28T00:00:00+0100", "2026-02-28T00:00:00Zx", "x026-02-28T00:00:00Z"})
        EXPECT_FALSE(parseInstant(text)) << text;
    // Years of four digits, in UTC: the next one could not be written so that others read it.
    EXPECT_EQ(formatInstant(parseInstant("9999-12-31T23:59:59.999Z").value()), "9999-12-31T23:59:59.999Z");
    EXPECT_TRUE(parseInstant("0000-01-01T00:00:00Z"));
    for (const char* text :
         {"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "0000-01-01T00:00:00+00:01"})
        EXPECT_FALSE(parseInstant(text)) << text;
    EXPECT_EQ(formatInstant(Instant::max()), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(formatInstant(Instant::min()), "0000-01-01T00:00:00.000Z");
}

TEST(Time, ReadsDurations) {
    EXPECT_EQ(parseDuration("30s"), 30s);
    EXPECT_EQ(parseDuration("1h30m"), 90min);
    EXPECT_EQ(parseDuration("250ms"), 250ms);
    EXPECT_EQ(parseDuration("2d"), 48h);
    EXPECT_EQ(parseDuration("90"), 90s);
    for (const auto* text : {"", "s", "-1s", "1x", "1s2", "5m-1s", "99999999999999999999s", "999999999999d"})
        EXPECT_FALSE(parseDuration(text)) << text;
    EXPECT_EQ(formatDuration(90min), "1h30m");
    EXPECT_EQ(formatDuration(0ms), "0s");
    for (const auto duration : {1ms, 1500ms, 3600000ms, 93784005ms})
        EXPECT_EQ(parseDuration(formatDuration(duration)), duration);
}

TEST(Uuid, SortsByTimeAndReadsBack) {
    const auto early = Uuid::generate(fromMicros(1000000)), late = Uuid::generate(fromMicros(9000000));
    EXPECT_LT(early, late);
    EXPECT_LT(early.toString(), late.toString());
    EXPECT_EQ(Uuid::parse(early.toString()), early);
    EXPECT_EQ(early.toString()[14], '7');
    for (const auto* text : {"", "0192f3a4-0000-7000-8000-00000000000",
                             "0192f3a4-0000-7000-8000-00000000000g", "0192f3a4x0000-7000-8000-000000000000"})
        EXPECT_FALSE(Uuid::parse(text)) << text;
}

TEST(Random, NeverRepeats) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i)
        seen.insert(randomToken());
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_EQ(seen.begin()->size(), 43U);
}

TEST(Encoding, KnownVectors) {
    EXPECT_EQ(hexEncode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hexEncode(hmacSha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(base64UrlEncode("\xfb\xff"), "-_8");
    EXPECT_EQ(base64Decode("+/8="), "\xfb\xff");
    EXPECT_EQ(base64Decode("a"), std::nullopt);
    EXPECT_EQ(base64Decode("a*=="), std::nullopt);
    EXPECT_EQ(hexDecode("00fF"), std::string("\0\xff", 2));
    EXPECT_EQ(hexDecode("0"), std::nullopt);
    EXPECT_EQ(percentDecode("a%20b+c"), "a b+c");
    EXPECT_EQ(percentDecode("a+b", true), "a b");
    EXPECT_EQ(percentDecode("%2"), std::nullopt);
    EXPECT_EQ(percentDecode("%zz"), std::nullopt);
    EXPECT_EQ(percentEncode("a b/ä"), "a%20b%2F%C3%A4");
}

TEST(Encoding, RecognisesUtf8) {
    EXPECT_TRUE(isUtf8("aä€😀"));
    for (const auto* text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
        EXPECT_FALSE(isUtf8(text));
    // Wherever it stands among blocks of ASCII.
    for (std::size_t at = 0; at <= 24; ++at) {
        EXPECT_TRUE(isUtf8(std::string(at, 'a') + "€" + std::string(24 - at, 'a'))) << at;
        EXPECT_FALSE(isUtf8(std::string(at, 'a') + "\xff" + std::string(24 - at, 'a'))) << at;
        EXPECT_FALSE(isUtf8(std::string(at, 'a') + "\xe2\x82" + std::string(24 - at, 'a'))) << at;
    }
    EXPECT_EQ(toUtf8("a\xff"
                     "b"),
              "a\xEF\xBF\xBD"
              "b");
}

class MemorySink final : public LogSink {
public:
    void write(LogLevel, std::string_view line) noexcept override { lines.emplace_back(line); }
    std::vector<std::string> lines;
};

TEST(Log, WritesOneJsonLineThatNothingCanForge) {
    const auto sink = std::make_shared<MemorySink>();
    LogHub hub(LogFormat::json, LogLevel::info, sink);
    const Logger log(hub, "core.test");
    log.debug("not written");
    log.info("user \"x\" came\n{}", {{"error", "line\nbreak"}, {"n", 3}});
    ASSERT_EQ(sink->lines.size(), 1U);
    const auto value = json::parse(sink->lines[0]).value();
    EXPECT_EQ(value.stringOr("level"), "info");
    EXPECT_EQ(value.stringOr("module"), "core.test");
    EXPECT_EQ(value.stringOr("error"), "line\nbreak");
    EXPECT_EQ(value.integerOr("n"), 3);
    EXPECT_EQ(sink->lines[0].find('\n'), std::string::npos);
}

TEST(Log, MasksRegisteredSecrets) {
    const auto sink = std::make_shared<MemorySink>();
    LogHub hub(LogFormat::text, LogLevel::debug, sink);
    hub.addSecret("tok-123456");
    hub.addSecret("ab"); // too short to mask
    Logger(hub, "x").warn("got tok-123456 and ab", {{"url", "http://tok-123456@h"}});
    EXPECT_EQ(sink->lines.at(0).find("tok-123456"), std::string::npos);
    EXPECT_NE(sink->lines.at(0).find("ab"), std::string::npos);
}

} // namespace
} // namespace core
