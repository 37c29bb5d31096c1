#include "history/history_pruner.h"

#include "contract/restic_fixture.h"
#include "snapshots/snapshot_removal.h"
#include "support/plans.h"

namespace test {
namespace {

using restic::HistoryPruner;

/// A history of more than a year, as the module itself has written it.
class ResticHistory : public ResticParts {
protected:
    static constexpr auto kDay = 24h;
    static constexpr restic::HistorySettings kYear{365 * kDay, 365 * kDay, 90 * kDay};

    ResticHistory() {
        make(tenant, web, nightly, store);
        make(other, otherWeb, otherNightly, otherStore);
    }
    void make(const TenantContext& context, Uuid& agentId, Uuid& policyId, Uuid& repositoryId) {
        agentId = enrol(context, "web-01").id;
        repositoryId = repository(context, "store");
        auto wanted = draft("nightly");
        wanted.repository = repositoryId;
        policyId = policy(context, wanted).id;
        link(context, agentId, policyId);
    }
    /// A backup from its hand-out to its end, with a line; without a digit it fails.
    Uuid backup(std::optional<char> snapshot) { return backup(tenant, web, nightly, snapshot); }
    Uuid backup(const TenantContext& context, const Uuid& agentId, const Uuid& policyId,
                std::optional<char> snapshot) {
        const auto id = host.tasks.create(context, ofPolicy(agentId, policyId)).id;
        host.tasks.handOut(context, agentId, 1);
        restic::protocol::LogBatch lines;
        lines.lines.push_back({clock.now(), "info", "a line"});
        host.tasks.appendLogs(context, agentId, id, lines);
        // Of the errors that are not tried again.
        host.tasks.report(context, agentId, id, snapshot ? done(*snapshot) : failed("InvalidTask"));
        return id;
    }
    void prune(restic::HistorySettings settings = kYear) {
        HistoryPruner(db, clock, fixture.log.logger(), settings).run();
    }
    bool hasTask(const Uuid& id) {
        return system([&](Transaction& tx) {
            return !tx.query("SELECT id FROM restic_tasks WHERE id = $1", {id}).empty();
        });
    }
    bool hasRun(const Uuid& id) {
        return system([&](Transaction& tx) {
            return !tx.query("SELECT id FROM restic_backup_runs WHERE id = $1", {id}).empty();
        });
    }
    /// The repository no longer has the snapshot.
    void remove(char digit) {
        here([&](Transaction& tx) {
            restic::recordRemoved(tx, store, {std::string(64, digit)}, clock.now());
        });
    }
    /// So many failed tasks of another kind, ended now.
    void fill(const TenantContext& context, const Uuid& agentId, int count,
              const std::string& kind = "0001") {
        const ManyRows many(GetParam());
        const auto now = std::to_string(core::toMicros(clock.now()));
        system([&](Transaction& tx) {
            tx.execute("INSERT INTO restic_tasks (id, tenant_id, type, status, agent_id, created_at_us, "
                       "completed_at_us, updated_at_us) SELECT " +
                       many.id(kind, context.tenant().toString().substr(24)) + ", " +
                       many.quoted(context.tenant()) + ", 'check', 'failed', " + many.quoted(agentId) + ", " +
                       now + ", " + now + ", " + now + many.from(count));
        });
    }
    std::int64_t tasksOf(const TenantContext& context) {
        return system([&](Transaction& tx) {
            return tx.query("SELECT count(*) FROM restic_tasks WHERE tenant_id = $1", {context.tenant()})[0]
                .integer(0);
        });
    }
    Uuid web, nightly, store, otherWeb, otherNightly, otherStore;
};
BOTH_DATABASES(ResticHistory);

TEST_P(ResticHistory, WhatIsOldGoesAndWhatIsNeededStays) {
    const auto removed = backup('a');
    remove('a');
    const auto kept = backup('b');
    const auto failure = backup(std::nullopt);
    clock.advance(300 * kDay);
    const auto young = backup(std::nullopt);
    clock.advance(66 * kDay);
    const auto newest = backup('c');

    prune();
    EXPECT_FALSE(hasTask(removed)) << "its snapshot is gone for a year as well";
    EXPECT_TRUE(hasRun(kept)) << "its snapshot is in the repository";
    EXPECT_TRUE(hasTask(kept));
    EXPECT_FALSE(hasTask(failure));
    EXPECT_TRUE(hasRun(young));
    EXPECT_TRUE(hasRun(newest));
    EXPECT_EQ(snapshots().size(), 2U);
    EXPECT_EQ(rows("restic_snapshots"), 2);
    EXPECT_EQ(rows("restic_tasks"), 3);
    EXPECT_EQ(rows("restic_backup_runs"), 3);
    EXPECT_EQ(rows("restic_task_attempts"), 3);
    EXPECT_EQ(rows("restic_task_logs"), 2) << "of the young one and of the newest";

    const auto line = host.status.get(tenant, "web-01:nightly", {});
    EXPECT_EQ(line.snapshotCount, 2);
    const auto listed = here([&](Transaction& tx) { return restic::RunStore::list(tx, {}, {}); });
    EXPECT_EQ(listed.size(), 3U);
    EXPECT_EQ(here([&](Transaction& tx) { return restic::TaskStore::list(tx, {}, {}); }).size(), 3U);

    const auto before = everything();
    prune();
    EXPECT_EQ(everything(), before);
}

TEST_P(ResticHistory, TheNewestRunOfATargetStaysHoweverOld) {
    const auto older = backup(std::nullopt);
    const auto newest = backup(std::nullopt);
    clock.advance(4000 * kDay);
    const auto before = host.status.list(tenant, {}).at(0);
    prune();
    EXPECT_FALSE(hasRun(older));
    EXPECT_TRUE(hasRun(newest));
    EXPECT_TRUE(hasTask(newest));
    EXPECT_EQ(rows("restic_task_logs"), 0);
    const auto after = host.status.list(tenant, {}).at(0);
    EXPECT_EQ(after.lastRunId, before.lastRunId);
    EXPECT_EQ(after.lastRunId, newest);
}

TEST_P(ResticHistory, OpenTasksAndTheirLinesStay) {
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly)).id;
    host.tasks.handOut(tenant, web, 1);
    restic::protocol::LogBatch lines;
    lines.lines.push_back({clock.now(), "info", "a line"});
    host.tasks.appendLogs(tenant, web, id, lines);
    const auto waiting = host.tasks.create(tenant, ofPolicy(web, nightly)).id;
    clock.advance(4000 * kDay);
    prune();
    EXPECT_TRUE(hasRun(id));
    EXPECT_TRUE(hasRun(waiting));
    EXPECT_EQ(rows("restic_task_logs"), 1);
    host.tasks.report(tenant, web, id, failed("InvalidTask"));
    prune();
    EXPECT_EQ(rows("restic_task_logs"), 0);
    EXPECT_TRUE(hasTask(id)) << "it ended just now";
}

TEST_P(ResticHistory, TasksThatOthersNameStay) {
    fill(tenant, web, 3);
    std::vector<Uuid> ids;
    system([&](Transaction& tx) {
        for (const auto& row : tx.query("SELECT id FROM restic_tasks ORDER BY id"))
            ids.push_back(row.uuid(0));
    });
    ASSERT_EQ(ids.size(), 3U);
    clock.advance(200 * kDay);
    fill(tenant, web, 1, "0002");
    system([&](Transaction& tx) {
        tx.execute("UPDATE restic_tasks SET retry_of = $1 WHERE created_at_us = $2", {ids[0], clock.now()});
        tx.execute("INSERT INTO restic_repository_maintenance (tenant_id, repository_id, kind, task_id, "
                   "agent_id, status, ended_at_us) VALUES ($1, $2, 'check', $3, $4, 'failed', 1)",
                   {tenant.tenant(), store, ids[1], web});
    });
    clock.advance(200 * kDay);
    prune();
    EXPECT_TRUE(hasTask(ids[0]));
    EXPECT_TRUE(hasTask(ids[1]));
    EXPECT_FALSE(hasTask(ids[2]));
    clock.advance(200 * kDay);
    prune();
    prune();
    EXPECT_FALSE(hasTask(ids[0])) << "the one that repeated it has gone";
    EXPECT_TRUE(hasTask(ids[1]));
}

TEST_P(ResticHistory, ForEverIsForEver) {
    backup(std::nullopt);
    backup(std::nullopt);
    clock.advance(4000 * kDay);
    const auto before = everything();
    prune({});
    EXPECT_EQ(everything(), before);
    prune({365 * kDay, {}, {}});
    EXPECT_EQ(rows("restic_tasks"), 2) << "as long as their runs";
    EXPECT_EQ(rows("restic_task_logs"), 0) << "no longer than tasks";
    prune({{}, 365 * kDay, {}});
    EXPECT_EQ(rows("restic_backup_runs"), 1);
    EXPECT_EQ(rows("restic_tasks"), 2);
    prune({365 * kDay, {}, {}});
    EXPECT_EQ(rows("restic_tasks"), 1);
}

TEST_P(ResticHistory, SmallUnitsAndABoundedPassThatGoesOnLater) {
    const int count = HistoryPruner::kBatch * 6;
    fill(tenant, web, count);
    fill(other, otherWeb, count);
    clock.advance(400 * kDay);
    HistoryPruner pruner(db, clock, fixture.log.logger(), kYear);
    // Each unit of work takes a quarter of a pass.
    int units = 0;
    const auto slow = [&](Transaction&) {
        ++units;
        clock.advance(HistoryPruner::kPass / 4);
    };
    pruner.run(slow);
    EXPECT_EQ(units, 4);
    EXPECT_EQ(tasksOf(tenant) + tasksOf(other), 2 * count - 4 * HistoryPruner::kBatch);
    int passes = 1;
    for (; tasksOf(tenant) + tasksOf(other) > 0 && passes < 10; ++passes)
        pruner.run(slow);
    EXPECT_EQ(passes, 3);
}

TEST_P(ResticHistory, AStopEndsThePassAndALostLeaseItsWrites) {
    fill(tenant, web, HistoryPruner::kBatch * 3);
    clock.advance(400 * kDay);
    HistoryPruner pruner(db, clock, fixture.log.logger(), kYear);
    std::stop_source stop;
    pruner.run([&](Transaction&) { stop.request_stop(); }, stop.get_token());
    EXPECT_EQ(tasksOf(tenant), HistoryPruner::kBatch * 2);
    EXPECT_THROW(pruner.run([](Transaction&) { throw core::Error(core::errors::kLeaseLost, "gone"); }),
                 core::Error);
    EXPECT_EQ(tasksOf(tenant), HistoryPruner::kBatch * 2);
    pruner.run();
    EXPECT_EQ(tasksOf(tenant), 0);
}

TEST_P(ResticHistory, ARowThatCannotGoStopsNothingElse) {
    fill(tenant, web, 10);
    fill(other, otherWeb, 10);
    const auto damaged = system([&](Transaction& tx) {
        return tx
            .query("SELECT id FROM restic_tasks WHERE tenant_id = $1 ORDER BY id LIMIT 1 OFFSET 3",
                   {tenant.tenant()})[0]
            .uuid(0);
    });
    damage(fixture, "restic_tasks", "id", damaged);
    clock.advance(400 * kDay);
    HistoryPruner pruner(db, clock, fixture.log.logger(), kYear);
    EXPECT_ANY_THROW(pruner.run());
    EXPECT_EQ(tasksOf(other), 0);
    EXPECT_EQ(tasksOf(tenant), 1);
    EXPECT_TRUE(hasTask(damaged));
    EXPECT_NE(fixture.log.text().find(tenant.tenant().toString()), std::string::npos);
}

TEST_P(ResticHistory, WhoReadsMeanwhileSeesWholePages) {
    fill(tenant, web, HistoryPruner::kBatch * 5);
    clock.advance(400 * kDay);
    for (int i = 0; i < 3; ++i) {
        backup(std::nullopt);
    }
    std::atomic<bool> over{false};
    std::atomic<int> reads{0};
    std::thread reader([&] {
        while (!over) {
            const auto page =
                db.read(tenant, [](Transaction& tx) { return restic::TaskStore::list(tx, {}, {}); });
            EXPECT_GE(page.size(), 3U) << "the young ones are always there";
            ++reads;
        }
    });
    while (reads == 0)
        std::this_thread::yield();
    prune();
    over = true;
    reader.join();
    EXPECT_EQ(tasksOf(tenant), 3);
}

} // namespace
} // namespace test
