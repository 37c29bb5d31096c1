#include "core/json.h"

#include <limits>

#include <gtest/gtest.h>

namespace core::json {
namespace {

TEST(Json, RoundTripsEveryKind) {
    const std::string text = R"({"a":null,"b":[true,false],"c":-5,"d":1.5,"e":"ä\"\\\n","f":{"g":[]}})";
    EXPECT_EQ(write(parse(text).value()), text);
}

TEST(Json, KeepsTheOrderOfMembers) {
    EXPECT_EQ(write(parse(R"({"z":1,"a":2})").value()), R"({"z":1,"a":2})");
}

TEST(Json, KeepsIntegersOf64Bits) {
    const auto value = parse("[9223372036854775807,-9223372036854775808]").value();
    EXPECT_EQ(*(*value.array())[0].integer(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(*(*value.array())[1].integer(), std::numeric_limits<std::int64_t>::min());
}

class JsonRefuses : public testing::TestWithParam<std::string> {};

TEST_P(JsonRefuses, Document) {
    const auto result = parse(GetParam());
    ASSERT_FALSE(result.ok()) << write(result.value());
    EXPECT_EQ(result.error().name(), "MalformedRequest");
}

TEST(Json, TheLettersOfAnEscapeAreNoNul) {
    const auto read = parse(R"(["\\u0000","\\\\u0000x"])");
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value(), Value(Array{"\\u0000", "\\\\u0000x"}));
    EXPECT_EQ(parse(write(read.value())).value(), read.value());
    EXPECT_FALSE(parse(R"(["\\\u0000"])").ok()) << "a backslash, and then a real one";
}

TEST(Json, IntegersBeyond64BitsAreRealNumbers) {
    // PostgreSQL's jsonb writes every number out in full.
    const auto read = parse(R"([10000000000000000000,-9223372036854775809,9223372036854775807,
        -9223372036854775808,18446744073709551615,0.10000000000000000000,1e-0000000000000000001,
        "99999999999999999999",)" +
                            std::string("1") + std::string(308, '0') + "]");
    ASSERT_TRUE(read.ok());
    const auto& all = *read.value().array();
    EXPECT_EQ(all[0].number(), 1e19);
    EXPECT_EQ(all[1].number(), -9223372036854775809.0);
    EXPECT_EQ(all[2], Value(INT64_MAX));
    EXPECT_EQ(all[3], Value(INT64_MIN));
    EXPECT_EQ(all[4].number(), 18446744073709551615.0);
    EXPECT_EQ(all[5].number(), 0.1);
    EXPECT_EQ(all[6].number(), 0.1);
    EXPECT_EQ(all[7], Value("99999999999999999999"));
    EXPECT_EQ(all[8].number(), 1e308);
    EXPECT_FALSE(parse("[1" + std::string(309, '0') + "]").ok()) << "beyond a real number as well";
}

INSTANTIATE_TEST_SUITE_P(All, JsonRefuses,
                         testing::Values("", " ", "1", "\"text\"", "null", "{", "[1", "{\"a\":1",
                                         "{\"a\":1,}", "[1,]", "{\"a\" 1}", "{'a':1}", "{\"a\":1}{", "[] x",
                                         "{\"a\":1,\"a\":2}", "[1e999999]", "{\"a\\u0000b\":1}",
                                         std::string("[\"a\0b\"]", 7), "[\"\xff\"]", "[\"a\nb\"]", "[01]",
                                         "[nan]", "[+1]", "[.5]", "{\"a\":}", "[\"\\x\"]", "]", "}{"));

TEST(Json, RefusesDeepNesting) {
    EXPECT_TRUE(parse(std::string(64, '[') + std::string(64, ']')).ok());
    EXPECT_FALSE(parse(std::string(65, '[') + std::string(65, ']')).ok());
    EXPECT_FALSE(parse(std::string(100000, '[')).ok());
}

TEST(Json, RefusesMoreThanTheLimit) {
    EXPECT_FALSE(parse("[\"0123456789\"]", {.maxBytes = 10}).ok());
}

TEST(Json, RefusesVeryManyVerySmallValues) {
    std::string text = "[0";
    for (int i = 0; i < 2000; ++i)
        text += ",0";
    text += "]";
    EXPECT_FALSE(parse(text, {.maxBytes = text.size()}).ok());
    EXPECT_TRUE(parse(text).ok());
}

TEST(Json, ReadsVeryManyNamesInNoTime) {
    std::string text = "{\"end\":0";
    for (int i = 0; i < 200000; ++i)
        text += ",\"name" + std::to_string(i) + "\":0";
    text += "}";
    const auto began = std::chrono::steady_clock::now();
    const auto value = parse(text);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value.value().object()->size(), 200001U);
    // Each name compared with all before it takes minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(Json, RefusesANameThatOccursTwiceHoweverManyThereAre) {
    for (const int count : {1, 2, 15, 16, 17, 18, 100}) {
        std::string names;
        for (int i = 0; i < count; ++i)
            names += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":{\"0\":0}";
        EXPECT_TRUE(parse("{" + names + "}").ok()) << count;
        for (const int again : {0, count / 2, count - 1})
            EXPECT_FALSE(parse("{" + names + ",\"" + std::to_string(again) + "\":0}").ok())
                << again << " of " << count;
    }
}

TEST(Json, ErrorsNeverQuoteTheDocument) {
    const auto result = parse(R"({"password": hunter2hunter2})");
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(std::string(result.error().what()).find("hunter2"), std::string::npos);
}

TEST(Json, ReadsEveryNumberThatItWrites) {
    for (const double number :
         {8888880001816554478.1, 12345678901234567000.0, 9223372036854775808.0, -9223372036854775808.0, 1e22,
          123456789012345680.0, 5e-324, 1.7976931348623157e308}) {
        const auto again = parse(write(Array{number}));
        ASSERT_TRUE(again.ok()) << write(Array{number});
        EXPECT_EQ(again.value().array()->front().number(), number);
    }
    for (const std::int64_t number : {INT64_MIN, INT64_MAX})
        EXPECT_EQ(parse(write(Array{number})).value(), Value(Array{number}));
}

TEST(Json, WritesNothingThatIsNoJson) {
    EXPECT_EQ(write(Value(std::numeric_limits<double>::quiet_NaN())), "null");
    EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
    EXPECT_EQ(write(Value("\xff")), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(write(Value("\x01\x7f")), R"("\u0001\u007f")");
}

} // namespace
} // namespace core::json
