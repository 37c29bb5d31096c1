#include <gtest/gtest.h>

#include "core/uuid.h"
#include "executor/restic_process.h"
#include "support/await.h"

namespace {
TEST(Adoption, ARunningResticIsFoundByItsTaskTag) {
    const auto id = core::Uuid::generate(core::SystemClock().now()).toString();
    core::SystemProcessRunner runner;
    core::ProcessSpec spec;
    spec.program = "/bin/sh";
    spec.arguments = {"-c", "kill -STOP $$; :", "restic", "--tag=task:" + id};
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    {
        const auto process = std::move(runner.start(spec)).value();
        // For a moment after its start a process has no arguments yet.
        std::optional<agent::SpawnRecord> found;
        ASSERT_TRUE(test::await([&] { return (found = agent::findResticOfTask(id)).has_value(); }));
        EXPECT_EQ(found->pid, process->pid());
        EXPECT_EQ(found->startTicks, process->startTicks());
        EXPECT_EQ(found->bootId, core::bootId());
        EXPECT_FALSE(agent::findResticOfTask(id + "0"));
    }
    EXPECT_FALSE(agent::findResticOfTask(id));
}

TEST(Adoption, ARunningResticIsFoundByItsEnvironmentAndNotWhatItStarted) {
    const auto id = core::Uuid::generate(core::SystemClock().now()).toString();
    core::SystemProcessRunner runner;
    core::ProcessSpec spec;
    spec.program = "/bin/sh";
    // As restic starts ssh: the child inherits the variable.
    spec.arguments = {"-c", "sleep 1000 & wait"};
    spec.environment = {{"PATH", "/usr/bin:/bin"}, {"RESTIC_MONITOR_TASK", id}};
    {
        const auto process = std::move(runner.start(spec)).value();
        std::optional<agent::SpawnRecord> found;
        ASSERT_TRUE(test::await([&] { return (found = agent::findResticOfTask(id)).has_value(); }));
        EXPECT_EQ(found->pid, process->pid());
    }
    // What it had started dies a moment later.
    EXPECT_TRUE(test::await([&] { return !agent::findResticOfTask(id); }));
}
} // namespace
