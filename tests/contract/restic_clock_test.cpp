#include <algorithm>

#include "contract/compliance_fixture.h"
#include "schedule/clock_correction.h"

/// The host's clock is a year ahead for a while, and right again: nothing waits for next year, nothing is
/// done twice, and nothing is good until then.
namespace test {
namespace {
constexpr auto kYear = 365 * 24h;

class ResticClock : public ComplianceParts {
protected:
    void back() {
        clock.advance(-kYear);
        correction.run();
        host.scheduler.run();
    }
    std::vector<core::Instant> slots(const Uuid& policyId) {
        std::vector<core::Instant> all;
        for (const auto& task : here([](Transaction& tx) {
                 return restic::TaskStore::list(tx, {}, {500, {}});
             }))
            if (task.policy == policyId && task.slot)
                all.push_back(*task.slot);
        std::sort(all.begin(), all.end());
        return all;
    }
    std::string agentsStatus() {
        return here([&](Transaction& tx) { return restic::AgentStore::find(tx, web)->status; });
    }

    restic::ClockCorrection correction{db, clock, 2min, fixture.log.logger()};
};
BOTH_DATABASES(ResticClock);

TEST_P(ResticClock, EachSlotIsOneTaskAndTheNextComesInTime) {
    std::map<std::string, Uuid> hourly;
    for (const std::string catchUp : {"one", "none", "all"}) {
        auto wanted = draft("hourly " + catchUp, "0 * * * *");
        wanted.catchUp = catchUp;
        wanted.repository = store;
        hourly[catchUp] = policy(tenant, wanted).id;
        link(tenant, web, hourly[catchUp]);
    }
    const auto hour = [&] {
        clock.advance(1h);
        host.scheduler.run();
        host.scheduler.run();
        work(done('a'));
    };
    hour();
    hour();
    clock.advance(kYear);
    for (int i = 0; i < 3; ++i)
        hour();
    clock.advance(-3h);
    back();
    work(done('a'));
    for (const auto& [catchUp, id] : hourly) {
        const auto before = slots(id);
        EXPECT_EQ(std::adjacent_find(before.begin(), before.end()), before.end()) << catchUp << ": twice";
        const auto next =
            here([&](Transaction& tx) { return restic::PolicyStore::links(tx, id).at(0).nextRunAt; });
        ASSERT_TRUE(next);
        EXPECT_LE(*next, clock.now() + 1h) << catchUp;
    }
    for (const auto& row : here([&](Transaction& tx) { return restic::ScheduleStore::of(tx, {store}); }))
        if (row.nextRunAt) {
            EXPECT_LE(*row.nextRunAt, clock.now() + 32 * 24h) << row.operation;
        }
    // One of these hours may have had its task under the wrong clock, and has no second one.
    std::vector<core::Instant> due;
    for (int i = 0; i < 4; ++i) {
        hour();
        due.push_back(std::chrono::floor<std::chrono::hours>(clock.now()));
    }
    for (const auto& [catchUp, id] : hourly) {
        const auto all = slots(id);
        for (const auto at : due)
            EXPECT_EQ(std::count(all.begin(), all.end(), at), 1) << catchUp << " " << core::formatInstant(at);
    }
}

TEST_P(ResticClock, ATaskWhoseAgentDiedMeanwhileIsNotedAndARetryIsNotPutOff) {
    auto request = ofPolicy(web, nightly);
    const auto waits = host.tasks.create(tenant, request).id;
    clock.advance(kYear);
    host.tasks.handOut(tenant, web, 5);
    host.tasks.report(tenant, web, waits, failed("RepositoryLocked"));
    ASSERT_EQ(status(waits), "queued") << "it is tried again";
    request = manual(web, store);
    request.type = "snapshots";
    request.parameters = core::json::Object();
    const auto lost = host.tasks.create(tenant, request).id;
    host.tasks.handOut(tenant, web, 5);
    host.tasks.report(tenant, web, lost, said("running"));
    ASSERT_EQ(status(lost), "running");
    back();
    clock.advance(10min);
    host.tasks.sweep();
    EXPECT_EQ(status(lost), "unreachable");
    EXPECT_FALSE(host.tasks.handOut(tenant, web, 5).items.empty()) << "the backup is tried again";
}

TEST_P(ResticClock, AnAgentThatIsSilentSinceIsOffline) {
    host.agents.heartbeat(tenant, web, {}, "192.0.2.7");
    ASSERT_EQ(agentsStatus(), "online");
    clock.advance(kYear);
    host.agents.heartbeat(tenant, web, {}, "192.0.2.7");
    back();
    clock.advance(5min);
    host.agents.sweep();
    EXPECT_EQ(agentsStatus(), "offline");
}

TEST_P(ResticClock, WhatWasGoodThenIsNotGoodForAYear) {
    backup('a');
    forget(good());
    clock.advance(kYear);
    backup('b');
    forget(good());
    check(good());
    back();
    EXPECT_EQ(target().lights.retention.state, "ok");
    clock.advance(72h);
    backup('c');
    EXPECT_EQ(target().lights.retention.reason, "RetentionOverdue");
    clock.advance(40 * 24h);
    EXPECT_EQ(target().lights.check.state, "bad") << "nothing was looked at for 35 days";
    EXPECT_EQ(target().lights.backup.state, "bad") << "a snapshot of the future is none of today";
}

TEST_P(ResticClock, ARightClockCorrectsNothing) {
    backup('a');
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly)).id;
    host.tasks.handOut(tenant, web, 5);
    const auto lease = here([&](Transaction& tx) { return restic::TaskStore::find(tx, id)->leaseUntil; });
    correction.run();
    clock.advance(-1min);
    correction.run();
    EXPECT_EQ(here([&](Transaction& tx) { return restic::TaskStore::find(tx, id)->leaseUntil; }), lease);
    EXPECT_EQ(fixture.log.text().find("corrected"), std::string::npos);
}

} // namespace
} // namespace test
