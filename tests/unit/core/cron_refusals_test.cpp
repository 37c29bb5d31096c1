// What is no schedule, and what none of them says: the sentence names the field and the piece.
#include <array>

#include <gtest/gtest.h>

#include "core/cron.h"

namespace core {
namespace {

struct Refused {
    const char* schedule;
    const char* sentence; ///< has this in it
};

template <std::size_t N>
void expectRefused(const std::array<Refused, N>& all) {
    for (const auto& [schedule, sentence] : all) {
        const auto cron = Cron::parse(schedule, "key");
        ASSERT_FALSE(cron.ok()) << schedule;
        EXPECT_EQ(cron.error().name(), errors::kValidation.name) << schedule;
        EXPECT_NE(std::string(cron.error().what()).find(sentence), std::string::npos)
            << schedule << ": " << cron.error().what();
    }
}

TEST(CronRefusals, WordsOfDaysThatAreNone) {
    expectRefused(std::array<Refused, 20>{{
        {"0 0 L-31 * *", "day of month \"L-31\" is no L"},
        {"0 0 L- * *", "day of month \"L-\""},
        {"0 0 L3 * *", "day of month \"L3\""},
        {"0 0 0W * *", "day of month \"0W\" has a W behind what is no day"},
        {"0 0 32W * *", "day of month \"32W\""},
        {"0 0 W * *", "day of month \"W\""},
        {"0 0 L-3W * *", "day of month \"L-3W\""},
        {"0 0 1-5W * *", "day of month \"1-5W\""},
        {"0 0 5L * *", "day of month \"5L\""},
        {"0 0 L/2 * *", "day of month \"L/2\""},
        {"0 0 1#2 * *", "day of month \"1#2\""},
        {"0 0 * * L", "day of week \"L\" names no day of the week"},
        {"0 0 * * 8L", "day of week \"8L\""},
        {"0 0 * * #2", "day of week \"#2\""},
        {"0 0 * * fri#0", "day of week \"fri#0\" must have a number from 1 to 5"},
        {"0 0 * * fri#6", "day of week \"fri#6\""},
        {"0 0 * * fri#", "day of week \"fri#\""},
        {"0 0 * * mon-friL", "day of week \"mon-friL\""},
        {"0 L * * *", "hour \"L\" is no number"},
        {"0 0 * LW *", "month \"LW\" is neither"},
    }});
}

TEST(CronRefusals, HashesThatAreNone) {
    expectRefused(std::array<Refused, 11>{{
        {"H( * * * *", "minute \"H(\" is no H"},
        {"H() * * * *", "minute \"H()\""},
        {"H(5) * * * *", "minute \"H(5)\""},
        {"H(9-5) * * * *", "minute \"H(9-5)\" ends before it begins"},
        {"H(0-60) * * * *", "minute \"H(0-60)\" must be from 0 to 59"},
        {"HH * * * *", "minute \"HH\""},
        {"H-5 * * * *", "minute \"H-5\""},
        {"H/0 * * * *", "minute \"H/0\" has a step"},
        {"H(0-9)/11 * * * *", "minute \"H(0-9)/11\" has a step above 10"},
        {"0 0 H/29 * *", "day of month \"H/29\" has a step above 28"},
        {"0 0 * * H#2", "day of week \"H#2\""},
    }});
}

TEST(CronRefusals, WhatNeverComes) {
    expectRefused(std::array<Refused, 11>{{
        {"0 12 30 2 *", "day of month \"30\" names a date that never comes in its month \"2\""},
        {"0 12 31 feb *", "day of month \"31\" names a date that never comes in its month \"feb\""},
        {"* * 31 4,6 *", "day of month \"31\""},
        {"0 0 31W 4 *", "day of month \"31W\""},
        {"0 0 30W 2 *", "day of month \"30W\""},
        {"0 0 L-29 2 *", "day of month \"L-29\""},
        {"0 0 L-30 9,11 *", "day of month \"L-30\""},
        {"0 0 */31 * mon#2", "day of month \"*/31\" and day of week \"mon#2\" never fall on one date"},
        {"0 0 30 2 */2", "day of month \"30\" and day of week \"*/2\" never fall on one date"},
        // Some key's would come; what is good does not depend on the key.
        {"0 0 30 H *", "day of month \"30\" does not come with every choice of H"},
        {"0 0 H(29-31) 2 *", "day of month \"H(29-31)\" does not come with every choice of H"},
    }});
    for (const char* good : {"0 0 29 2 *", "0 0 29W 2 *", "0 0 30 2 mon", "0 0 L-28 2 *", "0 0 * 2 mon#5",
                             "0 0 29 H *", "0 0 30 4,H *", "0 0 H(29-31) 1,2 *", "0 0 H H H",
                             "0 0 */31 2 mon", "0 0 30,31 * *", "0 0 31W * *", "0 0 15,H(29-31) 2 *"})
        for (const char* key : {"a", "b", "c", "d", "e", "f", "g"})
            EXPECT_TRUE(Cron::parse(good, key).ok()) << good;
}

TEST(CronRefusals, NumbersOfFieldsAndNames) {
    expectRefused(std::array<Refused, 6>{{
        {"@daily @daily", "five fields"},
        {"@", "five fields"},
        {"@dailyy", "five fields"},
        {"0 0 ? * *", "day of month \"?\" is no number"},
        {"0 0 * jan-foo *", "month \"jan-foo\" is neither a number nor a name"},
        {"0/60 * * * *", "minute \"0/60\" has a step that is no number from 1 to 59"},
    }});
    EXPECT_TRUE(Cron::parse("  @DAILY ", "").ok());
}

} // namespace
} // namespace core
