#include "core/wire.h"

#include <gtest/gtest.h>

namespace core::wire {
namespace {

struct Inner {
    int count = 0;
};
const Type& wireType(const Inner*) {
    static const auto type =
        object<Inner>("Inner").field("count", &Inner::count, {.min = 0, .max = 10}).build();
    return type;
}

struct Outer {
    std::string name;
    bool enabled = true;
    std::optional<std::string> label;
    std::vector<Inner> items;
    std::map<std::string, std::string> env;
    std::string password;
    std::string kind = "a";
    std::optional<Uuid> id;
    Instant at{};
};
const Type& wireType(const Outer*) {
    static const auto type = object<Outer>("Outer", strict, "An example")
                                 .field("name", &Outer::name, {.minLength = 1, .maxLength = 5})
                                 .field("enabled", &Outer::enabled, {.optional = true})
                                 .field("label", &Outer::label)
                                 .field("items", &Outer::items, {.optional = true, .maxItems = 2})
                                 .field("env", &Outer::env, {.optional = true})
                                 .field("password", &Outer::password, {.optional = true, .secret = true})
                                 .field("kind", &Outer::kind, {.optional = true, .oneOf = {"a", "b"}})
                                 .field("id", &Outer::id)
                                 .field("at", &Outer::at, {.optional = true})
                                 .build();
    return type;
}

TEST(Wire, ReadsAndWritesWithoutSecrets) {
    const auto outer = parse<Outer>(R"({"name":"x","items":[{"count":3}],"env":{"A":"1"},"password":"secret",
                                        "at":"2026-01-31T03:00:00+01:00"})")
                           .value();
    EXPECT_EQ(outer.password, "secret");
    EXPECT_TRUE(outer.enabled);
    EXPECT_EQ(write(outer),
              R"({"name":"x","enabled":true,"label":null,"items":[{"count":3}],"env":{"A":"1"},)"
              R"("kind":"a","id":null,"at":"2026-01-31T02:00:00.000Z"})");
}

struct Kept {
    json::Text first, second;
    int third = 0;
};
const Type& wireType(const Kept*) {
    static const auto type = object<Kept>("Kept")
                                 .field("first", &Kept::first, {.optional = true, .omitEmpty = true})
                                 .field("second", &Kept::second, {.optional = true})
                                 .field("a \"third\"", &Kept::third, {.optional = true})
                                 .build();
    return type;
}

TEST(Wire, TextThatIsJsonIsPassedOnAsItIs) {
    EXPECT_EQ(write(Kept{}), R"({"second":null,"a \"third\"":0})");
    EXPECT_EQ(write(Kept{.first = {R"({"b": [1,  2]})"}, .second = {"3"}, .third = 4}),
              R"({"first":{"b": [1,  2]},"second":3,"a \"third\"":4})");
    EXPECT_EQ(parse<Kept>(R"({"first":{"b": [1,  "x"]}})").value().first, json::Text{R"({"b":[1,"x"]})"});
}

TEST(Wire, ReportsEveryProblemWithItsPointer) {
    const auto result =
        parse<Outer>(R"({"enabled":"yes","items":[{"count":11},{"count":"1"}],"env":{"a/b":1},"kind":"c",)"
                     R"("id":"1","at":"now","more":1})");
    ASSERT_FALSE(result.ok());
    const std::vector<Problem> expected{{"/name", "is required"},
                                        {"/enabled", "must be true or false, not string"},
                                        {"/items/0/count", "must be at most 10"},
                                        {"/items/1/count", "must be an integer, not string"},
                                        {"/env/a~1b", "must be text, not number"},
                                        {"/kind", "must be one of a, b"},
                                        {"/id", "must be a UUID"},
                                        {"/at", "must be an RFC 3339 time like 2026-01-31T02:00:00Z"},
                                        {"/more", "is not a known field"}};
    ASSERT_EQ(result.error().details().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(result.error().details()[i].pointer, expected[i].pointer);
        EXPECT_EQ(result.error().details()[i].message, expected[i].message);
    }
    EXPECT_EQ(result.error().status(), 400);
}

TEST(Wire, RefusesTooManyItemsAndWrongLengths) {
    EXPECT_FALSE(parse<Outer>(R"({"name":"x","items":[{"count":1},{"count":1},{"count":1}]})").ok());
    EXPECT_FALSE(parse<Outer>(R"({"name":""})").ok());
    EXPECT_FALSE(parse<Outer>(R"({"name":"123456"})").ok());
    EXPECT_FALSE(parse<Outer>(R"([])").ok());
    EXPECT_FALSE(parse<Outer>(R"({"name":"x","items":[{"count":1.5}]})").ok());
    EXPECT_FALSE(parse<Outer>(R"({"name":null})").ok());
}

TEST(Wire, NamesAHundredUnknownFieldsAndCountsTheRest) {
    std::string text = R"({"name":"x")";
    for (int i = 0; i < 103; ++i)
        text += R"(,"more)" + std::to_string(i) + R"(":0)";
    const auto result = parse<Outer>(text + "}");
    ASSERT_FALSE(result.ok());
    ASSERT_EQ(result.error().details().size(), 101U);
    EXPECT_EQ(result.error().details()[99].pointer, "/more99");
    EXPECT_EQ(result.error().details()[100].pointer, "");
    EXPECT_EQ(result.error().details()[100].message, "has 3 more fields that are not known");
}

TEST(Wire, DescribesItselfAsJsonSchema) {
    std::vector<const Type*> used;
    const auto schema = json::Value(typeOf<Outer>().schema(used));
    EXPECT_EQ(json::write(*schema.find("required")), R"(["name"])");
    EXPECT_EQ(json::write(*schema.find("properties")->find("kind")->find("enum")), R"(["a","b"])");
    EXPECT_EQ(schema.find("properties")->find("items")->find("items")->stringOr("$ref"),
              "#/components/schemas/Inner");
    EXPECT_FALSE(schema.booleanOr("additionalProperties", true));
    EXPECT_TRUE(schema.find("properties")->find("password")->booleanOr("writeOnly"));
    ASSERT_EQ(used.size(), 1U);
    EXPECT_EQ(used[0]->name(), "Inner");
}

} // namespace
} // namespace core::wire
