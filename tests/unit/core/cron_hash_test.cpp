// H: what a key means never changes, and keys spread what shares a schedule.
#include <array>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/cron_slots.h"

namespace core {
namespace {

using Texts = std::vector<std::string>;

struct Row {
    const char* key;
    const char* schedule;
    Texts slots; ///< after the beginning of 2026
};

constexpr const char* kIds = "0190a5c1-0000-7000-8000-000000000001/0190a5c1-0000-7000-8000-0000000000ff";

// Computed once with another implementation of SHA-256. Whoever changes one of these moves every backup there
// is.
TEST(CronHash, FixedValues) {
    const std::array<Row, 15> rows{{
        {"", "H * * * *", {"2026-01-01T00:40", "2026-01-01T01:40"}},
        {"a", "H * * * *", {"2026-01-01T00:08", "2026-01-01T01:08"}},
        {"b", "H * * * *", {"2026-01-01T00:53", "2026-01-01T01:53"}},
        {"zürich", "H * * * *", {"2026-01-01T00:42"}},
        {kIds, "H H * * *", {"2026-01-01T19:42", "2026-01-02T19:42"}},
        {"a", "H H * * *", {"2026-01-01T20:08"}},
        {"b",
         "H/15 0 * * *",
         {"2026-01-01T00:08", "2026-01-01T00:23", "2026-01-01T00:38", "2026-01-01T00:53"}},
        {"b", "H(0-29) 5 * * *", {"2026-01-01T05:23"}},
        {"b", "H(0-29)/10 5 * * *", {"2026-01-01T05:03", "2026-01-01T05:13", "2026-01-01T05:23"}},
        {"b", "h(30-59) 5 * * *", {"2026-01-01T05:53"}},
        {"a", "0 H(0-5) * * *", {"2026-01-01T02:00"}},
        {"a", "0 0 H * *", {"2026-01-03T00:00", "2026-02-03T00:00"}},
        {kIds, "0 0 9 H *", {"2026-11-09T00:00", "2027-11-09T00:00"}},
        {"b", "0 0 * * H", {"2026-01-01T00:00", "2026-01-08T00:00"}},
        {"", "0 0 * * H", {"2026-01-02T00:00"}},
    }};
    for (const auto& row : rows)
        EXPECT_EQ(test::slotsOf(row.schedule, "UTC", "2025-12-31T23:59:59Z",
                                static_cast<int>(row.slots.size()), row.key),
                  row.slots)
            << row.schedule << " of " << row.key;
}

TEST(CronHash, KeysSpread) {
    std::array<int, 60> minutes{};
    std::set<std::string> starts;
    for (int i = 0; i < 6000; ++i) {
        const auto slot =
            test::slotsOf("H H * * *", "UTC", "2026-01-01T00:00:00Z", 1, fmt::format("agent-{}", i));
        starts.insert(slot.at(0).substr(11));
        ++minutes.at(static_cast<std::size_t>(std::stoi(slot.at(0).substr(14))));
    }
    for (const int count : minutes) {
        EXPECT_GT(count, 50);
        EXPECT_LT(count, 160);
    }
    EXPECT_GT(starts.size(), 1350U); // of 1440; an hour and its minute are drawn apart
}

TEST(CronHash, ADayOfItsOwnComesInEveryMonth) {
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(test::slotsOf("0 0 H * *", "UTC", "2026-01-31T12:00:00Z", 1, std::to_string(i))
                      .at(0)
                      .substr(0, 7),
                  "2026-02")
            << i;
}

TEST(CronHash, SaysWhetherTheKeyMatters) {
    for (const char* keyed : {"H * * * *", "0 h * * *", "0 0 1,H * *", "0 0 1 H/3 *", "0 0 * * H(1-5)"})
        EXPECT_TRUE(Cron::parse(keyed, "").value().dependsOnKey()) << keyed;
    for (const char* fixed : {"0 0 * mar thu", "@daily", "@hourly", "*/5 0 L * friL"}) {
        EXPECT_FALSE(Cron::parse(fixed, "").value().dependsOnKey()) << fixed;
        EXPECT_EQ(test::slotsOf(fixed, "UTC", "2026-01-01T00:00:00Z", 3, "a"),
                  test::slotsOf(fixed, "UTC", "2026-01-01T00:00:00Z", 3, "b"))
            << fixed;
    }
}

// A time of H is a time like any other: skipped by a change, it comes at the change.
TEST(CronHash, DaylightSaving) {
    EXPECT_EQ(test::slotsOf("30 H(2-2) * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
              (Texts{"2026-03-29T01:00", "2026-03-30T00:30"}));
}

} // namespace
} // namespace core
