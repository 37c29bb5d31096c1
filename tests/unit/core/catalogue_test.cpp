#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/event/catalogue.h"
#include "event/reference.h"

namespace core::event {
namespace {

using testing::HasSubstr;

struct Rang {
    static constexpr std::string_view kKey = "bell.rang";
    static constexpr bool kCrossHost = true;
    std::optional<int> times;
    std::vector<std::string> tunes;
};
const wire::Type& wireType(const Rang*) {
    static const auto type = wire::object<Rang>("Rang", wire::tolerant, "The bell rang")
                                 .field("times", &Rang::times, {.doc = "How often"})
                                 .field("tunes", &Rang::tunes, {.optional = true})
                                 .build();
    return type;
}
struct Cracked {
    static constexpr std::string_view kKey = "bell.cracked";
    static constexpr bool kDurable = true;
};
const wire::Type& wireType(const Cracked*) {
    static const auto type = wire::object<Cracked>("Cracked", wire::tolerant, "The bell broke").build();
    return type;
}

template <typename F>
std::string refusal(F&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(Catalogue, TakesAModulesOwnEventsOnceAndAllOrNone) {
    Catalogue catalogue;
    EXPECT_EQ(refusal([&] { catalogue.add("rope", {Declaration::of<Rang>()}); }),
              "The module rope declares the event \"bell.rang\": its key must begin with \"rope.\".");
    EXPECT_EQ(refusal([&] {
                  catalogue.add(
                      "bell", {Declaration::of<Cracked>(), Declaration::of<Rang>(), Declaration::of<Rang>()});
              }),
              "The module bell declares the event bell.rang twice.");
    EXPECT_TRUE(catalogue.entries().empty());
    catalogue.add("bell", {Declaration::of<Cracked>(), Declaration::of<Rang>()});
    EXPECT_EQ(catalogue.entries().size(), 2U);
    EXPECT_TRUE(catalogue.entries().at("bell.cracked").declaration.durable);
    EXPECT_TRUE(catalogue.entries().at("bell.rang").declaration.crossHost);
}

TEST(Catalogue, JudgesPublishersAndSubscribers) {
    Catalogue catalogue;
    catalogue.add("bell", {Declaration::of<Cracked>(), Declaration::of<Rang>()});
    EXPECT_EQ(refusal([&] { catalogue.checkPublish("bell.rang"); }), "");
    EXPECT_THAT(refusal([&] { catalogue.checkPublish("bell.rung"); }),
                HasSubstr("bell.rung is declared by no"));
    EXPECT_EQ(refusal([&] { catalogue.checkSubscribe("bell", "bell.rang", false); }), "");
    EXPECT_EQ(refusal([&] { catalogue.checkSubscribe("rope", "bell.cracked", true); }), "");
    EXPECT_THAT(refusal([&] { catalogue.checkSubscribe("bell", "bell.rung", false); }),
                HasSubstr("which it does not declare"));
    EXPECT_THAT(refusal([&] { catalogue.checkSubscribe("rope", "bell.rang", true); }),
                HasSubstr("is not a durable event"));
    // Another module may be of another version, or not there.
    EXPECT_EQ(refusal([&] { catalogue.checkSubscribe("rope", "bell.rung", false); }), "");
    EXPECT_EQ(catalogue.doubt("bell.rung"),
              "The module bell declares no event bell.rung; nothing will come.");
    EXPECT_EQ(catalogue.doubt("tower.fell"), std::nullopt);
    EXPECT_EQ(catalogue.doubt("bell.rang"), std::nullopt);
}

TEST(Catalogue, IsWrittenForPeopleAndPrograms) {
    Catalogue catalogue;
    catalogue.add("bell", {Declaration::of<Cracked>(), Declaration::of<Rang>()});
    const auto text = reference(catalogue);
    EXPECT_THAT(text, HasSubstr("## bell.cracked\n\nCracked: The bell broke. Delivered: durable.\n"));
    EXPECT_THAT(text, HasSubstr("## bell.rang\n\nRang: The bell rang. Delivered: on all hosts.\n\n"
                                "| field | type | meaning |\n|---|---|---|\n"
                                "| `times` | integer, null | How often |\n"
                                "| `tunes` | array of string, optional |  |\n"));
    const auto document = describe(catalogue);
    const auto& rang = (*document.find("items")->array())[1];
    EXPECT_EQ(rang.stringOr("key"), "bell.rang");
    EXPECT_EQ(rang.stringOr("module"), "bell");
    EXPECT_TRUE(rang.booleanOr("cross_host"));
    EXPECT_FALSE(rang.booleanOr("durable", true));
    EXPECT_NE(rang.find("schema")->find("properties")->find("tunes"), nullptr);
}

} // namespace
} // namespace core::event
