#include <set>

#include "contract/restic_fixture.h"
#include "history/history_pruner.h"
#include "repositories/new_passwords.h"
#include "repositories/unsaved_repositories.h"
#include "snapshots/listed_folders.h"
#include "snapshots/snapshot_removal.h"
#include "tasks/result_store.h"
#include "tasks/retention_previews.h"
#include "tasks/task_routes.h"

/// What is in snapshots: who looks, what is known from then on, and what is forgotten.
namespace test {
namespace {
using core::json::Array;
using core::json::Object;
using core::json::Value;
using restic::ListedFolders;

class ResticLooks : public ResticParts {
protected:
    void SetUp() override {
        restic::TaskRoutes all{db,         clock, host.repositories, unsaved, passwords,
                               host.tasks, waker, confirmation};
        all.addLooksTo(routes);
        all.addResultsTo(routes);
        base.users.create(tenant.tenant(),
                          {"ada@example.com", "correct horse", "Ada", core::http::Role::operator_, true},
                          SystemContext("test"));
        const auto ada = system(
            [&](Transaction& tx) { return base.users.store().findByEmail(tx, "ada@example.com").value(); });
        caller.id = ada.id;
        caller.name = ada.email;
    }
    Uuid repositoryOf(const std::optional<Uuid>& agentId, const std::string& name) {
        restic::RepositorySpec spec;
        spec.name = name;
        spec.type = agentId ? "local" : "rest";
        spec.url = agentId ? "/srv/" + name : "rest:https://store.example/" + name;
        spec.agent = agentId;
        spec.password = kSecret;
        return here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
    }
    Uuid snapshot(const Uuid& repository, char digit, const std::string& hostname = "web-01") {
        clock.advance(1ms);
        restic::Snapshot made;
        made.id = Uuid::generate(clock.now());
        made.repository = repository;
        made.snapshotId = std::string(64, digit);
        made.shortId = std::string(8, digit);
        made.time = clock.now();
        made.hostname = hostname;
        made.paths = {"/etc"};
        here([&](Transaction& tx) { restic::SnapshotStore::insert(tx, made, clock.now()); });
        return made.id;
    }
    struct Answer {
        int status = 0;
        Value body;
        /// The error and its pointers.
        std::string error;
    };
    Answer ask(const std::string& method, const std::string& path,
               const std::map<std::string, std::string>& parameters, const Object& body,
               const std::map<std::string, std::string>& query = {}) {
        return ask(method, path, parameters, body, query, tenant);
    }
    Answer ask(const std::string& method, const std::string& path,
               const std::map<std::string, std::string>& parameters, const Object& body,
               const std::map<std::string, std::string>& query, const TenantContext& as) {
        const auto& route = *std::find_if(routes.begin(), routes.end(), [&](const core::http::Route& one) {
            return one.method == method && one.path.ends_with(path);
        });
        core::http::Request request;
        request.method = method;
        request.path = route.path;
        request.body = core::json::write(Value(body));
        request.caller = caller;
        request.caller->tenant = as.tenant();
        request.headers.add("Content-Type", "application/json");
        request.pathParameters = {parameters.begin(), parameters.end()};
        for (const auto& [name, value] : query)
            request.query += (request.query.empty() ? "" : "&") + name + "=" + core::percentEncode(value);
        request.auditTrail = std::make_shared<core::AuditTrail>();
        request.auditTrail->pending = true;
        request.auditTrail->entry.action = route.audit.actionName();
        request.auditTrail->entry.tenant = as.tenant();
        try {
            const auto answer = std::get<core::http::Response>(route.handler(request));
            last = request.auditTrail->entry;
            return {answer.status, core::json::parse(answer.body).value(), {}};
        } catch (const core::Error& error) {
            std::string said(error.name());
            for (const auto& problem : error.details())
                said += " " + problem.pointer;
            return {error.kind().status, {}, said};
        }
    }
    Answer list(const Uuid& id, const std::string& path, Object more = {}) {
        more.set("path", path);
        return ask("POST", "/snapshots/{id}/files", {{"id", id.toString()}}, more);
    }
    Value known(const Uuid& id, const std::string& path,
                const std::map<std::string, std::string>& more = {}) {
        auto query = more;
        query.emplace("path", path);
        const auto answer = ask("GET", "/snapshots/{id}/files", {{"id", id.toString()}}, {}, query);
        EXPECT_EQ(answer.error, "");
        return answer.body;
    }
    static Uuid idIn(const Answer& answer) {
        EXPECT_EQ(answer.error, "");
        return Uuid::parse(answer.body.stringOr("id")).value();
    }
    /// The agent lists so many entries, by way of that service.
    void lists(const Uuid& id, int count, restic::TaskService* service = nullptr) {
        auto& tasks = service != nullptr ? *service : host.tasks;
        const auto by = task(id).agent;
        tasks.handOut(tenant, by, 10);
        tasks.report(tenant, by, id, said("running"));
        restic::protocol::ResultPart part;
        restic::protocol::ResultItems items;
        for (int i = 0; i < count; ++i) {
            part.lines.push_back(R"({"name":"f)" + std::to_string(i) + R"(","type":"file","size":)" +
                                 std::to_string(i) + "}");
            items.add(part.lines.back());
        }
        if (count > 0)
            tasks.appendItems(tenant, by, id, part);
        auto report = said("success");
        report.result = Object{{"outcome", "success"}, {"entries", count}};
        report.items = items;
        EXPECT_EQ(tasks.report(tenant, by, id, report).ack.status, "success");
        clock.advance(1s);
    }
    std::int64_t folders() { return rows("restic_listed_folders"); }

    restic::UnsavedRepositories unsaved{base.vault};
    restic::NewPasswords passwords{base.vault};
    restic::AgentWaker waker{[](const Uuid&, const Uuid&, int) { return std::nullopt; },
                             fixture.log.logger()};
    restic::TaskPreviews previews;
    restic::RetentionConfirmation confirmation{clock, previews};
    std::vector<core::http::Route> routes;
    core::http::Principal caller{core::http::PrincipalKind::user, {},    {}, {},
                                 core::http::Role::operator_,     false, {}};
    core::AuditEntry last;
    Uuid web = agent("web-01");
    Uuid dbs = agent("db-01");
    Uuid far = repositoryOf({}, "far");
};
BOTH_DATABASES(ResticLooks);

TEST_P(ResticLooks, AFolderIsListedOnceAndReadPageByPage) {
    const auto shot = snapshot(far, 'a');
    EXPECT_EQ(known(shot, "/srv").stringOr("state"), "unknown");
    const auto asked = list(shot, "/srv");
    EXPECT_EQ(asked.status, 202);
    const auto id = idIn(asked);
    EXPECT_EQ(last.action, "restic.snapshot.listed");
    EXPECT_EQ(last.after.stringOr("path"), "/srv");
    EXPECT_EQ(task(id).agent, web);
    EXPECT_EQ(task(id).type, "ls");
    EXPECT_EQ(task(id).priority, 10);
    EXPECT_EQ(known(shot, "/srv").stringOr("state"), "listing");
    EXPECT_EQ(idIn(list(shot, "/srv")), id) << "the one that is at it";
    EXPECT_EQ(rows("restic_backup_runs"), 0);

    const auto given = host.tasks.handOut(tenant, web, 10);
    ASSERT_EQ(given.items.size(), 1U);
    const Value payload(given.items[0].payload);
    EXPECT_EQ(payload.stringOr("snapshot_id"), std::string(64, 'a'));
    EXPECT_EQ(payload.stringOr("path"), "/srv");
    lists(id, 250);

    std::set<std::string> names;
    std::string after;
    int pages = 0;
    do {
        auto query = std::map<std::string, std::string>{{"limit", "100"}};
        if (!after.empty())
            query.emplace("after", after);
        const auto page = known(shot, "/srv", query);
        EXPECT_EQ(page.stringOr("state"), "listed");
        EXPECT_EQ(page.integerOr("entries"), 250);
        EXPECT_EQ(page.stringOr("task_id"), id.toString());
        EXPECT_FALSE(page.stringOr("listed_at").empty());
        for (const auto& one : *page.find("items")->array()) {
            EXPECT_EQ("f" + std::to_string(one.integerOr("size")), one.stringOr("name"));
            names.insert(one.stringOr("name"));
        }
        after = page.stringOr("next");
        ++pages;
    } while (!after.empty());
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(names.size(), 250U);
    const auto again = list(shot, "/srv");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(idIn(again), id);
    EXPECT_EQ(again.body.stringOr("status"), "success");
    EXPECT_EQ(rows("restic_tasks"), 1);
    EXPECT_EQ(known(shot, "/").stringOr("state"), "unknown") << "another folder";
}

TEST_P(ResticLooks, WhatFailedIsToldAndTriedAgain) {
    const auto shot = snapshot(far, 'a');
    const auto id = idIn(list(shot, "/nope"));
    host.tasks.handOut(tenant, web, 10);
    host.tasks.report(tenant, web, id, failed("NotInSnapshot"));
    EXPECT_EQ(status(id), "failed") << "somebody waits: it is not tried again by itself";
    const auto page = known(shot, "/nope");
    EXPECT_EQ(page.stringOr("state"), "failed");
    EXPECT_EQ(page.find("error")->stringOr("error"), "NotInSnapshot");
    EXPECT_EQ(page.stringOr("task_id"), id.toString());
    const auto second = idIn(list(shot, "/nope"));
    EXPECT_NE(second, id);
    host.tasks.cancel(tenant, second);
    EXPECT_EQ(known(shot, "/nope").stringOr("state"), "failed");
    // Started again as any task: it is the same folder.
    const auto third = host.tasks.retry(tenant, id).id;
    EXPECT_EQ(known(shot, "/nope").stringOr("state"), "listing");
    lists(third, 0);
    EXPECT_EQ(known(shot, "/nope").stringOr("state"), "listed");
    EXPECT_EQ(known(shot, "/nope").integerOr("entries", -1), 0);
    // What is known stays so, whatever is done again.
    const auto fourth = host.tasks.retry(tenant, id).id;
    EXPECT_EQ(known(shot, "/nope").stringOr("task_id"), third.toString());
    lists(fourth, 5);
    EXPECT_EQ(known(shot, "/nope").integerOr("entries", -1), 0);
    EXPECT_EQ(rows("restic_task_results"), 0) << "nobody would read them";
}

TEST_P(ResticLooks, TheOldestLookedAtGoFirstWithTheirEntries) {
    restic::TaskSettings few;
    few.listedEntries = 500;
    restic::TaskService small(db, clock, bus, base.vault, fixture.log.logger(), few,
                              restic::kindsOfTasks(bus, base.vault, few));
    const auto shot = snapshot(far, 'a');
    std::vector<Uuid> ids;
    for (const auto* path : {"/one", "/two", "/three"}) {
        ids.push_back(idIn(list(shot, path)));
        lists(ids.back(), 150, &small);
    }
    EXPECT_EQ(folders(), 3);
    clock.advance(10min);
    EXPECT_EQ(known(shot, "/one").stringOr("state"), "listed") << "looked at just now";
    clock.advance(1s);
    lists(idIn(list(shot, "/four")), 150, &small);
    EXPECT_EQ(known(shot, "/two").stringOr("state"), "unknown");
    for (const auto* path : {"/one", "/three", "/four"})
        EXPECT_EQ(known(shot, path).find("items")->array()->size(), 50U) << path;
    EXPECT_EQ(here([&](Transaction& tx) { return restic::ResultStore::held(tx, ids[1], 1).items.count; }), 0);
    // One that is larger than all may be stays, alone, until the next.
    lists(idIn(list(shot, "/five")), 900, &small);
    EXPECT_EQ(folders(), 1);
    EXPECT_EQ(known(shot, "/five").integerOr("entries"), 900);
    lists(idIn(list(shot, "/two")), 1, &small);
    EXPECT_EQ(known(shot, "/five").stringOr("state"), "unknown");
    EXPECT_EQ(rows("restic_task_results"), 1);
}

TEST_P(ResticLooks, WhatIsListedOutlivesHistoryAndGoesWithItsSnapshot) {
    const auto shot = snapshot(far, 'a');
    const auto kept = idIn(list(shot, "/kept"));
    lists(kept, 10);
    const auto failedOne = idIn(list(shot, "/failed"));
    host.tasks.handOut(tenant, web, 10);
    host.tasks.report(tenant, web, failedOne, failed("NotInSnapshot"));
    clock.advance(24h * 1000);
    const restic::HistorySettings year{24h * 365, 24h * 365, 24h * 90};
    restic::HistoryPruner(db, clock, fixture.log.logger(), year).run();
    EXPECT_EQ(known(shot, "/kept").find("items")->array()->size(), 10U);
    EXPECT_EQ(known(shot, "/failed").stringOr("state"), "unknown");
    EXPECT_EQ(rows("restic_tasks"), 1);
    // A listing that is under way when its snapshot goes leaves nothing.
    const auto late = idIn(list(shot, "/late"));
    here([&](Transaction& tx) { restic::recordRemoved(tx, far, {std::string(64, 'a')}, clock.now()); });
    EXPECT_EQ(folders(), 0);
    EXPECT_EQ(rows("restic_task_results"), 0);
    EXPECT_EQ(list(shot, "/kept").error, "SnapshotNotFound");
    EXPECT_EQ(ask("GET", "/snapshots/{id}/files", {{"id", shot.toString()}}, {}).error, "SnapshotNotFound");
    EXPECT_TRUE(host.tasks.handOut(tenant, web, 10).items.empty());
    EXPECT_EQ(task(late).error.stringOr("error"), "InvalidTask");
    restic::HistoryPruner(db, clock, fixture.log.logger(), year).run();
}

TEST_P(ResticLooks, ASnapshotThatNoListingNamesGoesWithItsFolders) {
    const auto shot = snapshot(far, 'a');
    lists(idIn(list(shot, "/kept")), 10);
    here([&](Transaction& tx) { restic::recordAbsent(tx, far, clock.now(), clock.now()); });
    EXPECT_EQ(folders(), 0);
    EXPECT_EQ(rows("restic_task_results"), 0);
}

TEST_P(ResticLooks, GoToWhoReachesTheRepository) {
    const auto disk = repositoryOf(dbs, "disk");
    EXPECT_EQ(task(idIn(list(snapshot(disk, 'a'), "/"))).agent, dbs) << "no other reaches that disk";
    EXPECT_EQ(list(snapshot(disk, 'b'), "/", {{"agent_id", web.toString()}}).error,
              "ValidationError /agent_id");
    EXPECT_EQ(task(idIn(list(snapshot(far, 'c'), "/", {{"agent_id", dbs.toString()}}))).agent, dbs);
    const auto gone = snapshot(far, 'd', "gone-01");
    const auto refused = list(gone, "/");
    EXPECT_EQ(refused.error, "FilesNotReachable");
    EXPECT_EQ(refused.status, 409);
    auto wanted = draft("nightly");
    wanted.repository = far;
    link(tenant, dbs, policy(tenant, wanted).id);
    EXPECT_EQ(task(idIn(list(gone, "/"))).agent, dbs) << "it backs up there";
    EXPECT_EQ(list(gone, "relative").error, "ValidationError /path");
    EXPECT_EQ(list(gone, "/a/../b").error, "ValidationError /path");
}

TEST_P(ResticLooks, AnothersSnapshotsAreNobodys) {
    const auto shot = snapshot(far, 'a');
    lists(idIn(list(shot, "/")), 3);
    const std::map<std::string, std::string> ids{{"id", shot.toString()}};
    EXPECT_EQ(ask("POST", "/snapshots/{id}/files", ids, {{"path", "/"}}, {}, other).error,
              "SnapshotNotFound");
    EXPECT_EQ(ask("GET", "/snapshots/{id}/files", ids, {}, {}, other).error, "SnapshotNotFound");
    const std::map<std::string, std::string> both{{"a", shot.toString()}, {"b", shot.toString()}};
    EXPECT_EQ(ask("POST", "/diff/{b}", both, {}, {}, other).error, "SnapshotNotFound");
    EXPECT_EQ(
        ask("POST", "/repositories/{id}/find", {{"id", far.toString()}}, {{"pattern", "a"}}, {}, other).error,
        "RepositoryNotFound");
    // One of theirs among those to search is not found either.
    const auto theirs = repository(other, "theirs");
    Uuid foreign;
    in(other, [&](Transaction& tx) {
        restic::Snapshot made;
        made.id = Uuid::generate(clock.now());
        made.repository = theirs;
        made.snapshotId = std::string(64, 'f');
        made.shortId = std::string(8, 'f');
        made.time = clock.now();
        restic::SnapshotStore::insert(tx, made, clock.now());
        foreign = made.id;
        EXPECT_TRUE(restic::SnapshotStore::present(tx, theirs, {made.id, shot}).size() == 1);
    });
    EXPECT_EQ(ask("POST", "/repositories/{id}/find", {{"id", far.toString()}},
                  {{"pattern", "a"}, {"snapshot_ids", Array{foreign.toString()}}})
                  .error,
              "ValidationError /snapshot_ids/0");
    EXPECT_FALSE(in(other, [&](Transaction& tx) { return ListedFolders::find(tx, shot, "/"); }));
}

TEST_P(ResticLooks, ASearchIsWhatWasAskedForAndItsHitsNameTheRows) {
    const auto disk = repositoryOf(dbs, "disk");
    const auto one = snapshot(disk, 'a');
    const auto two = snapshot(disk, 'b');
    const auto elsewhere = snapshot(far, 'c');
    const auto nightly = policy(tenant, draft("nightly")).id;
    const auto find = [&](const Object& body) {
        return ask("POST", "/repositories/{id}/find", {{"id", disk.toString()}}, body);
    };
    auto answer = find({{"pattern", "*.txt"},
                        {"glob", true},
                        {"ignore_case", true},
                        {"policy_id", nightly.toString()},
                        {"host", "web-01"},
                        {"oldest", "2026-01-01T00:00:00Z"}});
    const auto id = idIn(answer);
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(last.action, "restic.repository.searched");
    EXPECT_EQ(task(id).agent, dbs);
    auto given = host.tasks.handOut(tenant, dbs, 10);
    ASSERT_EQ(given.items.size(), 1U);
    const Value payload(given.items[0].payload);
    EXPECT_EQ(payload.stringOr("pattern"), "*.txt");
    EXPECT_EQ(core::json::write(*payload.find("tags")), "[\"policy:" + nightly.toString() + "\"]");
    EXPECT_EQ(payload.stringOr("host"), "web-01");
    EXPECT_EQ(payload.find("snapshot_ids"), nullptr);
    EXPECT_EQ(payload.find("policy_id"), nullptr) << "the task is no policy's";

    restic::protocol::ResultPart part;
    restic::protocol::ResultItems items;
    for (const char digit : {'a', 'd'}) {
        part.lines.push_back(R"({"snapshot_id":")" + std::string(64, digit) +
                             R"(","path":"/x","type":"file"})");
        items.add(part.lines.back());
    }
    host.tasks.appendItems(tenant, dbs, id, part);
    auto report = said("success");
    report.result = Object{{"outcome", "success"}, {"hits", 2}};
    report.items = items;
    host.tasks.report(tenant, dbs, id, report);
    const auto hits = ask("GET", "/tasks/{id}/result", {{"id", id.toString()}}, {});
    const auto& all = *hits.body.find("items")->array();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].find("value")->stringOr("snapshot"), one.toString());
    EXPECT_EQ(all[1].find("value")->find("snapshot"), nullptr) << "none is known of it";

    answer = find({{"pattern", "x"}, {"snapshot_ids", Array{two.toString()}}});
    EXPECT_EQ(status(idIn(answer)), "queued");
    given = host.tasks.handOut(tenant, dbs, 10);
    EXPECT_EQ(core::json::write(*Value(given.items.at(0).payload).find("snapshot_ids")),
              "[\"" + std::string(64, 'b') + "\"]");
    EXPECT_EQ(find({{"pattern", "x"}, {"snapshot_ids", Array{one.toString(), elsewhere.toString()}}}).error,
              "ValidationError /snapshot_ids/1");
    EXPECT_EQ(find({{"pattern", "x"}, {"snapshot_ids", Array{one.toString()}}, {"host", "a"}}).error,
              "ValidationError /snapshot_ids");
    EXPECT_EQ(find({{"pattern", ""}}).error, "ValidationError /pattern");
    EXPECT_EQ(find({{"pattern", "x"}, {"oldest", "2026-01-02T00:00:00Z"}, {"newest", "2026-01-01T00:00:00Z"}})
                  .error,
              "ValidationError /newest");
    EXPECT_EQ(find({{"pattern", "x"}, {"agent_id", web.toString()}}).error, "ValidationError /agent_id");
    EXPECT_EQ(find({{"pattern", "x"}, {"policy_id", Uuid::generate(clock.now()).toString()}}).error,
              "PolicyNotFound");
    EXPECT_EQ(ask("POST", "/repositories/{id}/find", {{"id", far.toString()}}, {{"pattern", "x"}}).error,
              "RepositoryUnreachable");
}

TEST_P(ResticLooks, TwoOfOneRepositoryAreCompared) {
    const auto one = snapshot(far, 'a');
    const auto two = snapshot(far, 'b');
    const auto elsewhere = snapshot(repositoryOf(web, "disk"), 'c');
    const auto compare = [&](const Uuid& a, const Uuid& b, const Object& body = {}) {
        return ask("POST", "/diff/{b}", {{"a", a.toString()}, {"b", b.toString()}}, body);
    };
    const auto id = idIn(compare(one, two, {{"path", "/home"}, {"metadata", true}}));
    EXPECT_EQ(last.action, "restic.snapshot.compared");
    const auto given = host.tasks.handOut(tenant, web, 10);
    const Value payload(given.items.at(0).payload);
    EXPECT_EQ(payload.stringOr("from"), std::string(64, 'a'));
    EXPECT_EQ(payload.stringOr("to"), std::string(64, 'b'));
    EXPECT_EQ(payload.stringOr("path"), "/home");
    EXPECT_TRUE(payload.booleanOr("metadata"));
    EXPECT_EQ(task(id).type, "diff");
    EXPECT_EQ(compare(one, elsewhere).error, "ValidationError /b");
    EXPECT_EQ(compare(one, one).error, "ValidationError /b");
    EXPECT_EQ(compare(one, Uuid::generate(clock.now())).error, "SnapshotNotFound");
}

TEST_P(ResticLooks, WaitForNobodyAtTheRepository) {
    const auto shot = snapshot(far, 'a');
    worked(far, web);
    worked(far, dbs);
    auto request = manual(dbs, far);
    request.type = "prune";
    request.parameters = Object();
    const auto prune = host.tasks.create(tenant, request).id;
    host.tasks.handOut(tenant, dbs, 1);
    EXPECT_EQ(status(prune), "assigned");
    const auto id = idIn(list(shot, "/"));
    EXPECT_EQ(host.tasks.handOut(tenant, web, 10).items.size(), 1U);
    EXPECT_EQ(status(id), "assigned");
}

} // namespace
} // namespace test
