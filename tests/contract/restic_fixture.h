#pragma once

#include <algorithm>
#include <mutex>
#include <thread>

#include "agents/agent_service.h"
#include "contract/base_fixture.h"
#include "core/testing/recording_bus.h"
#include "errors.h"
#include "policies/policy_service.h"
#include "policies/retention_setting.h"
#include "policies/target_store.h"
#include "repositories/place.h"
#include "repositories/repository_service.h"
#include "restic/events.h"
#include "restic_migrations.h"
#include "schedule/scheduler.h"
#include "schedule/slot_sources.h"
#include "snapshots/snapshot_store.h"
#include "status/status_service.h"
#include "tasks/run_store.h"
#include "tasks/task_service.h"

namespace test {

using namespace std::chrono_literals;

/// One host's worth of the restic module on some database.
struct ResticHost {
    ResticHost(Database& db, const core::Clock& clock, RecordingBus& bus, base::Parts& base,
               core::http::Authentication& authentication, core::Logger log)
        : tasks(db, clock, bus, base.vault, log, restic::TaskSettings{},
                restic::kindsOfTasks(bus, base.vault)),
          agents(db, clock, bus, authentication, base.signer, base.tenants, tasks, restic::AgentSettings{}),
          policies(clock, base.tenants, restic::parseRetention("daily=7,weekly=4,monthly=12").value()),
          repositories(clock, base.vault), status(db, clock),
          scheduler(db, clock, restic::slotSources(tasks, log), log) {
        tasks.setWake([this](const Uuid& agent) {
            const std::lock_guard lock(mutex);
            woken.push_back(agent);
        });
    }
    restic::TaskService tasks;
    restic::AgentService agents;
    restic::PolicyService policies;
    restic::RepositoryService repositories;
    restic::StatusService status;
    restic::Scheduler scheduler;
    std::mutex mutex;
    std::vector<Uuid> woken;
};

/// The restic module's objects on a fresh database with two tenants, under a clock that is moved by hand.
class ResticParts : public BothDatabases {
protected:
    static std::vector<ModuleMigrations> schema() {
        return {{"base", base_migrations(GetParam())}, {"restic", restic_migrations(GetParam())}};
    }

    template <typename F>
    auto in(const TenantContext& context, F&& work) {
        return db.transact(context, std::forward<F>(work));
    }
    template <typename F>
    auto here(F&& work) {
        return db.transact(tenant, std::forward<F>(work));
    }
    template <typename F>
    auto system(F&& work) {
        return db.transact(SystemContext("test"), std::forward<F>(work));
    }
    Uuid makeTenant(const std::string& name) {
        return system([&](Transaction& tx) { return base.tenants->create(tx, name).id; });
    }

    struct Enrolled {
        Uuid id;
        std::string token;
    };
    Enrolled enrol(const TenantContext& context, const std::string& hostname) {
        const auto registration = host.agents.createRegistration(context, "tester", {}, 1, {});
        const auto answer =
            host.agents.enroll(context, registration.id, {hostname, "linux", "amd64", "1.0.0", {}, {}, {}},
                               "nonce of " + hostname, "192.0.2.7");
        setMetadata(context, answer.agentId,
                    core::json::Object{{"ip", "192.0.2.7"},
                                       {"ownRepository", true},
                                       {"features", core::json::Array{"forget_host", "keep_tags"}}});
        return {answer.agentId, answer.token};
    }
    /// What the agent's heartbeats would have said.
    void setMetadata(const TenantContext& context, const Uuid& agentId, core::json::Value metadata) {
        in(context, [&](Transaction& tx) {
            tx.execute("UPDATE restic_agents SET metadata = $3 WHERE tenant_id = $1 AND id = $2",
                       {tx.tenant(), agentId, std::move(metadata)});
        });
    }
    Uuid agent(const std::string& hostname) { return enrol(tenant, hostname).id; }

    Uuid repository(const TenantContext& context, const std::string& name) {
        restic::RepositorySpec spec;
        spec.name = name;
        spec.type = "local";
        spec.url = "/srv/" + name;
        spec.password = kSecret;
        return in(context, [&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
    }

    /// The repository had its first success, seen from that agent.
    void worked(const Uuid& repositoryId, const Uuid& agentId) {
        here([&](Transaction& tx) {
            restic::PlaceStore::markSuccess(
                tx, restic::placeOf(restic::RepositoryStore::find(tx, repositoryId).value(), agentId),
                clock.now());
        });
    }

    static restic::Policy draft(const std::string& name, const std::string& schedule = "0 2 * * *") {
        restic::Policy policy;
        policy.name = name;
        policy.schedule = schedule;
        policy.includePaths = {"/etc", "/home"};
        policy.excludePaths = {"*.tmp"};
        policy.tags = {"nightly"};
        policy.retention.keepDaily = 7;
        return policy;
    }
    restic::Policy policy(const TenantContext& context, restic::Policy wanted) {
        return in(context, [&](Transaction& tx) { return host.policies.create(tx, std::move(wanted)); });
    }
    void link(const TenantContext& context, const Uuid& agentId, const Uuid& policyId) {
        in(context, [&](Transaction& tx) { host.policies.link(tx, agentId, policyId); });
    }

    restic::TaskRequest manual(const Uuid& agentId, std::optional<Uuid> repositoryId = {}) {
        clock.advance(1ms); // ids of one moment have no order
        restic::TaskRequest request;
        request.agent = agentId;
        request.repository = repositoryId;
        request.parameters = core::json::Object{{"sources", core::json::Array{"/etc"}}};
        return request;
    }
    restic::TaskRequest ofPolicy(const Uuid& agentId, const Uuid& policyId) {
        clock.advance(1ms);
        restic::TaskRequest request;
        request.agent = agentId;
        request.policy = policyId;
        return request;
    }
    restic::Task task(const Uuid& id) {
        return here([&](Transaction& tx) { return restic::TaskStore::find(tx, id).value(); });
    }
    restic::BackupRun run(const Uuid& id) {
        return here([&](Transaction& tx) { return restic::RunStore::find(tx, id).value(); });
    }
    std::string status(const Uuid& id) { return std::string(restic::protocol::toText(task(id).status)); }

    static restic::protocol::TaskStatusReport said(const std::string& status, int attempt = 1) {
        restic::protocol::TaskStatusReport report;
        report.status = status;
        report.attempt = attempt;
        if (status == "success") // without a result, or a snapshot, nobody is believed
            report.result = core::json::Object{{"outcome", "success"}, {"short_id", "5a17ed00"}};
        return report;
    }
    static restic::protocol::TaskStatusReport failed(const std::string& error, int attempt = 1) {
        auto report = said("failed", attempt);
        report.error = restic::protocol::TaskError{error, "it went wrong", "do something"};
        return report;
    }
    static restic::protocol::TaskStatusReport done(char digit, int attempt = 1,
                                                   const std::string& status = "success") {
        auto report = said(status, attempt);
        report.result = core::json::Object{{"outcome", status},
                                           {"snapshot_id", std::string(64, digit)},
                                           {"short_id", std::string(8, digit)},
                                           {"files_new", 3},
                                           {"total_files_processed", 12},
                                           {"total_bytes_processed", 3456},
                                           {"data_added", 999},
                                           {"duration_seconds", 1.5},
                                           {"hostname", "web-01"},
                                           {"paths", core::json::Array{"/etc"}},
                                           {"tags", core::json::Array{"a", "b"}}};
        return report;
    }
    std::vector<restic::Snapshot> snapshots() {
        return here([&](Transaction& tx) { return restic::SnapshotStore::list(tx, {}, {}); });
    }
    std::int64_t rows(const std::string& table) {
        return system(
            [&](Transaction& tx) { return tx.query("SELECT count(*) FROM " + table)[0].integer(0); });
    }

    /// All text of all tables, for looking for what must not be there.
    std::string everything() {
        return system([&](Transaction& tx) {
            std::string all;
            const bool pg = postgres();
            for (const auto& table :
                 tx.query(pg ? "SELECT table_name::text FROM information_schema.tables WHERE table_schema = "
                               "current_schema() AND table_name <> 'schema_migrations'"
                             : "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                               "'sqlite%' AND name <> 'schema_migrations'")) {
                const auto& name = table.text(0);
                if (pg) {
                    for (const auto& row : tx.query("SELECT row_to_json(t)::text FROM " + name + " t"))
                        all += row.text(0) + "\n";
                    continue;
                }
                std::string columns = "''";
                for (const auto& column : tx.query("SELECT name FROM pragma_table_info($1)", {name}))
                    columns += " || '|' || COALESCE(CAST(" + column.text(0) + " AS TEXT), '')";
                for (const auto& row : tx.query("SELECT " + columns + " FROM " + name))
                    all += row.text(0) + "\n";
            }
            return all;
        });
    }

    static inline const std::string kSecret = "canary-of-the-repository";

    TestDatabase fixture{GetParam(), schema()};
    Database& db = fixture.db();
    FakeClock clock;
    RecordingBus bus;
    core::http::Authentication authentication{clock};
    TempDir dataDir;
    base::Parts base{db,
                     clock,
                     authentication,
                     fixture.log.logger(),
                     {.jwtKey = std::string(32, 'j'),
                      .vaultKey = std::string(32, 'v'),
                      .bcryptCost = 4,
                      .lifetimes = {},
                      .dataDir = dataDir.path()}};
    ResticHost host{db, clock, bus, base, authentication, fixture.log.logger()};
    TenantContext tenant{makeTenant("first")};
    TenantContext other{makeTenant("second")};
};

} // namespace test
