#include "agents/agent_texts.h"

#include <gtest/gtest.h>

namespace restic {
namespace {

TEST(AgentTexts, NothingInThemCommandsATerminalOrTurnsAPage) {
    const auto said =
        core::json::parse(
            R"({"message":"one\n\ttwo\u001b[2J","code":"a\nb\u202e","n":7,"none":null,)"
            R"("deep":[{"message":"\u0007","path":"/a\u2066b\r"},["\u009b1m"]],"\u001b]0;x":true})")
            .value();
    EXPECT_EQ(core::json::write(printableTexts(said)),
              R"({"message":"one\n\ttwo\\x1b[2J","code":"a\\nb\\u202e","n":7,"none":null,)"
              R"("deep":[{"message":"\\x07","path":"/a\\u2066b\\r"},["\\x9b1m"]],"\\x1b]0;x":true})");
}

TEST(AgentTexts, WhatIsPrintableStaysAsItIs) {
    const auto said =
        core::json::parse(
            R"({"message":"ä 你好 🧑‍🚒","hint":"a\tb","paths":["/srv/x"],"share":0.5})")
            .value();
    EXPECT_EQ(core::json::write(printableTexts(said)), core::json::write(said));
}

} // namespace
} // namespace restic
