// Dates that come once in decades are found, and fast.
#include <chrono>

#include <gtest/gtest.h>

#include "support/cron_slots.h"

namespace core {
namespace {

using Texts = std::vector<std::string>;

TEST(CronRare, ALeapDayOnAMonday) {
    // A day of month with a star: both must match.
    EXPECT_EQ(test::slotsOf("0 0 */28 2 mon#5", "UTC", "2026-01-01T00:00:00Z", 2),
              (Texts{"2044-02-29T00:00", "2072-02-29T00:00"}));
    // Around 2100, which is no leap year, it takes forty.
    EXPECT_EQ(test::slotsOf("0 0 */28 2 mon#5", "Europe/Berlin", "2072-03-01T00:00:00Z", 1),
              (Texts{"2112-02-28T23:00"}));
    EXPECT_EQ(test::slotsOf("30 * */28 2 mon#5", "UTC", "2072-03-01T00:00:00Z", 1),
              (Texts{"2112-02-29T00:30"}));
}

TEST(CronRare, EveryKindOfYearIsBackWithinTheSearch) {
    // Every date, on each day of the week, from each year of the calendar's cycle of 400.
    for (const char* schedule :
         {"0 0 */28 2 sun#5", "0 0 */28 2 tue#5", "0 0 */28 2 sat#5", "0 0 */31 1 wed#1"}) {
        const auto cron = Cron::parse(schedule, "").value();
        const auto* utc = findTimeZone("UTC");
        auto from = parseInstant("2000-01-01T00:00:00Z").value();
        const auto end = parseInstant("2400-01-01T00:00:00Z").value();
        int count = 0;
        while (from < end) {
            const auto next = cron.next(from, *utc);
            ASSERT_TRUE(next) << schedule;
            EXPECT_LE(*next - from, std::chrono::hours{24} * (40 * 366)) << schedule;
            from = *next;
            ++count;
        }
        EXPECT_GE(count, 10) << schedule;
    }
}

TEST(CronRare, ASearchIsNoWalk) {
    const auto* zone = findTimeZone("America/New_York");
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; ++i)
        for (const char* schedule : {"59 23 */28 2 mon#5", "59 */23 */28 2 mon#5"}) {
            const auto cron = Cron::parse(schedule, "").value();
            ASSERT_TRUE(cron.next(parseInstant("2072-03-01T00:00:00Z").value(), *zone)) << schedule;
        }
    // Forty years have 21 million minutes: four hundred walks over them would take minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
}

TEST(CronRare, ATimeThatTheZoneSkipsWheneverItWouldComeIsTheMomentOfTheChange) {
    // Cairo's clocks go from 00:00 to 01:00 on the last Friday of April.
    EXPECT_EQ(test::slotsOf("0 0 * 4 friL", "Africa/Cairo", "2024-01-01T00:00:00Z", 2),
              (Texts{"2024-04-25T22:00", "2025-04-24T22:00"}));
}

TEST(CronRare, TimesBeyondWhatCanBeWrittenHaveNoSlot) {
    const auto* utc = findTimeZone("UTC");
    for (const char* schedule : {"0 0 * * *", "* * * * *"}) {
        const auto cron = Cron::parse(schedule, "").value();
        EXPECT_FALSE(cron.next(Instant::max(), *utc)) << schedule;
        EXPECT_TRUE(cron.next(Instant::min(), *utc)) << schedule;
        EXPECT_TRUE(cron.next(Instant{}, *utc)) << schedule;
    }
}

} // namespace
} // namespace core
