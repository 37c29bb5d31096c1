#pragma once

#include <algorithm>
#include <any>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/encoding.h"
#include "core/http/local_server.h"
#include "core/module/module.h"
#include "core/testing/fake_clock.h"
#include "core/testing/fake_jobs.h"
#include "core/testing/fake_metrics.h"
#include "core/testing/fake_wakeups.h"
#include "core/testing/fake_work_queues.h"
#include "core/testing/recording_bus.h"
#include "core/testing/temp_dir.h"
#include "core/testing/temporary_database.h"
#include "core/testing/test_callers.h"
#include "core/testing/test_log.h"

/// The entry point of the module that a test is linked with; see CORE_MODULE.
extern "C" const core_module_descriptor* core_module_v1();

namespace core::testkit {

/// An answer as a test looks at it.
struct TestAnswer {
    int status = 0;
    http::Headers headers;
    std::string body;
    json::Value json; ///< null if the body is none

    /// The name of the error: "ValidationError".
    [[nodiscard]] std::string error() const { return json.stringOr("error"); }
};

/// Sends requests in the name of one caller.
class TestCaller {
public:
    /// Without a token: nobody.
    TestCaller(const http::LocalServer& server, std::string token)
        : server_(&server), token_(std::move(token)) {}

    [[nodiscard]] TestAnswer get(const std::string& path) const { return send("GET", path); }
    [[nodiscard]] TestAnswer post(const std::string& path, const json::Value& body) const {
        return send("POST", path, json::write(body));
    }
    [[nodiscard]] TestAnswer put(const std::string& path, const json::Value& body) const {
        return send("PUT", path, json::write(body));
    }
    [[nodiscard]] TestAnswer erase(const std::string& path) const { return send("DELETE", path); }
    /// Any request; a handler that parks it is answered as if its wait were over.
    [[nodiscard]] TestAnswer send(const std::string& method, const std::string& path,
                                  const std::optional<std::string>& body = {}) const {
        auto answer = begin(method, path, body);
        answer.endWait();
        const auto response = answer.response();
        TestAnswer seen{response.status, response.headers, std::string(response.content()), {}};
        if (const auto parsed = json::parse(seen.body))
            seen.json = parsed.value();
        return seen;
    }
    /// The same for a long poll: the request stays parked until somebody answers.
    [[nodiscard]] http::LocalAnswer begin(const std::string& method, const std::string& path,
                                          const std::optional<std::string>& body = {}) const {
        http::Request request;
        request.method = method;
        const auto mark = path.find('?');
        request.path = path.substr(0, mark);
        request.query = mark == std::string::npos ? "" : path.substr(mark + 1);
        if (!token_.empty())
            request.headers.add("Authorization", "Bearer " + token_);
        if (body) {
            request.headers.add("Content-Type", "application/json");
            request.body = *body;
        }
        return server_->send(std::move(request));
    }

private:
    const http::LocalServer* server_;
    std::string token_;
};

/// One module as in a host, without a network and without other modules: real settings, a real database
/// (SQLite, or a schema of its own in a PostgreSQL database) with its migrations, real routing, permission
/// and validation; time, jobs and events as the test moves them.
///
///     TestHost host(core_module_v1(), {{"hello.keep", "1d"}});
///     host.services().provide<base::TenantLimits>(std::make_shared<MockTenantLimits>()); // if it needs any
///     host.start();
///     EXPECT_EQ(host.as(Role::viewer).get("/api/v1/hello/greetings").status, 200);
///
/// Of the base module there is only a table `tenants` with ids, so that tables may refer to it. Changes that
/// a route audits are in audited(). One thread.
class TestHost final {
public:
    /// `settings` by key, as text; the others have their defaults. `postgresql` is the URL of a database in
    /// which its role may make schemas; without it the module is on SQLite. Throws core::Error for a bad
    /// setting.
    explicit TestHost(std::shared_ptr<Module> module, std::map<std::string, std::string> settings = {},
                      const std::string& postgresql = {})
        : module_(std::move(module)),
          database_(log_.logger("db"),
                    migrations(postgresql.empty() ? db::Dialect::sqlite : db::Dialect::postgresql),
                    postgresql),
          context_(*this, configure(std::move(settings))) {
        authentication_.add(callers_);
        database_.db().setAuditWriter(
            [this](db::Transaction&, const Uuid*, const AuditEntry& entry) { audited_.push_back(entry); });
        tenant_ = addTenant();
    }
    explicit TestHost(const core_module_descriptor* descriptor,
                      std::map<std::string, std::string> settings = {}, const std::string& postgresql = {})
        : TestHost(std::shared_ptr<Module>(descriptor->create(), descriptor->destroy), std::move(settings),
                   postgresql) {}
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;
    ~TestHost() {
        bus_.endDurable();
        jobs_.stop();
        workQueues_.stop();
        subscriptions_.clear();
        if (started_)
            module_->stop();
        module_.reset(); // its objects may refer to what the host gave
    }

    /// Initialises and starts the module as the host does.
    void start() {
        const std::string id(module_->name());
        catalogue_.add(id, module_->events());
        bus_.refuseUndeclared(catalogue_, id);
        module_->initialize(context_);
        server_.add(std::string(module_->name()), module_->routes(), module_->middleware());
        for (auto& handler : module_->eventHandlers()) {
            const bool durable = handler.handleDurably != nullptr;
            catalogue_.checkSubscribe(id, handler.key, durable);
            if (durable)
                bus_.subscribeDurably(handler.options.name, handler.key, std::move(handler.handleDurably));
            else
                subscriptions_.push_back(
                    bus_.subscribeRaw(handler.key, handler.options, std::move(handler.handle)));
        }
        started_ = true;
        module_->start();
    }

    /// Somebody with this role in the tenant; without one, in tenant().
    [[nodiscard]] TestCaller as(http::Role role, const std::optional<Uuid>& tenant = {}) {
        http::Principal principal;
        principal.id = Uuid::generate(clock_.now());
        principal.name = std::string(http::roleName(role)) + "@example.com";
        principal.tenant = tenant.value_or(tenant_);
        principal.role = role;
        return as(std::move(principal));
    }
    [[nodiscard]] TestCaller as(http::Principal principal) {
        return {server_, callers_->tokenOf(std::move(principal))};
    }
    [[nodiscard]] TestCaller asNobody() const { return {server_, ""}; }

    [[nodiscard]] const Uuid& tenant() const noexcept { return tenant_; }
    [[nodiscard]] Uuid addTenant() {
        const auto id = Uuid::generate(clock_.now());
        database_.db().transact(SystemContext("test"), [&](db::Transaction& tx) {
            tx.execute("INSERT INTO tenants (id) VALUES ($1)", {id});
        });
        return id;
    }

    [[nodiscard]] FakeClock& clock() noexcept { return clock_; }
    [[nodiscard]] FakeJobs& jobs() noexcept { return jobs_; }
    [[nodiscard]] FakeWorkQueues& workQueues() noexcept { return workQueues_; }
    [[nodiscard]] RecordingBus& bus() noexcept { return bus_; }
    [[nodiscard]] FakeMetrics& metrics() noexcept { return metrics_; }
    [[nodiscard]] FakeWakeups& wakeups() noexcept { return wakeups_; }
    [[nodiscard]] TestLog& log() noexcept { return log_; }
    [[nodiscard]] Services& services() noexcept { return services_; }
    [[nodiscard]] db::Database& database() noexcept { return database_.db(); }
    [[nodiscard]] const std::filesystem::path& dataDir() const noexcept { return dir_.path(); }
    [[nodiscard]] Module& module() noexcept { return *module_; }
    [[nodiscard]] ModuleContext& context() noexcept { return context_; }
    /// What the module's routes wrote into the audit log, in order.
    [[nodiscard]] const std::vector<AuditEntry>& audited() const noexcept { return audited_; }
    /// What the health check of that name says; "" if all is well. Throws std::logic_error for an unknown
    /// name.
    [[nodiscard]] std::string health(const std::string& name) {
        for (const auto& check : module_->healthChecks())
            if (check.name == name)
                try {
                    check.check();
                    return {};
                } catch (...) {
                    return describeCurrentException();
                }
        throw std::logic_error("There is no health check " + name + ".");
    }
    /// The OpenAPI document of the module's routes.
    [[nodiscard]] json::Value openApi() const { return json::parse(server_.openApi("0")).value(); }

private:
    class Context final : public ModuleContext {
    public:
        Context(TestHost& host, std::shared_ptr<const config::Config> config)
            : host_(host), config_(std::move(config)),
              log_(host.log_.logger(std::string(host.module_->name()))) {}
        [[nodiscard]] const config::Config& config() const override { return *config_; }
        [[nodiscard]] const Logger& log() const override { return log_; }
        [[nodiscard]] const Clock& clock() const override { return host_.clock_; }
        [[nodiscard]] db::Database& database() override { return host_.database_.db(); }
        [[nodiscard]] event::Bus& events() override { return host_.bus_; }
        [[nodiscard]] Services& services() override { return host_.services_; }
        [[nodiscard]] Jobs& jobs() override { return host_.jobs_; }
        [[nodiscard]] WorkQueues& workQueues() override { return host_.workQueues_; }
        [[nodiscard]] http::Authentication& authentication() override { return host_.authentication_; }
        [[nodiscard]] metrics::Registry& metrics() override { return host_.metrics_; }
        [[nodiscard]] Wakeups& wakeups() override { return host_.wakeups_; }
        [[nodiscard]] const std::filesystem::path& dataDir() const override { return host_.dir_.path(); }

    private:
        TestHost& host_;
        std::shared_ptr<const config::Config> config_;
        Logger log_;
    };

    [[nodiscard]] std::vector<db::ModuleMigrations> migrations(db::Dialect dialect) const {
        const std::string tenants = dialect == db::Dialect::sqlite
                                        ? "CREATE TABLE tenants (id TEXT PRIMARY KEY)"
                                        : "CREATE TABLE tenants (id uuid PRIMARY KEY)";
        return {{"base", {{1, "stand in for base", tenants, hexEncode(sha256(tenants))}}},
                {std::string(module_->name()), module_->migrations(dialect)}};
    }
    [[nodiscard]] std::shared_ptr<const config::Config>
    configure(std::map<std::string, std::string> settings) const {
        auto declared = module_->settings();
        declared.push_back({.key = "data_dir", .defaultValue = dir_.path().string()});
        for (const auto& [key, value] : settings)
            if (std::none_of(declared.begin(), declared.end(),
                             [&](const auto& one) { return one.key == key; }))
                throw Error(errors::kValidation, "The module has no setting " + key + ".");
        config::Sources sources;
        sources.flags = std::move(settings);
        return config::read(declared, sources).value();
    }

    TempDir dir_;
    TestLog log_;
    FakeClock clock_;
    std::shared_ptr<Module> module_;
    TemporaryDatabase database_;
    Services services_;
    event::Catalogue catalogue_;
    RecordingBus bus_;
    FakeJobs jobs_;
    FakeWorkQueues workQueues_{clock_};
    FakeMetrics metrics_;
    FakeWakeups wakeups_;
    http::Authentication authentication_{clock_};
    std::shared_ptr<TestCallers> callers_ = std::make_shared<TestCallers>();
    http::LocalServer server_{authentication_, clock_, log_.logger("http")};
    std::vector<AuditEntry> audited_;
    std::vector<event::Subscription> subscriptions_;
    Uuid tenant_;
    Context context_;
    bool started_ = false;
};

} // namespace core::testkit
