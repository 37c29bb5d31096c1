#include "contract/restic_fixture.h"
#include "repositories/condition_views.h"
#include "repositories/maintenance_store.h"
#include "repositories/size_store.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"

/// What the results of the kinds that care for a repository do to our records.
namespace test {
namespace {
using core::json::Array;
using core::json::Object;

class ResticKinds : public ResticParts {
protected:
    ResticKinds() {
        auto wanted = draft("nightly");
        wanted.repository = store;
        nightly = policy(tenant, wanted).id;
        link(tenant, web, nightly);
        worked(store, web);
    }
    restic::Task made(const std::string& kind, Object parameters = {}, bool withPolicy = false) {
        auto request = manual(web, store);
        request.type = kind;
        request.parameters = std::move(parameters);
        if (withPolicy)
            request.policy = nightly;
        return host.tasks.create(tenant, request);
    }
    /// The payload of the task that the agent gets.
    Object given(const Uuid& id) {
        for (auto& envelope : host.tasks.handOut(tenant, web, 10).items)
            if (*envelope.payload.find("task_id")->string() == id.toString())
                return envelope.payload;
        return {};
    }
    restic::protocol::TaskStatusReport with(Object result, const std::string& status = "success") {
        auto report = said(status);
        if (result.find("outcome") == nullptr)
            result.set("outcome", status);
        report.result = std::move(result);
        return report;
    }
    void run(const std::string& kind, Object result, Object parameters = {}, bool withPolicy = false) {
        const auto id = made(kind, std::move(parameters), withPolicy).id;
        ASSERT_FALSE(given(id).empty());
        host.tasks.report(tenant, web, id, with(std::move(result)));
        ASSERT_EQ(status(id), "success");
    }
    /// A backup of the policy whose snapshot's id has that digit.
    Uuid backup(char digit) {
        const auto id = host.tasks.create(tenant, ofPolicy(web, nightly)).id;
        host.tasks.handOut(tenant, web, 10);
        host.tasks.report(tenant, web, id, done(digit));
        return id;
    }
    std::vector<std::string> listed() {
        std::vector<std::string> ids;
        for (const auto& one : snapshots())
            ids.push_back(one.snapshotId.substr(0, 1));
        std::sort(ids.begin(), ids.end());
        return ids;
    }
    restic::TargetStatus light() { return host.status.get(tenant, "web-01:nightly", {}); }
    Object item(char digit, Array tags = {}) {
        return {{"id", std::string(64, digit)},
                {"time", core::formatInstant(clock.now())},
                {"hostname", "web-01"},
                {"paths", Array{"/etc"}},
                {"tags", std::move(tags)}};
    }
    std::vector<restic::Maintenance> maintenance() {
        return here([&](Transaction& tx) { return restic::MaintenanceStore::of(tx, {store}); });
    }

    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");
    Uuid nightly;
};
BOTH_DATABASES(ResticKinds);

TEST_P(ResticKinds, WhatAForgetRemovedLeavesTheListsAndTheLight) {
    backup('a');
    clock.advance(24h);
    backup('b');
    clock.advance(24h);
    backup('c');
    EXPECT_EQ(light().snapshotCount, 3);
    run("forget",
        {{"snapshots_removed", 2},
         {"snapshots_kept", 1},
         {"removed_ids", Array{std::string(64, 'a'), std::string(64, 'c')}}},
        {}, true);
    EXPECT_EQ(listed(), std::vector<std::string>{"b"});
    EXPECT_EQ(light().snapshotCount, 1);
    EXPECT_EQ(light().latestSnapshotId, std::string(64, 'b'));
    EXPECT_EQ(light().snapshotAgeHours, 24) << "a light stands on what is there";
    // Told once more it changes nothing.
    run("prune", {{"removed_ids", Array{std::string(64, 'a')}}, {"bytes_reclaimed", 5}});
    EXPECT_EQ(light().snapshotCount, 1);
    run("prune", {{"removed_ids", Array{std::string(64, 'b')}}});
    EXPECT_EQ(light().snapshotCount, 0);
    EXPECT_EQ(light().status, "unhealthy");
}

TEST_P(ResticKinds, AForgetOfThePolicyKeepsWhatThePolicySays) {
    const auto payload = given(made("forget", {}, true).id);
    EXPECT_EQ(payload.find("retention")->integerOr("keep_daily"), 7);
    EXPECT_EQ(*payload.find("policy_id")->string(), nightly.toString());
    const auto own = made("forget", {{"retention", Object{{"keep_last", 3}}}});
    // A rule that is misspelt would remove what it should keep.
    const auto misspelt = errorOf([&] {
        made("forget", {{"retention", Object{{"keep_last", 1}, {"keep_monthley", 12}}}});
    });
    ASSERT_EQ(misspelt.details().size(), 1U) << misspelt.what();
    EXPECT_EQ(misspelt.details()[0].pointer, "/retention/keep_monthley");
    EXPECT_EQ(errorOf([&] { made("forget"); }).name(), "InvalidParameters");
    EXPECT_EQ(errorOf([&] {
                  made("check", {{"read_data", true}, {"read_data_subset", "1/5"}});
              }).name(),
              "InvalidParameters")
        << "all of the data, or a part";
    EXPECT_EQ(errorOf([&] {
                  made("forget", {{"retention", Object{{"keep_last", 0}}}});
              }).name(),
              "RetentionConflict");
    host.tasks.cancel(tenant, own.id);
}

TEST_P(ResticKinds, APolicyRemovesNothingAfterADoubtfulBackup) {
    const auto failure = [&](const std::string& kind) {
        const auto id = made(kind, {}, true).id;
        EXPECT_TRUE(given(id).empty()) << kind;
        return here([&](Transaction& tx) { return restic::TaskStore::find(tx, id).value().error; });
    };
    const auto target = made("forget", {}, true).target.value();
    const auto record = [&](const std::string& held) {
        restic::LastRun run{web, "warning", "a message", clock.now(), clock.now(), 80, 0};
        run.heldBecause = held;
        here([&](Transaction& tx) { restic::TargetStore::recordRun(tx, target, run); });
    };
    record("0 files, the last run had 80");
    for (const auto* kind : {"forget", "prune"})
        EXPECT_EQ(failure(kind).stringOr("message"),
                  "Nothing is removed after a doubtful backup (0 files, the last run had 80): the next one "
                  "that succeeds frees this again.")
            << kind;
    // By another agent, of all machines of the policy: one of them is enough.
    auto elsewhere = ofPolicy(agent("mail-01"), nightly);
    elsewhere.type = "forget";
    const auto id = host.tasks.create(tenant, elsewhere).id;
    host.tasks.handOut(tenant, elsewhere.agent, 10);
    EXPECT_NE(task(id).error.stringOr("message").find("web-01:nightly: 0 files"), std::string::npos);
    record("");
    EXPECT_FALSE(given(made("forget", {}, true).id).empty());
}

TEST_P(ResticKinds, WhatIsSavedBesideThePolicysPathsSaysNothingOfThem) {
    auto request = ofPolicy(web, nightly);
    request.parameters = Object{{"sources", Array{"/elsewhere"}}};
    EXPECT_FALSE(host.tasks.create(tenant, request).target);
}

TEST_P(ResticKinds, APruneForgetsOnlyWhereItIsTold) {
    EXPECT_EQ(given(made("prune", {}, true).id).find("retention"), nullptr);
}

TEST_P(ResticKinds, AListingCompletesWhatWasNotKnown) {
    const auto run_ = backup('a');
    here([&](Transaction& tx) { // as restic 0.14 says it
        tx.execute("UPDATE restic_snapshots SET snapshot_id = short_id WHERE tenant_id = $1", {tx.tenant()});
    });
    const auto lost = host.tasks.create(tenant, ofPolicy(web, nightly)).id;
    host.tasks.handOut(tenant, web, 10);
    host.tasks.report(tenant, web, lost, failed("SourceNotFound"));
    run("snapshots",
        {{"count", 3},
         {"snapshots",
          Array{item('a', {"task:" + run_.toString()}),
                item('b', {"task:" + lost.toString(), "policy:" + nightly.toString()}), item('c')}}});
    EXPECT_EQ(listed(), (std::vector<std::string>{"a", "b", "c"}));
    for (const auto& one : snapshots()) {
        EXPECT_EQ(one.snapshotId.size(), 64U);
        if (one.snapshotId[0] == 'b') {
            EXPECT_EQ(one.run, lost)
                << "the snapshot that is there is in our records, whatever became of the report";
        }
        if (one.snapshotId[0] == 'c') {
            EXPECT_FALSE(one.run);
        }
    }
    EXPECT_EQ(light().snapshotCount, 2);
}

TEST_P(ResticKinds, AForeignTagGivesNobodyASnapshot) {
    const auto theirs = enrol(other, "elsewhere").id;
    restic::TaskRequest request;
    request.agent = theirs;
    request.parameters = Object{{"sources", Array{"/etc"}}};
    const auto foreign = host.tasks.create(other, request).id;
    run("snapshots", {{"count", 1}, {"snapshots", Array{item('a', {"task:" + foreign.toString()})}}});
    ASSERT_EQ(snapshots().size(), 1U);
    EXPECT_FALSE(snapshots()[0].run);
}

TEST_P(ResticKinds, WhatAListingLacksIsGoneOnlyWhereThatIsCertain) {
    backup('a');
    backup('b');
    clock.advance(1s);
    // A local path without a machine is another folder on each.
    run("snapshots", {{"count", 1}, {"snapshots", Array{item('a')}}});
    EXPECT_EQ(listed(), (std::vector<std::string>{"a", "b"}));
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_repositories SET agent_id = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), store, web});
    });
    worked(store, web);
    // A listing that is not whole.
    run("snapshots", {{"count", 5}, {"snapshots", Array{item('a')}}});
    EXPECT_EQ(listed(), (std::vector<std::string>{"a", "b"}));
    run("snapshots", {{"count", 1}, {"snapshots", Array{item('a')}}});
    EXPECT_EQ(listed(), std::vector<std::string>{"a"});
    EXPECT_EQ(light().snapshotCount, 1);
    // It was a mistake: it is there.
    run("snapshots", {{"count", 2}, {"snapshots", Array{item('a'), item('b')}}});
    EXPECT_EQ(listed(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(light().snapshotCount, 2);
}

TEST_P(ResticKinds, WhatIsSavedWhileAListingRunsIsNotGone) {
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_repositories SET agent_id = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), store, web});
    });
    worked(store, web);
    const auto listing = made("snapshots").id;
    ASSERT_FALSE(given(listing).empty());
    clock.advance(1s);
    backup('e');
    host.tasks.report(tenant, web, listing, with({{"count", 0}, {"snapshots", Array{}}}));
    EXPECT_EQ(snapshots().size(), 1U);
}

TEST_P(ResticKinds, LongListsStayWithTheirTask) {
    const Array errors(3, "pack x is gone");
    Array ids;
    for (int i = 0; i < 500; ++i)
        ids.emplace_back(core::Uuid::generate(clock.now()).toString().substr(24, 8));
    run("prune", {{"snapshots_kept", 1}, {"snapshots_removed", 500}, {"removed_ids", ids}});
    run("check", {{"error_count", 3}, {"errors", errors}});
    const auto all = maintenance();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].result.find("errors")->array()->size(), 3U);
    EXPECT_EQ(all[1].result.find("removed_ids"), nullptr);
    EXPECT_EQ(all[1].result.integerOr("snapshots_removed"), 500);
    const auto task = here([&](Transaction& tx) { return restic::TaskStore::find(tx, all[1].task); });
    EXPECT_EQ(task->result.find("removed_ids")->array()->size(), 500U);
}

TEST_P(ResticKinds, ADamagedRowOfTheLastOnesCostsOnlyItself) {
    run("check", {{"error_count", 0}});
    run("stats", {{"total_size", 1}, {"mode", "raw-data"}});
    // PostgreSQL stores numbers only where numbers belong; what it can hold is a result of another shape.
    const std::string damage = postgres() ? "result = '\"a text\"'::jsonb" : "ended_at_us = 'soon'";
    here([&](Transaction& tx) {
        return tx.execute("UPDATE restic_repository_maintenance SET " + damage +
                              " WHERE tenant_id = $1 AND kind = 'check'",
                          {tenant.tenant()});
    });
    const auto all = maintenance();
    ASSERT_EQ(all.size(), postgres() ? 2U : 1U);
    EXPECT_EQ(all.back().kind, "stats");
    EXPECT_EQ(all.back().result.integerOr("total_size"), 1);
}

TEST_P(ResticKinds, TheLastOfEachIsKeptBesideItsRepository) {
    run("check", {{"error_count", 0}});
    clock.advance(1h);
    run("stats", {{"total_size", 12345}, {"mode", "raw-data"}});
    const auto failing = made("check").id;
    ASSERT_FALSE(given(failing).empty());
    auto report = failed("RepositoryDamaged"); // so do agents of the first version call it
    report.result = Object{{"outcome", "failed"}, {"error_count", 2}, {"errors", Array{"pack x is gone"}}};
    host.tasks.report(tenant, web, failing, report);
    EXPECT_EQ(status(failing), "failed") << "a second try does not mend damage";
    EXPECT_EQ(task(failing).error.stringOr("error"), "RepositoryCorrupted");
    EXPECT_EQ(task(failing).error.stringOr("message"), "it went wrong");
    EXPECT_EQ(task(failing).error.stringOr("hint"),
              restic::protocol::task_errors::kRepositoryCorrupted.recovery);
    const auto all = maintenance();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].kind, "check");
    EXPECT_EQ(all[0].status, "failed");
    EXPECT_EQ(all[0].message, "it went wrong");
    EXPECT_EQ(all[0].result.integerOr("error_count"), 2);
    EXPECT_EQ(all[0].task, failing);
    EXPECT_EQ(all[1].kind, "stats");
    EXPECT_EQ(all[1].result.integerOr("total_size"), 12345);
    EXPECT_EQ(rows("restic_backup_runs"), 0) << "they are no backups";
    EXPECT_EQ(light().lastRunStatus, std::nullopt);
}

TEST_P(ResticKinds, AResultOfAnotherTypeIsRefusedAndNamesTheField) {
    const auto id = made("check").id;
    ASSERT_FALSE(given(id).empty());
    const auto error = errorOf([&] { host.tasks.report(tenant, web, id, with({{"error_count", -1}})); });
    EXPECT_EQ(error.name(), "ValidationError");
    EXPECT_EQ(error.details().at(0).pointer, "/result/error_count");
    EXPECT_EQ(errorOf([&] {
                  host.tasks.report(tenant, web, id, with({{"outcome", "failed"}}));
              }).name(),
              "ValidationError");
    EXPECT_EQ(status(id), "assigned");
}

TEST_P(ResticKinds, AKindOfALaterVersionFailsAloneAndSaysSo) {
    const auto strange = made("check").id;
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_tasks SET type = 'defragment' WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), strange});
    });
    const auto stats = made("stats").id;
    EXPECT_FALSE(given(stats).empty());
    EXPECT_EQ(status(strange), "failed");
    EXPECT_EQ(task(strange).error.stringOr("error"), "UnsupportedTask");
}

TEST_P(ResticKinds, ATestIsAnsweredAtOnceAndProvesNoMoreThanItFound) {
    const auto marked = [&] {
        return here([&](Transaction& tx) {
            const auto repository = restic::RepositoryStore::find(tx, store).value();
            return restic::PlaceStore::firstSuccess(tx, restic::placeOf(repository, web)).has_value();
        });
    };
    here([&](Transaction& tx) {
        const auto repository = restic::RepositoryStore::find(tx, store).value();
        restic::PlaceStore::forget(tx, restic::placeOf(repository, web));
    });
    run("test", {{"found", false}});
    EXPECT_FALSE(marked()) << "nothing is there, so that the first backup may still create it";
    const auto failing = made("test").id;
    EXPECT_EQ(*given(failing).find("once_worked"), core::json::Value(false));
    host.tasks.report(tenant, web, failing, failed("BackendUnavailable"));
    EXPECT_EQ(status(failing), "failed") << "somebody waits for the answer";
    run("test", {{"found", true}, {"version", 2}});
    EXPECT_TRUE(marked());
    const auto later = made("test").id;
    EXPECT_EQ(*given(later).find("once_worked"), core::json::Value(true));
    EXPECT_EQ(maintenance().at(0).kind, "test");
}

TEST_P(ResticKinds, LocksAreToldAsTheyWereSeenLast) {
    const auto told = [&] { return here([&](Transaction& tx) { return restic::LocksView::of(tx, store); }); };
    const auto lock = [&](char id, const char* machine, std::chrono::minutes age) {
        return Object{{"id", std::string(64, id)},
                      {"exclusive", id == 'a'},
                      {"hostname", machine},
                      {"username", "root"},
                      {"pid", 7},
                      {"time", core::formatInstant(clock.now() - age)}};
    };
    EXPECT_FALSE(told().readAt);
    run("locks", {{"lock_count", 2}, {"locks", Array{lock('a', "web-01", 4min), lock('b', "gone", 31min)}}});
    const auto seen = told();
    EXPECT_EQ(seen.readAt, clock.now());
    EXPECT_EQ(seen.count, 2);
    ASSERT_EQ(seen.locks.size(), 2U);
    EXPECT_TRUE(seen.locks[0].exclusive);
    EXPECT_FALSE(seen.locks[0].stale);
    EXPECT_EQ(seen.locks[0].agentId, web) << "that machine has an agent";
    EXPECT_FALSE(seen.locks[1].exclusive);
    EXPECT_TRUE(seen.locks[1].stale);
    EXPECT_FALSE(seen.locks[1].agentId);
    clock.advance(10h);
    EXPECT_FALSE(told().locks[0].stale) << "what was not looked at again is no older than it was seen";
    // One that could not look tells nothing new; an unlock tells who is left.
    const auto failing = made("locks").id;
    EXPECT_FALSE(given(failing).empty());
    host.tasks.report(tenant, web, failing, failed("InvalidCredentials"));
    EXPECT_FALSE(told().readAt) << "the last look failed";
    run("unlock", {{"locks_removed", 2}, {"lock_count", 0}});
    EXPECT_EQ(told().readAt, clock.now());
    EXPECT_EQ(told().count, 0);
}

TEST_P(ResticKinds, SizesAreKeptDayByDay) {
    const auto sizes = [&](std::chrono::hours back = 24h * 365) {
        return here([&](Transaction& tx) { return restic::SizeStore::since(tx, store, clock.now() - back); });
    };
    const auto count = [&](int bytes, const std::string& mode = "raw-data") {
        run("stats", {{"mode", mode}, {"total_size", bytes}}, {{"mode", mode}});
    };
    const auto midnight = std::chrono::ceil<std::chrono::days>(clock.now());
    clock.advance(std::chrono::duration_cast<std::chrono::milliseconds>(midnight - clock.now()) + 20h);
    EXPECT_TRUE(sizes().empty());
    count(100);
    count(9000, "restore-size"); // what a restore would write is another thing
    clock.advance(1h);
    count(120);
    ASSERT_EQ(sizes().size(), 1U) << "the last count of the day stays";
    EXPECT_EQ(sizes()[0].bytes, 120);
    EXPECT_EQ(sizes()[0].countedAt, clock.now());
    clock.advance(24h * 3);
    count(130);
    const auto failing = made("stats").id;
    EXPECT_FALSE(given(failing).empty());
    host.tasks.report(tenant, web, failing, failed("InvalidCredentials"));
    ASSERT_EQ(sizes().size(), 2U);
    EXPECT_EQ(sizes()[0].bytes, 120) << "oldest first";
    EXPECT_EQ(sizes()[1].bytes, 130);
    EXPECT_EQ(sizes(48h).size(), 1U);
    clock.advance(restic::SizeStore::kKept);
    count(140);
    ASSERT_EQ(sizes(restic::SizeStore::kKept * 2).size(), 2U) << "what is older than five years goes";
}

TEST_P(ResticKinds, WhatWasKnownOfAPlaceDoesNotMoveWithTheRow) {
    run("check", {{"error_count", 0}});
    run("stats", {{"mode", "raw-data"}, {"total_size", 7}});
    ASSERT_FALSE(maintenance().empty());
    const auto sizes = [&] {
        return here(
            [&](Transaction& tx) { return restic::SizeStore::since(tx, store, clock.now() - 24h).size(); });
    };
    restic::RepositorySpec spec;
    const auto before = here([&](Transaction& tx) { return host.repositories.get(tx, store); });
    spec.name = "renamed";
    spec.type = before.type;
    spec.url = before.url;
    spec.agent = before.agent;
    here([&](Transaction& tx) { host.repositories.update(tx, store, spec); });
    EXPECT_EQ(maintenance().size(), 2U);
    EXPECT_EQ(sizes(), 1U);
    spec.url = before.url + "-elsewhere";
    spec.password = "another password";
    here([&](Transaction& tx) { host.repositories.update(tx, store, spec); });
    EXPECT_TRUE(maintenance().empty()) << "nobody has checked the repository that is meant now";
    EXPECT_EQ(sizes(), 0U);
}

TEST_P(ResticKinds, TheirTimeLimitIsTheirOwn) {
    EXPECT_EQ(made("prune", {}, true).timeoutSeconds, 24 * 3600) << "the policy's is for its backups";
    EXPECT_EQ(made("unlock").timeoutSeconds, 600);
}

} // namespace
} // namespace test
