#include "core/module/module.h"
#include "greeting_routes.h"
#include "greeting_store.h"
#include "hello/events.h"
#include "hello_migrations.h"

namespace hello {

namespace {

using core::config::SettingType;
using core::db::Transaction;

class HelloModule final : public core::Module {
public:
    std::string_view name() const override { return AE_MODULE_ID; }
    std::string_view version() const override { return AE_MODULE_VERSION; }

    std::vector<core::config::Setting> settings() const override {
        return {{.key = "hello.keep",
                 .type = SettingType::duration,
                 .defaultValue = "90d",
                 .doc = "How long a greeting is kept",
                 .min = 60000}};
    }
    std::vector<core::db::Migration> migrations(core::db::Dialect dialect) const override {
        return hello_migrations(dialect);
    }
    std::vector<core::Entity> entities() const override { return {{"greeting", "hello_greetings"}}; }

    std::vector<core::event::Declaration> events() const override {
        return {core::event::Declaration::of<events::GreetingCreated>()};
    }

    void initialize(core::ModuleContext& context) override { context_ = &context; }

    std::vector<core::http::Route> routes() override { return greetingRoutes(*context_); }

    std::vector<core::EventHandler> eventHandlers() override {
        return {core::EventHandler::on<events::GreetingCreated>(
            {.name = "hello"}, [this](const events::GreetingCreated& event) {
                context_->log().info("somebody greeted", {{"tenant_id", event.tenant.toString()},
                                                          {"greeting_id", event.greeting.toString()}});
            })};
    }

    void start() override {
        context_->jobs().every("hello.tidy", std::chrono::hours(1), [this](const auto&) { tidy(); });
    }

private:
    void tidy() {
        const auto limit = context_->clock().now() - context_->config().duration("hello.keep");
        const auto erased =
            context_->database().transact(core::SystemContext("old greetings"), [&](Transaction& tx) {
                return GreetingStore::eraseBefore(tx, limit);
            });
        if (erased > 0)
            context_->log().info("erased old greetings", {{"count", erased}});
    }

    core::ModuleContext* context_ = nullptr;
};

} // namespace
} // namespace hello

CORE_MODULE(AE_MODULE_ID, AE_MODULE_VERSION, hello::HelloModule, nullptr, 0)
