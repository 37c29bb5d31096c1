#include <map>
#include <set>

#include "contract/restic_fixture.h"
#include "policies/skipped_slots.h"
#include "repositories/schedule_store.h"
#include "tasks/task_wait.h"

namespace test {
namespace {

using restic::PolicyStore;

/// Slots of several tenants of which some cannot be taken.
class ResticSlots : public ResticParts {
protected:
    Uuid web = agent("web-01");

    Uuid linked(const TenantContext& context, const Uuid& agentId, restic::Policy wanted) {
        const auto made = policy(context, std::move(wanted));
        link(context, agentId, made.id);
        return made.id;
    }
    Uuid linked(const std::string& name, const std::string& catchUp,
                const std::string& schedule = "*/5 * * * *") {
        auto wanted = draft(name, schedule);
        wanted.catchUp = catchUp;
        return linked(tenant, web, wanted);
    }
    std::vector<restic::Task> tasks(const TenantContext& context) {
        return in(context, [](Transaction& tx) { return restic::TaskStore::list(tx, {}, {500, {}}); });
    }
    std::vector<core::Instant> slots(const Uuid& policyId) {
        std::vector<core::Instant> all;
        for (const auto& task : tasks(tenant))
            if (task.policy == policyId && task.slot)
                all.push_back(*task.slot);
        std::sort(all.begin(), all.end());
        return all;
    }
    std::vector<restic::SkippedSlots> skipped(const Uuid& policyId) {
        return here([&](Transaction& tx) { return restic::SkippedSlotStore::list(tx, policyId); });
    }
    std::optional<core::Instant> next(const Uuid& policyId) {
        return here([&](Transaction& tx) { return PolicyStore::links(tx, policyId).at(0).nextRunAt; });
    }
    /// Runs the scheduler each second's worth of times, ending each task as soon as its agent has it.
    void settle(int rounds = 12) {
        for (int i = 0; i < rounds; ++i) {
            host.scheduler.run();
            for (const auto& envelope : host.tasks.handOut(tenant, web, 50).items) {
                const auto id = Uuid::parse(*envelope.payload.find("task_id")->string()).value();
                host.tasks.report(tenant, web, id, said("success"));
            }
            clock.advance(1s);
        }
    }
    void unlink(const Uuid& agentId, const Uuid& policyId) {
        here([&](Transaction& tx) { host.policies.unlink(tx, agentId, policyId); });
    }
    void spoil(const std::string& column, const std::string& value, const Uuid& policyId) {
        system([&](Transaction& tx) {
            tx.execute("UPDATE restic_policies SET " + column + " = " + value + " WHERE id = $1", {policyId});
        });
    }
    restic::TargetStatus status(const std::string& name) { return host.status.get(tenant, name, {}); }
};
BOTH_DATABASES(ResticSlots);

TEST_P(ResticSlots, OneThatCannotBeTakenStopsNobodyElses) {
    const auto bad = linked("bad", "one");
    const auto good = linked("good", "one");
    const auto foreign = enrol(other, "db-01").id;
    linked(other, foreign, draft("theirs", "*/5 * * * *"));
    // An older host linked what could never run: the agent of this one names no repository, nor does the
    // policy.
    const auto bare = agent("bare-01");
    link(tenant, bare, bad);
    setMetadata(tenant, bare, core::json::Object());
    unlink(web, bad);
    clock.advance(5min);
    EXPECT_ANY_THROW(host.scheduler.run()) << "the job is to say that something is wrong";
    EXPECT_EQ(slots(good).size(), 1U);
    EXPECT_EQ(tasks(other).size(), 1U);
    EXPECT_TRUE(slots(bad).empty());
    EXPECT_GT(next(bad), clock.now()) << "the slot moves on";
    EXPECT_NO_THROW(host.scheduler.run()) << "and is not tried each second";
    const auto target = status("bare-01:bad");
    EXPECT_EQ(target.status, "unhealthy");
    ASSERT_TRUE(target.error);
    EXPECT_EQ(target.error->error, "SchedulingFailed");
    EXPECT_EQ(status("web-01:good").status, "unknown");
}

TEST_P(ResticSlots, ManyThatCannotBeTakenDoNotHideTheRest) {
    // More than one batch of them, all before the good one.
    const auto bad = linked("bad", "one", "* * * * *");
    const auto fine = agent("fine-01");
    system([&](Transaction& tx) {
        for (int i = 0; i < 250; ++i) {
            const auto id = newId();
            tx.execute(
                "INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, metadata, "
                "created_at_us, updated_at_us) SELECT $1, tenant_id, $2, os, arch, version, status, "
                "metadata, created_at_us, updated_at_us FROM restic_agents WHERE id = $3",
                {id, "many-" + std::to_string(i), web});
            tx.execute(
                "INSERT INTO restic_agent_policy_links (tenant_id, agent_id, policy_id, created_at_us, "
                "next_run_at_us) SELECT tenant_id, $1, policy_id, created_at_us, next_run_at_us FROM "
                "restic_agent_policy_links WHERE policy_id = $2 LIMIT 1",
                {id, bad});
        }
    });
    const auto good = linked(tenant, fine, draft("good", "*/5 * * * *"));
    system([&](Transaction& tx) {
        tx.execute("UPDATE restic_agents SET metadata = $1 WHERE id <> $2",
                   {core::json::Value(core::json::Object()), fine});
    });
    clock.advance(5min);
    EXPECT_ANY_THROW(host.scheduler.run());
    EXPECT_EQ(slots(good).size(), 1U);
}

TEST_P(ResticSlots, APolicyWhoseRepositoryMovedAwayIsSkippedWithItsReason) {
    const auto store = repository(tenant, "store");
    auto wanted = draft("nightly", "*/5 * * * *");
    wanted.repository = store;
    const auto id = linked(tenant, web, wanted);
    const auto elsewhere = agent("elsewhere-01");
    // As an older host allowed it.
    system([&](Transaction& tx) {
        tx.execute("UPDATE restic_repositories SET agent_id = $1 WHERE id = $2", {elsewhere, store});
    });
    clock.advance(5min);
    EXPECT_ANY_THROW(host.scheduler.run());
    EXPECT_TRUE(slots(id).empty());
    EXPECT_NE(status("web-01:nightly").error->message.find("another agent"), std::string::npos);
    system([&](Transaction& tx) {
        tx.execute("UPDATE restic_repositories SET agent_id = $1 WHERE id = $2", {web, store});
    });
    clock.advance(5min);
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 1U);
    EXPECT_NE(status("web-01:nightly").status, "unhealthy") << "a slot that was taken ends it";
}

TEST_P(ResticSlots, WhatCanNeverRunIsRefusedWhenItIsLinkedOrSaved) {
    const auto mail = agent("mail-01");
    restic::RepositorySpec spec{"disk", "local", "/srv/disk", {}, web, kSecret, {}, {}, {}};
    const auto disk = here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
    auto wanted = draft("nightly");
    wanted.repository = disk;
    const auto nightly = policy(tenant, wanted);
    EXPECT_EQ(errorOf([&] { link(tenant, mail, nightly.id); }).name(), "RepositoryUnreachable");
    link(tenant, web, nightly.id);

    const auto both = policy(tenant, draft("both"));
    link(tenant, web, both.id);
    link(tenant, mail, both.id);
    auto changed = both;
    changed.repository = disk;
    EXPECT_EQ(
        errorOf([&] { here([&](Transaction& tx) { host.policies.update(tx, both.id, changed); }); }).name(),
        "RepositoryUnreachable");
    spec.agent = mail;
    const auto moved =
        errorOf([&] { here([&](Transaction& tx) { host.repositories.update(tx, disk, spec); }); });
    EXPECT_EQ(moved.name(), "RepositoryUnreachable");
    EXPECT_NE(std::string(moved.what()).find("web-01"), std::string::npos)
        << "says whom it would leave alone";

    setMetadata(tenant, mail, core::json::Object());
    EXPECT_EQ(errorOf([&] { link(tenant, mail, policy(tenant, draft("nowhere")).id); }).name(),
              "RepositoryMissing");
    auto dump = draft("dump");
    dump.plugins = core::json::Array{core::json::Object{{"name", "nonsense"}, {"on_error", "fail"}}};
    const auto dumped = policy(tenant, dump);
    const auto refused = errorOf([&] { link(tenant, web, dumped.id); });
    EXPECT_EQ(refused.name(), "PluginNotAvailable");
    EXPECT_EQ(refused.details().at(0).pointer, "/plugins/0/name");
    setMetadata(
        tenant, web,
        core::json::Object{{"ownRepository", true}, {"availablePlugins", core::json::Array{"nonsense"}}});
    EXPECT_NO_THROW(link(tenant, web, dumped.id));
    // The plugin goes away later: no backup without the dump.
    setMetadata(tenant, web, core::json::Object{{"ownRepository", true}});
    const auto id = host.tasks.create(tenant, ofPolicy(web, dumped.id)).id;
    EXPECT_TRUE(host.tasks.handOut(tenant, web, 5).items.empty());
    EXPECT_EQ(run(id).status, "failed");
    EXPECT_EQ(task(id).error.stringOr("error"), "PluginFailed");
}

TEST_P(ResticSlots, CatchUpDoesWhatItSays) {
    const auto none = linked("none", "none");
    const auto one = linked("one", "one");
    const auto all = linked("all", "all");
    clock.advance(21min + 30s); // four slots of each passed
    settle();
    EXPECT_EQ(slots(none).size(), 0U);
    EXPECT_EQ(slots(one).size(), 1U);
    const auto start = slots(one)[0];
    EXPECT_EQ(slots(all), (std::vector{start, start + 5min, start + 10min, start + 15min}));
    // Each slot is a task, or it is recorded why there is none.
    ASSERT_EQ(skipped(none).size(), 1U);
    EXPECT_EQ(skipped(none)[0].first, start);
    EXPECT_EQ(skipped(none)[0].last, start + 15min);
    EXPECT_EQ(skipped(none)[0].slots, 4);
    ASSERT_EQ(skipped(one).size(), 1U);
    EXPECT_EQ(skipped(one)[0].first, start + 5min);
    EXPECT_EQ(skipped(one)[0].slots, 3);
    EXPECT_TRUE(skipped(all).empty());
    clock.advance(4min);
    settle();
    EXPECT_EQ(slots(none).size(), 1U) << "the next slot is its own again";
    EXPECT_EQ(slots(one).size(), 2U);
    EXPECT_EQ(slots(all).size(), 5U);
}

TEST_P(ResticSlots, CatchUpOfAllIsOneAfterTheOther) {
    const auto all = linked("all", "all");
    clock.advance(21min + 30s);
    for (int i = 0; i < 3; ++i)
        host.scheduler.run();
    EXPECT_EQ(slots(all).size(), 1U) << "the second waits for the first";
}

TEST_P(ResticSlots, CatchUpOfAllHasAnEndAndSaysSo) {
    const auto all = linked("all", "all", "* * * * *");
    clock.advance(24h * 30);
    settle(5);
    ASSERT_FALSE(slots(all).empty());
    EXPECT_GE(slots(all).front(), clock.now() - 3h) << "not thirty days of minutes";
    ASSERT_EQ(skipped(all).size(), 1U);
    EXPECT_EQ(skipped(all)[0].slots, 1000) << "more are not counted";
    EXPECT_NE(skipped(all)[0].reason.find("More than 100 slots"), std::string::npos)
        << skipped(all)[0].reason;
}

TEST_P(ResticSlots, ASlotWhoseBackupStillWaitsIsNoSecondOneAndOneThatRunsIsWaitedFor) {
    const auto id = linked("often", "one");
    clock.advance(5min);
    host.scheduler.run();
    ASSERT_EQ(slots(id).size(), 1U);
    clock.advance(5min); // its agent has not come
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 1U);
    ASSERT_EQ(skipped(id).size(), 1U);
    EXPECT_EQ(skipped(id)[0].first, slots(id)[0] + 5min);
    EXPECT_NE(skipped(id)[0].reason.find("still waited"), std::string::npos);
    EXPECT_EQ(host.tasks.handOut(tenant, web, 5).items.size(), 1U);
    clock.advance(5min);
    host.scheduler.run();
    ASSERT_EQ(slots(id).size(), 2U);
    EXPECT_TRUE(host.tasks.handOut(tenant, web, 5).items.empty()) << "the first one still runs";
    const auto both = tasks(tenant);
    const auto& waits = both.at(0).status == restic::protocol::TaskState::queued ? both.at(0) : both.at(1);
    const auto& runs = waits.id == both.at(0).id ? both.at(1) : both.at(0);
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_agents SET status = 'online', max_concurrent_tasks = 5 WHERE tenant_id = "
                   "$1 AND id = $2",
                   {tx.tenant(), web});
        EXPECT_EQ(restic::waitOf(tx, host.tasks.kinds(), waits, clock.now()).value().code, "same");
    });
    host.tasks.report(tenant, web, runs.id, said("success"));
    EXPECT_EQ(host.tasks.handOut(tenant, web, 5).items.size(), 1U);
}

TEST_P(ResticSlots, AZoneThatTheHostNoLongerKnowsIsSaidAndComesBack) {
    const auto id = linked("nightly", "one");
    spoil("timezone", "'Mars/Olympus'", id);
    clock.advance(5min);
    host.scheduler.run();
    ASSERT_TRUE(next(id)) << "it must be looked at again";
    EXPECT_EQ(status("web-01:nightly").status, "unhealthy");
    EXPECT_NE(status("web-01:nightly").error->message.find("Mars/Olympus"), std::string::npos);
    spoil("timezone", "'Europe/Berlin'", id);
    clock.advance(10min);
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 1U);
    EXPECT_NE(status("web-01:nightly").status, "unhealthy");
}

TEST_P(ResticSlots, AgentsOfOnePolicyHaveTimesOfTheirOwnThatStay) {
    auto wanted = draft("spread", "H H * * *");
    wanted.timezone = "UTC";
    const auto id = linked(tenant, web, wanted);
    for (const char* name : {"web-02", "web-03", "web-04"})
        link(tenant, agent(name), id);
    const auto plans = [&] {
        std::map<Uuid, core::Instant> all;
        for (const auto& link : here([&](Transaction& tx) { return PolicyStore::links(tx, id); }))
            all[link.agent] = link.nextRunAt.value();
        return all;
    };
    const auto first = plans();
    std::set<core::Instant> times;
    for (const auto& [who, at] : first) {
        const restic::Schedule own{"H H * * *", "UTC", restic::slotKey(who, id.toString())};
        EXPECT_EQ(at, restic::nextSlot(own, clock.now()).value());
        times.insert(at);
    }
    EXPECT_GE(times.size(), 3U) << "four of 1440 minutes";
    host.scheduler.run();
    EXPECT_EQ(plans(), first) << "a look changes nothing";
    clock.advance(24h);
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 4U);
    for (const auto& [who, at] : plans())
        EXPECT_EQ(at, first.at(who) + 24h);
}

TEST_P(ResticSlots, OperationsOfARepositoryHaveTimesOfTheirOwn) {
    const auto id = repository(tenant, "spread");
    std::set<core::Instant> times;
    here([&](Transaction& tx) {
        for (const char* operation : {"forget", "prune", "check", "stats"}) {
            restic::ScheduleStore::set(tx, id, operation, "H H * * *", clock.now() + 48h);
            const auto schedule = restic::ScheduleStore::schedule(tx, id, operation).value();
            EXPECT_EQ(schedule.key, id.toString() + "/" + operation);
            times.insert(restic::nextSlot(schedule, clock.now()).value());
        }
    });
    EXPECT_GE(times.size(), 3U);
    host.scheduler.run(); // a first look finds what was planned too late
    here([&](Transaction& tx) {
        for (const auto& row : restic::ScheduleStore::of(tx, {id}))
            if (row.schedule == "H H * * *") {
                EXPECT_TRUE(times.contains(row.nextRunAt.value())) << row.operation;
            }
    });
}

TEST_P(ResticSlots, AClockThatWentBackPlansAgain) {
    const auto id = linked("hourly", "one", "0 * * * *");
    host.scheduler.run();
    clock.advance(30h); // the host's clock is wrong for one slot
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 1U);
    clock.advance(-30h);
    host.scheduler.run();
    EXPECT_LE(next(id), clock.now() + 1h) << "not thirty hours later";
    host.tasks.handOut(tenant, web, 5);
    clock.advance(2h); // the first hour's slot had its task under the wrong clock
    host.scheduler.run();
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 2U);
}

TEST_P(ResticSlots, AFirstLookFindsWhatAnEarlierHostPlannedWrongly) {
    const auto id = linked("hourly", "one", "0 * * * *");
    here([&](Transaction& tx) { PolicyStore::setNextRun(tx, web, id, clock.now() + 300h); });
    host.scheduler.run();
    EXPECT_LE(next(id), clock.now() + 1h);
    const auto lost = linked("lost", "one", "0 * * * *");
    here([&](Transaction& tx) { PolicyStore::setNextRun(tx, web, lost, std::nullopt); });
    const auto database = fixture.openAnother();
    ResticHost second(*database, clock, bus, base, authentication, fixture.log.logger());
    second.scheduler.run();
    EXPECT_TRUE(next(lost)) << "a schedule that an earlier host gave up";
}

TEST_P(ResticSlots, ASlotWaitsForADatabaseThatDoesNotAnswer) {
    const auto id = linked("hourly", "one", "0 * * * *");
    clock.advance(1h);
    int calls = 0;
    EXPECT_ANY_THROW(host.scheduler.run([&](Transaction&) {
        if (++calls == 1)
            throw core::Error(core::errors::kDatabase, "The connection was lost.");
    }));
    EXPECT_LE(next(id), clock.now()) << "not skipped for an outage";
    host.scheduler.run();
    EXPECT_EQ(slots(id).size(), 1U);
}

TEST_P(ResticSlots, WhoLostTheLeaseWritesNothingMore) {
    const auto id = linked("hourly", "one", "0 * * * *");
    clock.advance(1h);
    const auto lost = [](Transaction&) { throw core::Error(core::errors::kLeaseLost, "another host"); };
    EXPECT_EQ(errorOf([&] { host.scheduler.run(lost); }).name(), "LeaseLost");
    EXPECT_TRUE(slots(id).empty());
    EXPECT_LE(next(id), clock.now());
}

} // namespace
} // namespace test
