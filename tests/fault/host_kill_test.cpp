// F1: SIGKILL of the host at each of its failpoints.
#include <cstdlib>

#include "fault/host_fixture.h"
#include "support/long_tests.h"

namespace test {
namespace {

using core::db::Dialect;

class HostKilled : public FaultyHost, public testing::WithParamInterface<Dialect> {
protected:
    /// Plays the day once for each failpoint that it reaches, and each time the host dies there.
    void killAtEach(unsigned seed);
};
INSTANTIATE_TEST_SUITE_P(Db, HostKilled, testing::Values(Dialect::sqlite, Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == Dialect::sqlite ? "sqlite" : "postgresql";
                         });

void HostKilled::killAtEach(unsigned seed) {
    std::mt19937 random(seed);
    prepare(GetParam(), "trace");
    ASSERT_NO_FATAL_FAILURE(playAndJudge(seed)) << "already without a failure";
    const auto places = reached();
    EXPECT_GE(places.size(), 60U);
    std::set<std::string> stages;
    for (const auto& [place, times] : places)
        stages.insert(place.substr(0, place.find(' ')));
    EXPECT_EQ(stages, (std::set<std::string>{"after-commit", "before-answer", "before-commit"}));

    const char* only = std::getenv("AE_TEST_FAILPOINT"); // to look at one: "after-commit base.user.created"
    // What the host does at each of them is the same with both databases: each is met with one of them, a
    // third with PostgreSQL, another one with each seed.
    const bool each = longTests();
    unsigned index = 0;
    int kills = 0;
    for (const auto& [place, times] : places) {
        const bool third = index++ % 3 == seed % 3;
        const bool chosen = each || third == (GetParam() == Dialect::postgresql);
        if (only != nullptr ? place != only : !chosen)
            continue;
        const auto nth = 1 + static_cast<int>(random() % static_cast<unsigned>(times));
        const auto failpoint = place + "=kill:" + std::to_string(nth);
        SCOPED_TRACE("AE_FAILPOINT=\"" + failpoint + "\" seed " + std::to_string(seed));
        ASSERT_NO_THROW(prepare(GetParam(), failpoint));
        ASSERT_NO_FATAL_FAILURE(playAndJudge(seed));
        if (deaths() == 0 && nth > 1) { // what runs beside the story is not reached equally often each time
            ASSERT_NO_THROW(prepare(GetParam(), place + "=kill:1"));
            ASSERT_NO_FATAL_FAILURE(playAndJudge(seed));
        }
        ASSERT_EQ(deaths(), 1) << "was not reached";
        for (const auto& [task, attempt] : ledger().attempts) // the agent lived: nothing was to be repeated
            EXPECT_EQ(attempt, 1) << task;
        ASSERT_FALSE(HasFailure()); // the log is that of this life
        ++kills;
    }
    ASSERT_GT(kills, 0);
    std::printf("seed %u: killed at %d failpoints\n", seed, kills);
}

TEST_P(HostKilled, AtEachOfItsFailpointsLosesNothingAndDoesNothingTwice) {
    for (unsigned seed = 1; seed <= seeds() && !HasFailure(); ++seed)
        killAtEach(seed);
}

} // namespace
} // namespace test
