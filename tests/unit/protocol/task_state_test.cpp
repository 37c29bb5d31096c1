#include "restic/protocol/task_state.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace {
using namespace restic::protocol;
using enum TaskState;

TEST(TaskState, NamesGoToTextAndBack) {
    std::set<std::string_view> names;
    for (const auto state : kAllTaskStates) {
        names.insert(toText(state));
        EXPECT_EQ(parseTaskState(toText(state)), state);
    }
    EXPECT_EQ(names, (std::set<std::string_view>{"created", "queued", "assigned", "running", "unreachable",
                                                 "success", "warning", "failed", "cancelled"}));
    EXPECT_FALSE(parseTaskState("Running"));
    EXPECT_FALSE(parseTaskState(""));
    EXPECT_FALSE(parseTaskState("unknown"));
}

TEST(TaskState, TransitionsAreExactlyTheDocumentedOnes) {
    const std::set<TaskState> ends{success, warning, failed, cancelled};
    std::map<TaskState, std::set<TaskState>> allowed{
        {created, {queued, failed, cancelled}},
        {queued, {assigned, failed, cancelled}},
        {assigned, {queued, running, success, warning, failed, cancelled}},
        {running, {queued, unreachable, success, warning, failed, cancelled}},
        {unreachable, {queued, running, success, warning, failed, cancelled}},
    };
    for (const auto from : kAllTaskStates)
        for (const auto to : kAllTaskStates)
            EXPECT_EQ(canTransition(from, to), allowed[from].contains(to))
                << toText(from) << " to " << toText(to);
}

TEST(TaskState, TerminalStatesAreNeverLeft) {
    for (const auto from : kAllTaskStates) {
        bool left = false;
        for (const auto to : kAllTaskStates)
            left = left || canTransition(from, to);
        EXPECT_EQ(isTerminal(from), !left) << toText(from);
    }
}

TEST(TaskState, OnlyWhatAnAgentHoldsIsHeld) {
    for (const auto state : kAllTaskStates) {
        EXPECT_EQ(isHeldByAgent(state), state == assigned || state == running || state == unreachable);
        EXPECT_EQ(mayReport(state), state == running || isTerminal(state));
    }
}
} // namespace
