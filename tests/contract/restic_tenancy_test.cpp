#include "contract/restic_fixture.h"
#include "core/db/walls.h"
#include "repositories/schedule_store.h"
#include "snapshots/listed_folders.h"

namespace test {
namespace {

/// Two tenants with one of everything each.
class ResticTenancy : public ResticParts {
protected:
    struct World {
        Enrolled agent;
        Uuid repository;
        restic::Policy policy;
        Uuid task;
        Uuid waiting;
        Uuid snapshot;
        restic::AgentService::NewRegistration registration;
    };
    World populate(const TenantContext& context, char digit) {
        World world;
        world.agent = enrol(context, "web-01");
        world.repository = repository(context, "store");
        auto wanted = draft("nightly", "0 * * * *");
        wanted.repository = world.repository;
        world.policy = policy(context, wanted);
        link(context, world.agent.id, world.policy.id);
        world.task = host.tasks.create(context, ofPolicy(world.agent.id, world.policy.id)).id;
        host.tasks.handOut(context, world.agent.id, 1);
        host.tasks.report(context, world.agent.id, world.task, said("running"));
        restic::protocol::LogBatch lines;
        lines.lines.push_back({clock.now(), "info", "a line"});
        host.tasks.appendLogs(context, world.agent.id, world.task, lines);
        in(context, [&](Transaction& tx) {
            restic::ResultStore::append(tx, world.task, 1, {{1, core::json::Object(), {}}}, {{1, 3, "-"}, 0},
                                        clock.now());
        });
        host.tasks.report(context, world.agent.id, world.task, done(digit));
        in(context, [&](Transaction& tx) {
            world.snapshot = restic::SnapshotStore::list(tx, {}, {}).at(0).id;
            restic::ListedFolders::begin(tx, world.snapshot, "/", world.task, clock.now());
        });
        world.waiting = host.tasks.create(context, ofPolicy(world.agent.id, world.policy.id)).id;
        world.registration = host.agents.createRegistration(context, "tester", {}, 1, {});
        return world;
    }
    World mine = populate(tenant, 'a');
    World theirs = populate(other, 'b');

    static std::vector<std::string> tables() {
        return {"restic_agents",
                "restic_agent_tokens",
                "restic_registration_tokens",
                "restic_registrations",
                "restic_repositories",
                "restic_policies",
                "restic_agent_policy_links",
                "restic_targets",
                "restic_tasks",
                "restic_task_attempts",
                "restic_task_logs",
                "restic_task_results",
                "restic_backup_runs",
                "restic_snapshots",
                "restic_listed_folders"};
    }
};
BOTH_DATABASES(ResticTenancy);

TEST_P(ResticTenancy, NoStoreSeesTheOtherTenant) {
    using namespace restic;
    here([&](Transaction& tx) {
        EXPECT_TRUE(AgentStore::find(tx, mine.agent.id));
        EXPECT_FALSE(AgentStore::find(tx, theirs.agent.id));
        EXPECT_EQ(AgentStore::findByHostname(tx, "web-01")->id, mine.agent.id);
        EXPECT_EQ(AgentStore::count(tx), 1);
        EXPECT_EQ(AgentStore::list(tx, {}, {}).size(), 1U);
        EXPECT_FALSE(RepositoryStore::find(tx, theirs.repository));
        EXPECT_EQ(RepositoryStore::list(tx, {}).size(), 1U);
        EXPECT_EQ(RepositoryStore::findByPlace(tx, "local::/srv/store")->id, mine.repository);
        EXPECT_TRUE(RepositoryStore::users(tx, theirs.repository).empty());
        EXPECT_FALSE(PolicyStore::find(tx, theirs.policy.id));
        EXPECT_EQ(PolicyStore::list(tx, {}, {}).size(), 1U);
        EXPECT_EQ(PolicyStore::count(tx), 1);
        EXPECT_TRUE(PolicyStore::users(tx, theirs.policy.id).empty());
        EXPECT_TRUE(PolicyStore::links(tx, theirs.policy.id).empty());
        EXPECT_FALSE(PolicyStore::isLinked(tx, theirs.agent.id, theirs.policy.id));
        EXPECT_TRUE(PolicyStore::lastRuns(tx, {theirs.policy.id}).empty());
        EXPECT_EQ(TargetStore::all(tx).size(), 1U);
        EXPECT_FALSE(TargetStore::findForLink(tx, theirs.agent.id, theirs.policy.id));
        EXPECT_EQ(TargetStore::findByName(tx, "web-01:nightly")->agent, mine.agent.id);
        EXPECT_FALSE(TaskStore::find(tx, theirs.task));
        EXPECT_EQ(TaskStore::list(tx, {}, {}).size(), 2U);
        EXPECT_TRUE(TaskStore::pending(tx, theirs.agent.id, theirs.policy.id, "backup").empty());
        EXPECT_TRUE(TaskStore::waitingOf(tx, theirs.repository, "backup").empty());
        EXPECT_TRUE(PolicyStore::leadingTo(tx, theirs.repository).empty());
        EXPECT_TRUE(ScheduleStore::of(tx, {theirs.repository}).empty());
        EXPECT_FALSE(ScheduleStore::find(tx, theirs.repository, "check"));
        EXPECT_FALSE(ScheduleStore::schedule(tx, theirs.repository, "check"));
        EXPECT_TRUE(ScheduleStore::find(tx, mine.repository, "check"));
        ScheduleStore::eraseAll(tx, theirs.repository);
        EXPECT_TRUE(TaskStore::candidates(tx, theirs.agent.id, 10, clock.now()).empty());
        EXPECT_EQ(TaskStore::countHeld(tx, theirs.agent.id), 0);
        EXPECT_TRUE(TaskStore::held(tx, theirs.agent.id).empty());
        EXPECT_TRUE(TaskStore::takeCancels(tx, theirs.agent.id, clock.now(), clock.now()).empty());
        EXPECT_FALSE(RunStore::find(tx, theirs.task));
        EXPECT_EQ(RunStore::list(tx, {}, {}).size(), 2U);
        EXPECT_TRUE(LogStore::read(tx, theirs.task, {}, 100).lines.empty());
        EXPECT_EQ(LogStore::read(tx, mine.task, {}, 100).lines.size(), 1U);
        EXPECT_TRUE(ResultStore::read(tx, theirs.task, 1, 0, 100).items.empty());
        EXPECT_EQ(ResultStore::held(tx, theirs.task, 1).items.count, 0);
        EXPECT_EQ(ResultStore::read(tx, mine.task, 1, 0, 100).items.size(), 1U);
        EXPECT_FALSE(ListedFolders::find(tx, theirs.snapshot, "/"));
        ListedFolders::drop(tx, {theirs.snapshot});
        EXPECT_TRUE(ListedFolders::find(tx, mine.snapshot, "/"));
        EXPECT_TRUE(SnapshotStore::present(tx, theirs.repository, {theirs.snapshot}).empty());
        EXPECT_TRUE(SnapshotStore::rowsOf(tx, theirs.repository, {std::string(64, 'b')}).empty());
        const auto snapshots = SnapshotStore::list(tx, {}, {});
        ASSERT_EQ(snapshots.size(), 1U);
        EXPECT_EQ(snapshots[0].shortId, "aaaaaaaa");
        SnapshotStore::Filter ofTheirPolicy;
        ofTheirPolicy.policy = theirs.policy.id;
        EXPECT_TRUE(SnapshotStore::list(tx, ofTheirPolicy, {}).empty());
        EXPECT_FALSE(AgentTokenStore::spend(tx, theirs.registration.id, clock.now()));
        EXPECT_FALSE(AgentTokenStore::agentOf(tx, theirs.registration.id, "nonce of web-01"));
    });
    EXPECT_EQ(host.status.list(tenant, {}).size(), 1U);
}

TEST_P(ResticTenancy, NoStoreChangesTheOtherTenant) {
    using namespace restic;
    const auto theirTask = in(other, [&](Transaction& tx) { return TaskStore::find(tx, theirs.waiting); });
    const auto before = in(other, [&](Transaction& tx) {
        return core::json::write(
            core::json::Object{{"agent", AgentStore::find(tx, theirs.agent.id)->hostname},
                               {"policy", PolicyStore::find(tx, theirs.policy.id)->name},
                               {"links", static_cast<int>(PolicyStore::links(tx, theirs.policy.id).size())},
                               {"items", ResultStore::held(tx, theirs.task, 1).items.count},
                               {"disabled", TargetStore::all(tx)[0].disabled}});
    });
    here([&](Transaction& tx) {
        auto agent = AgentStore::find(tx, mine.agent.id).value();
        agent.id = theirs.agent.id;
        agent.hostname = "taken";
        AgentStore::updateRegistration(tx, agent);
        AgentStore::updateSettings(tx, agent);
        AgentStore::revoke(tx, theirs.agent.id, clock.now());
        auto policy = PolicyStore::find(tx, mine.policy.id).value();
        policy.id = theirs.policy.id;
        policy.name = "taken";
        PolicyStore::update(tx, policy);
        PolicyStore::archive(tx, theirs.policy.id, clock.now());
        EXPECT_FALSE(PolicyStore::unlink(tx, theirs.agent.id, theirs.policy.id, clock.now()));
        PolicyStore::setNextRun(tx, theirs.agent.id, theirs.policy.id, {});
        RepositoryStore::archive(tx, theirs.repository, clock.now());
        TaskStore::requestCancel(tx, theirs.waiting, clock.now());
        TaskStore::extendLease(tx, theirs.waiting, 1, clock.now());
        AgentTokenStore::limitOthers(tx, theirs.agent.id, "", clock.now());
        EXPECT_EQ(LogStore::append(tx, mine.task, {}, clock.now()), 1);
        ResultStore::erase(tx, theirs.task);
    });
    const auto after = in(other, [&](Transaction& tx) {
        return core::json::write(
            core::json::Object{{"agent", AgentStore::find(tx, theirs.agent.id)->hostname},
                               {"policy", PolicyStore::find(tx, theirs.policy.id)->name},
                               {"links", static_cast<int>(PolicyStore::links(tx, theirs.policy.id).size())},
                               {"items", ResultStore::held(tx, theirs.task, 1).items.count},
                               {"disabled", TargetStore::all(tx)[0].disabled}});
    });
    EXPECT_EQ(after, before);
    const auto untouched = in(other, [&](Transaction& tx) { return TaskStore::find(tx, theirs.waiting); });
    EXPECT_FALSE(untouched->cancelRequestedAt);
    EXPECT_EQ(untouched->status, theirTask->status);
    in(other, [&](Transaction& tx) {
        EXPECT_TRUE(PolicyStore::links(tx, theirs.policy.id)[0].nextRunAt);
        EXPECT_TRUE(RepositoryStore::find(tx, theirs.repository));
    });
    EXPECT_EQ(host.agents.identify(theirs.agent.token).agent, theirs.agent.id);
}

TEST_P(ResticTenancy, RowsCannotPointAcross) {
    using namespace restic;
    EXPECT_EQ(errorOf([&] { link(tenant, mine.agent.id, theirs.policy.id); }).name(), "PolicyNotFound");
    EXPECT_EQ(errorOf([&] { link(tenant, theirs.agent.id, mine.policy.id); }).name(), "AgentNotFound");
    EXPECT_THROW(here([&](Transaction& tx) {
                     PolicyStore::link(tx, theirs.agent.id, mine.policy.id, clock.now(), {});
                 }),
                 ConstraintViolation);
    auto wanted = draft("stolen");
    wanted.repository = theirs.repository;
    EXPECT_THROW(policy(tenant, wanted), std::exception);
    EXPECT_EQ(errorOf([&] { host.tasks.create(tenant, manual(mine.agent.id, theirs.repository)); }).name(),
              "RepositoryNotFound");
}

TEST_P(ResticTenancy, OnPostgresTheSecondWallHoldsWithoutThePredicate) {
    for (const auto& table : tables()) {
        const auto all = rows(table);
        ASSERT_GE(all, 2) << table << " proves nothing";
        const auto mineOnly = here([&](Transaction& tx) {
            return tx.query("SELECT count(*) FROM " + table + " WHERE tenant_id = $1", {tx.tenant()})[0]
                .integer(0);
        });
        EXPECT_GT(mineOnly, 0) << table;
        EXPECT_LT(mineOnly, all) << table;
        if (!postgres())
            continue;
        here([&](Transaction& tx) {
            EXPECT_EQ(tx.query("SELECT count(*) FROM " + table)[0].integer(0), mineOnly) << table;
            EXPECT_EQ(tx.execute("UPDATE " + table + " SET tenant_id = tenant_id WHERE tenant_id = $1",
                                 {other.tenant()}),
                      0)
                << table;
        });
    }
    EXPECT_EQ(checkWalls(db), std::vector<std::string>{});
    if (!postgres())
        return;
    // A row cannot be given away either.
    EXPECT_ANY_THROW(here([&](Transaction& tx) {
        tx.execute("UPDATE restic_snapshots SET tenant_id = $1", {other.tenant()});
    }));
}

} // namespace
} // namespace test
