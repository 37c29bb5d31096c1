#include <cstdlib>

#include "agents/agent_routes.h"
#include "base/secret_vault.h"
#include "base/tenant_directory.h"
#include "base/tenant_limits.h"
#include "base/token_signer.h"
#include "compliance/compliance_evaluator.h"
#include "compliance/compliance_routes.h"
#include "core/module/module.h"
#include "history/history_pruner.h"
#include "import/import_commands.h"
#include "plugins/plugin_routes.h"
#include "policies/policy_routes.h"
#include "polling/poller.h"
#include "repositories/old_places.h"
#include "repositories/repository_routes.h"
#include "restic/events.h"
#include "restic/protocol/envelope.h"
#include "restic_migrations.h"
#include "schedule/clock_correction.h"
#include "schedule/doubt_checks.h"
#include "schedule/scheduler.h"
#include "schedule/slot_sources.h"
#include "settings.h"
#include "snapshots/snapshot_routes.h"
#include "status/exporter_metrics.h"
#include "status/metrics.h"
#include "status/status_routes.h"
#include "targets/target_routes.h"
#include "tasks/retention_previews.h"
#include "tasks/snapshot_change_routes.h"
#include "tasks/task_commands.h"
#include "tasks/task_routes.h"

namespace restic {

namespace {

/// Wake-ups that name an agent which has something to do.
constexpr auto kAgentTopic = "restic.agent";

/// Of which restic gets what it needs (cli::passedOnVariables()).
std::map<std::string, std::string> hostEnvironment() {
    std::map<std::string, std::string> all;
    for (const auto& name : cli::passedOnVariables())
        if (const char* value = std::getenv(name.c_str()))
            all[name] = value;
    if (const char* path = std::getenv("PATH"))
        all["PATH"] = path;
    return all;
}

/// Everything of one running module; built in the order in which the parts need each other.
struct Parts {
    explicit Parts(core::ModuleContext& context)
        : vault(context.services().require<base::SecretVault>()),
          tenants(context.services().require<base::TenantDirectory>()),
          limits(context.services().require<base::TenantLimits>()),
          signer(context.services().require<base::TokenSigner>()),
          tasks(context.database(), context.clock(), context.events(), vault,
                context.log().named("restic.tasks"), taskSettings(context.config()),
                kindsOfTasks(context.events(), vault, taskSettings(context.config()))),
          agents(context.database(), context.clock(), context.events(), context.authentication(), signer,
                 limits, tasks, agentSettings(context.config())),
          monitor(monitorSettings(context.config())),
          policies(context.clock(), limits, defaultRetention(context.config())),
          confirmation(context.clock(), previews), repositories(context.clock(), vault), unsaved(vault),
          imports(context.database(), context.clock(), repositories, policies, limits), passwords(vault),
          pluginSettings(vault), secrets(context.database(), vault),
          status(context.database(), context.clock(), monitor.maxAge), compliance(context.clock(), status),
          evaluator(context.database(), context.clock(), context.events(), status,
                    context.log().named("restic.compliance"), historySettings(context.config()).compliance),
          poller(
              {context.database(), context.clock(), context.events(), vault, processes,
               [this](core::db::Transaction& tx, const core::Uuid& target) { return healthOf(tx, target); },
               context.log().named("restic.monitor")},
              monitor, context.dataDir() / "monitor", hostEnvironment()),
          doubts(tasks, context.clock(), context.log().named("restic.compliance")),
          targets(context.clock(), repositories, policies, poller, monitor.maxTargets),
          scheduler(context.database(), context.clock(),
                    slotSources(tasks, context.log().named("restic.scheduler")),
                    context.log().named("restic.scheduler")),
          clockCorrection(context.database(), context.clock(),
                          context.config().duration("restic.tasks.lease"),
                          context.log().named("restic.clock")),
          history(context.database(), context.clock(), context.log().named("restic.history"),
                  historySettings(context.config())),
          waker(
              [this](const core::Uuid& tenant, const core::Uuid& agent,
                     int free) -> std::optional<core::http::Response> {
                  const auto poll = tasks.handOut(core::TenantContext(tenant), agent, free);
                  if (poll.items.empty())
                      return std::nullopt;
                  return core::http::Response::of(poll);
              },
              context.log().named("restic.waker")) {
        repositories.setUpdated([&clock = context.clock()](core::db::Transaction& tx, const core::Uuid& id) {
            ProbeStore::planAnew(tx, id, clock.now());
        });
        registerMetrics(context.metrics(), context.database(), context.clock(), status);
        registerExporterMetrics(context.metrics(), context.database(), context.clock());
        agents.setTakenOver(
            [this](core::db::Transaction& tx, const core::Uuid& agent) { policies.agentCame(tx, agent); });
        agents.setPolicyMatcher(
            [this](core::db::Transaction& tx, const core::Uuid& agent) { policies.assign(tx, agent); });
        // The agent may be parked at another host.
        tasks.setWake([&wakeups = context.wakeups()](const core::Uuid& agent) {
            wakeups.publish(kAgentTopic, agent.toString());
        });
        woken = context.wakeups().subscribe(kAgentTopic, [this](std::optional<std::string_view> key) {
            if (const auto agent = key ? core::Uuid::parse(*key) : std::nullopt)
                waker.wake(*agent);
            else
                waker.wakeAll();
        });
        context.authentication().add(std::make_shared<AgentAuthenticator>(agents, signer, context.clock()));
    }

    std::optional<TargetHealth> healthOf(core::db::Transaction& tx, const core::Uuid& target) const {
        auto found = status.find(tx, target);
        if (!found)
            return std::nullopt;
        TargetHealth health{
            std::move(found->name), found->status != "unhealthy", {}, {}, found->snapshotAgeHours};
        if (found->error) {
            health.error = std::move(found->error->error);
            health.message = std::move(found->error->message);
        }
        return health;
    }

    core::ServiceHandle<base::SecretVault> vault;
    core::ServiceHandle<base::TenantDirectory> tenants;
    core::ServiceHandle<base::TenantLimits> limits;
    core::ServiceHandle<base::TokenSigner> signer;
    TaskService tasks;
    AgentService agents;
    MonitorSettings monitor;
    PolicyService policies;
    TaskPreviews previews;
    RetentionConfirmation confirmation;
    RepositoryService repositories;
    UnsavedRepositories unsaved;
    V0Import imports;
    NewPasswords passwords;
    SealedSettings pluginSettings;
    OldSecrets secrets;
    StatusService status;
    ComplianceService compliance;
    ComplianceEvaluator evaluator;
    core::SystemProcessRunner processes;
    Poller poller;
    DoubtChecks doubts;
    TargetService targets;
    Scheduler scheduler;
    ClockCorrection clockCorrection;
    HistoryPruner history;
    AgentWaker waker;
    core::WakeupSubscription woken; // last: it uses the waker
};

class ResticModule final : public core::Module {
public:
    std::string_view name() const override { return "restic"; }
    std::string_view version() const override { return "0.1.0"; }
    std::vector<core::Dependency> dependencies() const override { return {{"base", "[0.1,1.0)"}}; }
    std::vector<core::config::Setting> settings() const override { return restic::settings(); }
    std::vector<core::db::Migration> migrations(core::db::Dialect dialect) const override {
        return restic_migrations(dialect);
    }
    std::vector<core::event::Declaration> events() const override { return events::all(); }
    std::vector<core::Entity> entities() const override {
        return {{"agent", "restic_agents"},
                {"policy", "restic_policies"},
                {"repository", "restic_repositories"},
                {"target", "restic_targets"},
                {"task", "restic_tasks"},
                {"backup_run", "restic_backup_runs"},
                {"snapshot", "restic_snapshots"}};
    }

    void initialize(core::ModuleContext& context) override {
        context_ = &context;
        parts_ = std::make_unique<Parts>(context);
    }

    std::vector<core::http::Route> routes() override {
        auto& p = *parts_;
        auto& database = context_->database();
        const auto& clock = context_->clock();
        std::vector<core::http::Route> routes;
        const AgentRoutes agents{database, clock, p.agents, p.tasks};
        agents.addTo(routes);
        agents.addEnrolmentTo(routes);
        const PolicyRoutes policies{database, clock, p.policies, p.repositories, p.secrets, p.confirmation};
        policies.addTo(routes);
        policies.addLinksTo(routes);
        policies.addOptionsTo(routes);
        const RepositoryRoutes repositories{database, clock, p.repositories};
        repositories.addTo(routes);
        repositories.addConditionTo(routes);
        const TaskRoutes tasks{database,    clock,   p.repositories, p.unsaved,
                               p.passwords, p.tasks, p.waker,        p.confirmation};
        tasks.addTo(routes);
        tasks.addUnsavedTestTo(routes);
        tasks.addPasswordChangeTo(routes);
        tasks.addRunsTo(routes);
        tasks.addAgentsTo(routes);
        tasks.addResultsTo(routes);
        tasks.addLooksTo(routes);
        SnapshotRoutes{database}.addTo(routes);
        SnapshotChangeRoutes{database, p.tasks}.addTo(routes);
        const PluginRoutes plugins{database, p.tasks, p.pluginSettings};
        plugins.addTo(routes);
        plugins.addDumpsTo(routes);
        TargetRoutes{database, clock, p.targets}.addTo(routes);
        const StatusRoutes status{database, p.status, p.targets, p.tasks, p.poller};
        status.addTo(routes);
        status.addOneTo(routes);
        ComplianceRoutes{database, clock, p.compliance}.addTo(routes);
        declareAgentRefusals(routes);
        return routes;
    }

    std::vector<core::Command> commands() override {
        auto all = taskCommands([this]() -> TaskCommands {
            return {context_->database(), parts_->tenants, parts_->repositories, parts_->tasks};
        });
        for (auto& command : importCommands([this]() -> ImportCommands {
                 return {parts_->tenants, parts_->imports};
             }))
            all.push_back(std::move(command));
        return all;
    }

    void start() override {
        if (const auto moved = parts_->secrets.moveIntoVault(context_->log()); moved > 0)
            context_->log().info("moved secrets of repositories and policies into the vault",
                                 {{"rows", std::int64_t{moved}}});
        if (const auto spelled = spellOldPlaces(context_->database(), context_->log()); spelled > 0)
            context_->log().info("gave repositories their place in one spelling",
                                 {{"rows", std::int64_t{spelled}}});
        auto& jobs = context_->jobs();
        // What is read and then changed once for all hosts is one host's, and is written under its fence.
        jobs.everyOnOneHost("sweep", core::seconds{5}, [this](core::JobRun& run) {
            const auto fence = [&run](core::db::Transaction& tx) { run.fence(tx); };
            parts_->clockCorrection.run(fence);
            parts_->agents.sweep(fence);
            parts_->tasks.sweep(fence);
        });
        jobs.everyOnOneHost("history", std::chrono::hours(1), [this](core::JobRun& run) {
            parts_->history.run([&run](core::db::Transaction& tx) { run.fence(tx); }, run.stop());
        });
        jobs.everyOnOneHost("compliance", context_->config().duration("restic.policies.evaluation_interval"),
                            [this](core::JobRun& run) {
                                parts_->evaluator.run([&run](core::db::Transaction& tx) { run.fence(tx); });
                            });
        // What an agent lacks for a policy that it is assigned to, it may have by now.
        jobs.everyOnOneHost("assignments", std::chrono::minutes(1),
                            [this](core::JobRun& run) { assignPolicies(run); });
        const auto& monitor = parts_->monitor;
        auto& queues = context_->workQueues();
        parts_->poller.prepare();
        parts_->poller.setQueues(
            queues.add({.name = "looks", .workers = monitor.maxConcurrent, .limit = monitor.timeout}),
            queues.add({.name = "heavy looks", .workers = monitor.maxHeavy, .limit = monitor.checkTimeout}),
            [&jobs] { jobs.wake("polling"); });
        jobs.every("polling", core::seconds{1}, [this](core::JobRun&) { parts_->poller.submitDue(); });
        parts_->targets.setDue([&jobs] { jobs.wake("polling"); });
        if (context_->config().boolean("restic.policies.auto_scheduling")) {
            parts_->evaluator.setDoubt(
                [this](core::db::Transaction& tx, const core::Uuid& repository, const std::string& why) {
                    parts_->doubts.request(tx, repository, why);
                });
            jobs.everyOnOneHost("scheduler", Scheduler::kInterval, [this](core::JobRun& run) {
                if (const auto next =
                        parts_->scheduler.run([&run](core::db::Transaction& tx) { run.fence(tx); }))
                    run.runAgainAt(*next);
            });
            parts_->policies.setScheduleChanged([&jobs] { jobs.wake("scheduler"); });
            parts_->repositories.setScheduleChanged([&jobs] { jobs.wake("scheduler"); });
        }
    }

    void assignPolicies(core::JobRun& run) {
        auto& database = context_->database();
        for (const auto& tenant :
             database.read(core::SystemContext("assignments"), &PolicyStore::assigningTenants))
            database.transact(core::TenantContext(tenant), [&](core::db::Transaction& tx) {
                run.fence(tx);
                parts_->policies.assign(tx);
            });
    }

    void stop() noexcept override {
        if (!parts_)
            return;
        parts_->woken = {};
        parts_->waker.stop();
    }

private:
    core::ModuleContext* context_ = nullptr;
    std::unique_ptr<Parts> parts_;
};

constexpr core_module_requirement kRequirements[] = {{"base", "[0.1,1.0)"}};

} // namespace
} // namespace restic

CORE_MODULE("restic", "0.1.0", restic::ResticModule, restic::kRequirements, 1)
