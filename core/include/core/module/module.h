#pragma once

#include <any>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/export.h"
#include "core/http/middleware.h"
#include "core/http/principal.h"
#include "core/http/route.h"
#include "core/jobs.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/module/command.h"
#include "core/module/module_abi.h"
#include "core/service.h"
#include "core/time.h"
#include "core/wakeups.h"
#include "core/work_queue.h"

namespace core {

/// What the host gives to a module. References stay valid until stop() has returned. Thread-safe as its parts
/// are.
class CORE_EXPORT ModuleContext {
public:
    virtual ~ModuleContext();
    /// The settings of every module; use those that you declared.
    [[nodiscard]] virtual const config::Config& config() const = 0;
    [[nodiscard]] virtual const Logger& log() const = 0;
    [[nodiscard]] virtual const Clock& clock() const = 0;
    [[nodiscard]] virtual db::Database& database() = 0;
    [[nodiscard]] virtual event::Bus& events() = 0;
    [[nodiscard]] virtual Services& services() = 0;
    [[nodiscard]] virtual Jobs& jobs() = 0;
    [[nodiscard]] virtual WorkQueues& workQueues() = 0;
    [[nodiscard]] virtual http::Authentication& authentication() = 0;
    /// Numbers for /metrics; what it collects ends with the module.
    [[nodiscard]] virtual metrics::Registry& metrics() = 0;
    [[nodiscard]] virtual Wakeups& wakeups() = 0;
    /// Where this module may keep files; exists, mode 0700, unless the host only looks.
    [[nodiscard]] virtual const std::filesystem::path& dataDir() const = 0;
    /// True for `doctor` and `openapi`: initialize() is called to see whether it would succeed, or what it
    /// would offer, and makes nothing that lasts: no file, no row. start() is not called.
    [[nodiscard]] virtual bool onlyLooks() const { return false; }
};

struct Dependency {
    std::string module;
    std::string versions; ///< interval: "[1.0,2.0)"
};

/// One kind of thing that a module keeps, for whoever reads the module.
struct Entity {
    std::string name;  ///< "policy"
    std::string table; ///< "restic_policies"
};

/// One subscription that the host makes after initialize() and ends before stop().
struct EventHandler {
    std::string key;
    event::SubscriberOptions options;
    std::function<void(const event::Bus::Message&)> handle;
    /// Instead of `handle`: a durable subscription.
    std::function<void(const event::Bus::Message&, const event::Delivery&)> handleDurably = {};

    /// For a type of event: `EventHandler::on<Created>({.name = "counter"}, [](const Created&) { … })`.
    template <event::Event E>
    [[nodiscard]] static EventHandler on(event::SubscriberOptions options,
                                         std::function<void(const E&)> handle) {
        return {std::string(E::kKey), std::move(options), event::Bus::typed<E>(std::move(handle))};
    }
    /// A durable subscription: gets every event of that type from its first start on, in order, at least
    /// once, over restarts and on one host at a time. `name` begins with the module's id and a dot
    /// ("restic.mailer") and is kept: another name is another subscription, which begins anew. A handler that
    /// throws is called again after 1 s, then 2, 4, … up to 60 s; after 10 tries the event is set aside, with
    /// a log line. While it is being tried, what comes after it waits. Runs on a thread of its own and should
    /// be over soon.
    template <event::DurableEvent E>
    // It is moved on; clang-tidy does not see that in a template.
    // NOLINTNEXTLINE(performance-unnecessary-value-param)
    [[nodiscard]] static EventHandler durable(std::string name,
                                              std::function<void(const E&, const event::Delivery&)> handle) {
        return {std::string(E::kKey),
                {.name = std::move(name)},
                {},
                [handle = std::move(handle)](const event::Bus::Message& message,
                                             const event::Delivery& delivery) {
                    handle(event::Bus::eventOf<E>(message), delivery);
                }};
    }
};

/// A part that says how it is; the worst answer decides /health/ready.
struct HealthCheck {
    std::string name;
    /// Throws, with the reason as message, if the part does not work. Runs on a thread of its own, once at a
    /// time however many ask, and should be over soon: "did not answer in 3s" counts as failed.
    std::function<void()> check;
};

/// A loadable part of the host. The host calls, one after the other and in dependency order: events,
/// settings, migrations, initialize, routes, middleware, eventHandlers, start; at the end stop in reverse
/// order. A module that throws is reported with the step and the reason, its dependants are skipped, the host
/// goes on. start() and stop() have threads and deadlines of their own (`modules.start_timeout`,
/// `modules.stop_timeout`): one that does not return is abandoned, its routes, jobs, queues, services
/// and subscriptions are taken away, its stop() is not called, and the process ends without waiting for it.
/// Work of its jobs, queues, handlers and health checks that has not returned within `modules.stop_timeout`
/// of the stop is named in the log and left behind in the same way.
class CORE_EXPORT Module {
public:
    virtual ~Module();

    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual std::string_view version() const = 0;
    [[nodiscard]] virtual std::vector<Dependency> dependencies() const;
    [[nodiscard]] virtual std::vector<config::Setting> settings() const;
    /// Pure data; called before initialize, when the database may still be empty.
    [[nodiscard]] virtual std::vector<db::Migration> migrations(db::Dialect dialect) const;
    [[nodiscard]] virtual std::vector<Entity> entities() const;
    [[nodiscard]] virtual std::vector<Command> commands();

    /// Builds objects, provides services. The modules it depends on are initialised.
    virtual void initialize(ModuleContext& context) = 0;
    [[nodiscard]] virtual std::vector<http::Route> routes();
    /// What stands around the handlers of routes; see http::Middleware.
    [[nodiscard]] virtual std::vector<http::Middleware> middleware();
    [[nodiscard]] virtual std::vector<EventHandler> eventHandlers();
    [[nodiscard]] virtual std::vector<HealthCheck> healthChecks();
    /// Begins work: jobs and threads.
    virtual void start();
    /// Ends it. After its return no thread runs the module's code. Called at most once, also when start()
    /// failed. What it throws is logged.
    virtual void stop();

    /// Every event that this module publishes: `{Declaration::of<Created>(), …}`. Pure data; called before
    /// initialize. An event that no module declares cannot be published.
    [[nodiscard]] virtual std::vector<event::Declaration> events() const;
};

} // namespace core
