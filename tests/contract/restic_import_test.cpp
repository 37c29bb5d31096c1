#include "contract/restic_fixture.h"
#include "core/text.h"
#include "import/v0_import.h"
#include "support/v0_files.h"

#include <sstream>

#include <fmt/format.h>
#include <sqlite3.h>

/// The targets of v0 come over, with their history, and rest until somebody adopts them.
namespace test {
namespace {
namespace fs = std::filesystem;
using core::json::Object;
using core::json::Value;

class ResticImport : public ResticParts {
protected:
    ResticImport() {
        host.agents.setTakenOver(
            [this](Transaction& tx, const Uuid& agent) { host.policies.agentCame(tx, agent); });
    }

    restic::ImportReport import(const fs::path& file, bool dryRun = false, bool readPasswordFiles = false) {
        return imports.run(tenant, file, {dryRun, readPasswordFiles});
    }
    /// A v0 database with these rows of targets, of the last shape.
    fs::path database(const std::string& sql) {
        const auto file = folder / "v0.db";
        runSqlite(file, v0Schema(V0Shape::last) + sql);
        return file;
    }
    static std::string row(int id, const std::string& name, const std::string& repository,
                           const std::string& password = "NULL", const std::string& file = "NULL") {
        return fmt::format("INSERT INTO targets (id, name, repository, password, password_file) VALUES ({}, "
                           "'{}', '{}', {}, {});",
                           id, name, repository, password, file);
    }
    void setLimit(const Uuid& of, int policies) {
        system([&](Transaction& tx) {
            tx.execute("UPDATE tenants SET max_policies = $2 WHERE id = $1", {of, policies});
        });
    }
    restic::Target target(const std::string& name) {
        return here([&](Transaction& tx) { return restic::TargetStore::findByName(tx, name).value(); });
    }
    restic::Policy policyOf(const std::string& name) {
        const auto id = target(name).policy.value();
        return here([&](Transaction& tx) { return host.policies.get(tx, id); });
    }
    restic::Agent agentNamed(const std::string& hostname) {
        return here(
            [&](Transaction& tx) { return restic::AgentStore::findByHostname(tx, hostname).value(); });
    }
    restic::Repository repositoryOf(const std::string& name) {
        const auto id = target(name).repository.value();
        return here([&](Transaction& tx) { return host.repositories.get(tx, id); });
    }
    std::optional<std::string> secret(const restic::Repository& repository,
                                      const std::string& field = "password") {
        return here([&](Transaction& tx) {
            return base.vault->get(tx, {tx.tenant(), "restic_repositories", repository.id, field});
        });
    }
    core::db::Row facts(const std::string& name) {
        return here([&](Transaction& tx) {
            return tx.query("SELECT snapshot_count, latest_snapshot_id, latest_snapshot_at_us FROM "
                            "restic_targets WHERE tenant_id = $1 AND name = $2",
                            {tx.tenant(), name})[0];
        });
    }
    std::vector<std::int64_t> counts() {
        std::vector<std::int64_t> all;
        for (const auto* table :
             {"restic_agents", "restic_policies", "restic_agent_policy_links", "restic_repositories",
              "restic_targets", "restic_target_probes", "restic_snapshots", "restic_health_checks"})
            all.push_back(rows(table));
        return all;
    }
    static std::string said(const restic::ImportReport& report) {
        return core::json::writePretty(report.toJson());
    }

    TempDir folder;
    restic::V0Import imports{db, clock, host.repositories, host.policies, base.tenants};
};
BOTH_DATABASES(ResticImport);

TEST_P(ResticImport, BothShapesComeOverOnce) {
    for (const auto shape : {V0Shape::first, V0Shape::last}) {
        const auto file = folder / (shape == V0Shape::first ? "first.db" : "last.db");
        makeV0Database(file, shape, 200, 20, 5);
        const auto there = makeTenant(shape == V0Shape::first ? "of the first" : "of the last");
        setLimit(there, 200);
        const TenantContext context(there);
        const auto before = counts();
        const auto report = imports.run(context, file, {});
        EXPECT_TRUE(report.problems.empty()) << said(report);
        EXPECT_EQ(report.found, 200);
        auto after = counts();
        for (std::size_t i = 0; i < after.size(); ++i)
            after[i] -= before[i];
        EXPECT_EQ(after, (std::vector<std::int64_t>{200, 200, 200, 200, 200, 600, 4000, 1000}));
        in(context, [&](Transaction& tx) {
            const auto one = restic::TargetStore::findByName(tx, "server-7").value();
            EXPECT_EQ(one.mode, "direct");
            EXPECT_FALSE(one.disabled);
            EXPECT_TRUE(restic::TargetStore::findByName(tx, "server-10")->disabled);
            const auto agent = restic::AgentStore::find(tx, *one.agent).value();
            EXPECT_EQ(agent.hostname, "server-7");
            EXPECT_EQ(agent.os + agent.arch + agent.version + agent.status, "unknownunknownlegacyoffline");
            EXPECT_EQ(agent.metadata, Value(Object{{"migrated_from", "v0_target"}, {"target_id", 7}}));
            const auto policy = restic::PolicyStore::find(tx, *one.policy).value();
            EXPECT_EQ(policy.name, "server-7 Policy");
            EXPECT_EQ(policy.schedule + policy.timezone, "0 2 * * *UTC");
            EXPECT_TRUE(policy.enabled);
            EXPECT_TRUE(policy.awaitingAdoption);
            EXPECT_EQ(policy.includePaths, (std::vector<std::string>{"/etc", "/srv/7"}));
            EXPECT_EQ(policy.repository, one.repository);
            EXPECT_EQ(policy.retention.keepDaily, 7);
            EXPECT_EQ(policy.retention.keepWeekly, 4);
            EXPECT_EQ(policy.retention.keepMonthly,
                      shape == V0Shape::first ? std::optional(12) : std::optional<int>())
                << "v0's own counts, or the default";
            const auto repository = restic::RepositoryStore::find(tx, *one.repository).value();
            EXPECT_EQ(repository.type + " " + repository.url, "rest rest:https://backup.example/server-7");
            const auto password =
                base.vault->get(tx, {there, "restic_repositories", repository.id, "password"});
            if (shape == V0Shape::first) {
                EXPECT_EQ(repository.passwordFile, "/etc/restic/7.pass");
                EXPECT_FALSE(password);
            } else {
                EXPECT_EQ(repository.certFile, "/etc/restic/ca.pem");
                EXPECT_EQ(password, "canary-of-v0-7");
            }
            const auto rows =
                tx.query("SELECT snapshot_count, latest_snapshot_id, latest_snapshot_at_us FROM "
                         "restic_targets WHERE tenant_id = $1 AND id = $2",
                         {there, one.id});
            EXPECT_EQ(rows[0].integer(0), 20);
            EXPECT_EQ(rows[0].text(1), v0SnapshotId(7, 20));
            EXPECT_EQ(core::formatInstant(rows[0].instant(2)), "2025-11-01T20:00:00.500Z");
            restic::SnapshotStore::Filter ofTarget;
            ofTarget.target = one.id;
            const auto snapshots = restic::SnapshotStore::list(tx, ofTarget, {});
            ASSERT_EQ(snapshots.size(), 20U);
            EXPECT_EQ(snapshots[0].source, "direct_poll");
            EXPECT_EQ(snapshots[0].hostname, "server-7");
            EXPECT_EQ(snapshots[0].tags, (std::vector<std::string>{"nightly"}));
            const auto checks =
                tx.query("SELECT healthy, error_message FROM restic_health_checks WHERE tenant_id "
                         "= $1 AND target_id = $2 ORDER BY checked_at_us",
                         {there, one.id});
            ASSERT_EQ(checks.size(), 5U);
            EXPECT_TRUE(checks[0].boolean(0));
            EXPECT_FALSE(checks[1].boolean(0));
            EXPECT_EQ(checks[1].text(1), "repository is locked");
        });
        const auto all = everything();
        EXPECT_EQ(all.find("canary-of-v0"), std::string::npos);
        clock.advance(1h);
        const auto again = imports.run(context, file, {});
        EXPECT_EQ(again.newTargets + again.newAgents + again.newPolicies + again.newRepositories +
                      again.newSnapshots + again.newChecks,
                  0);
        EXPECT_EQ(everything(), all);
    }
}

TEST_P(ResticImport, ATryTellsTheSameAndWritesNothing) {
    makeV0Database(folder / "v0.db", V0Shape::last, 5, 3, 2);
    runSqlite(folder / "v0.db",
              "INSERT INTO targets (id, name, repository) VALUES (99, 'bad', 'ftp://host/x')");
    const auto before = everything();
    auto tried = import(folder / "v0.db", true);
    EXPECT_EQ(everything(), before);
    EXPECT_TRUE(tried.dryRun);
    const auto done = import(folder / "v0.db");
    EXPECT_EQ(done.newTargets, 5);
    tried.dryRun = false;
    EXPECT_EQ(said(tried), said(done));
}

TEST_P(ResticImport, WhatPeopleChangedStaysAndOnlyTheNewComes) {
    const auto file = folder / "v0.db";
    makeV0Database(file, V0Shape::last, 3, 2, 2);
    import(file);
    const auto id = target("server-1").id;
    here([&](Transaction& tx) {
        tx.execute(
            "UPDATE restic_targets SET name = 'renamed', disabled = TRUE WHERE tenant_id = $1 AND id = $2",
            {tx.tenant(), id});
        auto policy = host.policies.get(tx, restic::TargetStore::find(tx, id)->policy.value());
        policy.name = "ours";
        policy.schedule = "30 4 * * *";
        host.policies.update(tx, policy.id, policy);
        // Somebody removes the second for good.
        const auto second = restic::TargetStore::findByName(tx, "server-2").value();
        tx.execute("DELETE FROM restic_snapshots WHERE tenant_id = $1 AND target_id = $2",
                   {tx.tenant(), second.id});
        tx.execute("DELETE FROM restic_targets WHERE tenant_id = $1 AND id = $2", {tx.tenant(), second.id});
        restic::PolicyStore::archive(tx, *second.policy, clock.now());
        // The third was looked at: what is in its repository is known better here.
        tx.execute("UPDATE restic_target_probes SET good_at_us = $2 WHERE tenant_id = $1 AND target_id = $3",
                   {tx.tenant(), clock.now(), restic::TargetStore::findByName(tx, "server-3")->id});
    });
    std::string more;
    for (int t = 1; t <= 3; ++t)
        more +=
            fmt::format("INSERT INTO snapshots (target_id, snapshot_id, time) VALUES ({}, '{}', '2025-12-01 "
                        "00:00:00');"
                        "INSERT INTO health_checks (target_id, healthy, checked_at) VALUES ({}, 1, "
                        "'2025-12-01 00:00:00');",
                        t, v0SnapshotId(t, 9), t);
    runSqlite(file, more + row(4, "server-4", "/srv/four"));
    clock.advance(1h);
    const auto report = import(file);
    EXPECT_TRUE(report.problems.empty()) << said(report);
    EXPECT_EQ(report.newTargets, 1);
    EXPECT_EQ(report.newSnapshots, 1) << "of the first alone";
    EXPECT_EQ(report.newChecks, 2) << "not of what was removed";
    EXPECT_EQ(rows("restic_targets"), 3);
    const auto first = target("renamed");
    EXPECT_EQ(first.id, id);
    EXPECT_TRUE(first.disabled);
    EXPECT_EQ(policyOf("renamed").schedule, "30 4 * * *");
    EXPECT_TRUE(policyOf("renamed").awaitingAdoption) << "a change is no adoption";
    EXPECT_EQ(facts("renamed").integer(0), 3);
    EXPECT_EQ(facts("renamed").text(1), v0SnapshotId(1, 9));
    EXPECT_EQ(facts("server-3").integer(0), 2);
}

TEST_P(ResticImport, RowsThatMakeNoSenseAreNamedAndTheOthersCome) {
    const std::string id(64, 'a');
    const auto file = database(
        row(1, "good", "/srv/good") + row(2, "", "/srv/x") + row(3, "broken", "ftp://host/x") +
        "INSERT INTO targets (id, name, repository, keep_daily) VALUES (4, 'negative', '/srv/y', -1);" +
        "INSERT INTO snapshots (id, target_id, snapshot_id, time, paths) VALUES (11, 1, '" + id +
        "', '2025-11-01 00:00:00', '[broken'), (12, 1, '" + std::string(64, 'b') +
        "', NULL, NULL), (13, 1, 'nonsense', '2025-11-01 00:00:00', NULL), (14, 1, 'cafecafe', "
        "'2025-11-01 00:00:00', '[\"relative\",\"/home\"]'), (15, 77, '" +
        id +
        "', '2025-11-01 00:00:00', NULL);"
        "INSERT INTO health_checks (id, target_id, healthy, checked_at) VALUES (21, 1, NULL, '2025-11-01 "
        "00:00:00'), (22, 1, 1, NULL), (23, 1, 1, '2025-11-01 00:00:00');");
    const auto report = import(file);
    std::vector<std::string> named;
    for (const auto& problem : report.problems)
        named.push_back(fmt::format("{} {}", problem.table, problem.row));
    std::sort(named.begin(), named.end());
    EXPECT_EQ(named, (std::vector<std::string>{"health_checks 21", "health_checks 22", "snapshots 11",
                                               "snapshots 12", "snapshots 13", "targets 2", "targets 3",
                                               "targets 4"}))
        << said(report);
    EXPECT_EQ(report.orphans, 1);
    EXPECT_EQ(rows("restic_targets"), 1);
    EXPECT_EQ(rows("restic_snapshots"), 1);
    EXPECT_EQ(rows("restic_health_checks"), 1);
    EXPECT_EQ(policyOf("good").includePaths, (std::vector<std::string>{"/home"}));
    // The first listing completes it.
    const std::string whole = "cafecafe" + std::string(56, '0');
    const auto good = target("good").repository.value();
    here([&](Transaction& tx) {
        EXPECT_TRUE(restic::SnapshotStore::confirm(tx, good, {whole}, clock.now()).contains(whole));
    });
}

TEST_P(ResticImport, SecretsAreInTheVaultAndNowhereElse) {
    writeFile(folder / "good.pass", "canary-in-a-file\n");
    writeFile(folder / "empty.pass", "\n");
    const auto file = database(
        row(1, "plain", "/srv/plain", "'canary-plain'") +
        row(2, "file", "/srv/file", "NULL", "'" + (folder / "good.pass").string() + "'") +
        row(3, "relative", "/srv/relative", "NULL", "'good.pass'") +
        row(4, "unreadable", "/srv/unreadable", "NULL", "'/nowhere/at/all'") +
        row(5, "empty", "/srv/empty", "NULL", "'empty.pass'") + row(6, "none", "/srv/none") +
        row(7, "rest", "rest:https://ada:canary-rest@backup.example/rest", "'canary-rest-repository'") +
        row(8, "s3", "s3:https://ada:canary-s3@backup.example/bucket"));
    auto report = import(file);
    ASSERT_EQ(report.problems.size(), 1U) << said(report);
    EXPECT_EQ(report.problems[0].row, 8);
    EXPECT_EQ(secret(repositoryOf("plain")), "canary-plain");
    EXPECT_EQ(repositoryOf("file").passwordFile, (folder / "good.pass").string());
    EXPECT_EQ(repositoryOf("relative").passwordFile, (folder / "good.pass").string());
    EXPECT_FALSE(secret(repositoryOf("file")));
    const auto rest = repositoryOf("rest");
    EXPECT_EQ(rest.url, "rest:https://backup.example/rest");
    EXPECT_EQ(rest.config.stringOr("username"), "ada");
    EXPECT_EQ(secret(rest), "canary-rest-repository");
    EXPECT_EQ(secret(rest, restic::Repository::vaultField("password")), "canary-rest");

    // The files are read when somebody says so, also later.
    auto printed = said(report);
    report = import(file, false, true);
    printed += said(report);
    std::ostringstream text;
    report.print(text);
    printed += text.str();
    EXPECT_EQ(secret(repositoryOf("file")), "canary-in-a-file");
    EXPECT_EQ(secret(repositoryOf("relative")), "canary-in-a-file");
    EXPECT_FALSE(repositoryOf("file").passwordFile);
    std::vector<std::int64_t> failed;
    for (const auto& problem : report.problems)
        failed.push_back(problem.row);
    EXPECT_EQ(failed, (std::vector<std::int64_t>{4, 5, 8})) << printed;
    EXPECT_EQ(repositoryOf("unreadable").passwordFile, "/nowhere/at/all");
    EXPECT_EQ(printed.find("canary"), std::string::npos) << printed;
    EXPECT_EQ(everything().find("canary"), std::string::npos);
}

TEST_P(ResticImport, AListOfTargetsIsTakenToo) {
    const auto one =
        R"({"name":"web-server-01","repository":"s3:bucket/path","keep_daily":7,"keep_weekly":4,)"
        R"("disabled":false,"id":42})";
    const auto two = R"({"name":"db","repository_url":"repos/db","password":"canary-json","disabled":true})";
    writeFile(folder / "list.json", fmt::format("[{},{},7]", one, two));
    const auto report = import(folder / "list.json");
    ASSERT_EQ(report.problems.size(), 1U) << said(report);
    EXPECT_EQ(report.problems[0].row, 3);
    EXPECT_EQ(repositoryOf("web-server-01").url, "s3:bucket/path");
    EXPECT_EQ(repositoryOf("web-server-01").type, "s3");
    EXPECT_EQ(agentNamed("web-server-01").metadata.integerOr("target_id"), 42);
    EXPECT_EQ(agentNamed("db").metadata, Value(Object{{"migrated_from", "v0_target"}}));
    EXPECT_TRUE(target("db").disabled);
    EXPECT_EQ(repositoryOf("db").url, (folder / "repos/db").string());
    EXPECT_EQ(secret(repositoryOf("db")), "canary-json");
    EXPECT_TRUE(policyOf("db").includePaths.empty());
    // The same under its other form is the same.
    writeFile(folder / "object.json", fmt::format(R"({{"targets":[{},{}]}})", one, two));
    const auto again = import(folder / "object.json");
    EXPECT_EQ(again.newTargets, 0);
    EXPECT_TRUE(again.problems.empty()) << said(again);

    for (const auto* nonsense : {"", "{}", "[", "7", R"({"targets":{}})"}) {
        writeFile(folder / "bad.json", nonsense);
        EXPECT_THROW(import(folder / "bad.json"), core::Error) << nonsense;
    }
    EXPECT_THROW(import(folder / "nowhere.json"), core::Error);
    EXPECT_THROW(import(folder.path()), core::Error);
}

TEST_P(ResticImport, TheFileIsReadAndNothingIsLeftBesideIt) {
    const auto listing = [&] {
        std::map<std::string, std::string> all;
        for (const auto& file : fs::directory_iterator(folder.path()))
            all[file.path().filename().string()] = readFile(file.path());
        return all;
    };
    makeV0Database(folder / "plain.db", V0Shape::first, 2, 2, 2);
    runSqlite(folder / "wal.db",
              "PRAGMA journal_mode = WAL;" + v0Schema(V0Shape::last) + row(1, "wal", "/srv/wal"));
    auto before = listing();
    EXPECT_EQ(import(folder / "plain.db").newTargets, 2);
    EXPECT_EQ(import(folder / "wal.db").newTargets, 1);
    EXPECT_EQ(listing(), before);

    // What its writer has not moved out of its log yet belongs to it.
    runSqlite(folder / "live.db", "PRAGMA journal_mode = WAL;" + v0Schema(V0Shape::last));
    {
        sqlite3* writer = nullptr;
        ASSERT_EQ(sqlite3_open((folder / "live.db").c_str(), &writer), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(writer, row(1, "live", "/srv/live").c_str(), nullptr, nullptr, nullptr),
                  SQLITE_OK);
        before = listing();
        ASSERT_TRUE(before.contains("live.db-wal"));
        EXPECT_EQ(import(folder / "live.db").newTargets, 1);
        EXPECT_EQ(listing(), before);
        sqlite3_close(writer);
    }
    runSqlite(folder / "other.db", "CREATE TABLE things (id INTEGER)");
    EXPECT_THROW(import(folder / "other.db"), core::Error);
    writeFile(folder / "broken.db", "SQLite format 3" + std::string(2000, '\0'));
    EXPECT_THROW(import(folder / "broken.db"), core::Error);
}

TEST_P(ResticImport, AFileThatCannotBeReadToItsEndLeavesNothing) {
    makeV0Database(folder / "v0.db", V0Shape::last, 3, 1, 1);
    runSqlite(folder / "v0.db", "UPDATE snapshots SET paths = zeroblob(17000000) WHERE target_id = 3");
    const auto before = counts();
    try {
        import(folder / "v0.db");
        ADD_FAILURE() << "it was imported";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.name(), core::errors::kUnavailable.name) << error.what();
    }
    EXPECT_EQ(counts(), before);
    // What only looks like a table could be anything.
    runSqlite(folder / "view.db",
              "CREATE VIEW targets AS SELECT 1 AS id, 'a' AS name, '/srv/a' AS repository");
    EXPECT_THROW(import(folder / "view.db"), core::Error);
}

TEST_P(ResticImport, NamesThatAreTakenAndNamesThatAreNoHosts) {
    const auto real = agent("real");
    repository(tenant, "taken");
    const auto file = database(row(1, "Web 01", "/srv/a") + row(2, "web-01", "/srv/b") +
                               row(3, "ü", "/srv/c") + row(4, "real", "/srv/d") + row(5, "taken", "/srv/e") +
                               row(6, "same place", "/srv/a/../a") + row(7, "reused", "/srv/taken"));
    const auto report = import(file);
    EXPECT_TRUE(report.problems.empty()) << said(report);
    EXPECT_EQ(target("Web 01").agent, target("web-01").agent) << "one machine under two names";
    EXPECT_TRUE(agentNamed("v0-target-3").isPlaceholder());
    EXPECT_EQ(target("real").agent, real) << "the machine is there already";
    EXPECT_EQ(target("real").mode, "direct");
    EXPECT_EQ(repositoryOf("taken").name, "taken (2)");
    EXPECT_EQ(target("same place").repository, target("Web 01").repository);
    EXPECT_EQ(repositoryOf("reused").name, "taken");
    EXPECT_EQ(secret(repositoryOf("reused")), kSecret);

    // A target that people made under that name is another one, unless it is of the same repository.
    runSqlite(file, "DELETE FROM targets;" + row(1, "theirs", "/srv/theirs"));
    const auto others = target("web-01").repository;
    here([&](Transaction& tx) {
        restic::Target theirs{Uuid::generate(clock.now()), "theirs", "direct", others, {}, {}, false};
        theirs.createdAt = theirs.updatedAt = clock.now();
        restic::TargetStore::insert(tx, theirs);
    });
    EXPECT_EQ(import(file).problems.size(), 1U);
}

TEST_P(ResticImport, TargetsOfOneRepositoryCountItsSnapshotsEach) {
    std::string sql = row(1, "one", "/srv/shared") + row(2, "two", "/srv/shared");
    for (const int t : {1, 2})
        for (const int s : {1, 2, 3})
            sql += fmt::format("INSERT INTO snapshots (target_id, snapshot_id, time) VALUES ({}, '{}', "
                               "'2025-11-0{} 00:00:00');",
                               t, v0SnapshotId(1, s), s);
    const auto file = database(sql);
    import(file);
    EXPECT_EQ(rows("restic_snapshots"), 3);
    EXPECT_EQ(facts("one").integer(0), 3);
    EXPECT_EQ(facts("two").integer(0), 3);
    EXPECT_EQ(facts("two").text(1), v0SnapshotId(1, 3));
    runSqlite(file, fmt::format(
                        "INSERT INTO snapshots (target_id, snapshot_id, time) VALUES (1, '{0}', '2025-11-04 "
                        "00:00:00'), (2, '{0}', '2025-11-04 00:00:00');",
                        v0SnapshotId(1, 4)));
    import(file);
    EXPECT_EQ(facts("one").integer(0), 4);
    EXPECT_EQ(facts("two").integer(0), 4);
}

TEST_P(ResticImport, TheLimitOfTheTenantHolds) {
    makeV0Database(folder / "v0.db", V0Shape::last, 5, 1, 1);
    setLimit(tenant.tenant(), 4);
    const auto before = counts();
    EXPECT_THROW(import(folder / "v0.db"), core::Error);
    EXPECT_EQ(counts(), before) << "all or nothing";
}

class ResticPlaceholder : public ResticImport {
protected:
    void SetUp() override {
        makeV0Database(folder / "v0.db", V0Shape::last, 1, 2, 1);
        import(folder / "v0.db");
        placeholder = target("server-1").agent.value();
        policyId = target("server-1").policy.value();
    }
    void comeAlive() {
        const auto registration = host.agents.createRegistration(tenant, "tester", {}, 1, {});
        const auto answer =
            host.agents.enroll(tenant, registration.id, {"server-1", "linux", "amd64", "1.0.0", {}, {}, {}},
                               "nonce", "192.0.2.7");
        EXPECT_EQ(answer.agentId, placeholder);
        EXPECT_EQ(answer.message, "Agent registered successfully");
    }
    std::optional<core::Instant> nextRun() {
        return here(
            [&](Transaction& tx) { return restic::PolicyStore::links(tx, policyId).at(0).nextRunAt; });
    }
    void wait(std::chrono::hours time) {
        for (auto i = 0h; i < time; ++i) {
            clock.advance(1h);
            host.scheduler.run();
            host.agents.sweep();
        }
    }
    std::string refusal(const std::function<void()>& work) {
        try {
            work();
        } catch (const core::Error& error) {
            return std::string(error.name());
        }
        return "";
    }
    Uuid placeholder, policyId;
};
BOTH_DATABASES(ResticPlaceholder);

TEST_P(ResticPlaceholder, RestsAndIsNeverSaidToBeOffline) {
    wait(72h);
    // Also a scheduler that begins anew, and one whose clock goes back, plan nothing.
    restic::Scheduler fresh(db, clock, restic::slotSources(host.tasks, fixture.log.logger()),
                            fixture.log.logger());
    fresh.run();
    EXPECT_FALSE(nextRun());
    EXPECT_EQ(rows("restic_tasks"), 0);
    EXPECT_EQ(bus.of<restic::events::AgentOffline>().size(), 0U);
    EXPECT_EQ(fixture.log.text().find("maintenance is not done"), std::string::npos);
    const auto repositoryId = target("server-1").repository.value();
    here([&](Transaction& tx) {
        EXPECT_EQ(restic::AgentStore::count(tx), 0) << "it takes nobody's place";
        EXPECT_FALSE(
            restic::RepositoryStore::caretaker(tx, *restic::RepositoryStore::find(tx, repositoryId)));
        EXPECT_TRUE(restic::PolicyStore::links(tx, policyId).at(0).placeholder);
    });
    EXPECT_EQ(refusal([&] { host.tasks.create(tenant, ofPolicy(placeholder, policyId)); }),
              "AgentIsPlaceholder");
    EXPECT_EQ(refusal([&] { link(tenant, placeholder, policyId); }), "AgentIsPlaceholder");
}

TEST_P(ResticPlaceholder, TheMachineTakesOverAndItsPolicyRestsOn) {
    comeAlive();
    const auto agent = agentNamed("server-1");
    EXPECT_FALSE(agent.isPlaceholder());
    EXPECT_EQ(agent.os + agent.version, "linux1.0.0");
    EXPECT_EQ(agent.metadata.stringOr("migrated_from"), "v0_target");
    EXPECT_EQ(agent.metadata.integerOr("target_id"), 1);
    EXPECT_EQ(target("server-1").mode, "direct");
    wait(48h);
    EXPECT_EQ(rows("restic_tasks"), 0);
    // From then on the name is taken.
    const auto registration = host.agents.createRegistration(tenant, "tester", {}, 1, {});
    EXPECT_EQ(refusal([&] {
                  host.agents.enroll(tenant, registration.id,
                                     {"server-1", "linux", "amd64", "1.0.0", {}, {}, {}}, "another",
                                     "192.0.2.8");
              }),
              "AgentAlreadyExists");
}

TEST_P(ResticPlaceholder, AdoptedItIsTheAgentsFromThenOn) {
    comeAlive();
    const auto id = target("server-1").id;
    here([&](Transaction& tx) { host.policies.adopt(tx, policyId); });
    EXPECT_FALSE(policyOf("server-1").awaitingAdoption);
    EXPECT_TRUE(nextRun());
    const auto after = target("server-1");
    EXPECT_EQ(after.id, id);
    EXPECT_EQ(after.mode, "agent");
    EXPECT_EQ(rows("restic_targets"), 1) << "and no second one";
    EXPECT_EQ(facts("server-1").integer(0), 2) << "with its history";
    wait(25h);
    EXPECT_EQ(rows("restic_tasks"), 1);
    // Importing again makes nothing of it direct.
    import(folder / "v0.db");
    EXPECT_EQ(target("server-1").mode, "agent");
    EXPECT_FALSE(policyOf("server-1").awaitingAdoption);
    EXPECT_EQ(rows("restic_targets"), 1);
}

TEST_P(ResticPlaceholder, LinkingTheRealAgentAdopts) {
    comeAlive();
    link(tenant, placeholder, policyId);
    EXPECT_FALSE(policyOf("server-1").awaitingAdoption);
    EXPECT_TRUE(nextRun());
    EXPECT_EQ(target("server-1").mode, "agent");
}

TEST_P(ResticPlaceholder, AdoptedBeforeTheMachineCameItBeginsWithIt) {
    here([&](Transaction& tx) { host.policies.adopt(tx, policyId); });
    EXPECT_FALSE(nextRun());
    EXPECT_EQ(target("server-1").mode, "direct");
    wait(48h);
    EXPECT_EQ(rows("restic_tasks"), 0);
    comeAlive();
    EXPECT_TRUE(nextRun());
    EXPECT_EQ(target("server-1").mode, "agent");
}

TEST_P(ResticPlaceholder, WithoutPathsItIsNotAdopted) {
    here([&](Transaction& tx) {
        auto policy = host.policies.get(tx, policyId);
        policy.includePaths.clear();
        restic::PolicyStore::update(tx, policy);
    });
    EXPECT_EQ(refusal([&] { here([&](Transaction& tx) { host.policies.adopt(tx, policyId); }); }),
              "ValidationError");
    EXPECT_TRUE(policyOf("server-1").awaitingAdoption);
}

TEST_P(ResticPlaceholder, RemovedItLeavesItsTargetToBeLookedAt) {
    host.agents.revoke(tenant, placeholder);
    EXPECT_FALSE(target("server-1").disabled);
    const auto anew = agent("server-1");
    EXPECT_NE(anew, placeholder);
    link(tenant, anew, policyId);
    EXPECT_EQ(target("server-1").mode, "agent");
    EXPECT_EQ(target("server-1").agent, anew);
    EXPECT_EQ(rows("restic_targets"), 1);
}

} // namespace
} // namespace test
