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

INSTANTIATE_TEST_SUITE_P(All, JsonRefuses,
                         testing::Values("", " ", "1", "\"text\"", "null", "{", "[1", "{\"a\":1",
                                         "{\"a\":1,}", "[1,]", "{\"a\" 1}", "{'a':1}", "{\"a\":1}{", "[] x",
                                         "{\"a\":1,\"a\":2}", "[18446744073709551615]", "[1e999999]",
                                         "{\"a\\u0000b\":1}", std::string("[\"a\0b\"]", 7), "[\"\xff\"]",
                                         "[\"a\nb\"]", "[01]", "[nan]", "[+1]", "[.5]", "{\"a\":}",
                                         "[\"\\x\"]", "]", "}{"));

TEST(Json, RefusesDeepNesting) {
    EXPECT_TRUE(parse(std::string(64, '[') + std::string(64, ']')).ok());
    EXPECT_FALSE(parse(std::string(65, '[') + std::string(65, ']')).ok());
    EXPECT_FALSE(parse(std::string(100000, '[')).ok());
}

TEST(Json, RefusesMoreThanTheLimit) {
    EXPECT_FALSE(parse("[\"0123456789\"]", {.maxBytes = 10}).ok());
}

TEST(Json, ErrorsNeverQuoteTheDocument) {
    const auto result = parse(R"({"password": hunter2hunter2})");
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(std::string(result.error().what()).find("hunter2"), std::string::npos);
}

TEST(Json, WritesNothingThatIsNoJson) {
    EXPECT_EQ(write(Value(std::numeric_limits<double>::quiet_NaN())), "null");
    EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
    EXPECT_EQ(write(Value("\xff")), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(write(Value("\x01\x7f")), R"("\u0001\u007f")");
}

} // namespace
} // namespace core::json
