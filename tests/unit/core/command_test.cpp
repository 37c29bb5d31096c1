#include "core/module/command.h"

#include <sstream>

#include <gmock/gmock.h>

#include "core/error.h"

namespace test {
namespace {

using core::Command;
using testing::HasSubstr;

TEST(CommandOptions, AreTextFlagsAndNumbers) {
    std::ostringstream out;
    const Command::Invocation call{
        {{"name", "web"}, {"empty", ""}, {"yes", "true"}, {"no", "false"}, {"count", "7"}, {"word", "7x"}},
        false,
        out,
        out};
    EXPECT_EQ(call.text("name"), "web");
    EXPECT_EQ(call.text("empty"), std::nullopt);
    EXPECT_EQ(call.text("absent"), std::nullopt);
    EXPECT_TRUE(call.flag("yes"));
    EXPECT_FALSE(call.flag("no"));
    EXPECT_FALSE(call.flag("absent"));
    EXPECT_EQ(call.number("count"), 7);
    EXPECT_EQ(call.number("count", 7, 7), 7);
    EXPECT_EQ(call.number("absent"), std::nullopt);
    const auto refused = [&](const char* name, std::int64_t least, std::int64_t most) {
        try {
            (void)call.number(name, least, most);
        } catch (const core::Error& error) {
            EXPECT_EQ(error.kind().name, core::errors::kValidation.name);
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(refused("count", 8, 10), "--count must be a number from 8 to 10, not \"7\"");
    EXPECT_EQ(refused("count", 1, 6), "--count must be a number from 1 to 6, not \"7\"");
    EXPECT_THAT(refused("word", 0, 100), HasSubstr("not \"7x\""));
}

} // namespace
} // namespace test
