// Days by their place in the month: L, W and #, and how the two fields of days go together.
#include <array>

#include <gtest/gtest.h>

#include "support/cron_slots.h"

namespace core {
namespace {

using Texts = std::vector<std::string>;

/// The dates of the next runs at midnight.
Texts dates(std::string_view days, std::string_view after, int count) {
    // "day-of-month month day-of-week"
    Texts all;
    for (const auto& slot :
         test::slotsOf("0 0 " + std::string(days), "UTC", std::string(after) + "T00:00:00Z", count))
        all.push_back(slot.substr(0, 10));
    return all;
}

struct Row {
    const char* days;
    const char* after;
    Texts dates;
};

TEST(CronDays, FromTheEndOfTheMonth) {
    const std::array<Row, 7> rows{{
        {"L * *", "2027-12-31", {"2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"}},
        {"l 2 *", "2026-12-31", {"2027-02-28", "2028-02-29"}},
        {"L-3 * *", "2026-12-31", {"2027-01-28", "2027-02-25", "2027-03-28", "2027-04-27"}},
        {"L-30 * *", "2026-12-31", {"2027-01-01", "2027-03-01", "2027-05-01"}},
        {"L-28 2 *", "2026-12-31", {"2028-02-01", "2032-02-01"}},
        {"1,L * *", "2026-12-31", {"2027-01-01", "2027-01-31", "2027-02-01", "2027-02-28"}},
        {"L,L-1 2 *", "2026-12-31", {"2027-02-27", "2027-02-28"}},
    }};
    for (const auto& row : rows)
        EXPECT_EQ(dates(row.days, row.after, static_cast<int>(row.dates.size())), row.dates) << row.days;
}

TEST(CronDays, TheNearestWorkdayIsInTheSameMonth) {
    const std::array<Row, 9> rows{{
        {"15W * *", "2026-07-31", {"2026-08-14", "2026-09-15", "2026-10-15", "2026-11-16"}}, // Sat, …, Sun
        {"1W 8 *", "2026-07-31", {"2026-08-03"}},                              // Saturday the 1st
        {"1w 11 *", "2026-07-31", {"2026-11-02"}},                             // Sunday the 1st
        {"31W 10 *", "2026-07-31", {"2026-10-30"}},                            // Saturday the 31st
        {"31W 5 *", "2026-01-01", {"2026-05-29"}},                             // Sunday the 31st
        {"31W * *", "2026-08-31", {"2026-10-30", "2026-12-31", "2027-01-29"}}, // not in months of 30 days
        {"29W 2 *", "2026-01-01", {"2028-02-29", "2032-02-27"}},               // 2032: a Sunday
        {"LW * *", "2026-01-01", {"2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30"}},
        {"lw,1 * *", "2026-01-01", {"2026-01-30", "2026-02-01", "2026-02-27"}},
    }};
    for (const auto& row : rows)
        EXPECT_EQ(dates(row.days, row.after, static_cast<int>(row.dates.size())), row.dates) << row.days;
}

TEST(CronDays, WeekdaysByTheirPlaceInTheMonth) {
    const std::array<Row, 8> rows{{
        {"* * 5L", "2026-01-01", {"2026-01-30", "2026-02-27", "2026-03-27"}},
        {"* * friL", "2026-01-01", {"2026-01-30", "2026-02-27", "2026-03-27"}},
        {"* * 7l", "2026-01-01", {"2026-01-25", "2026-02-22"}},
        {"* * 0L", "2026-01-01", {"2026-01-25", "2026-02-22"}},
        {"* * 2#1", "2026-01-01", {"2026-01-06", "2026-02-03"}},
        {"* * TUE#1", "2026-01-01", {"2026-01-06", "2026-02-03"}},
        {"* * fri#5", "2026-01-01", {"2026-01-30", "2026-05-29", "2026-07-31"}},
        {"* * mon#1,wed", "2026-01-01", {"2026-01-05", "2026-01-07", "2026-01-14"}},
    }};
    for (const auto& row : rows)
        EXPECT_EQ(dates(row.days, row.after, static_cast<int>(row.dates.size())), row.dates) << row.days;
}

// crontab(5): "If both fields are restricted (ie, aren't *), the command will be run when either field
// matches", and its example: 30 4 1,15 * 5 is 4:30 on the 1st and 15th of each month, plus every Friday.
TEST(CronDays, EitherIsEnoughWhereBothAreRestricted) {
    EXPECT_EQ(test::slotsOf("30 4 1,15 * 5", "UTC", "2026-01-01T12:00:00Z", 4),
              (Texts{"2026-01-02T04:30", "2026-01-09T04:30", "2026-01-15T04:30", "2026-01-16T04:30"}));
    EXPECT_EQ(dates("L * mon#1", "2026-01-01", 3), (Texts{"2026-01-05", "2026-01-31", "2026-02-02"}));
    EXPECT_EQ(dates("30 2 mon", "2026-01-31", 2), (Texts{"2026-02-02", "2026-02-09"}));
    // "1-31" is every day and begins with no *: it restricts in name, so every day matches.
    EXPECT_EQ(dates("1-31 * fri", "2026-01-01", 2), (Texts{"2026-01-02", "2026-01-03"}));
}

TEST(CronDays, BothMustMatchWhereOneBeginsWithAStar) {
    EXPECT_EQ(dates("*/10 * mon", "2026-01-01", 3), (Texts{"2026-05-11", "2026-06-01", "2026-08-31"}));
    EXPECT_EQ(dates("13 * */5", "2026-01-01", 2), (Texts{"2026-02-13", "2026-03-13"})); // Sundays, Fridays
    EXPECT_EQ(dates("*,1 * fri", "2026-01-01", 2), (Texts{"2026-01-02", "2026-01-09"}));
    EXPECT_EQ(dates("L * *", "2026-01-01", 1), (Texts{"2026-01-31"}));
}

} // namespace
} // namespace core
