#include "contract/restic_fixture.h"
#include "repositories/check_subset.h"
#include "repositories/damage_store.h"
#include "repositories/schedule_store.h"

/// Repositories that are thinned out, pruned and checked by schedules of their own.
namespace test {
namespace {
using core::json::Array;
using core::json::Object;
using restic::RepositorySchedule;
using restic::ScheduleStore;

class ResticMaintenance : public ResticParts {
protected:
    /// A repository that all agents reach.
    restic::RepositorySpec spec(const std::string& name) {
        restic::RepositorySpec wanted;
        wanted.name = name;
        wanted.type = "rest";
        wanted.url = "rest:http://backup.example/" + name;
        wanted.password = kSecret;
        return wanted;
    }
    /// By names, the schedules off but for those that are named.
    static restic::MaintenanceSpec only(const std::string& operation, const std::string& schedule) {
        restic::MaintenanceSpec spec;
        for (const auto& one : restic::MaintenancePlan::kOperations)
            spec.*one.given = operation == one.name ? schedule : "";
        spec.timezone = "UTC";
        return spec;
    }
    Uuid make(const restic::RepositorySpec& wanted, const TenantContext& context) {
        return in(context, [&](Transaction& tx) { return host.repositories.create(tx, wanted).id; });
    }
    Uuid make(const restic::RepositorySpec& wanted) { return make(wanted, tenant); }
    restic::Repository change(const Uuid& id, const restic::RepositorySpec& wanted) {
        return here([&](Transaction& tx) { return host.repositories.update(tx, id, wanted); });
    }
    /// A policy to that repository which no slot of its own disturbs.
    Uuid leading(const std::string& name, const Uuid& to, std::vector<Uuid> agents) {
        auto wanted = draft(name);
        wanted.repository = to;
        const auto id = policy(tenant, wanted).id;
        for (const auto& one : agents) {
            link(tenant, one, id);
            here([&](Transaction& tx) { restic::PolicyStore::setNextRun(tx, one, id, {}); });
            worked(to, one);
        }
        host.scheduler.run(); // from now on nothing is planned anew
        here([&](Transaction& tx) {
            for (const auto& one : agents)
                restic::PolicyStore::setNextRun(tx, one, id, {});
        });
        return id;
    }
    std::optional<RepositorySchedule> row(const Uuid& id, const std::string& operation) {
        return here([&](Transaction& tx) { return ScheduleStore::find(tx, id, operation); });
    }
    std::vector<restic::Task> tasks(const std::string& type, const TenantContext& context) {
        auto all = in(context, [&](Transaction& tx) {
            return restic::TaskStore::list(tx, {.type = type}, {500, {}});
        });
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
        return all;
    }
    std::vector<restic::Task> tasks(const std::string& type) { return tasks(type, tenant); }
    /// What the agent gets of the task. Those before it, which have the repository for themselves, succeed.
    Object given(const Uuid& id, const Uuid& to) {
        for (int i = 0; i < 20; ++i)
            for (auto& envelope : host.tasks.handOut(tenant, to, 10).items) {
                const auto before = Uuid::parse(*envelope.payload.find("task_id")->string()).value();
                if (before == id)
                    return envelope.payload;
                report(to, before, plain("success"));
            }
        return {};
    }
    static restic::protocol::TaskStatusReport plain(const std::string& state) {
        auto report = said(state);
        report.result = Object{{"outcome", state}};
        if (state == "failed")
            report.error = restic::protocol::TaskError{"RepositoryCorrupted", "a pack is gone", ""};
        return report;
    }
    void report(const Uuid& by, const Uuid& id, restic::protocol::TaskStatusReport report) {
        report.attempt = task(id).attempt;
        host.tasks.report(tenant, by, id, report);
        ASSERT_TRUE(restic::protocol::isTerminal(task(id).status)) << status(id);
    }
    void end(const restic::Task& one, const std::string& state = "success") {
        if (restic::protocol::isTerminal(task(one.id).status))
            return;
        given(one.id, one.agent);
        report(one.agent, one.id, plain(state));
    }
    std::string subsetOf(const restic::Task& task) { return task.parameters.stringOr("read_data_subset"); }
    /// The next slot of a check that comes each minute, and the task that it makes.
    restic::Task nextCheck() {
        const auto before = tasks("check").size();
        clock.advance(1min);
        host.scheduler.run();
        const auto all = tasks("check");
        EXPECT_EQ(all.size(), before + 1);
        return all.back();
    }
    void backedUp(const Uuid& policyId, const Uuid& by, restic::protocol::TaskStatusReport report) {
        const auto id = host.tasks.create(tenant, ofPolicy(by, policyId)).id;
        ASSERT_FALSE(given(id, by).empty());
        this->report(by, id, std::move(report));
    }
    /// A backup that ended with a warning over files that it could not read.
    restic::protocol::TaskStatusReport unread(int count, Array missing = {}) {
        auto report = done('b', 1, "warning");
        report.result->set("unread_count", count + static_cast<int>(missing.size()));
        report.result->set("missing_sources", std::move(missing));
        report.result->set("exit_code", 3);
        return report;
    }
    std::vector<core::Problem> problemsOf(const restic::RepositorySpec& wanted) {
        return errorOf([&] { make(wanted); }).details();
    }

    Uuid web = agent("web-01");
    Uuid mail = agent("mail-01");
};
BOTH_DATABASES(ResticMaintenance);

TEST_P(ResticMaintenance, ANewRepositoryHasAllSchedulesAndAChangeKeepsWhatItLeavesOut) {
    const auto id = make(spec("store"));
    EXPECT_EQ(row(id, "forget")->schedule, "30 6 * * *");
    EXPECT_EQ(row(id, "prune")->schedule, "0 8 * * 0");
    EXPECT_EQ(row(id, "check")->schedule, "0 9 * * 6");
    for (const auto* operation : {"forget", "prune", "check"})
        EXPECT_GT(row(id, operation)->nextRunAt, clock.now()) << operation;
    auto wanted = spec("store");
    wanted.maintenance.pruneSchedule = "";
    wanted.maintenance.timezone = "Europe/Berlin";
    auto changed = change(id, wanted);
    EXPECT_EQ(changed.timezone, "Europe/Berlin");
    EXPECT_FALSE(row(id, "prune"));
    const auto planned = row(id, "forget")->nextRunAt;
    ASSERT_TRUE(planned);
    clock.advance(1h);
    changed = change(id, spec("store"));
    EXPECT_EQ(changed.timezone, "Europe/Berlin");
    EXPECT_EQ(changed.checkSubset, "1/12");
    EXPECT_FALSE(row(id, "prune")) << "what is left out stays off";
    EXPECT_EQ(row(id, "forget")->nextRunAt, planned) << "and what is due stays due";
    here([&](Transaction& tx) { host.repositories.remove(tx, id); });
    EXPECT_EQ(rows("restic_repository_schedules"), 0);
}

TEST_P(ResticMaintenance, WhatIsWrongIsRefusedByItsField) {
    auto wanted = spec("store");
    wanted.maintenance = {"61 * * * *", "0 0 30 2 *", "", "", "", "Mars/Olympus", "500M"};
    std::vector<std::string> fields;
    for (const auto& problem : problemsOf(wanted))
        fields.push_back(problem.pointer);
    EXPECT_EQ(fields, (std::vector<std::string>{"/maintenance/timezone", "/maintenance/check_subset"}));
    wanted.maintenance.timezone = "UTC";
    for (const auto* subset : {"13/12", "0/3", "1/257", "x", "500M", "0%", "101%", "/", "1/", "%"}) {
        wanted.maintenance.checkSubset = subset;
        const auto problems = problemsOf(wanted);
        ASSERT_EQ(problems.size(), 3U) << subset;
        EXPECT_EQ(problems[0].pointer, "/maintenance/check_subset") << subset;
        EXPECT_EQ(problems[1].pointer, "/maintenance/forget_schedule");
        EXPECT_EQ(problems[2].pointer, "/maintenance/prune_schedule");
    }
    wanted = spec("store");
    wanted.maintenanceAgent = newId();
    EXPECT_EQ(problemsOf(wanted).at(0).pointer, "/maintenance_agent_id");
    wanted.maintenanceAgent = enrol(other, "foreign-01").id;
    EXPECT_EQ(problemsOf(wanted).at(0).pointer, "/maintenance_agent_id") << "of another tenant";
    restic::RepositorySpec disk{"disk", "local", "/srv/disk", {}, web, kSecret, {}, {}, {}};
    disk.maintenanceAgent = mail;
    EXPECT_EQ(problemsOf(disk).at(0).pointer, "/maintenance_agent_id") << "it does not reach that disk";
    disk.maintenanceAgent = web;
    EXPECT_NO_THROW(make(disk));
    wanted = spec("store");
    wanted.appendOnly = true;
    EXPECT_EQ(problemsOf(wanted).at(0).pointer, "/maintenance_agent_id");
    wanted.maintenance.forgetSchedule = wanted.maintenance.pruneSchedule = "";
    EXPECT_NO_THROW(make(wanted));
}

TEST_P(ResticMaintenance, EachSlotMakesItsTasksOnce) {
    auto wanted = spec("store");
    wanted.maintenance.forgetSchedule = "0 1 * * *";
    wanted.maintenance.pruneSchedule = "0 2 * * *";
    wanted.maintenance.checkSchedule = "0 3 * * *";
    const auto store = make(wanted);
    const auto nightly = leading("nightly", store, {web, mail});
    clock.advance(24h);
    host.scheduler.run();
    const auto forgets = tasks("forget");
    ASSERT_EQ(forgets.size(), 2U) << "one for each agent of the policy";
    EXPECT_NE(forgets[0].target, forgets[1].target);
    for (const auto& one : forgets) {
        EXPECT_EQ(one.agent, forgets[0].agent) << "done by the one who cares for the repository";
        EXPECT_EQ(one.policy, nightly);
        EXPECT_EQ(one.metadata.stringOr("slot"), core::formatInstant(*row(store, "forget")->lastSlot));
    }
    std::vector<std::string> machines;
    for (const auto& one : forgets) {
        const auto payload = given(one.id, one.agent);
        ASSERT_FALSE(payload.empty());
        machines.push_back(*payload.find("host")->string());
        EXPECT_EQ(payload.find("retention")->integerOr("keep_daily"), 7);
        EXPECT_EQ(*payload.find("policy_id")->string(), nightly.toString());
        report(one.agent, one.id, plain("success"));
    }
    std::sort(machines.begin(), machines.end());
    EXPECT_EQ(machines, (std::vector<std::string>{"mail-01", "web-01"}));
    ASSERT_EQ(tasks("prune").size(), 1U);
    EXPECT_EQ(tasks("prune")[0].parameters, core::json::Value(Object{})) << "without a retention";
    EXPECT_FALSE(tasks("prune")[0].policy);
    ASSERT_EQ(tasks("check").size(), 1U);
    EXPECT_EQ(subsetOf(tasks("check")[0]), "1/12");
    host.scheduler.run();
    EXPECT_EQ(tasks("check").size(), 1U);
    clock.advance(72h);
    host.scheduler.run();
    EXPECT_EQ(tasks("forget").size(), 4U) << "three that were missed are made up for once";
    EXPECT_GT(row(store, "forget")->nextRunAt, clock.now());
}

TEST_P(ResticMaintenance, WhatIsSwitchedOffIsNotDoneAndWhereNothingSaysWhatIsKeptNothingIsRemoved) {
    auto wanted = spec("off");
    wanted.maintenance = {"", "", "", "", "", {}, {}};
    const auto off = make(wanted);
    leading("nightly", off, {web});
    const auto bare = make(spec("bare"));
    worked(bare, web);
    auto paused = draft("paused");
    paused.enabled = false;
    paused.repository = bare;
    link(tenant, web, policy(tenant, paused).id);
    const auto unborn = make(spec("unborn")); // nothing was ever saved there
    auto ready = draft("ready");
    ready.repository = unborn;
    ready.schedule = "0 0 29 2 *";
    link(tenant, web, policy(tenant, ready).id);
    clock.advance(24h * 14);
    host.scheduler.run();
    EXPECT_TRUE(tasks("forget").empty());
    EXPECT_TRUE(tasks("prune").empty());
    ASSERT_EQ(tasks("check").size(), 1U);
    EXPECT_EQ(tasks("check")[0].repository, bare);
    EXPECT_GT(row(unborn, "check")->nextRunAt, clock.now());
    EXPECT_FALSE(row(unborn, "check")->problem);
}

TEST_P(ResticMaintenance, ChecksReadEachPartOnceByTurns) {
    auto wanted = spec("store");
    wanted.maintenance = only("check", "* * * * *");
    wanted.maintenance.checkSubset = "1/3";
    const auto store = make(wanted);
    leading("nightly", store, {web});
    std::vector<std::string> parts;
    for (int i = 0; i < 4; ++i) {
        const auto check = nextCheck();
        parts.push_back(subsetOf(check));
        end(check);
    }
    EXPECT_EQ(parts, (std::vector<std::string>{"1/3", "2/3", "3/3", "1/3"}));
    const auto failing = nextCheck();
    EXPECT_EQ(subsetOf(failing), "2/3");
    end(failing, "failed");
    const auto again = nextCheck();
    EXPECT_EQ(subsetOf(again), "2/3") << "what was not read is read again";
    // Another number of parts while a check of the one before runs: its end counts for nothing.
    wanted.maintenance.checkSubset = "4/5";
    change(store, wanted);
    end(again);
    parts.clear();
    for (int i = 0; i < 5; ++i) {
        const auto check = nextCheck();
        parts.push_back(subsetOf(check));
        end(check);
    }
    EXPECT_EQ(parts, (std::vector<std::string>{"4/5", "5/5", "1/5", "2/5", "3/5"}));
    // By hand: a part that is not the next one changes nothing.
    auto byHand = manual(web, store);
    byHand.type = "check";
    byHand.parameters = Object{{"read_data_subset", "2/5"}};
    end(host.tasks.create(tenant, byHand));
    EXPECT_EQ(row(store, "check")->nextPart, 4);
    wanted.maintenance.checkSubset = "2.5%";
    change(store, wanted);
    auto check = nextCheck();
    EXPECT_EQ(subsetOf(check), "2.5%");
    end(check);
    wanted.maintenance.checkSubset = "";
    change(store, wanted);
    check = nextCheck();
    EXPECT_EQ(check.parameters.find("read_data_subset"), nullptr) << "only the structure";
}

TEST_P(ResticMaintenance, OneThatStillWaitsIsEnough) {
    auto wanted = spec("store");
    wanted.maintenance = {"*/5 * * * *", "*/5 * * * *", "*/5 * * * *", "", "", {}, {}};
    const auto store = make(wanted);
    leading("nightly", store, {web, mail});
    clock.advance(5min);
    host.scheduler.run();
    clock.advance(5min);
    host.scheduler.run();
    EXPECT_EQ(tasks("forget").size(), 2U);
    EXPECT_EQ(tasks("prune").size(), 1U);
    EXPECT_EQ(tasks("check").size(), 1U);
    for (const auto* operation : {"forget", "prune", "check"}) {
        const auto now = row(store, operation);
        EXPECT_GT(now->nextRunAt, clock.now()) << operation;
        ASSERT_TRUE(now->problem) << operation;
        EXPECT_NE(now->problem->find("still waits"), std::string::npos) << *now->problem;
    }
}

TEST_P(ResticMaintenance, OfTwoHostsOneTakesASlot) {
    auto wanted = spec("store");
    wanted.maintenance = only("check", "*/5 * * * *");
    const auto store = make(wanted);
    leading("nightly", store, {web});
    const auto database = fixture.openAnother();
    ResticHost second(*database, clock, bus, base, authentication, fixture.log.logger());
    second.scheduler.run();
    const auto slot = row(store, "check")->nextRunAt.value();
    clock.advance(5min);
    std::thread first([&] { host.scheduler.run(); });
    second.scheduler.run();
    first.join();
    EXPECT_EQ(tasks("check").size(), 1U);
    EXPECT_EQ(row(store, "check")->lastSlot, slot);
    EXPECT_FALSE(row(store, "check")->problem);
    const ScheduleStore::Due stale{tenant.tenant(), store, "check", slot};
    EXPECT_FALSE(here([&](Transaction& tx) { return ScheduleStore::take(tx, stale, clock.now()); }))
        << "who comes late finds it taken";
}

TEST_P(ResticMaintenance, OneThatCannotBeTakenStopsNobodyElses) {
    auto wanted = spec("bad");
    wanted.maintenance = only("check", "*/5 * * * *");
    const auto bad = make(wanted);
    wanted = spec("good");
    wanted.maintenance = only("check", "*/5 * * * *");
    const auto good = make(wanted);
    const auto theirs = make(wanted, other);
    leading("nightly", good, {web});
    worked(bad, web);
    const auto foreign = enrol(other, "db-01").id;
    auto led = draft("theirs", "0 0 29 2 *");
    led.repository = theirs;
    link(other, foreign, policy(other, led).id);
    in(other, [&](Transaction& tx) {
        restic::PlaceStore::markSuccess(
            tx, restic::placeOf(restic::RepositoryStore::find(tx, theirs).value(), foreign), clock.now());
    });
    const auto spoil = [&](const std::string& zone) {
        system([&](Transaction& tx) {
            tx.execute("UPDATE restic_repositories SET maintenance_timezone = $1 WHERE id = $2", {zone, bad});
        });
    };
    spoil("Mars/Olympus");
    clock.advance(5min);
    host.scheduler.run();
    EXPECT_EQ(tasks("check").size(), 1U);
    EXPECT_EQ(tasks("check", other).size(), 1U);
    EXPECT_NE(row(bad, "check")->problem.value_or("").find("Mars/Olympus"), std::string::npos);
    EXPECT_GT(row(bad, "check")->nextRunAt, clock.now()) << "the slot moves on";
    spoil("UTC");
    clock.advance(10min);
    host.scheduler.run();
    EXPECT_EQ(row(bad, "check")->problem, "No agent works with the repository.");
}

TEST_P(ResticMaintenance, WhoLostTheLeaseWritesNothingAndAClockThatWentBackPlansAgain) {
    auto wanted = spec("store");
    wanted.maintenance = only("check", "0 * * * *");
    const auto store = make(wanted);
    leading("nightly", store, {web});
    clock.advance(30h); // the host's clock is wrong for one slot
    const auto lost = [](Transaction&) { throw core::Error(core::errors::kLeaseLost, "another host"); };
    EXPECT_EQ(errorOf([&] { host.scheduler.run(lost); }).name(), "LeaseLost");
    EXPECT_TRUE(tasks("check").empty());
    EXPECT_LE(row(store, "check")->nextRunAt, clock.now());
    host.scheduler.run();
    ASSERT_EQ(tasks("check").size(), 1U);
    end(tasks("check")[0]);
    const auto taken = row(store, "check")->lastSlot.value();
    clock.advance(-30h);
    host.scheduler.run();
    EXPECT_LE(row(store, "check")->nextRunAt, clock.now() + 1h) << "not thirty hours later";
    // The slot that had its task under the wrong clock is none again.
    here([&](Transaction& tx) { ScheduleStore::setNextRun(tx, store, "check", taken); });
    clock.advance(taken - clock.now());
    host.scheduler.run();
    EXPECT_EQ(tasks("check").size(), 1U);
    clock.advance(1h);
    host.scheduler.run();
    EXPECT_EQ(tasks("check").size(), 2U);
}

TEST_P(ResticMaintenance, WhereAgentsMayOnlyAddOneAloneRemoves) {
    auto wanted = spec("store");
    wanted.maintenance = {"*/5 * * * *", "*/5 * * * *", "*/5 * * * *", "", "", {}, {}};
    wanted.appendOnly = true;
    const auto keeper = agent("keeper-01");
    wanted.maintenanceAgent = keeper;
    const auto store = make(wanted);
    leading("nightly", store, {web, mail});
    worked(store, keeper);
    clock.advance(5min);
    host.scheduler.run();
    for (const auto* type : {"forget", "prune", "check"}) {
        ASSERT_FALSE(tasks(type).empty()) << type;
        for (const auto& one : tasks(type))
            EXPECT_EQ(one.agent, keeper) << type;
    }
    EXPECT_EQ(tasks("forget").size(), 2U) << "whose snapshots they are is said in the payload";
    for (const auto& [type, parameters] : std::vector<std::pair<std::string, Object>>{
             {"forget", {{"retention", Object{{"keep_last", 1}}}}}, {"prune", {}}}) {
        auto byHand = manual(web, store);
        byHand.type = type;
        byHand.parameters = parameters;
        const auto refused = errorOf([&] { host.tasks.create(tenant, byHand); });
        EXPECT_EQ(refused.name(), "RepositoryAppendOnly") << type;
        EXPECT_NE(std::string(refused.what()).find("store"), std::string::npos) << refused.what();
        byHand.agent = keeper;
        EXPECT_NO_THROW(host.tasks.create(tenant, byHand)) << type;
    }
    auto check = manual(web, store);
    check.type = "check";
    check.parameters = Object{};
    EXPECT_NO_THROW(host.tasks.create(tenant, check)) << "it removes nothing";
    // Nobody is left who may.
    host.agents.revoke(tenant, keeper);
    clock.advance(5min);
    host.scheduler.run();
    EXPECT_EQ(row(store, "forget")->problem,
              "The repository's maintenance agent was removed: name another one.");
    // A task that was made before it became so.
    wanted.appendOnly = false;
    wanted.maintenanceAgent.reset();
    change(store, wanted);
    auto early = manual(web, store);
    early.type = "prune";
    early.parameters = Object{};
    const auto prune = host.tasks.create(tenant, early).id;
    wanted.appendOnly = true;
    wanted.maintenanceAgent = mail;
    change(store, wanted);
    EXPECT_TRUE(given(prune, web).empty());
    EXPECT_EQ(status(prune), "failed");
}

TEST_P(ResticMaintenance, AnAgentThatKnowsNothingOfMachinesIsNotGivenThoseOfOthers) {
    auto wanted = spec("store");
    wanted.maintenance = only("forget", "*/5 * * * *");
    const auto store = make(wanted);
    const auto nightly = leading("nightly", store, {web});
    setMetadata(tenant, web, Object{{"ownRepository", true}});
    setMetadata(tenant, mail, Object{{"ownRepository", true}});
    clock.advance(5min);
    host.scheduler.run();
    ASSERT_EQ(tasks("forget").size(), 1U);
    const auto payload = given(tasks("forget")[0].id, web);
    ASSERT_FALSE(payload.empty()) << "there are none of others";
    EXPECT_EQ(payload.find("host"), nullptr);
    end(tasks("forget")[0]);
    link(tenant, mail, nightly);
    worked(store, mail);
    auto byHand = ofPolicy(web, nightly);
    byHand.type = "forget";
    const auto id = host.tasks.create(tenant, byHand).id;
    host.tasks.handOut(tenant, web, 10);
    EXPECT_EQ(status(id), "failed");
    EXPECT_NE(task(id).error.stringOr("message").find("update it"), std::string::npos);
}

TEST_P(ResticMaintenance, NothingIsRemovedFromARepositoryThatIsKnownToBeDamaged) {
    auto wanted = spec("store");
    wanted.maintenance.forgetSchedule = wanted.maintenance.pruneSchedule = wanted.maintenance.checkSchedule =
        "*/5 * * * *";
    const auto store = make(wanted);
    const auto nightly = leading("nightly", store, {web});
    backedUp(nightly, web, done('a'));
    const auto madeInASlot = [&](const std::string& kind) {
        for (const auto* one : {"forget", "prune", "check"})
            for (const auto& task : tasks(one))
                if (!restic::protocol::isTerminal(task.status))
                    end(task);
        const auto before = tasks(kind).size();
        clock.advance(5min);
        host.scheduler.run();
        return tasks(kind).size() - before;
    };
    EXPECT_EQ(madeInASlot("prune"), 1U);
    here([&](Transaction& tx) {
        restic::DamageStore::record(tx,
                                    {store, newId(), "RepositoryCorrupted", "a pack", "all", clock.now()});
    });
    EXPECT_EQ(madeInASlot("prune"), 0U);
    EXPECT_EQ(madeInASlot("forget"), 0U);
    EXPECT_EQ(madeInASlot("check"), 1U) << "which changes nothing";
    for (const auto* operation : {"forget", "prune"})
        EXPECT_EQ(row(store, operation)->problem.value_or("").find("A check found damage"), 0U) << operation;
    here([&](Transaction& tx) { restic::DamageStore::disprove(tx, store, "all"); });
    EXPECT_EQ(madeInASlot("prune"), 1U);
    EXPECT_FALSE(row(store, "prune")->problem);
}

TEST_P(ResticMaintenance, ARemovalThatWaitedIsHeldByDamageThatWasFoundMeanwhile) {
    auto wanted = spec("store");
    wanted.maintenance = only("forget", "*/5 * * * *");
    wanted.maintenance.pruneSchedule = "*/5 * * * *";
    const auto store = make(wanted);
    const auto nightly = leading("nightly", store, {web});
    backedUp(nightly, web, done('a'));
    clock.advance(5min);
    host.scheduler.run();
    ASSERT_EQ(tasks("forget").size(), 1U);
    ASSERT_EQ(tasks("prune").size(), 1U);
    here([&](Transaction& tx) {
        restic::DamageStore::record(tx, {store, newId(), "RepositoryCorrupted", "a pack", "", clock.now()});
    });
    const auto handed = host.tasks.handOut(tenant, web, 10);
    EXPECT_TRUE(handed.items.empty());
    for (const auto* kind : {"forget", "prune"}) {
        const auto held = tasks(kind).at(0);
        EXPECT_EQ(status(held.id), "failed") << kind;
        EXPECT_EQ(held.error.stringOr("error"), "RepositoryCorrupted") << kind;
        EXPECT_EQ(held.error.stringOr("message").find("A check found damage"), 0U) << kind;
    }
    restic::TaskRequest byHand;
    byHand.type = "prune";
    byHand.agent = web;
    byHand.repository = store;
    EXPECT_FALSE(given(host.tasks.create(tenant, byHand).id, web).empty()) << "whoever asks was told";
}

TEST_P(ResticMaintenance, DamageIsKnownAtItsPlace) {
    const auto store = make(spec("store"));
    const auto known = [&] {
        return here([&](Transaction& tx) { return restic::DamageStore::of(tx, {store}); });
    };
    const auto damage = [&](const std::string& what, const std::string& reads) {
        here([&](Transaction& tx) {
            restic::DamageStore::record(tx,
                                        {store, newId(), "RepositoryCorrupted", what, reads, clock.now()});
        });
    };
    const auto movedTo = [&](const std::string& url) {
        auto moved = spec("store");
        moved.url = url;
        change(store, moved);
    };
    damage("here", "1/3");
    movedTo("rest:http://backup.example/elsewhere");
    EXPECT_TRUE(known().empty());
    damage("elsewhere", "");
    movedTo("rest:http://backup.example/store");
    ASSERT_EQ(known().size(), 1U);
    EXPECT_EQ(known()[0].message, "here");
    EXPECT_EQ(known()[0].reads, "1/3");
    here([&](Transaction& tx) { restic::DamageStore::disprove(tx, store, "1/3"); });
    EXPECT_TRUE(known().empty());
    movedTo("rest:http://backup.example/elsewhere");
    ASSERT_EQ(known().size(), 1U) << "of another place nothing was disproved";
    EXPECT_EQ(known()[0].message, "elsewhere");
}

TEST_P(ResticMaintenance, DamageOfBeforeThatNamesNoPlaceIsOfAnyAndOnce) {
    const auto store = make(spec("store"));
    here([&](Transaction& tx) {
        restic::DamageStore::record(tx,
                                    {store, newId(), "RepositoryCorrupted", "of before", "", clock.now()});
        tx.execute("UPDATE restic_repository_damage SET place = ''", {});
    });
    here([&](Transaction& tx) {
        restic::DamageStore::record(tx,
                                    {store, newId(), "RepositoryCorrupted", "of now", "2/5", clock.now()});
    });
    const auto all = here([&](Transaction& tx) { return restic::DamageStore::of(tx, {store}); });
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].reads, "2/5");
}

TEST_P(ResticMaintenance, NothingIsRemovedAfterABackupThatFailedOrSavedOnlyAPart) {
    auto wanted = spec("store");
    wanted.maintenance = only("forget", "*/5 * * * *");
    const auto store = make(wanted);
    const auto nightly = leading("nightly", store, {web, mail});
    const auto forgetsOf = [&] { // of web-01's, after one more slot
        for (const auto& one : tasks("forget"))
            if (!restic::protocol::isTerminal(one.status))
                end(one);
        const auto before = tasks("forget");
        clock.advance(5min);
        host.scheduler.run();
        int made = 0;
        const auto target =
            here([&](Transaction& tx) { return restic::TargetStore::findForLink(tx, web, nightly)->id; });
        for (const auto& one : tasks("forget"))
            if (one.target == target &&
                std::none_of(before.begin(), before.end(), [&](const auto& old) { return old.id == one.id; }))
                ++made;
        EXPECT_EQ(tasks("forget").size(), before.size() + 1 + made) << "mail-01 has no doubts";
        return made;
    };
    backedUp(nightly, web, done('a'));
    EXPECT_EQ(forgetsOf(), 1);
    backedUp(nightly, web, failed("RepositoryCorrupted"));
    EXPECT_EQ(forgetsOf(), 0) << "failed";
    EXPECT_NE(row(store, "forget")->problem.value_or("").find("nightly of web-01: Nothing is removed"),
              std::string::npos);
    // One that was cancelled says nothing of what is there.
    const auto stopped = host.tasks.create(tenant, ofPolicy(web, nightly)).id;
    host.tasks.cancel(tenant, stopped);
    EXPECT_EQ(forgetsOf(), 0) << "still that of the failed one";
    backedUp(nightly, web, done('a'));
    EXPECT_EQ(forgetsOf(), 1);
    auto empty = done('c');
    empty.result->set("total_files_processed", 0);
    backedUp(nightly, web, empty);
    EXPECT_EQ(forgetsOf(), 0) << "empty";
    backedUp(nightly, web, unread(0, Array{"/home"}));
    EXPECT_EQ(forgetsOf(), 0) << "a source is missing";
    backedUp(nightly, web, unread(0, Array{"/home"}));
    EXPECT_EQ(forgetsOf(), 0) << "and is so as long as it lasts";
    backedUp(nightly, web, unread(2));
    EXPECT_EQ(forgetsOf(), 0) << "more is unread than in the last run";
    backedUp(nightly, web, failed("RepositoryCorrupted"));
    backedUp(nightly, web, unread(2));
    EXPECT_EQ(forgetsOf(), 1) << "what nobody can ever read is not for ever";
    backedUp(nightly, web, unread(3));
    EXPECT_EQ(forgetsOf(), 0);
    backedUp(nightly, web, unread(1));
    EXPECT_EQ(forgetsOf(), 1);
}

TEST_P(ResticMaintenance, APathOnEachMachinesDiskIsCaredForByEach) {
    restic::RepositorySpec wanted;
    wanted.name = "disks";
    wanted.type = "local";
    wanted.url = "/srv/disks";
    wanted.password = kSecret;
    wanted.maintenance = {"*/5 * * * *", "*/5 * * * *", "*/5 * * * *", "", "", {}, {}};
    const auto store = make(wanted);
    leading("nightly", store, {web, mail});
    clock.advance(5min);
    host.scheduler.run();
    for (const auto* type : {"forget", "prune", "check"}) {
        const auto all = tasks(type);
        ASSERT_EQ(all.size(), 2U) << type;
        EXPECT_NE(all[0].agent, all[1].agent) << type;
    }
}

TEST_P(ResticMaintenance, DamageThatWasFoundBeforeIsKnownByWhatItsCheckRead) {
    auto modules = schema();
    std::erase_if(modules[1].list, [](const auto& migration) { return migration.version > 14; });
    TestDatabase earlier{GetParam(), modules};
    const auto tenantId = newId(), agentId = newId();
    earlier.db().transact(SystemContext("test"), [&](Transaction& tx) {
        tx.execute("INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES ($1, 'first', 1, 1)",
                   {tenantId});
        tx.execute("INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, "
                   "created_at_us, updated_at_us) VALUES ($1, $2, 'web-01', 'linux', 'amd64', '1', 'online', "
                   "1, 1)",
                   {agentId, tenantId});
        const auto checked = [&](const std::string& name, const std::string& error, Object parameters) {
            const auto repositoryId = newId(), taskId = newId();
            tx.execute("INSERT INTO restic_repositories (id, tenant_id, name, type, url, created_at_us, "
                       "updated_at_us) VALUES ($1, $2, $3, 'local', $4, 1, 1)",
                       {repositoryId, tenantId, name, "/" + name});
            tx.execute("INSERT INTO restic_tasks (id, tenant_id, type, status, agent_id, repository_id, "
                       "parameters, error, created_at_us, updated_at_us) VALUES ($1, $2, 'check', 'failed', "
                       "$3, $4, $5, $6, 1, 1)",
                       {taskId, tenantId, agentId, repositoryId, core::json::Value(std::move(parameters)),
                        core::json::Value(Object{{"error", error}, {"message", "of " + name}})});
            tx.execute("INSERT INTO restic_repository_maintenance (tenant_id, repository_id, kind, task_id, "
                       "agent_id, status, ended_at_us) VALUES ($1, $2, 'check', $3, $4, 'failed', 5)",
                       {tenantId, repositoryId, taskId, agentId});
        };
        checked("whole", "RepositoryCorrupted", {{"read_data", true}});
        checked("part", "RepositoryCorrupted", {{"read_data_subset", "3/12"}});
        checked("structure", "RepositoryNotFound", {});
        checked("locked", "RepositoryLocked", {{"read_data", true}});
    });
    applyMigrations(earlier.db(), schema());
    earlier.db().transact(SystemContext("test"), [&](Transaction& tx) {
        std::string known;
        for (const auto& row :
             tx.query("SELECT message, error, reads FROM restic_repository_damage ORDER BY message"))
            known += row.text(0) + " " + row.text(1) + " '" + row.text(2) + "'\n";
        EXPECT_EQ(known, "of part RepositoryCorrupted '3/12'\nof structure RepositoryNotFound ''\n"
                         "of whole RepositoryCorrupted 'all'\n");
    });
}

TEST_P(ResticMaintenance, RepositoriesOfBeforeAreCheckedAndLoseNothing) {
    auto modules = schema();
    auto& list = modules[1].list;
    std::erase_if(list, [](const auto& migration) { return migration.version > 10; });
    TestDatabase earlier{GetParam(), modules};
    const auto tenantId = newId(), repositoryId = newId(), agentId = newId();
    earlier.db().transact(SystemContext("test"), [&](Transaction& tx) {
        tx.execute("INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES ($1, 'first', 1, 1)",
                   {tenantId});
        tx.execute("INSERT INTO restic_repositories (id, tenant_id, name, type, url, created_at_us, "
                   "updated_at_us) VALUES ($1, $2, 'store', 'local', '/srv', 1, 1)",
                   {repositoryId, tenantId});
        tx.execute("INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, "
                   "created_at_us, updated_at_us) VALUES ($1, $2, 'web-01', 'linux', 'amd64', '1', 'online', "
                   "1, 1)",
                   {agentId, tenantId});
        for (const auto& [name, state, files, unreadCount] :
             std::vector<std::tuple<std::string, std::string, int, int>>{{"failed", "failed", 80, 0},
                                                                         {"unread", "warning", 80, 1},
                                                                         {"odd", "warning", 0, 0},
                                                                         {"fine", "success", 80, 0}})
            tx.execute("INSERT INTO restic_targets (id, tenant_id, name, mode, created_at_us, updated_at_us, "
                       "last_run_status, last_run_message, last_run_files, last_run_unread_count) VALUES "
                       "($1, $2, $3, 'agent', 1, 1, $4, '', $5, $6)",
                       {newId(), tenantId, name, state, std::int64_t{files}, std::int64_t{unreadCount}});
    });
    applyMigrations(earlier.db(), schema());
    earlier.db().transact(SystemContext("test"), [&](Transaction& tx) {
        const auto schedules =
            tx.query("SELECT operation, schedule FROM restic_repository_schedules ORDER BY operation");
        ASSERT_EQ(schedules.size(), 2U);
        EXPECT_EQ(schedules[0].text(0), "check");
        EXPECT_EQ(schedules[0].text(1), "0 9 * * 6");
        EXPECT_EQ(schedules[1].text(0), "stats");
        EXPECT_EQ(schedules[1].text(1), "0 5 * * *");
        std::string held;
        for (const auto& one :
             tx.query("SELECT name FROM restic_targets WHERE retention_held IS NOT NULL ORDER BY name"))
            held += one.text(0) + " ";
        EXPECT_EQ(held, "failed odd ");
    });
}

} // namespace
} // namespace test
