#include "contract/restic_fixture.h"
#include "plugins/plugin_routes.h"

/// Files of a snapshot come back: who does it, what is refused, what is written down.
namespace test {
namespace {
using core::json::Array;
using core::json::Object;
using core::json::Value;

class ResticRestores : public ResticParts {
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
    }
    Uuid repositoryOf(const std::optional<Uuid>& agentId, const std::string& name) {
        restic::RepositorySpec spec;
        spec.name = name;
        spec.type = agentId ? "local" : "rest";
        spec.url = agentId ? "/srv/" + name : "rest:https://store.example/" + name;
        spec.agent = agentId;
        spec.password = kSecret;
        const auto id = here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
        for (const auto& one : {web, dbs}) // nobody waits for its first success
            worked(id, one);
        return id;
    }
    Uuid snapshot(const Uuid& repository, restic::Snapshot made = {}, char digit = 'a') {
        clock.advance(1ms);
        made.id = Uuid::generate(clock.now());
        made.repository = repository;
        made.snapshotId = std::string(64, digit);
        made.shortId = std::string(8, digit);
        made.time = clock.now();
        if (made.paths.empty())
            made.paths = {"/etc", "/home"};
        here([&](Transaction& tx) { restic::SnapshotStore::insert(tx, made, clock.now()); });
        return made.id;
    }
    static restic::Snapshot of(const std::string& hostname) {
        restic::Snapshot made;
        made.hostname = hostname;
        return made;
    }
    /// The answer of the route; an error as its name and pointers.
    Value ask(const Uuid& id, const Object& body, const TenantContext& as) {
        const auto& route = *std::find_if(routes.begin(), routes.end(), [](const core::http::Route& one) {
            return one.path.ends_with("/snapshots/{id}/restore");
        });
        core::http::Request request;
        request.method = route.method;
        request.path = route.path;
        request.body = core::json::write(Value(body));
        request.caller = caller;
        request.caller->tenant = as.tenant();
        request.headers.add("Content-Type", "application/json");
        request.pathParameters = {{"id", id.toString()}};
        request.auditTrail = std::make_shared<core::AuditTrail>();
        request.auditTrail->pending = true;
        request.auditTrail->entry.action = route.audit.actionName();
        request.auditTrail->entry.tenant = as.tenant();
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
    Value ask(const Uuid& id, const Object& body) { return ask(id, body, tenant); }
    std::string refusal(const Uuid& id, const Object& body) { return ask(id, body).stringOr("error"); }
    restic::Task made(const Uuid& id, const Object& body) {
        const auto answer = ask(id, body);
        EXPECT_EQ(answer.find("error"), nullptr) << core::json::write(answer);
        return task(Uuid::parse(answer.stringOr("id")).value());
    }

    restic::SealedSettings settings{base.vault};
    std::vector<core::http::Route> routes;
    core::http::Principal caller{core::http::PrincipalKind::user, {},    {}, {},
                                 core::http::Role::operator_,     false, {}};
    core::AuditEntry last;
    Uuid web = agent("web-01");
    Uuid dbs = agent("db-01");
    Object back{{"target", "/srv/back"}};
};
BOTH_DATABASES(ResticRestores);

TEST_P(ResticRestores, GoToTheAgentOfTheDiskOrTheMachineThatMadeTheSnapshot) {
    const auto disk = repositoryOf(dbs, "disk");
    const auto far = repositoryOf({}, "far");
    EXPECT_EQ(made(snapshot(disk, of("web-01")), back).agent, dbs) << "no other reaches that disk";
    EXPECT_EQ(made(snapshot(far, of("web-01")), back).agent, web);
    auto named = back;
    named.set("agent_id", dbs.toString());
    EXPECT_EQ(made(snapshot(far, of("web-01"), 'b'), named).agent, dbs) << "any that reaches it";
    // Whoever ran it is asked before whoever is called so now.
    const auto backup = host.tasks.create(tenant, manual(dbs, far)).id;
    auto ran = of("web-01");
    ran.run = backup;
    EXPECT_EQ(made(snapshot(far, ran, 'c'), back).agent, dbs);

    EXPECT_EQ(refusal(snapshot(far, of("gone-01"), 'd'), back), "ValidationError /agent_id");
    EXPECT_EQ(refusal(snapshot(far, {}, 'e'), back), "ValidationError /agent_id");
    named.set("agent_id", web.toString());
    EXPECT_EQ(refusal(snapshot(disk, of("web-01"), 'f'), named), "ValidationError /agent_id");
    named.set("agent_id", Uuid::generate(clock.now()).toString());
    EXPECT_EQ(refusal(snapshot(far, of("web-01"), '1'), named), "AgentNotFound");
}

TEST_P(ResticRestores, ItsAgentGetsWhatWasAskedForAndTheWholeId) {
    const auto id = snapshot(repositoryOf({}, "far"), of("web-01"));
    made(id, {{"target", "/srv/back"},
              {"paths", Array{"/etc/a*b", "/etc/new\nline", "/home/-x"}},
              {"overwrite", "if-newer"},
              {"verify", true},
              {"limit_download_kib", 100}});
    auto given = host.tasks.handOut(tenant, web, 10).items.at(0).payload;
    EXPECT_EQ(given.find("type")->string()[0], "restore");
    EXPECT_EQ(*given.find("snapshot_id")->string(), std::string(64, 'a'));
    EXPECT_EQ(core::json::write(*given.find("paths")), R"(["/etc/a*b","/etc/new\nline","/home/-x"])");
    EXPECT_EQ(*given.find("overwrite")->string(), "if-newer");
    EXPECT_TRUE(*given.find("verify")->boolean());
    EXPECT_EQ(given.find("in_place")->boolean()[0], false);
    // Where it was: what the snapshot saved is named, so that nothing above it is touched.
    made(id, {{"in_place", true}});
    given = host.tasks.handOut(tenant, web, 10).items.at(0).payload;
    EXPECT_EQ(core::json::write(*given.find("paths")), R"(["/etc","/home"])");
    EXPECT_TRUE(*given.find("in_place")->boolean());
}

TEST_P(ResticRestores, WhatIsAskedForIsLookedAtFieldByField) {
    const auto id = snapshot(repositoryOf({}, "far"), of("web-01"));
    const auto paths = [&](const std::string& path) {
        auto body = back;
        body.set("paths", Array{path});
        return refusal(id, body);
    };
    for (const std::string bad : {"", "etc", "/etc/../root", "/..", "/etc/", "//etc", "/etc/./x"})
        EXPECT_EQ(paths(bad), "ValidationError /paths/0") << bad;
    EXPECT_NE(paths(std::string("/etc\0x", 6)), "");
    EXPECT_EQ(paths("/" + std::string(4096, 'a')), "ValidationError /paths/0");
    EXPECT_EQ(paths("/" + std::string(4095, 'a')), "");
    EXPECT_EQ(paths("/a..b/..."), "") << "dots alone are no way up";
    Array many;
    for (int i = 0; i < 1001; ++i)
        many.emplace_back("/" + std::to_string(i));
    EXPECT_EQ(refusal(id, {{"target", "/x"}, {"paths", many}}), "ValidationError /paths");
    Array large;
    for (int i = 0; i < 200; ++i)
        large.emplace_back("/" + std::to_string(1000 + i) + std::string(4000, 'a'));
    EXPECT_EQ(refusal(id, {{"target", "/x"}, {"paths", large}}), "ValidationError /paths");
    for (const auto* bad : {"back", "/srv/../etc", "/srv/"})
        EXPECT_EQ(refusal(id, {{"target", bad}}), "ValidationError /target") << bad;
    EXPECT_EQ(refusal(id, {{"paths", Array{"/etc"}}}), "ValidationError /target");
    EXPECT_EQ(refusal(id, {{"target", "/x"}, {"in_place", true}}), "ValidationError /in_place");
    EXPECT_EQ(refusal(id, {{"target", "/x"}, {"overwrite", "perhaps"}}), "ValidationError /overwrite");
    EXPECT_EQ(refusal(id, {{"target", "/x"}, {"database", "shop"}}), "ValidationError /database");
    EXPECT_EQ(refusal(id, {}), "NotADump") << "as it was before files could be restored";
}

TEST_P(ResticRestores, NothingComesOutOfWhatIsNotThereOrIsAnothers) {
    const auto far = repositoryOf({}, "far");
    auto dump = of("web-01");
    dump.ownDump = true;
    dump.dumps = Array{Object{{"plugin", "postgres"}, {"database", "shop"}, {"file", "/shop.dump"}}};
    EXPECT_EQ(refusal(snapshot(far, dump), back), "IsADump");
    const auto id = snapshot(far, of("web-01"), 'b');
    EXPECT_EQ(ask(id, back, other).stringOr("error"), "SnapshotNotFound") << "of another tenant";
    EXPECT_EQ(refusal(Uuid::generate(clock.now()), back), "SnapshotNotFound");
    const auto waiting = made(id, back).id;
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_snapshots SET removed_at_us = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), id, clock.now()});
    });
    EXPECT_EQ(refusal(id, back), "SnapshotNotFound");
    EXPECT_TRUE(host.tasks.handOut(tenant, web, 10).items.empty());
    EXPECT_EQ(status(waiting), "failed") << "it was removed before the restore began";

    // With dumps beside the files: the folder in which they stood is no place to restore to.
    auto both = of("web-01");
    both.paths = {"/etc", "/var/lib/restic-agent/staging/1"};
    both.dumps = Array{Object{
        {"plugin", "postgres"}, {"database", "shop"}, {"file", "/var/lib/restic-agent/staging/1/shop"}}};
    const auto task = made(snapshot(far, both, 'c'), {{"in_place", true}});
    EXPECT_EQ(core::json::write(*task.parameters.find("paths")), R"(["/etc"])");
}

TEST_P(ResticRestores, IsWrittenDownWithWhoAndWhereto) {
    const auto id = snapshot(repositoryOf({}, "far"), of("web-01"));
    const auto task = made(id, {{"target", "/srv/back"}, {"paths", Array{"/etc/a", "/etc/b"}}});
    EXPECT_EQ(last.action, "restic.snapshot.restored");
    EXPECT_EQ(last.objectId, id.toString());
    EXPECT_EQ(last.after.stringOr("to"), "/srv/back");
    EXPECT_EQ(last.after.integerOr("paths"), 2);
    EXPECT_EQ(last.after.stringOr("agent_id"), web.toString());
    EXPECT_EQ(last.after.stringOr("task_id"), task.id.toString());
    made(id, {{"in_place", true}, {"dry_run", true}});
    EXPECT_EQ(last.after.stringOr("to"), "in place");
    EXPECT_TRUE(last.after.booleanOr("dry_run"));
    // Nobody tries it again behind the back of who asked, and who asked may.
    host.tasks.handOut(tenant, web, 10);
    host.tasks.report(tenant, web, task.id, failed("NetworkError"));
    EXPECT_EQ(status(task.id), "failed");
    EXPECT_EQ(host.tasks.retry(tenant, task.id).parameters, task.parameters);
}

} // namespace
} // namespace test
