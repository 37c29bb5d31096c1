#pragma once

#include <atomic>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/db/migrate.h"
#include "core/db/open.h"
#include "core/event/catalogue.h"
#include "core/export.h"
#include "core/module/module.h"
#include "db/host_lock.h"
#include "event/deliveries.h"
#include "event/outbox.h"
#include "event/queued_bus.h"
#include "host/health_probe.h"
#include "host/scratch_folder.h"
#include "http/dispatcher.h"
#include "http/edge.h"
#include "http/middleware_chain.h"
#include "http/router.h"
#include "http/server.h"
#include "http/static_files.h"
#include "job/thread_jobs.h"
#include "job/thread_work_queues.h"
#include "lease/leases.h"
#include "metrics/store.h"
#include "module/module_set.h"
#include "wakeup/host_wakeups.h"

namespace core::host {

/// The version of host, SDK and web application.
CORE_EXPORT std::string_view version() noexcept;

/// What a command may leave behind.
enum class Access {
    use,  ///< what a host needs is made: folders, database, keys
    look, ///< nothing; where there is no SQLite database yet, an empty one stands in for it while this lives
    standIn ///< nothing, and whatever database there is stays unread: an empty one stands in for it
};

struct HostOptions {
    config::Sources sources;
    std::filesystem::path executable;       ///< modules and web application are found relative to it
    LogFormat bootFormat = LogFormat::text; ///< until the configuration is read
    std::vector<int> sockets = {};          ///< listening ones, to serve instead of http.addr
    /// Called by the event loop that serves, again and again while it works. Must not block.
    std::function<void()> alive = {};
    std::chrono::milliseconds aliveEvery{1000};
};

/// The whole backend in one object: the composition root. Steps are called in the order in which they are
/// declared; each command of `ae-backend` goes as far as it needs. One thread.
class CORE_EXPORT Host {
public:
    explicit Host(HostOptions options);
    ~Host();

    /// Finds, checks and maps the modules. Failures are in modules().records(), not thrown.
    void loadModules();
    /// Throws core::Error(kValidation) with every problem.
    void readConfig();
    /// Throws core::Error(kUnavailable) where the SQLite database has not been made yet; after readConfig().
    void requireDatabase() const;
    /// Throws core::Error with a sentence.
    void openDatabase(Access access = Access::use);
    /// The database is an empty one that goes with this object.
    [[nodiscard]] bool standsIn() const noexcept { return standIn_ != nullptr; }
    /// Makes sure that no other host serves from the same SQLite file; after openDatabase(). Throws
    /// core::Error(kDatabase) with a sentence.
    void claimDatabase();
    /// Where the database is, with its password; after readConfig().
    [[nodiscard]] std::string databaseUrl() const;
    /// Takes the addresses to serve at. Throws core::Error(kUnavailable) for a busy one.
    void bind();
    /// Applies what is missing; a module whose migration fails is recorded as failed.
    void migrate(const std::function<void(const db::MigrationStep&)>& progress = {});
    [[nodiscard]] std::vector<db::MigrationStep> plannedMigrations();
    void initializeModules();
    /// Starts modules and serves, after bind() if that was not called: a busy address must be known before
    /// modules begin what others hear of.
    void start();
    /// Stops everything in reverse order. False if it failed or something had to be abandoned.
    [[nodiscard]] bool stop() noexcept;
    /// True once a thread did not return in time: the process must then end by _exit, and this object must
    /// not be destroyed.
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

    /// Where it would listen; after readConfig().
    [[nodiscard]] std::vector<http::ListenAddress> listenAddresses() const;
    /// Says how that address stands: free, or served by this very installation. Throws
    /// core::Error(kUnavailable) if a host could not listen there.
    [[nodiscard]] std::string tryAddress(const http::ListenAddress& address) const;
    [[nodiscard]] std::vector<Command> commands();
    /// Of the host and of every module.
    [[nodiscard]] std::vector<config::SettingGroup> settingGroups() const;
    /// Reads the configuration again, all or nothing, and takes what needs no restart. Throws
    /// core::Error(kValidation) with every problem; then everything stays as it is. Returns the keys of
    /// changed settings that wait for a restart.
    std::vector<std::string> reload();
    /// The events of every module; after loadModules().
    [[nodiscard]] const event::Catalogue& events() const { return events_; }
    [[nodiscard]] const config::Config& config() const { return *config_; }
    [[nodiscard]] db::Database& database() { return *database_; }
    [[nodiscard]] module::ModuleSet& modules() { return *modules_; }
    /// The first bound port; after start().
    [[nodiscard]] std::uint16_t port() const;
    /// Everything that was bound; after start().
    [[nodiscard]] const std::vector<std::string>& addresses() const;
    [[nodiscard]] const Logger& log() const { return log_; }
    /// The OpenAPI document of all routes; after initializeModules().
    [[nodiscard]] std::string openApi() const;
    /// Every part with its state, for /health/ready: name and reason ("" = good). After start().
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> health();

private:
    class Context;
    [[nodiscard]] Context& contextOf(const std::string& id);

    [[nodiscard]] std::vector<db::ModuleMigrations> migrations();
    [[nodiscard]] std::vector<http::Route> systemRoutes();
    void registerMetrics();
    /// Of every module, with its id.
    [[nodiscard]] std::vector<std::pair<std::string, JobStats>> jobStats() const;
    [[nodiscard]] std::vector<std::pair<std::string, WorkQueueStats>> workQueueStats() const;
    [[nodiscard]] std::shared_ptr<const config::Config> readSettings() const;
    void applyLogSettings(const config::Config& config);
    void startModule(module::ModuleRecord& record);
    void stopModule(module::ModuleRecord& record) noexcept;
    /// Takes away what the host gave to a module and what it takes from it.
    void revoke(const std::string& module) noexcept;
    void stopModules() noexcept;
    /// Ends what belongs to the host itself, within limits.
    void stopBus();

    HostOptions options_;
    const std::string id_; // of this process, among the hosts of one database
    LogHub hub_;
    Logger log_;
    SystemClock clock_;
    metrics::Store metrics_;
    metrics::ModuleRegistry ownMetrics_;
    std::shared_ptr<const config::Config> config_;
    std::unique_ptr<module::ModuleSet> modules_;
    Access access_ = Access::use;
    std::unique_ptr<ScratchFolder> standIn_; // of the database that stands in
    std::unique_ptr<db::HostLock> lock_;
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<Leases> leases_;
    std::unique_ptr<HostWakeups> wakeups_;
    std::unique_ptr<event::Outbox> outbox_;
    std::unique_ptr<ThreadJobs> outboxJobs_;
    event::Catalogue events_;
    Services services_;
    http::Authentication authentication_;
    std::unique_ptr<event::QueuedBus> bus_;
    http::Router router_;
    http::MiddlewareChain middleware_;
    http::Dispatcher dispatcher_;
    std::unique_ptr<http::Idempotency> idempotency_;
    std::unique_ptr<http::Edge> edge_;
    std::unique_ptr<http::StaticFiles> web_;
    std::unique_ptr<http::Server> server_;
    std::vector<std::pair<std::string, std::unique_ptr<Context>>> contexts_; // by module, in order
    std::unique_ptr<HealthProbe> databaseProbe_;
    http::Asset openApi_;
    std::atomic<bool> stopping_{false};
    bool abandoned_ = false; // a module's thread that nobody waits for still runs
};

} // namespace core::host
