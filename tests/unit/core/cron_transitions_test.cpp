// Each change of the clocks from 2020 to 2035 in zones that change them in many ways, and a day that was
// skipped.
#include <array>

#include <date/tz.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/cron_slots.h"

namespace core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Texts = std::vector<std::string>;

struct Change {
    date::sys_seconds at;
    std::chrono::seconds before; ///< offsets
    std::chrono::seconds after;
};

std::vector<Change> changesOf(const date::time_zone& zone) {
    std::vector<Change> all;
    const date::sys_seconds end{date::sys_days{date::year{2036} / 1 / 1}};
    auto info = zone.get_info(date::sys_seconds{date::sys_days{date::year{2020} / 1 / 1}});
    while (info.end < end) {
        const auto next = zone.get_info(info.end);
        if (next.offset != info.offset)
            all.push_back({info.end, info.offset, next.offset});
        info = next;
    }
    return all;
}

Instant instant(date::sys_seconds at) {
    return Instant{microseconds{at.time_since_epoch()}};
}
/// "M H D Mon *" of what a clock with that offset shows then.
std::string dateOf(date::sys_seconds at, std::chrono::seconds offset) {
    const auto local = at + offset;
    const auto day = date::floor<date::days>(local);
    const date::year_month_day calendar{day};
    const date::hh_mm_ss time{local - day};
    return fmt::format("{} {} {} {} *", time.minutes().count(), time.hours().count(),
                       static_cast<unsigned>(calendar.day()), static_cast<unsigned>(calendar.month()));
}

class CronTransitions : public testing::TestWithParam<std::pair<const char*, int>> {
protected:
    const date::time_zone& zone_ = *findTimeZone(GetParam().first);
    const std::vector<Change> changes_ = changesOf(zone_);

    /// The slots of a date from a day and a half before the change to as long after it.
    std::vector<Instant> around(const Change& change, const std::string& schedule) const {
        std::vector<Instant> all;
        const auto cron = Cron::parse(schedule, "").value();
        for (auto next = cron.next(instant(change.at - hours{36}), zone_);
             next && *next < instant(change.at + hours{36}); next = cron.next(*next, zone_))
            all.push_back(*next);
        return all;
    }
};

TEST_P(CronTransitions, AreAsManyAsTheZoneHas) {
    EXPECT_GE(static_cast<int>(changes_.size()), GetParam().second);
}

TEST_P(CronTransitions, AFixedTimeRunsOnce) {
    for (const auto& change : changes_) {
        // What clocks show from two hours before the change to two hours behind it, by both offsets.
        for (auto at = change.at - hours{2}; at <= change.at + hours{2}; at += minutes{5}) {
            const bool skipped = at >= change.at && at < change.at + (change.after - change.before);
            const auto expected = skipped ? change.at : at;
            if (at < change.at || skipped) {
                EXPECT_EQ(around(change, dateOf(at, change.before)), std::vector{instant(expected)})
                    << dateOf(at, change.before) << " at " << formatInstant(instant(change.at));
            } else if (at >= change.at + (change.before - change.after)) {
                EXPECT_EQ(around(change, dateOf(at, change.after)), std::vector{instant(at)})
                    << dateOf(at, change.after) << " at " << formatInstant(instant(change.at));
            }
        }
    }
}

TEST_P(CronTransitions, WhatRunsEveryFiveMinutesGoesOnSo) {
    for (const auto& change : changes_) {
        const auto slots = around(change, "*/5 * * * *");
        ASSERT_EQ(slots.size(), 72U * 12 - 1);
        for (std::size_t i = 1; i < slots.size(); ++i)
            ASSERT_EQ(slots[i] - slots[i - 1], minutes{5}) << formatInstant(slots[i]);
    }
}

INSTANTIATE_TEST_SUITE_P(Zones, CronTransitions,
                         testing::Values(std::pair{"Europe/Berlin", 32}, std::pair{"America/New_York", 32},
                                         std::pair{"Australia/Lord_Howe", 32},
                                         std::pair{"Africa/Casablanca", 32}, std::pair{"Africa/Cairo", 26},
                                         std::pair{"America/Santiago", 32}, std::pair{"Asia/Beirut", 32},
                                         std::pair{"Asia/Gaza", 32}),
                         [](const auto& tested) {
                             std::string name = tested.param.first;
                             for (char& c : name)
                                 c = c == '/' ? '_' : c;
                             return name;
                         });

// Samoa went over the date line: behind 29 December 2011 came the 31st, at 2011-12-30T10:00Z.
TEST(CronSkippedDay, Apia) {
    EXPECT_EQ(test::slotsOf("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
              (Texts{"2011-12-29T22:00", "2011-12-30T10:00", "2011-12-30T22:00"}));
    EXPECT_EQ(test::slotsOf("0 12 30 12 *", "Pacific/Apia", "2011-01-01T00:00:00Z", 2),
              (Texts{"2011-12-30T10:00", "2012-12-29T22:00"}));
    EXPECT_EQ(test::slotsOf("0 12 * * fri", "Pacific/Apia", "2011-12-24T00:00:00Z", 2),
              (Texts{"2011-12-30T10:00", "2012-01-05T22:00"}));
    // Many times of that day are one run.
    EXPECT_EQ(test::slotsOf("0 1-23 30 12 *", "Pacific/Apia", "2011-01-01T00:00:00Z", 2),
              (Texts{"2011-12-30T10:00", "2012-12-29T11:00"}));
    EXPECT_EQ(test::slotsOf("0 * * * *", "Pacific/Apia", "2011-12-30T08:30:00Z", 3),
              (Texts{"2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"}));
    EXPECT_EQ(test::slotsOf("0 * 30 12 *", "Pacific/Apia", "2011-01-01T00:00:00Z", 1),
              (Texts{"2012-12-29T10:00"}));
}

} // namespace
} // namespace core
