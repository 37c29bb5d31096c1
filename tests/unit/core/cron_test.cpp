#include "core/cron.h"

#include <array>

#include <gtest/gtest.h>

namespace core {
namespace {

Instant at(std::string_view text) {
    return core::parseInstant(text).value();
}

/// The next `count` slots, as text with minutes.
std::vector<std::string> slots(std::string_view schedule, std::string_view zone, std::string_view after,
                               int count) {
    const auto cron = Cron::parse(schedule, "").value();
    const auto* where = findTimeZone(zone);
    EXPECT_NE(where, nullptr) << zone;
    std::vector<std::string> all;
    Instant from = at(after);
    for (int i = 0; i < count && where != nullptr; ++i) {
        const auto next = cron.next(from, *where);
        if (!next)
            break;
        EXPECT_GT(*next, from);
        const auto text = core::formatInstant(*next);
        EXPECT_EQ(text.substr(16), ":00.000Z");
        all.push_back(text.substr(0, 16));
        from = *next;
    }
    return all;
}
using Texts = std::vector<std::string>;

TEST(Cron, FieldsListsRangesAndSteps) {
    EXPECT_EQ(slots("*/20 * * * *", "UTC", "2026-01-31T23:39:59.999Z", 3),
              (Texts{"2026-01-31T23:40", "2026-02-01T00:00", "2026-02-01T00:20"}));
    EXPECT_EQ(slots("5,10-12 3 * * *", "UTC", "2026-01-01T00:00:00Z", 5),
              (Texts{"2026-01-01T03:05", "2026-01-01T03:10", "2026-01-01T03:11", "2026-01-01T03:12",
                     "2026-01-02T03:05"}));
    EXPECT_EQ(slots("50/5 1 * * *", "UTC", "2026-01-01T00:00:00Z", 3),
              (Texts{"2026-01-01T01:50", "2026-01-01T01:55", "2026-01-02T01:50"}));
    EXPECT_EQ(slots("0 8-18/5 * * *", "UTC", "2026-01-01T00:00:00Z", 4),
              (Texts{"2026-01-01T08:00", "2026-01-01T13:00", "2026-01-01T18:00", "2026-01-02T08:00"}));
    EXPECT_EQ(slots("  0\t2  *  * * ", "UTC", "2026-01-01T02:00:00Z", 1), (Texts{"2026-01-02T02:00"}));
    EXPECT_EQ(slots("0 2 * * *", "UTC", "2026-01-01T01:59:59.999999Z", 1), (Texts{"2026-01-01T02:00"}));
}

TEST(Cron, NamesInEitherCaseAndSundayTwice) {
    const Texts sundays{"2026-03-01T06:00", "2026-03-08T06:00"};
    EXPECT_EQ(slots("0 6 * * sat-sun", "UTC", "2026-02-25T00:00:00Z", 3),
              (Texts{"2026-02-28T06:00", "2026-03-01T06:00", "2026-03-07T06:00"}));
    EXPECT_EQ(slots("0 6 * * Mon-Sun", "UTC", "2026-02-25T00:00:00Z", 2),
              (Texts{"2026-02-25T06:00", "2026-02-26T06:00"}));
    for (const char* day : {"0", "7", "sun", "SUN", "Sun", "7/2", "7-7"})
        EXPECT_EQ(slots(std::string("0 6 * * ") + day, "UTC", "2026-02-25T00:00:00Z", 2), sundays) << day;
    EXPECT_EQ(slots("0 6 1 jan,Jul *", "UTC", "2026-02-25T00:00:00Z", 2),
              (Texts{"2026-07-01T06:00", "2027-01-01T06:00"}));
    EXPECT_EQ(slots("0 6 * * fri-7", "UTC", "2026-02-25T00:00:00Z", 4),
              (Texts{"2026-02-27T06:00", "2026-02-28T06:00", "2026-03-01T06:00", "2026-03-06T06:00"}));
}

TEST(Cron, NothingIsDueAfterTheLastYearThatCanBeWritten) {
    const auto* utc = core::findTimeZone("UTC");
    for (const char* schedule : {"0 2 * * *", "*/5 * * * *"}) {
        const auto cron = core::Cron::parse(schedule, "").value();
        EXPECT_TRUE(cron.next(core::parseInstant("9999-12-31T01:00:00Z").value(), *utc)) << schedule;
        EXPECT_FALSE(cron.next(core::parseInstant("9999-12-31T23:58:00Z").value(), *utc)) << schedule;
    }
}

TEST(Cron, DayOfMonthOrDayOfWeek) {
    EXPECT_EQ(slots("0 0 13 * fri", "UTC", "2026-02-01T00:00:00Z", 4),
              (Texts{"2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00", "2026-02-27T00:00"}));
    EXPECT_EQ(slots("0 0 10 * fri", "UTC", "2026-02-07T00:00:00Z", 2),
              (Texts{"2026-02-10T00:00", "2026-02-13T00:00"}));
    EXPECT_EQ(slots("0 0 */2 * fri", "UTC", "2026-02-01T00:00:00Z", 2),
              (Texts{"2026-02-13T00:00", "2026-02-27T00:00"}));
}

TEST(Cron, ShortForms) {
    const std::array<std::pair<const char*, const char*>, 7> expected{{{"@hourly", "2026-05-13T11:00"},
                                                                       {"@daily", "2026-05-14T00:00"},
                                                                       {"@midnight", "2026-05-14T00:00"},
                                                                       {"@weekly", "2026-05-17T00:00"},
                                                                       {"@monthly", "2026-06-01T00:00"},
                                                                       {"@yearly", "2027-01-01T00:00"},
                                                                       {"@annually", "2027-01-01T00:00"}}};
    for (const auto& [name, slot] : expected)
        EXPECT_EQ(slots(name, "UTC", "2026-05-13T10:30:00Z", 1), Texts{slot}) << name;
}

TEST(Cron, LeapDayAndShortMonths) {
    EXPECT_EQ(slots("0 12 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2),
              (Texts{"2028-02-29T12:00", "2032-02-29T12:00"}));
    EXPECT_EQ(slots("0 12 31 * *", "UTC", "2026-01-31T12:00:00Z", 2),
              (Texts{"2026-03-31T12:00", "2026-05-31T12:00"}));
}

TEST(Cron, ErrorsNameTheField) {
    const std::array<std::pair<const char*, const char*>, 22> wrong{{{"60 * * * *", "minute"},
                                                                     {"-1 * * * *", "minute"},
                                                                     {"a * * * *", "minute"},
                                                                     {"* 24 * * *", "hour"},
                                                                     {"* * 0 * *", "day of month"},
                                                                     {"* * 32 * *", "day of month"},
                                                                     {"* * * 13 *", "month"},
                                                                     {"* * * foo *", "month"},
                                                                     {"* * * * 8", "day of week"},
                                                                     {"* * * * mon-xyz", "day of week"},
                                                                     {"5-1 * * * *", "minute"},
                                                                     {"*/0 * * * *", "minute"},
                                                                     {"* * * * 0--0", "day of week"},
                                                                     {"*/-0 * * * *", "minute"},
                                                                     {"*/x * * * *", "minute"},
                                                                     {"1,,2 * * * *", "minute"},
                                                                     {"1, * * * *", "minute"},
                                                                     {"99999999999 * * * *", "minute"},
                                                                     {"* * * *", "five fields"},
                                                                     {"* * * * * *", "five fields"},
                                                                     {"", "five fields"},
                                                                     {"@reboot", "five fields"}}};
    for (const auto& [text, part] : wrong) {
        const auto cron = Cron::parse(text, "");
        ASSERT_FALSE(cron.ok()) << text;
        EXPECT_EQ(cron.error().name(), errors::kValidation.name) << text;
        EXPECT_NE(std::string(cron.error().what()).find(part), std::string::npos) << cron.error().what();
    }
    EXPECT_EQ(findTimeZone("Europe/Berlinn"), nullptr);
    EXPECT_EQ(findTimeZone(""), nullptr);
    EXPECT_EQ(findTimeZone("../etc/passwd"), nullptr);
}

// Berlin: 2026-03-29 02:00+01:00 becomes 03:00+02:00; 2026-10-25 03:00+02:00 becomes 02:00+01:00.
TEST(Cron, BerlinInSpring) {
    EXPECT_EQ(slots("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
              (Texts{"2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"}));
    // What was skipped and what is due at the change are one run.
    EXPECT_EQ(slots("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 3),
              (Texts{"2026-03-29T01:00", "2026-03-29T01:30", "2026-03-30T00:00"}));
    EXPECT_EQ(slots("15 * * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", 3),
              (Texts{"2026-03-29T00:15", "2026-03-29T01:15", "2026-03-29T02:15"}));
}

TEST(Cron, BerlinInAutumn) {
    EXPECT_EQ(slots("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
              (Texts{"2026-10-25T00:30", "2026-10-26T01:30"}));
    EXPECT_EQ(slots("30 2 * * *", "Europe/Berlin", "2026-10-25T00:59:00Z", 1), (Texts{"2026-10-26T01:30"}));
    EXPECT_EQ(slots("30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 4),
              (Texts{"2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30", "2026-10-25T03:30"}));
    EXPECT_EQ(slots("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 3),
              (Texts{"2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"}));
}

// New York: 2026-03-08 02:00-05:00 becomes 03:00-04:00; 2026-11-01 02:00-04:00 becomes 01:00-05:00.
TEST(Cron, NewYork) {
    EXPECT_EQ(slots("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 2),
              (Texts{"2026-03-08T07:00", "2026-03-09T06:30"}));
    EXPECT_EQ(slots("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2),
              (Texts{"2026-11-01T05:30", "2026-11-02T06:30"}));
    EXPECT_EQ(slots("30 * * * *", "America/New_York", "2026-11-01T05:00:00Z", 3),
              (Texts{"2026-11-01T05:30", "2026-11-01T06:30", "2026-11-01T07:30"}));
    EXPECT_EQ(slots("0 0 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2),
              (Texts{"2026-11-01T04:00", "2026-11-02T05:00"}));
}

// Lord Howe moves by half an hour: 2026-04-05 02:00+11:00 becomes 01:30+10:30; 2026-10-04 02:00+10:30 becomes
// 02:30+11:00.
TEST(Cron, LordHoweMovesByHalfAnHour) {
    EXPECT_EQ(slots("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00:00Z", 2),
              (Texts{"2026-10-03T15:30", "2026-10-04T15:15"}));
    EXPECT_EQ(slots("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2),
              (Texts{"2026-04-04T14:45", "2026-04-05T15:15"}));
    EXPECT_EQ(slots("45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 3),
              (Texts{"2026-04-04T14:45", "2026-04-04T15:15", "2026-04-04T16:15"}));
}

// Where the clocks change at midnight, a day begins at one o'clock or its first hour comes twice.
TEST(Cron, ChangesAtMidnight) {
    EXPECT_EQ(slots("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", 2),
              (Texts{"2026-04-23T22:00", "2026-04-24T21:00"}));
    EXPECT_EQ(slots("30 23 * * *", "Africa/Cairo", "2026-10-29T12:00:00Z", 2),
              (Texts{"2026-10-29T20:30", "2026-10-30T21:30"}));
    EXPECT_EQ(slots("*/30 * * * *", "Africa/Cairo", "2026-10-29T20:30:00Z", 4),
              (Texts{"2026-10-29T21:00", "2026-10-29T21:30", "2026-10-29T22:00", "2026-10-29T22:30"}));
}

TEST(Cron, SlotsOfYearsRiseStrictlyAndNoneIsMissing) {
    for (const char* zone : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                             "Africa/Cairo", "Asia/Kolkata"}) {
        const auto* where = findTimeZone(zone);
        ASSERT_NE(where, nullptr);
        for (const char* schedule : {"30 2 * * *", "15 1 * * *", "0 0 * * *", "59 23 * * *"}) {
            const auto cron = Cron::parse(schedule, "").value();
            Instant from = at("2026-01-01T12:00:00Z");
            int count = 0;
            while (from < at("2030-01-01T12:00:00Z")) {
                const auto next = cron.next(from, *where);
                ASSERT_TRUE(next) << zone << schedule;
                ASSERT_GT(*next, from) << zone << schedule;
                ASSERT_LE(*next - from, std::chrono::hours{25} + std::chrono::minutes{1}) << zone << schedule;
                // Asking from anywhere before gives the same slot.
                ASSERT_EQ(cron.next(*next - core::microseconds{1}, *where), next);
                from = *next;
                ++count;
            }
            EXPECT_EQ(count, 4 * 365 + 2) << zone << ' ' << schedule;
        }
        const auto hourly = Cron::parse("0 * * * *", "").value();
        Instant from = at("2026-01-01T12:00:00Z");
        for (int hour = 0; hour < 24 * 366; ++hour) {
            const auto next = hourly.next(from, *where);
            ASSERT_TRUE(next);
            ASSERT_GT(*next, from);
            ASSERT_LE(*next - from, std::chrono::minutes{90}) << zone << core::formatInstant(*next);
            from = *next;
        }
    }
}

} // namespace
} // namespace core
