#include "slot.h"

#include <set>

#include <gtest/gtest.h>

namespace restic {
namespace {

core::Uuid id(const std::string& end) {
    return core::Uuid::parse("0190a5c1-0000-7000-8000-0000000000" + end).value();
}
std::string first(const std::string& expression, const std::string& key, const std::string& zone = "UTC") {
    const auto slot = nextSlot({expression, zone, key}, core::parseInstant("2026-01-01T00:00:00Z").value());
    return slot ? core::formatInstant(slot.value()).substr(0, 16) : slot.error().what();
}

// Whoever changes the key moves every backup there is.
TEST(Slot, TheKeyIsTheOwnerAndThePart) {
    EXPECT_EQ(slotKey(id("01"), id("ff").toString()),
              "0190a5c1-0000-7000-8000-000000000001/0190a5c1-0000-7000-8000-0000000000ff");
    EXPECT_EQ(slotKey(id("01"), "prune"), "0190a5c1-0000-7000-8000-000000000001/prune");
    EXPECT_EQ(first("H H * * *", slotKey(id("01"), id("ff").toString())), "2026-01-01T19:42");
}

TEST(Slot, AgentsOfOnePolicyAndOperationsOfOneRepositoryHaveTimesOfTheirOwn) {
    std::set<std::string> starts;
    for (const char* agent : {"01", "02", "03", "04"})
        starts.insert(first("H H * * *", slotKey(id(agent), id("ff").toString())));
    for (const char* operation : {"forget", "prune", "check", "stats"})
        starts.insert(first("H H * * *", slotKey(id("aa"), operation)));
    EXPECT_EQ(starts.size(), 8U);
}

TEST(Slot, AZoneThatIsNotKnownIsSaidInASentence) {
    EXPECT_EQ(first("0 2 * * *", "", "Mars/Olympus"),
              "The time zone \"Mars/Olympus\" is not known on this host. "
              "Install its zone data (tzdata), or name another zone.");
    EXPECT_EQ(first("0 2 * * *", "", "US/Eastern"), "2026-01-01T07:00");
}

TEST(Slot, AProblemIsFoundWhateverTheKey) {
    EXPECT_EQ(problemOfSchedule({"H H * * *", "UTC", {}}), std::nullopt);
    const auto problem = problemOfSchedule({"0 0 30 H *", "UTC", {}});
    ASSERT_TRUE(problem);
    EXPECT_NE(problem->find("day of month \"30\""), std::string::npos) << *problem;
}

} // namespace
} // namespace restic
