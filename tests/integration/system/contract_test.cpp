// Calls and settings whose effect shows only at the whole host.
#include "integration/system/system_fixture.h"

namespace test {
namespace {

constexpr const char* kRestic = "/api/v1/restic/";

TEST_F(SystemTest, TheHostSaysHowLongAPollIsHeldAndHowManyTasksANewAgentGets) {
    writeFile(dir_ / "host.yaml",
              "restic:\n  tasks:\n    long_poll_timeout: 1s\n  agents:\n    max_concurrent_tasks: 5\n");
    startBackend();
    const auto registration =
        post(fmt::format("{}agents/registration-tokens", kRestic), {}, 201).stringOr("token");
    const Object machine{{"hostname", "web-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}};
    const auto enrolled = api().send("POST", fmt::format("{}agents/register", kRestic),
                                     "Bearer " + registration, core::json::write(Value(machine)));
    ASSERT_EQ(enrolled.status, 201) << enrolled.body;
    const auto agent = enrolled.json.stringOr("agentId");
    EXPECT_EQ(get(fmt::format("{}agents/{}", kRestic, agent)).integerOr("max_concurrent_tasks"), 5);
    const auto began = std::chrono::steady_clock::now();
    const auto poll = api().get(fmt::format("{}agents/{}/tasks?wait=60&free=1", kRestic, agent),
                                enrolled.json.stringOr("token"));
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_EQ(poll.status, 200) << poll.body;
    EXPECT_GE(took, 900ms);
    EXPECT_LT(took, 30s);
}

TEST_F(SystemTest, TheNextRunsOfAScheduleAreForetold) {
    startBackend();
    const auto next = post(fmt::format("{}policies/preview", kRestic),
                           {{"schedule", "30 2 * * *"},
                            {"timezone", "Europe/Berlin"},
                            {"from", "2026-03-27T12:00:00Z"},
                            {"count", 3}},
                           200);
    // The clocks go forward on the 29th, and there is no 02:30 then.
    ASSERT_EQ(next.find("next")->array()->size(), 3U);
    EXPECT_EQ(*next.find("next")->array()->at(0).string(), "2026-03-28T01:30:00.000Z");
    EXPECT_EQ(*next.find("next")->array()->at(2).string(), "2026-03-30T00:30:00.000Z");
}

} // namespace
} // namespace test
