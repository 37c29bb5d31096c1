#include "host/host.h"

#include <algorithm>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/random.h"
#include "host/settings.h"
#include "http/openapi.h"
#include "job/thread_jobs.h"

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
          jobs_(log_, host.clock_, host.leases_.get(), id), metrics_(host.metrics_, id),
          dataDir_(std::move(dataDir)) {}

    const config::Config& config() const override { return *host_.config_; }
    const Logger& log() const override { return log_; }
    const Clock& clock() const override { return host_.clock_; }
    db::Database& database() override { return *host_.database_; }
    event::Bus& events() override { return *host_.bus_; }
    Services& services() override { return services_; }
    Jobs& jobs() override { return jobs_; }
    http::Authentication& authentication() override { return host_.authentication_; }
    metrics::Registry& metrics() override { return metrics_; }
    Wakeups& wakeups() override { return *host_.wakeups_; }
    const fs::path& dataDir() const override { return dataDir_; }

    void subscribe(EventHandler handler) {
        subscriptions_.push_back(
            host_.bus_->subscribeRaw(handler.key, handler.options, std::move(handler.handle)));
    }
    /// First what calls the module from the host, then what other modules call.
    void end() noexcept {
        jobs_.stop();
        subscriptions_.clear();
        metrics_.end();
        if (!services_.withdraw(kServiceDrain))
            log_.error(
                "a call of a service of this module was not over in time; the module is stopped under it",
                {{"waited_ms", std::int64_t{kServiceDrain.count()}}});
    }

private:
    static constexpr milliseconds kServiceDrain{5000};
    Host& host_;
    Logger log_;
    Services services_;
    ThreadJobs jobs_;
    metrics::ModuleRegistry metrics_;
    fs::path dataDir_;
    std::vector<event::Subscription> subscriptions_;
};

namespace {
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
      dispatcher_(router_, authentication_, clock_, Logger(hub_, "http"), ownMetrics_) {}

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
    return config::read(all, options_.sources).value();
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
    std::vector<std::string> waiting;
    for (const auto& [key, value] : fresh->values()) {
        const auto& present = config_->values().at(key);
        if (value.setting.restartNeeded && (value.text != present.text || value.list != present.list))
            waiting.push_back(key);
    }
    return waiting;
}

void Host::openDatabase() {
    const fs::path dataDir = config_->text("data_dir");
    makePrivateFolder(dataDir);
    db::Options options;
    options.url = config_->text("database.url");
    if (options.url.empty())
        options.url = "sqlite:" + (dataDir / "ae-backend.db").string();
    options.poolSize = static_cast<std::size_t>(config_->integer("database.pool_size"));
    database_ = db::open(options, clock_, log_.named("db"));
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
    router_.add("core", systemRoutes());
    modules_->forEach("initialize", [&](ModuleRecord& record) {
        const fs::path dataDir = fs::path(config_->text("data_dir")) / "modules" / record.id;
        makePrivateFolder(dataDir);
        auto context = std::make_unique<Context>(*this, record.id, dataDir);
        Context& given = *context;
        contexts_.emplace_back(record.id, std::move(context));
        try {
            record.module->initialize(given);
            router_.add(record.id, record.module->routes());
            for (auto& handler : record.module->eventHandlers())
                given.subscribe(std::move(handler));
        } catch (...) {
            router_.remove(record.id);
            given.end();
            throw;
        }
    });
}

void Host::start() {
    wakeups_->listen();
    modules_->forEach("start", [&](ModuleRecord& record) {
        try {
            record.module->start();
            modules_->setState(record, State::running);
        } catch (...) {
            router_.remove(record.id);
            record.module->stop();
            for (auto& [id, context] : contexts_)
                if (id == record.id)
                    context->end();
            throw;
        }
    });
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
    for (auto& [id, context] : contexts_)
        if (!running.contains(id)) {
            router_.remove(id);
            context->end();
        }

    openApi_ = openApi();
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

    http::ServerOptions options;
    options.address = config_->text("http.addr");
    options.fastWorkers = static_cast<std::size_t>(config_->integer("http.workers"));
    options.blockingWorkers = static_cast<std::size_t>(config_->integer("http.blocking_workers"));
    options.maxConnections = static_cast<std::size_t>(config_->integer("http.max_connections"));
    options.head.maxBytes = static_cast<std::size_t>(config_->bytes("http.max_header_bytes"));
    options.headTimeout = config_->duration("http.header_timeout");
    options.bodyTimeout = config_->duration("http.read_timeout");
    options.writeTimeout = config_->duration("http.write_timeout");
    options.idleTimeout = config_->duration("http.idle_timeout");
    server_ = std::make_unique<http::Server>(options, router_, dispatcher_, clock_, log_.named("http"));
    registerMetrics();
    server_->start();
    log_.info("serving", {{"port", static_cast<int>(server_->port())}, {"version", version()}});
}

bool Host::stop() noexcept {
    bool clean = true;
    try {
        if (server_)
            clean = server_->stop();
        ownMetrics_.end();
        stopModules();
        if (bus_)
            bus_->stop(milliseconds{2000});
        if (leases_)
            leases_->releaseAll();
    } catch (...) {
        log_.error("the stop failed", {{"error", describeCurrentException()}});
        clean = false;
    }
    log_.info("stopped");
    return clean;
}

void Host::stopModules() noexcept {
    modules_->forEachReverse([&](ModuleRecord& record) {
        router_.remove(record.id);
        for (auto& [id, context] : contexts_)
            if (id == record.id)
                context->end();
        record.module->stop();
        modules_->setState(record, State::stopped);
    });
}

std::uint16_t Host::port() const {
    return server_->port();
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
    const auto probe = [&](std::string name, const std::function<void()>& check) {
        std::string reason;
        try {
            check();
        } catch (const Error& error) {
            reason = error.what();
        } catch (...) {
            reason = describeCurrentException();
        }
        parts.emplace_back(std::move(name), std::move(reason));
    };
    probe("database", [&] { database_->ping(); });
    for (const auto& record : modules_->records())
        if (record.state == State::running)
            for (const auto& check : record.module->healthChecks())
                probe(check.name, check.check);
    return parts;
}

} // namespace core::host
