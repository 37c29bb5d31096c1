#include "host/host.h"

#include <algorithm>
#include <set>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/random.h"
#include "db/foreign.h"
#include "db/sqlite_connection.h"
#include "db/url.h"
#include "host/edge_options.h"
#include "host/free_space.h"
#include "host/port_holders.h"
#include "host/server_options.h"
#include "host/settings.h"
#include "http/content_coding.h"
#include "http/listener.h"
#include "http/openapi.h"
#include "module/deadline.h"

namespace core::host {

namespace fs = std::filesystem;
using module::ModuleRecord;
using State = ModuleRecord::State;

std::string_view version() noexcept {
    return AE_VERSION;
}

/// What one module was given; ends its jobs and subscriptions with it.
class Host::Context final : public ModuleContext {
public:
    Context(Host& host, const std::string& id, fs::path dataDir)
        : host_(host), log_(host.log_.named(id)), services_(host.services_.forModule(id)),
          jobs_(log_, host.clock_, host.leases_.get(), id), workQueues_(log_, host.clock_),
          metrics_(host.metrics_, id, id + "_"), dataDir_(std::move(dataDir)),
          deliveries_(*host.outbox_, *host.wakeups_, host.clock_, log_, host.leases_.get()) {}

    const config::Config& config() const override { return *host_.config_; }
    const Logger& log() const override { return log_; }
    const Clock& clock() const override { return host_.clock_; }
    db::Database& database() override { return *host_.database_; }
    event::Bus& events() override { return *host_.bus_; }
    Services& services() override { return services_; }
    Jobs& jobs() override { return jobs_; }
    ThreadWorkQueues& workQueues() override { return workQueues_; }
    http::Authentication& authentication() override { return host_.authentication_; }
    metrics::Registry& metrics() override { return metrics_; }
    Wakeups& wakeups() override { return *host_.wakeups_; }
    const fs::path& dataDir() const override { return dataDir_; }
    bool onlyLooks() const override { return host_.access_ != Access::use; }

    void subscribe(const std::string& id, EventHandler handler) {
        const bool durable = handler.handleDurably != nullptr;
        host_.events_.checkSubscribe(id, handler.key, durable);
        if (const auto doubt = host_.events_.doubt(handler.key))
            log_.warn("a subscription will never get anything",
                      {{"subscriber", handler.options.name}, {"reason", *doubt}});
        if (!durable) {
            subscriptions_.emplace_back(
                handler.options.name,
                host_.bus_->subscribeRaw(handler.key, handler.options, std::move(handler.handle)));
            return;
        }
        const auto& name = handler.options.name;
        if (!name.starts_with(id + ".") || !durableNames_.insert(name).second)
            throw Error(
                errors::kValidation,
                fmt::format("The durable subscription \"{}\" of the module {} needs a name of its own "
                            "that begins with \"{}.\".",
                            name, id, id));
        deliveries_.add(name, handler.key, std::move(handler.handleDurably));
    }
    /// Before the module starts: what it publishes from then on is kept for its durable subscriptions.
    void openDeliveries() { deliveries_.open(); }
    void startDeliveries() { deliveries_.start(); }
    void addProbes(std::vector<HealthCheck> checks) {
        for (auto& check : checks)
            probes_.push_back(
                std::make_unique<HealthProbe>(std::move(check.name), std::move(check.check), host_.clock_));
    }
    [[nodiscard]] const std::vector<std::unique_ptr<HealthProbe>>& probes() const { return probes_; }
    /// First what calls the module from the host, then what other modules call. Returns what of it has not
    /// returned within the limit and is left behind, by its kind and name.
    [[nodiscard]] std::vector<std::string> end(milliseconds limit) noexcept {
        const auto deadline = host_.clock_.steady() + limit;
        std::vector<std::string> left;
        deliveries_.requestStop();
        jobs_.requestStop();
        workQueues_.requestStop();
        for (const auto& name : deliveries_.stopBy(deadline))
            left.push_back("durable subscription " + name);
        for (const auto& name : jobs_.stopBy(deadline))
            left.push_back("job " + name);
        for (const auto& name : workQueues_.stopBy(deadline))
            left.push_back("work queue " + name);
        for (const auto& probe : probes_)
            if (!probe->endsBy(deadline))
                left.push_back("health check " + probe->name());
        const auto rest = [&] {
            return std::max(std::chrono::ceil<milliseconds>(deadline - host_.clock_.steady()),
                            milliseconds{50});
        };
        for (auto& [name, subscription] : subscriptions_) {
            const auto held = std::make_shared<event::Subscription>(std::move(subscription));
            if (!module::endsWithin(host_.clock_, rest(), [held] { *held = {}; }))
                left.push_back("subscription " + name);
        }
        subscriptions_.clear();
        if (!module::endsWithin(host_.clock_, rest(), [this] { metrics_.end(); }))
            left.emplace_back("collector of metrics");
        if (!services_.withdraw(kServiceDrain))
            log_.error(
                "a call of a service of this module was not over in time; the module is stopped under it",
                {{"waited_ms", std::int64_t{kServiceDrain.count()}}});
        return left;
    }

private:
    static constexpr milliseconds kServiceDrain{5000};
    Host& host_;
    Logger log_;
    Services services_;
    ThreadJobs jobs_;
    ThreadWorkQueues workQueues_;
    metrics::ModuleRegistry metrics_;
    fs::path dataDir_;
    std::vector<std::pair<std::string, event::Subscription>> subscriptions_; // by name
    std::vector<std::unique_ptr<HealthProbe>> probes_;
    std::set<std::string> durableNames_;
    event::Deliveries deliveries_;
};

namespace {
/// The module's code still runs on a thread that nobody waits for.
class Abandoned final : public Error {
public:
    explicit Abandoned(const std::string& message) : Error(errors::kUnavailable, message) {}
};
constexpr std::chrono::minutes kTidyInterval{10};

/// Tells this process from every other one on the same database.
std::string processId() {
    char name[256] = "host";
    ::gethostname(name, sizeof name - 1);
    return fmt::format("{}/{}/{}", name, ::getpid(), randomToken(6));
}
} // namespace

Host::Host(HostOptions options)
    : options_(std::move(options)), id_(processId()),
      hub_(options_.bootFormat, LogLevel::info, makeFdSink(STDERR_FILENO)), log_(hub_, "host"),
      metrics_(Logger(hub_, "metrics")), ownMetrics_(metrics_, "host"),
      modules_(std::make_unique<module::ModuleSet>(log_)), authentication_(clock_),
      dispatcher_(middleware_, authentication_, clock_, Logger(hub_, "http"), ownMetrics_) {}

Host::~Host() = default;

namespace {
/// Creates the folder for this user only.
void makePrivateFolder(const fs::path& folder) {
    std::error_code code;
    const bool existed = fs::exists(folder, code);
    fs::create_directories(folder, code);
    if (code)
        throw Error(errors::kUnavailable,
                    fmt::format("Cannot create the folder {}: {}. Choose another with --data-dir, "
                                "AE_DATA_DIR or data_dir.",
                                folder.string(), code.message()));
    if (!existed)
        ::chmod(folder.c_str(), 0700);
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        throw Error(
            errors::kUnavailable,
            fmt::format("The folder {} cannot be written; give it to this user (chown).", folder.string()));
}

/// Throws as makePrivateFolder() would, and makes nothing.
void judgePrivateFolder(const fs::path& folder) {
    std::error_code ignored;
    fs::path there = fs::absolute(folder);
    while (!fs::exists(there, ignored) && there.has_relative_path())
        there = there.parent_path();
    if (fs::is_directory(there, ignored) && ::access(there.c_str(), W_OK | X_OK) == 0)
        return;
    throw Error(errors::kUnavailable,
                fmt::format("The folder {} cannot be made or written by this user: give {} to it (chown), or "
                            "choose another with --data-dir, AE_DATA_DIR or data_dir.",
                            folder.string(), there.string()));
}
} // namespace

void Host::loadModules() {
    // Only the folder is wanted yet: what modules declare is not known before they are loaded.
    config::Sources early = options_.sources;
    early.allowUnknown = true;
    std::vector<fs::path> folders{options_.executable.parent_path().parent_path() / "lib/ae-backend/modules"};
    if (const auto config = config::read(settings(), early))
        for (const auto& folder : config.value()->list("module_path"))
            folders.emplace_back(folder);
    modules_->load(folders);
    modules_->forEach("events",
                      [&](ModuleRecord& record) { events_.add(record.id, record.module->events()); });
    // What a module declares must not stop the host, which reads all settings together.
    std::set<std::string> keys;
    for (const auto& setting : settings())
        keys.insert(setting.key);
    modules_->forEach("settings", [&](ModuleRecord& record) {
        const auto own = record.module->settings();
        static_cast<void>(config::read(own, {}).value()); // their defaults
        for (const auto& setting : own)
            if (keys.contains(setting.key))
                throw Error(errors::kValidation,
                            fmt::format("it declares the setting {}, which is the host's "
                                        "or another module's",
                                        setting.key));
        for (const auto& setting : own)
            keys.insert(setting.key);
    });
}

std::vector<config::SettingGroup> Host::settingGroups() const {
    std::vector<config::SettingGroup> groups{{"host", settings()}};
    modules_->forEach("settings", [&](ModuleRecord& record) {
        groups.push_back({record.id, record.module->settings()});
    });
    return groups;
}

std::shared_ptr<const config::Config> Host::readSettings() const {
    std::vector<config::Setting> all;
    for (auto& group : settingGroups())
        for (auto& setting : group.settings)
            all.push_back(std::move(setting));
    auto config = config::read(all, options_.sources).value();
    if (config->text("data_dir").empty())
        throw Error(errors::kValidation, "data_dir is empty: name a folder with --data-dir, AE_DATA_DIR or "
                                         "data_dir");
    static_cast<void>(serverOptions(*config)); // what it would serve with is judged with the rest
    static_cast<void>(edgeOptions(*config));   // judged with the rest
    return config;
}

void Host::applyLogSettings(const config::Config& config) {
    hub_.setLevel(parseLogLevel(config.text("log.level")).value_or(LogLevel::info));
    hub_.setFormat(config.text("log.format") == "text" ? LogFormat::text : LogFormat::json);
}

void Host::readConfig() {
    config_ = readSettings();
    applyLogSettings(*config_);
    for (const auto& [key, value] : config_->values())
        if (value.setting.secret && key != "database.url")
            hub_.addSecret(value.text);
}

std::vector<std::string> Host::reload() {
    const auto fresh = readSettings();
    applyLogSettings(*fresh);
    if (server_)
        server_->reloadCertificate();
    if (edge_)
        edge_->accessLog().set(fresh->boolean("http.access_log"));
    std::vector<std::string> waiting;
    for (const auto& [key, value] : fresh->values()) {
        const auto& present = config_->values().at(key);
        if (value.setting.restartNeeded && (value.text != present.text || value.list != present.list))
            waiting.push_back(key);
    }
    return waiting;
}

void Host::requireDatabase() const {
    const auto place = db::parseUrl(databaseUrl(), {});
    std::error_code ignored;
    if (place.dialect == db::Dialect::sqlite && !fs::exists(place.path, ignored))
        throw Error(
            errors::kUnavailable,
            fmt::format("There is no database {} yet. Name the host's folder with --data-dir, AE_DATA_DIR "
                        "or data_dir; ae-backend migrate makes a new one.",
                        place.path));
}

void Host::openDatabase(Access access) {
    access_ = access;
    const fs::path dataDir = config_->text("data_dir");
    db::Options options;
    options.url = databaseUrl();
    bool standIn = access == Access::standIn;
    if (access == Access::use) {
        makePrivateFolder(dataDir);
    } else if (access == Access::look) {
        judgePrivateFolder(dataDir);
        const auto place = db::parseUrl(options.url, {});
        std::error_code ignored;
        if (place.dialect == db::Dialect::sqlite && !fs::exists(place.path, ignored)) {
            if (fs::absolute(place.path).parent_path() != fs::absolute(dataDir).lexically_normal())
                db::checkSqliteFolder(place.path);
            standIn = true;
        }
    }
    if (standIn) {
        standIn_ = std::make_unique<ScratchFolder>();
        options.url = "sqlite:" + (standIn_->path() / "ae-backend.db").string();
    }
    options.poolSize = static_cast<std::size_t>(config_->integer("database.pool_size"));
    database_ = db::open(options, clock_, log_.named("db"));
}

std::string Host::databaseUrl() const {
    const auto& url = config_->text("database.url");
    return url.empty() ? "sqlite:" + (fs::path(config_->text("data_dir")) / "ae-backend.db").string() : url;
}

void Host::claimDatabase() {
    if (database_->dialect() == db::Dialect::sqlite)
        lock_ = std::make_unique<db::HostLock>(db::parseUrl(databaseUrl(), {}).path);
}

std::vector<db::ModuleMigrations> Host::migrations() {
    std::vector<db::ModuleMigrations> all{db::coreMigrations(database_->dialect())};
    modules_->forEach("migrate", [&](ModuleRecord& record) {
        if (auto list = record.module->migrations(database_->dialect()); !list.empty())
            all.push_back({record.id, std::move(list)});
    });
    return all;
}

std::vector<db::MigrationStep> Host::plannedMigrations() {
    return db::planMigrations(*database_, migrations());
}

void Host::migrate(const std::function<void(const db::MigrationStep&)>& progress) {
    // A database of something else is left as it is, core's tables included.
    db::refuseForeignDatabase(*database_, migrations());
    db::applyMigrations(*database_, {db::coreMigrations(database_->dialect())}, progress);
    // One module after the other: a schema that does not fit takes out its module and not the host.
    modules_->forEach("migrate", [&](ModuleRecord& record) {
        db::applyMigrations(*database_, {{record.id, record.module->migrations(database_->dialect())}},
                            progress);
    });
}

void Host::initializeModules() {
    leases_ = std::make_unique<Leases>(*database_, clock_, log_.named("leases"), id_,
                                       config_->duration("hosts.lease"));
    wakeups_ = std::make_unique<HostWakeups>(*database_, log_.named("wakeups"), id_);
    authentication_.share(*wakeups_);
    event::BusOptions bus;
    bus.slowHandler = config_->duration("events.slow_handler");
    bus_ = std::make_unique<event::QueuedBus>(log_.named("events"), clock_, bus);
    bus_->share(*wakeups_, id_);
    outbox_ = std::make_unique<event::Outbox>(*database_, clock_, log_.named("outbox"), *wakeups_,
                                              event::OutboxOptions{config_->duration("events.keep")});
    bus_->keep(events_, *outbox_);
    router_.add("core", systemRoutes());
    modules_->forEach("initialize", [&](ModuleRecord& record) {
        const fs::path dataDir = fs::path(config_->text("data_dir")) / "modules" / record.id;
        if (access_ == Access::use)
            makePrivateFolder(dataDir);
        auto context = std::make_unique<Context>(*this, record.id, dataDir);
        Context& given = *context;
        contexts_.emplace_back(record.id, std::move(context));
        try {
            record.module->initialize(given);
            router_.add(record.id, record.module->routes());
            middleware_.add(record.id, record.module->middleware());
            for (auto& handler : record.module->eventHandlers())
                given.subscribe(record.id, std::move(handler));
        } catch (...) {
            revoke(record.id);
            throw;
        }
    });
}

Host::Context& Host::contextOf(const std::string& id) {
    return *std::find_if(contexts_.begin(), contexts_.end(), [&](const auto& one) {
                return one.first == id;
            })->second;
}

void Host::bind() {
    auto options = serverOptions(*config_);
    options.adopted = options_.sockets;
    if (options_.alive)
        options.ticks.push_back({options_.aliveEvery, options_.alive});
    server_ =
        std::make_unique<http::Server>(std::move(options), router_, dispatcher_, clock_, log_.named("http"));
    server_->bind();
}

std::vector<http::ListenAddress> Host::listenAddresses() const {
    return serverOptions(*config_).addresses;
}

std::string Host::tryAddress(const http::ListenAddress& address) const {
    try {
        http::Listener::tryBind(address);
        return "free";
    } catch (const Error& error) {
        const auto place = db::parseUrl(databaseUrl(), {});
        std::string who;
        for (const auto& [pid, executable] : holdersOf(address)) {
            // Another installation's host may run from the same file.
            if (executable == options_.executable &&
                (place.dialect != db::Dialect::sqlite || db::HostLock::lastHolder(place.path) == pid))
                return fmt::format("this host is running (process {})", pid);
            who = fmt::format(" It is process {}{}{}.", pid, executable.empty() ? "" : ", ", executable);
        }
        throw Error(errors::kUnavailable, error.what() + who);
    }
}

void Host::start() {
    if (!server_)
        bind();
    wakeups_->listen();
    modules_->forEach("start", [&](ModuleRecord& record) {
        auto& context = contextOf(record.id);
        try {
            context.openDeliveries();
            startModule(record);
            context.startDeliveries();
            context.addProbes(record.module->healthChecks());
            modules_->setState(record, State::running);
        } catch (const Abandoned&) {
            revoke(record.id);
            throw;
        } catch (...) {
            revoke(record.id);
            stopModule(record);
            throw;
        }
    });
    outboxJobs_ = std::make_unique<ThreadJobs>(log_.named("outbox"), clock_, leases_.get(), "core.outbox");
    outboxJobs_->everyOnOneHost("tidy", kTidyInterval, [this](JobRun&) { outbox_->tidy(); });
    // A host that lost some modules serves the rest; one that lost all would only look alive.
    const auto records = modules_->records();
    const bool anyRuns = std::any_of(records.begin(), records.end(),
                                     [](const auto& record) { return record.state == State::running; });
    if (!records.empty() && !anyRuns) {
        const auto first = std::find_if(records.begin(), records.end(),
                                        [](const auto& record) { return record.state == State::failed; });
        throw Error(errors::kUnavailable, fmt::format("No module can run. {}: {}", first->id, first->reason));
    }
    // What was skipped on the way serves nothing and does nothing. By id, and of two files with one id the
    // first may run.
    std::set<std::string> running;
    for (const auto& record : records)
        if (record.state == State::running)
            running.insert(record.id);
    for (const auto& [id, context] : contexts_)
        if (!running.contains(id))
            revoke(id);
    if (const auto missing = modules_->missing(); !missing.empty()) {
        std::vector<std::string> names;
        for (const auto& [id, reason] : missing)
            names.push_back(id);
        // What was verified and served by them is not known any more, so it cannot be refused for good.
        const auto reason = fmt::format("of the installed modules this host lacks {}; see /health/ready.",
                                        fmt::join(names, ", "));
        authentication_.setIncomplete(reason);
        dispatcher_.setIncomplete(reason);
    }
    databaseProbe_ = std::make_unique<HealthProbe>(
        "database",
        [this] {
            database_->ping();
            requireFreeSpace(config_->text("data_dir"));
        },
        clock_);

    openApi_ = http::makeAsset(openApi(), ".json");
    openApi_.gzip =
        http::packed(openApi_, std::make_shared<const std::string>(http::gzip(*openApi_.content)), ".gz");
    const std::string configured = config_->text("web_dir");
    web_ = std::make_unique<http::StaticFiles>(
        configured.empty() ? options_.executable.parent_path().parent_path() / "share/ae-backend/web"
                           : fs::path(configured));
    if (web_->empty())
        log_.warn("the web application is not there; only the API is served");
    for (const auto& record : records)
        if (record.state == State::running && record.web)
            web_->addModule(record.id, record.web->hash, record.web->files);
    dispatcher_.setFallback(web_.get());
    idempotency_ = std::make_unique<http::Idempotency>(*database_, clock_, log_.named("http"),
                                                       config_->duration("http.idempotency_retention"));
    dispatcher_.setIdempotency(idempotency_.get());
    edge_ = std::make_unique<http::Edge>(edgeOptions(*config_), clock_, log_);
    dispatcher_.setEdge(edge_.get());

    registerMetrics();
    server_->start();
    log_.info("serving", {{"port", static_cast<int>(server_->port())},
                          {"addresses", fmt::format("{}", fmt::join(server_->addresses(), ", "))},
                          {"version", version()}});
}

bool Host::stop() noexcept {
    bool clean = true;
    try {
        stopping_ = true;
        if (server_)
            std::this_thread::sleep_for(config_->duration("http.drain_delay"));
        if (server_ && !server_->stop())
            abandoned_ = true;
        ownMetrics_.end();
        const auto limit = config_->duration("modules.stop_timeout");
        const auto deadline = clock_.steady() + limit;
        if (outboxJobs_ && !outboxJobs_->stopBy(deadline).empty())
            abandoned_ = true;
        if (databaseProbe_ && !databaseProbe_->endsBy(deadline))
            abandoned_ = true;
        stopModules();
        stopBus();
        if (leases_)
            leases_->releaseAll();
    } catch (...) {
        log_.error("the stop failed", {{"error", describeCurrentException()}});
        clean = false;
    }
    log_.info("stopped");
    return clean && !abandoned_;
}

void Host::startModule(ModuleRecord& record) {
    const auto limit = config_->duration("modules.start_timeout");
    if (module::endsWithin(clock_, limit, [module = record.module] { module->start(); }))
        return;
    abandoned_ = true;
    throw Abandoned(fmt::format("it has not started within {} (modules.start_timeout); the host goes on "
                                "without it until it is restarted",
                                formatDuration(limit)));
}

void Host::stopModule(ModuleRecord& record) noexcept {
    try {
        const auto limit = config_->duration("modules.stop_timeout");
        if (module::endsWithin(clock_, limit, [module = record.module] { module->stop(); }))
            return;
        abandoned_ = true;
        log_.error("a module has not stopped in time and is left behind",
                   {{"id", record.id}, {"waited", formatDuration(limit)}});
    } catch (...) {
        log_.error("a module failed while stopping",
                   {{"id", record.id}, {"error", describeCurrentException()}});
    }
}

void Host::revoke(const std::string& module) noexcept {
    router_.remove(module);
    middleware_.remove(module);
    for (auto& [id, context] : contexts_)
        if (id == module)
            for (const auto& what : context->end(config_->duration("modules.stop_timeout"))) {
                abandoned_ = true;
                log_.error("a module's work has not returned in time and is left behind",
                           {{"id", module}, {"work", what}});
            }
}

void Host::stopBus() {
    // Its threads end when no handler runs; one that never returns was reported with its module.
    constexpr milliseconds kDrain{2000};
    if (bus_ &&
        !module::endsWithin(clock_, kDrain + milliseconds{1000}, [bus = bus_.get()] { bus->stop(kDrain); }))
        abandoned_ = true;
}

void Host::stopModules() noexcept {
    modules_->forEachReverse([&](ModuleRecord& record) {
        revoke(record.id);
        stopModule(record);
        modules_->setState(record, State::stopped);
    });
}

std::vector<std::pair<std::string, JobStats>> Host::jobStats() const {
    std::vector<std::pair<std::string, JobStats>> all;
    for (const auto& [id, context] : contexts_)
        for (auto& stats : context->jobs().stats())
            all.emplace_back(id, std::move(stats));
    return all;
}

std::vector<std::pair<std::string, WorkQueueStats>> Host::workQueueStats() const {
    std::vector<std::pair<std::string, WorkQueueStats>> all;
    for (const auto& [id, context] : contexts_)
        for (auto& stats : context->workQueues().stats())
            all.emplace_back(id, std::move(stats));
    return all;
}

std::uint16_t Host::port() const {
    return server_->port();
}

const std::vector<std::string>& Host::addresses() const {
    return server_->addresses();
}

std::string Host::openApi() const {
    return http::openApi(router_.routes(), std::string(version()));
}

std::vector<Command> Host::commands() {
    std::vector<Command> all;
    modules_->forEach("commands", [&](ModuleRecord& record) {
        for (auto& command : record.module->commands())
            all.push_back(std::move(command));
    });
    return all;
}

std::vector<std::pair<std::string, std::string>> Host::health() {
    std::vector<std::pair<std::string, std::string>> parts;
    parts.emplace_back("host", stopping_ ? "This host is stopping; send requests to another one." : "");
    for (auto& [id, reason] : modules_->missing())
        parts.emplace_back("module " + id, std::move(reason));
    std::vector<HealthProbe*> probes{databaseProbe_.get()};
    for (const auto& [id, context] : contexts_)
        for (const auto& probe : context->probes())
            probes.push_back(probe.get());
    for (auto* probe : probes)
        probe->ask();
    for (const auto* probe : probes)
        parts.emplace_back(probe->name(), probe->answer());
    for (const auto& [id, context] : contexts_)
        for (auto& [queue, complaint] : context->workQueues().complaints())
            parts.emplace_back(fmt::format("work queue {}/{}", id, queue), std::move(complaint));
    return parts;
}

} // namespace core::host
