#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/compliance_fixture.h"
#include "dumps/dump_store.h"
#include "plugins/plugin_routes.h"

/// Restore tests of files: who makes them, what they are asked with, and the light that they turn.
namespace test {
namespace {
using core::json::Object;
using core::json::Value;
using testing::HasSubstr;

class ResticVerify : public ComplianceParts {
protected:
    void SetUp() override {
        restic::PluginRoutes{db, host.tasks, settings}.addDumpsTo(routes);
        base.users.create(tenant.tenant(),
                          {"ada@example.com", "correct horse", "Ada", core::http::Role::operator_, true},
                          SystemContext("test"));
        const auto ada = system(
            [&](Transaction& tx) { return base.users.store().findByEmail(tx, "ada@example.com").value(); });
        caller.id = ada.id;
        caller.name = ada.email;
        // What else is scheduled is no part of this.
        here([&](Transaction& tx) {
            tx.execute("DELETE FROM restic_repository_schedules WHERE operation <> 'verify'");
            tx.execute("UPDATE restic_agents SET max_concurrent_tasks = 50");
        });
        understands(web);
    }
    /// It knows restore tests of files.
    void understands(const Uuid& agentId) {
        setMetadata(tenant, agentId, Object{{"features", core::json::Array{"restore_tests"}}});
    }
    /// The answer of the route; an error as its name and pointers.
    Value ask(const Uuid& id, const Object& body, const std::optional<TenantContext>& as = {}) {
        const auto& route = *std::find_if(routes.begin(), routes.end(), [](const core::http::Route& one) {
            return one.path.ends_with("/snapshots/{id}/verify");
        });
        core::http::Request request;
        request.method = route.method;
        request.path = route.path;
        request.body = core::json::write(Value(body));
        request.caller = caller;
        request.caller->tenant = as.value_or(tenant).tenant();
        request.headers.add("Content-Type", "application/json");
        request.pathParameters = {{"id", id.toString()}};
        request.auditTrail = std::make_shared<core::AuditTrail>();
        request.auditTrail->pending = true;
        request.auditTrail->entry.action = route.audit.actionName();
        request.auditTrail->entry.tenant = request.caller->tenant;
        try {
            const auto answer = std::get<core::http::Response>(route.handler(request));
            last = request.auditTrail->entry;
            EXPECT_EQ(answer.status, 202);
            return core::json::parse(answer.body).value();
        } catch (const core::Error& error) {
            std::string said(error.name());
            for (const auto& problem : error.details())
                said += " " + problem.pointer;
            return Object{{"error", said}};
        }
    }
    std::string refusal(const Uuid& id, const Object& body) { return ask(id, body).stringOr("error"); }
    Uuid asked(const Uuid& id, const Object& body = {}) {
        const auto answer = ask(id, body);
        EXPECT_EQ(answer.find("error"), nullptr) << core::json::write(answer);
        return Uuid::parse(answer.stringOr("id")).value();
    }
    /// The row of the newest snapshot with that digit.
    Uuid snapshotOf(char digit) {
        for (const auto& one : snapshots())
            if (one.snapshotId == std::string(64, digit))
                return one.id;
        ADD_FAILURE() << "there is no snapshot of " << digit;
        return {};
    }
    void end(const Uuid& id, const restic::protocol::TaskStatusReport& report) {
        host.tasks.handOut(tenant, task(id).agent, 50);
        host.tasks.report(tenant, task(id).agent, id, report);
    }
    static restic::protocol::TaskStatusReport tested(const std::string& status = "success") {
        auto report = said(status);
        report.result =
            Object{{"outcome", status},    {"duration_seconds", 2.5},    {"files", 12},
                   {"total_files", 240},   {"bytes", 3'000'000},         {"total_bytes", 60'000'000},
                   {"share_percent", 5.0}, {"compared_with_source", 10}, {"problem_count", 0}};
        if (status == "failed") {
            report.error = restic::protocol::TaskError{"RestoreTestFailed", "one did not come back", ""};
            report.result->set("problem_count", 1);
        }
        return report;
    }
    std::vector<Uuid> waiting() {
        std::vector<Uuid> all;
        for (const auto& row : system([&](Transaction& tx) {
                 return tx.query("SELECT id FROM restic_tasks WHERE type = 'verify' AND status = 'queued' "
                                 "ORDER BY id");
             }))
            all.push_back(row.uuid(0));
        return all;
    }
    /// The next slot of the schedule, whenever that is.
    void nextSlot() {
        clock.advance(24h * 8);
        host.scheduler.run();
    }

    restic::SealedSettings settings{base.vault};
    std::vector<core::http::Route> routes;
    core::http::Principal caller{core::http::PrincipalKind::user, {},    {}, {},
                                 core::http::Role::operator_,     false, {}};
    core::AuditEntry last;
};
BOTH_DATABASES(ResticVerify);

TEST_P(ResticVerify, TheAgentGetsTheWholeIdAndTheShare) {
    backup('a');
    const auto id = snapshotOf('a');
    const auto five = asked(id);
    EXPECT_EQ(last.action, "restic.snapshot.verified");
    EXPECT_EQ(last.objectId, id.toString());
    EXPECT_EQ(last.after.stringOr("task_id"), five.toString());
    EXPECT_EQ(last.after.integerOr("share_percent"), 5);
    auto given = host.tasks.handOut(tenant, web, 10).items.at(0).payload;
    EXPECT_EQ(*given.find("type")->string(), "verify");
    EXPECT_EQ(*given.find("snapshot_id")->string(), std::string(64, 'a'));
    EXPECT_EQ(given.find("share_percent")->integer()[0], 5);
    const auto all = asked(id, {{"share_percent", 100}, {"agent_id", web.toString()}});
    given = host.tasks.handOut(tenant, web, 10).items.at(0).payload;
    EXPECT_EQ(given.find("share_percent")->integer()[0], 100);
    EXPECT_EQ(task(all).agent, web);
    // Nobody tries it again behind the back of who asked, and who asked may.
    host.tasks.report(tenant, web, all, failed("NetworkError"));
    EXPECT_EQ(status(all), "failed");
    EXPECT_EQ(host.tasks.retry(tenant, all).parameters, task(all).parameters);
}

TEST_P(ResticVerify, WhatIsAskedForIsLookedAt) {
    backup('a');
    const auto id = snapshotOf('a');
    for (const int bad : {0, 101, -5})
        EXPECT_EQ(refusal(id, {{"share_percent", bad}}), "ValidationError /share_percent") << bad;
    EXPECT_EQ(refusal(id, {{"share_percent", 5}, {"dump", "shop"}}), "ValidationError /share_percent");
    EXPECT_EQ(refusal(id, {{"dump", "shop"}}), "NotADump");
    EXPECT_EQ(refusal(id, {{"agent_id", Uuid::generate(clock.now()).toString()}}), "AgentNotFound");
    EXPECT_EQ(refusal(Uuid::generate(clock.now()), {}), "SnapshotNotFound");
    EXPECT_EQ(ask(id, {}, other).stringOr("error"), "SnapshotNotFound") << "of another tenant";
    const auto task = asked(id);
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_snapshots SET own_dump = TRUE WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), id});
    });
    EXPECT_EQ(refusal(id, {{"share_percent", 5}}), "IsADump");
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_snapshots SET removed_at_us = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), id, clock.now()});
    });
    EXPECT_EQ(refusal(id, {}), "SnapshotNotFound");
    EXPECT_TRUE(host.tasks.handOut(tenant, web, 10).items.empty());
    EXPECT_EQ(status(task), "failed") << "it was removed before the test began";
    EXPECT_EQ(target().lights.restoreTest.state, "none") << "and says nothing of the data";
}

TEST_P(ResticVerify, ASlotTriesTheNewestSnapshotOfEachTargetOnce) {
    const auto db1 = agent("db-01");
    link(tenant, db1, nightly);
    worked(store, db1);
    understands(db1);
    backup('a');
    backup('b');
    {
        const auto id = host.tasks.create(tenant, ofPolicy(db1, nightly)).id;
        end(id, done('c'));
    }
    EXPECT_EQ(target().lights.restoreTest.state, "none") << "nobody has asked for it yet";
    nextSlot();
    const auto made = waiting();
    ASSERT_EQ(made.size(), 2U);
    std::map<Uuid, std::string> snapshotByAgent;
    for (const auto& id : made) {
        EXPECT_EQ(task(id).parameters.integerOr("share_percent"), 5);
        EXPECT_FALSE(task(id).metadata.stringOr("slot").empty());
        snapshotByAgent[task(id).agent] = task(id).parameters.stringOr("snapshot");
    }
    EXPECT_EQ(snapshotByAgent[web], snapshotOf('b').toString());
    EXPECT_EQ(snapshotByAgent[db1], snapshotOf('c').toString());
    EXPECT_EQ(target().lights.restoreTest.state, "unknown");
    EXPECT_EQ(target().lights.restoreTest.reason, "NotYet");

    // One whose agent is away waits, and no second one is made.
    const auto ofWeb = task(made[0]).agent == web ? made[0] : made[1];
    const auto ofDb = ofWeb == made[0] ? made[1] : made[0];
    end(ofWeb, tested());
    nextSlot();
    const auto then = waiting();
    EXPECT_EQ(then.size(), 2U);
    EXPECT_NE(std::find(then.begin(), then.end(), ofDb), then.end()) << "it still waits";
    for (const auto& id : then)
        host.tasks.cancel(tenant, id);
    // An agent of an earlier version is asked for nothing.
    setMetadata(tenant, web, Object{{"features", core::json::Array{"dumps"}}});
    nextSlot();
    const auto ofNew = waiting();
    ASSERT_EQ(ofNew.size(), 1U);
    EXPECT_EQ(task(ofNew[0]).agent, db1);
    // A target that rests, and snapshots that are dumps alone, are not tried.
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_targets SET disabled = TRUE WHERE tenant_id = $1 AND agent_id = $2",
                   {tx.tenant(), db1});
        tx.execute("UPDATE restic_snapshots SET own_dump = TRUE WHERE tenant_id = $1", {tx.tenant()});
    });
    host.tasks.cancel(tenant, ofNew[0]);
    understands(web);
    nextSlot();
    EXPECT_TRUE(waiting().empty());
}

TEST_P(ResticVerify, TheLightIsGreenWithAGoodOneAndToldWithABadOne) {
    backup('a');
    nextSlot();
    auto made = waiting();
    ASSERT_EQ(made.size(), 1U);
    end(made[0], tested());
    const auto ended = clock.now();
    backup('b');
    auto now = target();
    EXPECT_EQ(now.lights.restoreTest.state, "ok");
    EXPECT_EQ(now.lights.restoreTest.evidence->id, made[0].toString());
    EXPECT_EQ(now.lights.restoreTest.at, ended);
    ASSERT_TRUE(now.restoreTest);
    EXPECT_TRUE(now.restoreTest->good);
    EXPECT_EQ(now.restoreTest->files, 12);
    EXPECT_EQ(now.restoreTest->totalFiles, 240);
    EXPECT_EQ(now.restoreTest->bytes, 3'000'000);
    EXPECT_DOUBLE_EQ(now.restoreTest->seconds, 2.5);
    EXPECT_DOUBLE_EQ(now.restoreTest->sharePercent, 5.0);
    EXPECT_EQ(now.restoreTest->snapshotId, std::string(64, 'a'));
    EXPECT_EQ(now.restoreTest->at, ended);

    nextSlot();
    made = waiting();
    ASSERT_EQ(made.size(), 1U);
    end(made[0], tested("failed"));
    backup('c');
    now = target();
    EXPECT_EQ(now.lights.restoreTest.state, "warning");
    EXPECT_EQ(now.lights.restoreTest.reason, "RestoreTestFailed");
    EXPECT_THAT(*now.lights.restoreTest.message, HasSubstr("one did not come back"));
    EXPECT_EQ(now.lights.restoreTest.evidence->id, made[0].toString());
    EXPECT_EQ(now.status, "warning");
    EXPECT_EQ(now.error->error, "RestoreTestFailed");
    EXPECT_FALSE(now.restoreTest->good);
    EXPECT_EQ(now.restoreTest->message, "one did not come back");

    // What was not made says nothing: it stays as it was.
    const auto id = snapshotOf('c');
    for (const auto* error : {"Interrupted", "UnsupportedTask"}) {
        end(asked(id), failed(error));
        EXPECT_EQ(target().lights.restoreTest.evidence->id, made[0].toString()) << error;
    }
    host.tasks.cancel(tenant, asked(id));
    EXPECT_EQ(target().lights.restoreTest.evidence->id, made[0].toString());
    auto differs = tested("warning");
    end(asked(id), differs);
    EXPECT_EQ(target().lights.restoreTest.state, "ok") << "a warning has restored all the same";
    EXPECT_EQ(target().status, "healthy");
    // Nobody makes one for weeks.
    clock.advance(24h * 15);
    backup('d');
    EXPECT_EQ(target().lights.restoreTest.state, "warning");
    EXPECT_EQ(target().lights.restoreTest.reason, "RestoreTestOverdue");
    clock.advance(24h * 25);
    backup('e');
    EXPECT_EQ(target().lights.restoreTest.state, "bad");
}

TEST_P(ResticVerify, AGoodTestOfFilesDoesNotSpeakForADumpThatFailed) {
    backup('a');
    const auto id = target().id;
    restic::protocol::DumpResult dump;
    dump.plugin = "postgres";
    dump.database = "shop";
    dump.state = restic::protocol::dump_state::kSaved;
    dump.snapshotId = std::string(64, 'b');
    dump.file = "/shop.dump";
    here([&](Transaction& tx) {
        restic::DumpStore::record(tx, id, dump, clock.now());
        restic::DumpOfSnapshot of;
        of.plugin = "postgres";
        of.database = "shop";
        restic::DumpStore::recordVerified(tx, id, of, "rows are missing", clock.now());
    });
    end(asked(snapshotOf('a')), tested());
    EXPECT_EQ(target().lights.restoreTest.state, "warning");
    EXPECT_THAT(*target().lights.restoreTest.message, HasSubstr("shop: rows are missing"));
    here([&](Transaction& tx) { restic::DumpStore::keepOnly(tx, id, {}); });
    end(asked(snapshotOf('a')), tested());
    EXPECT_EQ(target().lights.restoreTest.state, "ok");
}

} // namespace
} // namespace test
