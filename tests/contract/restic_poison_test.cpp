#include "contract/restic_fixture.h"
#include "repositories/old_secrets.h"
#include "repositories/schedule_store.h"

namespace test {
namespace {

/// Rows that were edited by hand or damaged, one of each kind: nobody else's work stops, and lists show the
/// rest.
class ResticPoison : public ResticParts {
protected:
    struct Installation {
        Uuid agent;
        Uuid policy;
        Uuid repository;
        Uuid task;
        Uuid listing;
    };
    Installation make(const TenantContext& context) {
        Installation made;
        made.agent = enrol(context, "web-01").id;
        made.repository = repository(context, "store");
        auto wanted = draft("nightly", "*/5 * * * *");
        wanted.repository = made.repository;
        made.policy = policy(context, wanted).id;
        link(context, made.agent, made.policy);
        made.task = host.tasks.create(context, ofPolicy(made.agent, made.policy)).id;
        host.tasks.handOut(context, made.agent, 1);
        restic::protocol::LogBatch lines;
        lines.lines.push_back({clock.now(), "info", "a line"});
        host.tasks.appendLogs(context, made.agent, made.task, lines);
        host.tasks.report(context, made.agent, made.task, done('a'));
        auto listing = manual(made.agent, made.repository);
        listing.type = "snapshots";
        listing.parameters = core::json::Object();
        made.listing = host.tasks.create(context, listing).id;
        host.tasks.handOut(context, made.agent, 1);
        host.tasks.appendItems(context, made.agent, made.listing, {1, 1, {R"({"id":"0123456789abcdef"})"}});
        return made;
    }
    /// Whatever is written there; PostgreSQL takes no text that is no JSON.
    void spoil(const std::string& table, const std::string& column, const std::string& json) {
        system([&](Transaction& tx) {
            tx.execute("UPDATE " + table + " SET " + column + " = $2 WHERE tenant_id = $1",
                       {tenant.tenant(), json});
        });
    }
    /// Everything that reads rows of a tenant.
    void useAll(const TenantContext& context, const Installation& made) {
        in(context, [&](Transaction& tx) {
            EXPECT_EQ(restic::AgentStore::list(tx, {}, {}).size(), 1U);
            EXPECT_EQ(restic::PolicyStore::list(tx, {}, {}).size(), 1U);
            EXPECT_EQ(restic::RepositoryStore::list(tx, {}).size(), 1U);
            EXPECT_GE(restic::TaskStore::list(tx, {}, {}).size(), 1U);
            EXPECT_GE(restic::RunStore::list(tx, {}, {}).size(), 1U);
            EXPECT_GE(restic::SnapshotStore::list(tx, {}, {}).size(), 1U);
            restic::LogStore::read(tx, made.task, {}, 100);
            restic::ResultStore::read(tx, made.listing, 1, 0, 100);
        });
        EXPECT_EQ(host.status.list(context, {}).size(), 1U);
        restic::protocol::HeartbeatRequest heartbeat;
        heartbeat.version = "1";
        heartbeat.os = "linux";
        host.agents.heartbeat(context, made.agent, heartbeat, "192.0.2.1");
        host.tasks.handOut(context, made.agent, 5);
    }
};
BOTH_DATABASES(ResticPoison);

TEST_P(ResticPoison, ARowThatCannotBeReadTakesNothingDown) {
    const auto sick = make(tenant);
    const auto well = make(other);
    in(other, [&](Transaction& tx) { restic::ScheduleStore::eraseAll(tx, well.repository); }); // backups only
    std::vector<std::string> poisons{"[]", "{}", "7", "\"x\"", "[1e19]", "null"};
    if (!postgres())
        poisons.insert(poisons.end(), {"{", "", "\xff", "[\"\\u0000\"]"});
    for (const auto& [table, column] :
         std::vector<std::pair<std::string, std::string>>{{"restic_agents", "metadata"},
                                                          {"restic_repositories", "config"},
                                                          {"restic_repositories", "environment_vars"},
                                                          {"restic_policies", "include_paths"},
                                                          {"restic_policies", "exclude_paths"},
                                                          {"restic_policies", "tags"},
                                                          {"restic_policies", "retention_rules"},
                                                          {"restic_policies", "plugins"},
                                                          {"restic_tasks", "parameters"},
                                                          {"restic_tasks", "metadata"},
                                                          {"restic_tasks", "progress"},
                                                          {"restic_tasks", "result"},
                                                          {"restic_tasks", "error"},
                                                          {"restic_backup_runs", "unread_items"},
                                                          {"restic_snapshots", "paths"},
                                                          {"restic_snapshots", "tags"},
                                                          {"restic_task_logs", "lines"},
                                                          {"restic_task_results", "items"}})
        for (const auto& poison : poisons) {
            SCOPED_TRACE(table + "." + column + " = " + poison);
            spoil(table, column, poison);
            ASSERT_NO_THROW(useAll(tenant, sick));
            clock.advance(5min);
            const auto before = in(other, [](Transaction& tx) {
                return restic::TaskStore::list(tx, {}, {500, {}});
            });
            ASSERT_NO_THROW(host.scheduler.run());
            ASSERT_NO_THROW(host.tasks.sweep());
            ASSERT_NO_THROW(host.agents.sweep());
            ASSERT_NO_THROW(useAll(other, well));
            const auto after = in(other, [](Transaction& tx) {
                return restic::TaskStore::list(tx, {}, {500, {}});
            });
            EXPECT_EQ(after.size(), before.size() + 1) << "the healthy tenant's slot";
            for (const auto& task : after)
                if (task.status == restic::protocol::TaskState::assigned)
                    host.tasks.report(other, well.agent, task.id, done('b'));
            for (const auto& task : in(tenant, [](Transaction& tx) {
                     return restic::TaskStore::list(tx, {}, {500, {}});
                 }))
                if (task.status == restic::protocol::TaskState::assigned)
                    host.tasks.report(tenant, sick.agent, task.id, done('b'));
        }
}

TEST_P(ResticPoison, ASecretThatDoesNotOpenCostsItsOwnTaskOnly) {
    const auto web = agent("web-01");
    const auto bad = repository(tenant, "bad"), good = repository(tenant, "good");
    const auto hopeless = host.tasks.create(tenant, manual(web, bad)).id;
    const auto fine = host.tasks.create(tenant, manual(web, good)).id;
    system([&](Transaction& tx) {
        tx.execute("UPDATE secrets SET key_id = 'another' WHERE owner_id = $1", {bad});
    });
    const auto poll = host.tasks.handOut(tenant, web, 5);
    ASSERT_EQ(poll.items.size(), 1U);
    EXPECT_EQ(core::json::Value(poll.items[0].payload).stringOr("task_id"), fine.toString());
    EXPECT_EQ(status(hopeless), "failed");
    EXPECT_NE(run(hopeless).errorMessage.value_or("").find("does not open"), std::string::npos);
    EXPECT_NE(fixture.log.text().find(tenant.tenant().toString()), std::string::npos);
}

TEST_P(ResticPoison, SettingsOfAnotherKindDoNotKeepTheHostFromItsStart) {
    const auto sick = make(tenant);
    spoil("restic_repositories", "environment_vars", "[7]");
    spoil("restic_policies", "plugins", "[7, {\"settings\": 7}]");
    restic::OldSecrets secrets(db, base.vault);
    EXPECT_EQ(secrets.moveIntoVault(fixture.log.logger()), 0);
    useAll(tenant, sick);
}

} // namespace
} // namespace test
