#include <fmt/format.h>

#include "agents/agent_routes.h"
#include "agents/agent_token_store.h"
#include "contract/restic_fixture.h"
#include "history/history_store.h"
#include "policies/policy_routes.h"
#include "repositories/maintenance_store.h"
#include "repositories/repository_routes.h"
#include "repositories/schedule_store.h"
#include "snapshots/listed_folders.h"
#include "snapshots/snapshot_routes.h"
#include "status/metrics.h"
#include "support/plans.h"
#include "support/recording_database.h"
#include "tasks/retention_previews.h"
#include "tasks/task_routes.h"

namespace test {
namespace {

/// Every statement of every store of this module, on a history that is long: none reads a growing table from
/// end to end, as the application's role, on either database.
class ResticPlans : public ResticParts {
protected:
    /// So many runs of so many agents in one tenant; another tenant has as many.
    static constexpr int kAgents = 200;
    static constexpr int kRuns = 20000;
    static constexpr int kSchedules = 3000;

    /// Rows as the module would have left them, made by the database itself.
    void fill(const TenantContext& context) {
        const auto web = enrol(context, "web-01").id;
        const auto store = repository(context, "store");
        auto wanted = draft("nightly");
        wanted.repository = store;
        const auto nightly = policy(context, wanted);
        link(context, web, nightly.id);
        const auto target = in(context, [&](Transaction& tx) {
            return restic::TargetStore::findForLink(tx, web, nightly.id)->id;
        });
        const ManyRows many(GetParam());
        const auto tenantId = many.quoted(context.tenant());
        const auto quoted = [&](const Uuid& value) { return many.quoted(value); };
        const auto from = [&](int count) { return many.from(count); };
        // Ids of a range of their own for each tenant.
        const auto idOf = [&](const char* kind) {
            return many.id(kind, context.tenant().toString().substr(24));
        };
        system([&](Transaction& tx) {
            tx.execute(
                "INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, "
                "last_seen_at_us, offline_reported_at_us, metadata, created_at_us, updated_at_us) SELECT " +
                idOf("0001") + ", " + tenantId +
                ", 'host-' || s.i, 'linux', 'amd64', '1', 'online', 1, NULL, '{}', s.i, s.i" + from(kAgents));
            tx.execute("INSERT INTO restic_policies (id, tenant_id, name, schedule, include_paths, "
                       "retention_rules, repository_id, created_at_us, updated_at_us) SELECT " +
                       idOf("0002") + ", " + tenantId + ", 'policy-' || s.i, '0 2 * * *', '[\"/\"]', '{}', " +
                       quoted(store) + ", s.i, s.i" + from(kAgents));
            tx.execute(
                "INSERT INTO restic_agent_policy_links (tenant_id, agent_id, policy_id, created_at_us, "
                "next_run_at_us) SELECT " +
                tenantId + ", " + idOf("0001") + ", " + idOf("0002") + ", s.i, 99999999999999999" +
                from(kAgents));
            tx.execute("INSERT INTO restic_repositories (id, tenant_id, name, type, url, created_at_us, "
                       "updated_at_us) SELECT " +
                       idOf("0006") + ", " + tenantId +
                       ", 'store-' || s.i, 'rest', 'rest:' || s.i, s.i, s.i" + from(kSchedules));
            tx.execute("INSERT INTO restic_repository_schedules (tenant_id, repository_id, operation, "
                       "schedule, next_run_at_us) SELECT " +
                       tenantId + ", " + idOf("0006") + ", 'check', '0 9 * * 6', 99999999999999999" +
                       from(kSchedules));
            tx.execute(
                "INSERT INTO restic_targets (id, tenant_id, name, mode, repository_id, agent_id, policy_id, "
                "created_at_us, updated_at_us) SELECT " +
                idOf("0003") + ", " + tenantId + ", 'target-' || s.i, 'agent', " + quoted(store) + ", " +
                idOf("0001") + ", " + idOf("0002") + ", s.i, s.i" + from(kAgents));
            tx.execute(
                "INSERT INTO restic_tasks (id, tenant_id, type, status, agent_id, policy_id, target_id, "
                "repository_id, slot_us, created_at_us, started_at_us, completed_at_us, updated_at_us) "
                "SELECT " +
                idOf("0004") + ", " + tenantId + ", 'backup', 'success', " + quoted(web) + ", " +
                quoted(nightly.id) + ", " + quoted(target) + ", " + quoted(store) +
                ", s.i, s.i, s.i, s.i, s.i" + from(kRuns));
            tx.execute(
                "INSERT INTO restic_task_attempts (tenant_id, task_id, attempt, agent_id, assigned_at_us) "
                "SELECT " +
                tenantId + ", " + idOf("0004") + ", 1, " + quoted(web) + ", s.i" + from(kRuns));
            tx.execute(
                "INSERT INTO restic_task_logs (tenant_id, task_id, attempt, first_seq, last_seq, lines, "
                "created_at_us) SELECT " +
                tenantId + ", " + idOf("0004") + ", 1, 1, 1, '[{\"message\":\"done\"}]', s.i" + from(kRuns));
            tx.execute(
                "INSERT INTO restic_task_results (tenant_id, task_id, attempt, first_item, last_item, bytes, "
                "sha256, refused, items, created_at_us) SELECT " +
                tenantId + ", " + idOf("0004") + ", 1, 1, 1, 3, '', 0, '[{\"value\":{}}]', s.i" +
                from(kRuns));
            tx.execute("INSERT INTO restic_backup_runs (id, tenant_id, agent_id, policy_id, target_id, "
                       "start_time_us, end_time_us, status, created_at_us, updated_at_us) SELECT " +
                       idOf("0004") + ", " + tenantId + ", " + quoted(web) + ", " + quoted(nightly.id) +
                       ", " + quoted(target) + ", s.i, s.i, 'success', s.i, s.i" + from(kRuns));
            const std::string hex = postgres() ? "lpad(to_hex(s.i), 64, '0')" : "printf('%064x', s.i)";
            tx.execute("INSERT INTO restic_snapshots (id, tenant_id, repository_id, target_id, policy_id, "
                       "backup_run_id, snapshot_id, short_id, time_us, source, created_at_us) SELECT " +
                       idOf("0005") + ", " + tenantId + ", " + quoted(store) + ", " + quoted(target) + ", " +
                       quoted(nightly.id) + ", " + idOf("0004") + ", " + hex +
                       ", '00000000', s.i, "
                       "'agent_report', s.i" +
                       from(kRuns));
        });
    }

    /// Uses everything once, hits and misses.
    void useEverything() {
        ResticHost used(recorder, clock, bus, base, authentication, fixture.log.logger());
        const auto web = system([&](Transaction& tx) {
            return tx
                .query("SELECT id FROM restic_agents WHERE tenant_id = $1 AND hostname = 'web-01'",
                       {tenant.tenant()})[0]
                .uuid(0);
        });
        const auto nightly = here([&](Transaction& tx) {
            return restic::PolicyStore::list(tx, {"nightly", {}}, {}).at(0).id;
        });
        const auto store =
            here([&](Transaction& tx) { return restic::RepositoryStore::list(tx, {}).at(0).id; });
        worked(store, web);
        const auto task = used.tasks.create(tenant, ofPolicy(web, nightly)).id;
        used.tasks.handOut(tenant, web, 5);
        used.tasks.report(tenant, web, task, said("running"));
        restic::protocol::LogBatch lines;
        lines.lines.push_back({clock.now(), "info", "a line"});
        used.tasks.appendLogs(tenant, web, task, lines);
        restic::protocol::HeartbeatRequest heartbeat;
        heartbeat.version = "1";
        heartbeat.os = "linux";
        heartbeat.openTasks.emplace();
        used.agents.heartbeat(tenant, web, heartbeat, "192.0.2.1");
        auto request = manual(web, store);
        request.type = "snapshots";
        request.parameters = core::json::Object();
        const auto listing = used.tasks.create(tenant, request).id;
        used.tasks.handOut(tenant, web, 5);
        restic::protocol::ResultPart part{1, 1, {}};
        restic::protocol::ResultItems items;
        for (const auto* id :
             {"000000000000000000000000000000000000000000000000000000000000007b", "0123456789"}) {
            part.lines.push_back(core::json::write(core::json::Object{{"id", id}}));
            items.add(part.lines.back());
        }
        used.tasks.appendItems(tenant, web, listing, part);
        auto listed = said("success");
        listed.result = core::json::Object{{"outcome", "success"}, {"count", 2}};
        listed.items = items;
        used.tasks.report(tenant, web, listing, listed);
        recorder.transact(tenant, [&](Transaction& tx) {
            restic::ResultStore::read(tx, listing, 1, 0, 50);
            const auto shot = restic::SnapshotStore::list(tx, {}, {}).at(0);
            restic::SnapshotStore::present(tx, store, {shot.id});
            restic::SnapshotStore::rowsOf(tx, store, {shot.snapshotId});
            using restic::ListedFolders;
            ListedFolders::begin(tx, shot.id, "/", listing, clock.now());
            ListedFolders::listed(tx, shot.id, "/", {listing, 1, 2, clock.now(), clock.now()}, 1);
            ListedFolders::use(tx, shot.id, "/", clock.now() + 1s);
            ListedFolders::drop(tx, {shot.id});
            restic::ResultStore::erase(tx, listing);
        });
        used.tasks.cancel(tenant, task);
        used.tasks.handOut(tenant, web, 5);
        used.tasks.report(tenant, web, task, done('f'));
        used.tasks.retry(tenant, task);
        used.tasks.sweep();
        used.agents.sweep();
        used.scheduler.run();
        clock.advance(24h);
        used.scheduler.run();
        used.status.list(tenant, {});
        used.status.get(tenant, "web-01:nightly", {});
        const auto nobody = newId();
        const core::http::PageQuery first{50, {}};
        const core::http::PageQuery later{50, core::http::Cursor{5, newId()}.encode()};
        recorder.read(tenant, [&](Transaction& tx) {
            for (const auto& page : {first, later}) {
                using Tasks = restic::TaskStore::Filter;
                for (const Tasks& filter :
                     {Tasks{}, Tasks{.agent = nobody}, Tasks{.policy = nobody}, Tasks{.repository = nobody},
                      Tasks{.status = "unreachable"}, Tasks{.type = "prune"}})
                    restic::TaskStore::list(tx, filter, page);
                using Runs = restic::RunStore::Filter;
                for (const Runs& filter : {Runs{}, Runs{nobody, {}, {}, {}}, Runs{{}, nobody, {}, {}},
                                           Runs{{}, {}, nobody, {}}, Runs{{}, {}, {}, "failed"}})
                    restic::RunStore::list(tx, filter, page);
                using Snapshots = restic::SnapshotStore::Filter;
                for (const Snapshots& filter :
                     {Snapshots{}, Snapshots{nobody, {}, {}, {}, {}}, Snapshots{{}, nobody, {}, {}, {}},
                      Snapshots{{}, {}, nobody, {}, {}}, Snapshots{{}, {}, {}, nobody, {}},
                      Snapshots{{}, {}, nobody, {}, true}})
                    restic::SnapshotStore::list(tx, filter, page);
                restic::AgentStore::list(tx, {}, page);
                restic::AgentTokenStore::openRegistrations(tx, core::Instant{}, page);
                restic::PolicyStore::list(tx, {}, page);
                restic::RepositoryStore::list(tx, page);
            }
            restic::RunStore::find(tx, task);
            restic::SnapshotStore::find(tx, nobody);
            restic::LogStore::read(tx, task, {}, 500);
            restic::PolicyStore::links(tx, std::vector{nightly, nobody});
            restic::PolicyStore::lastRuns(tx, {nightly, nobody});
            restic::PolicyStore::users(tx, nightly);
            restic::RepositoryStore::users(tx, store);
            restic::RepositoryStore::openTasks(tx, store);
            restic::RepositoryStore::find(tx, std::vector{store, nobody});
            restic::RepositoryStore::linksOfOthers(tx, store, web);
            restic::MaintenanceStore::open(tx, {store, nobody});
            restic::MaintenanceStore::of(tx, {store, nobody});
            restic::ScheduleStore::of(tx, {store, nobody});
            restic::TaskStore::waitingOf(tx, store, "forget");
            restic::PolicyStore::leadingTo(tx, store);
            restic::TargetStore::retentionHeldOfAny(tx, nightly);
            restic::TargetStore::hasOthers(tx, nightly, nobody);
        });
        recorder.transact(tenant, [&](Transaction& tx) {
            used.policies.unlink(tx, web, nightly);
            used.policies.link(tx, web, nightly);
        });
        used.agents.revoke(tenant, web);
        // What is old, of all that was filled in: for each kind the first stretch and one behind it.
        recorder.read(SystemContext("test"), [&](Transaction& tx) {
            EXPECT_TRUE(restic::HistoryStore::tenantAfter(tx, {}));
            restic::HistoryStore::tenantAfter(tx, tenant.tenant());
        });
        for (const auto kind :
             {restic::HistoryKind::snapshots, restic::HistoryKind::logs, restic::HistoryKind::results,
              restic::HistoryKind::runs, restic::HistoryKind::tasks})
            recorder.transact(tenant, [&](Transaction& tx) {
                std::optional<restic::HistoryStore::Mark> after;
                for (int i = 0; i < 2; ++i) {
                    const auto found = restic::HistoryStore::next(tx, kind, clock.now(), after, 200);
                    EXPECT_EQ(found.has_value(), kind != restic::HistoryKind::snapshots);
                    const auto to = found ? found->to : restic::HistoryStore::Mark{clock.now(), nobody};
                    restic::HistoryStore::erase(tx, kind, clock.now(), after, to);
                    after = to;
                }
            });
    }

    /// How many statements a page of the list takes.
    std::size_t statementsOf(const std::string& path) {
        ResticHost used(recorder, clock, bus, base, authentication, fixture.log.logger());
        restic::AgentWaker waker([](auto&&...) { return std::nullopt; }, fixture.log.logger());
        restic::OldSecrets secrets(recorder, base.vault);
        const restic::TaskPreviews previews;
        const restic::RetentionConfirmation confirmation(clock, previews);
        std::vector<core::http::Route> routes;
        restic::AgentRoutes{recorder, clock, used.agents, used.tasks}.addTo(routes);
        restic::PolicyRoutes{recorder, clock, used.policies, used.repositories, secrets, confirmation}.addTo(
            routes);
        restic::RepositoryRoutes{recorder, clock, used.repositories}.addTo(routes);
        restic::UnsavedRepositories unsaved(base.vault);
        restic::NewPasswords passwords(base.vault);
        const restic::TaskRoutes tasks{recorder,   clock, used.repositories, unsaved, passwords,
                                       used.tasks, waker, confirmation};
        tasks.addTo(routes);
        tasks.addRunsTo(routes);
        restic::SnapshotRoutes{recorder}.addTo(routes);
        for (const auto& route : routes)
            if (route.method == "GET" && route.path == path) {
                core::http::Request request;
                request.caller.emplace();
                request.caller->tenant = tenant.tenant();
                request.auditTrail = std::make_shared<core::AuditTrail>();
                const auto before = recorder.count();
                route.handler(request);
                return recorder.count() - before;
            }
        ADD_FAILURE() << "there is no route " << path;
        return 0;
    }

    RecordingDatabase recorder{db};
};
BOTH_DATABASES(ResticPlans);

TEST_P(ResticPlans, NoStatementReadsAGrowingTableFromEndToEnd) {
    fill(tenant);
    fill(other);
    if (postgres())
        TestCluster::instance().admin("ANALYZE", fixture.name());
    useEverything();
    static const std::set<std::string> growing{"restic_tasks",       "restic_task_attempts",
                                               "restic_task_logs",   "restic_task_results",
                                               "restic_backup_runs", "restic_snapshots"};
    EXPECT_GT(recorder.statements().size(), 70U) << "the stores have more statements than were seen";
    expectNoScans(db, recorder, tenant, growing);
    RecordingDatabase due(db);
    due.read(SystemContext("test"), [&](Transaction& tx) {
        restic::ScheduleStore::due(tx, clock.now(), {}, 200);
        return restic::ScheduleStore::due(
            tx, clock.now(), restic::ScheduleStore::Due{tenant.tenant(), newId(), "check", clock.now() - 1h},
            200);
    });
    expectNoScans(db, due, tenant, {"restic_repository_schedules"});
}

TEST_P(ResticPlans, APageAsksAFixedNumberOfQuestions) {
    const std::vector<std::string> lists{"agents", "policies",    "repositories",
                                         "tasks",  "backup-runs", "snapshots"};
    const auto grow = [&](const std::string& name) {
        const auto web = agent("host-of-" + name);
        restic::RepositorySpec spec{name, "local", "/srv/" + name, {}, web, kSecret, {}, {}, {}};
        auto wanted = draft(name);
        wanted.repository = here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
        const auto made = policy(tenant, wanted).id;
        link(tenant, web, made);
        const auto task = host.tasks.create(tenant, ofPolicy(web, made)).id;
        host.tasks.handOut(tenant, web, 1);
        host.tasks.report(tenant, web, task, done('a'));
    };
    grow("first");
    std::map<std::string, std::size_t> before;
    for (const auto& list : lists)
        before[list] = statementsOf("/api/v1/restic/" + list);
    for (int i = 0; i < 12; ++i)
        grow("more" + std::to_string(i));
    for (const auto& list : lists)
        EXPECT_EQ(statementsOf("/api/v1/restic/" + list), before[list]) << list << ": one for each row?";
}

} // namespace
} // namespace test
