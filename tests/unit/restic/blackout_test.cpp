#include "blackout.h"

#include <gtest/gtest.h>

#include "slot.h"

namespace restic {
namespace {

/// The slots from there on, as far as minutes go.
std::vector<std::string> slots(const Schedule& schedule, const std::string& from, int count) {
    std::vector<std::string> all;
    auto at = core::parseInstant(from).value();
    for (int i = 0; i < count; ++i) {
        const auto next = nextSlot(schedule, at);
        if (!next) {
            all.emplace_back(next.error().what());
            break;
        }
        at = next.value();
        all.push_back(core::formatInstant(at).substr(0, 16));
    }
    return all;
}
Schedule hourly(std::vector<BlackoutWindow> windows, const std::string& zone = "UTC") {
    return {"0 * * * *", zone, "key", {}, std::move(windows)};
}
using Slots = std::vector<std::string>;

TEST(Blackout, SlotsWithinAWindowAreOneWhenItEnds) {
    // A Thursday.
    EXPECT_EQ(slots(hourly({{{}, "08:30", "18:15"}}), "2026-01-01T06:30:00Z", 4),
              (Slots{"2026-01-01T07:00", "2026-01-01T08:00", "2026-01-01T18:15", "2026-01-01T19:00"}));
    EXPECT_EQ(slots(hourly({{{}, "08:00", "18:00"}}), "2026-01-01T06:30:00Z", 3),
              (Slots{"2026-01-01T07:00", "2026-01-01T18:00", "2026-01-01T19:00"}))
        << "the edge belongs to what comes after it, and both meet there";
}

TEST(Blackout, WhoLooksFromWithinAWindowFindsWhatWaitsForItsEnd) {
    const auto daily = Schedule{"0 9 * * *", "UTC", "key", {}, {{{}, "08:00", "18:00"}}};
    EXPECT_EQ(slots(daily, "2026-01-01T12:00:00Z", 2), (Slots{"2026-01-01T18:00", "2026-01-02T18:00"}));
    EXPECT_EQ(slots(daily, "2026-01-01T08:00:00Z", 1), (Slots{"2026-01-01T18:00"}));
    EXPECT_EQ(slots(daily, "2026-01-01T18:00:00Z", 1), (Slots{"2026-01-02T18:00"}));
    const auto before = Schedule{"0 7 * * *", "UTC", "key", {}, {{{}, "08:00", "18:00"}}};
    EXPECT_EQ(slots(before, "2026-01-01T12:00:00Z", 1), (Slots{"2026-01-02T07:00"})) << "nothing waited";
}

TEST(Blackout, AWindowMayGoOverMidnightAndBeginOnSomeDaysOnly) {
    const auto friday = hourly({{{"fri"}, "22:00", "04:00"}});
    EXPECT_EQ(slots(friday, "2026-01-02T20:30:00Z", 3),
              (Slots{"2026-01-02T21:00", "2026-01-03T04:00", "2026-01-03T05:00"}));
    EXPECT_EQ(slots(friday, "2026-01-01T21:30:00Z", 1), (Slots{"2026-01-01T22:00"}))
        << "on Thursday it is free";
    EXPECT_EQ(slots(friday, "2026-01-03T01:00:00Z", 1), (Slots{"2026-01-03T04:00"}));
    EXPECT_EQ(slots(hourly({{{"sat"}, "00:00", "00:00"}}), "2026-01-02T23:30:00Z", 2),
              (Slots{"2026-01-04T00:00", "2026-01-04T01:00"}))
        << "a whole day";
}

TEST(Blackout, WindowsWithoutAGapAreOne) {
    EXPECT_EQ(slots(hourly({{{}, "08:00", "12:00"}, {{}, "12:00", "18:00"}}), "2026-01-01T09:00:00Z", 1),
              (Slots{"2026-01-01T18:00"}));
    EXPECT_EQ(slots(hourly({{{}, "08:00", "13:00"}, {{}, "11:00", "18:00"}}), "2026-01-01T17:00:00Z", 1),
              (Slots{"2026-01-01T18:00"}))
        << "also where they overlap";
}

TEST(Blackout, WindowsAreInTheSchedulesZoneAlsoOverAChangeOfTheClock) {
    const auto berlin = hourly({{{}, "02:00", "04:00"}}, "Europe/Berlin");
    EXPECT_EQ(slots(berlin, "2026-01-01T00:30:00Z", 1), (Slots{"2026-01-01T03:00"}));
    // 29 March: 02:00 is 03:00 there, so the window is an hour short; 25 October: it is an hour longer.
    EXPECT_EQ(slots(berlin, "2026-03-29T00:30:00Z", 1), (Slots{"2026-03-29T02:00"}));
    EXPECT_EQ(slots(berlin, "2026-10-24T23:30:00Z", 1), (Slots{"2026-10-25T03:00"}));
}

TEST(Blackout, WithoutAGapNothingEverComes) {
    EXPECT_EQ(slots(hourly({{{}, "06:00", "06:00"}}), "2026-01-01T00:00:00Z", 1),
              (Slots{"The schedule \"0 * * * *\" never comes outside its blackout windows. Leave a gap."}));
    EXPECT_TRUE(problemOfSchedule(hourly({{{}, "00:00", "12:00"}, {{}, "12:00", "00:00"}})));
    EXPECT_FALSE(problemOfSchedule(hourly({{{}, "00:00", "12:00"}, {{}, "12:01", "00:00"}})));
}

TEST(Blackout, NoSlotOfAYearIsWithinAWindowAndNoneIsLost) {
    const std::vector<BlackoutWindow> windows{{{"mon", "tue", "wed", "thu", "fri"}, "07:30", "19:00"},
                                              {{"sun"}, "22:00", "03:00"}};
    const auto* zone = core::findTimeZone("America/New_York");
    const Schedule schedule{"*/45 * * * *", "America/New_York", "key", {}, windows};
    const Schedule plain{"*/45 * * * *", "America/New_York", "key"};
    const Blackouts blackouts(windows, *zone);
    const auto end = core::parseInstant("2027-01-01T00:00:00Z").value();
    auto at = core::parseInstant("2026-01-01T00:00:00Z").value();
    auto slot = nextSlot(schedule, at).value();
    for (auto due = nextSlot(plain, at).value(); due < end; due = nextSlot(plain, due).value()) {
        // What is due has a slot: at once, or where its windows end.
        const auto expected = blackouts.firstFree(due).value();
        while (slot < expected)
            slot = nextSlot(schedule, slot).value();
        ASSERT_EQ(slot, expected) << core::formatInstant(due);
        ASSERT_FALSE(blackouts.beginOf(slot)) << core::formatInstant(slot);
    }
}

TEST(Blackout, WhatIsNoTimeOfTheDayIsRefused) {
    for (const std::string text : {"24:00", "8:00", "08:60", "0800", "08:0", "ab:cd", "", "08:00:00"}) {
        const auto read =
            core::wire::read<BlackoutWindow>(core::json::Object{{"from", text}, {"to", "09:00"}});
        EXPECT_FALSE(read) << text;
    }
    EXPECT_FALSE(core::wire::read<BlackoutWindow>(
        core::json::Object{{"days", core::json::Array{"monday"}}, {"from", "08:00"}, {"to", "09:00"}}));
    EXPECT_TRUE(core::wire::read<BlackoutWindow>(core::json::Object{{"from", "23:59"}, {"to", "00:00"}}));
}

TEST(Jitter, EachKeyHasADelayOfItsOwnForEver) {
    std::set<std::string> starts;
    for (int i = 0; i < 40; ++i) {
        const Schedule schedule{"0 2 * * *", "UTC", std::to_string(i), std::chrono::minutes(60)};
        const auto three = slots(schedule, "2026-01-01T00:00:00Z", 3);
        EXPECT_GE(three[0], "2026-01-01T02:00");
        EXPECT_LE(three[0], "2026-01-01T03:00");
        EXPECT_EQ(three[1].substr(11), three[0].substr(11)) << "the same on each day";
        starts.insert(three[0]);
    }
    EXPECT_GT(starts.size(), 15U);
    // Whoever changes this moves every backup there is.
    EXPECT_EQ(slots({"0 2 * * *", "UTC", "key", std::chrono::minutes(60)}, "2026-01-01T00:00:00Z", 1),
              (Slots{"2026-01-01T02:04"}));
}

TEST(Jitter, ADelayThatLeadsIntoAWindowWaitsForItsEnd) {
    for (int i = 0; i < 20; ++i) {
        const Schedule schedule{
            "0 2 * * *", "UTC", std::to_string(i), std::chrono::minutes(60), {{{}, "02:01", "05:00"}}};
        const auto first = slots(schedule, "2026-01-01T00:00:00Z", 1)[0];
        EXPECT_TRUE(first == "2026-01-01T02:00" || first == "2026-01-01T05:00") << first;
    }
}

} // namespace
} // namespace restic
