#include <ostream>

#include "core/module/module.h"
#include "restic/events.h"
#include "site_middleware.h"
#include "site_routes.h"
#include "site_store.h"
#include "sites/events.h"
#include "sites_migrations.h"

namespace sites {

namespace {

using core::config::SettingType;
using core::db::Transaction;

class SitesModule final : public core::Module {
public:
    std::string_view name() const override { return AE_MODULE_ID; }
    std::string_view version() const override { return AE_MODULE_VERSION; }

    std::vector<core::config::Setting> settings() const override {
        return {{.key = "sites.name_length",
                 .type = SettingType::integer,
                 .defaultValue = "100",
                 .doc = "Longest name of a site, in bytes",
                 .min = 1,
                 .max = 100}};
    }
    std::vector<core::db::Migration> migrations(core::db::Dialect dialect) const override {
        return sites_migrations(dialect);
    }
    std::vector<core::Entity> entities() const override { return {{"site", "sites_sites"}}; }

    std::vector<core::event::Declaration> events() const override {
        return {core::event::Declaration::of<events::SiteAdded>()};
    }

    std::vector<core::Command> commands() override {
        return {{"sites count",
                 "Say how many sites there are",
                 "ae-backend sites count",
                 {},
                 [this](core::Command::Invocation& invocation) {
                     parts_->census.count();
                     invocation.out << parts_->census.sites() << '\n';
                     return 0;
                 }}};
    }

    void initialize(core::ModuleContext& context) override { parts_ = std::make_unique<Parts>(context); }

    std::vector<core::http::Route> routes() override { return siteRoutes(*parts_); }

    std::vector<core::http::Middleware> middleware() override { return siteMiddleware(*parts_); }

    std::vector<core::EventHandler> eventHandlers() override {
        std::vector<core::EventHandler> handlers{
            core::EventHandler::on<restic::events::AgentRegistered>(
                {.name = "sites.arrivals"},
                [this](const restic::events::AgentRegistered& event) {
                    parts_->context.database().transact(core::TenantContext(event.tenant),
                                                        [](Transaction& tx) { SiteStore::noteArrival(tx); });
                }),
            core::EventHandler::on<events::SiteAdded>(
                {.name = "sites.census"},
                [this](const events::SiteAdded&) { parts_->context.jobs().wake("sites.census"); }),
            core::EventHandler::on<events::SiteAdded>(
                {.name = "sites.live"},
                [this](const events::SiteAdded& event) { parts_->live.added(event.tenant, event.name); }),
            core::EventHandler::durable<restic::events::BackupCompleted>(
                "sites.backups",
                [this](const restic::events::BackupCompleted& event, const core::event::Delivery& delivery) {
                    parts_->context.log().info("a backup ended", {{"tenant_id", event.tenant.toString()},
                                                                  {"status", event.status},
                                                                  {"event_id", delivery.id}});
                })};
        listenToAll<events::SiteAdded, restic::events::AgentRegistered, restic::events::AgentOffline,
                    restic::events::TaskCreated, restic::events::TaskScheduled, restic::events::TaskCompleted,
                    restic::events::BackupCompleted, restic::events::SnapshotDiscovered,
                    restic::events::HealthChanged, restic::events::PolicyViolation>(handlers);
        return handlers;
    }

    std::vector<core::HealthCheck> healthChecks() override {
        return {{"sites", [this] { parts_->census.check(); }}};
    }

    void start() override {
        parts_->context.jobs().every("sites.census", std::chrono::hours(1),
                                     [this](const auto&) { parts_->census.count(); });
    }

private:
    template <core::event::Event... E>
    void listenToAll(std::vector<core::EventHandler>& handlers) {
        (parts_->heard.listen<E>(handlers), ...);
    }

    std::unique_ptr<Parts> parts_;
};

} // namespace
} // namespace sites

CORE_MODULE(AE_MODULE_ID, AE_MODULE_VERSION, sites::SitesModule, nullptr, 0)
