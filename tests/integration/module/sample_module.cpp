// One source for all module files of the tests: SAMPLE_ID is the id, SAMPLE_<VARIANT> what is wrong with it.
#include <fstream>
#include <stdexcept>

#include <unistd.h>

#include "core/module/module.h"
#include "core/wire.h"

namespace {

/// The token is the name of the caller's role.
class Roles final : public core::http::Authenticator {
public:
    std::optional<core::Result<Verified>> authenticate(const core::http::Credentials& credentials) override {
        core::http::Principal principal;
        principal.role = core::http::parseRole(credentials.secret);
        if (!principal.role)
            return std::nullopt;
        return core::Result<Verified>(Verified{principal, core::Instant::max()});
    }
};

struct Rang {
    static constexpr std::string_view kKey = SAMPLE_ID ".rang";
    static constexpr bool kDurable = true;
};
const core::wire::Type& wireType(const Rang*) {
    static const auto type = core::wire::object<Rang>("Rang").build();
    return type;
}

class Sample final : public core::Module {
public:
    Sample() {
#ifdef SAMPLE_THROWS_CREATE
        throw std::runtime_error("no memory for this sample");
#endif
    }
    std::string_view name() const override { return SAMPLE_ID; }
    std::string_view version() const override { return "1.0.0"; }
    std::vector<core::config::Setting> settings() const override {
#if defined(SAMPLE_BAD_DEFAULT)
        return {
            {.key = SAMPLE_ID ".loudness",
             .type = core::config::SettingType::integer,
             .defaultValue = "very" }};
#elif defined(SAMPLE_FOREIGN_SETTING)
        return {{.key = "http.addr" }};
#else
        return {};
#endif
    }
    void initialize(core::ModuleContext& context) override {
        trace_ = context.dataDir().parent_path() / "trace.txt";
        jobs_ = &context.jobs();
        context_ = &context;
        note("initialize");
#ifdef SAMPLE_THROWS_INITIALIZE
        throw std::runtime_error("the sample's key is missing");
#endif
#ifdef SAMPLE_ALPHA
        context.authentication().add(std::make_shared<Roles>());
#endif
    }
    std::vector<core::http::Route> routes() override {
        std::vector<core::http::Route> routes;
        routes.push_back({.method = "GET",
                          .path = "/api/v1/" SAMPLE_ID,
                          .summary = "A sample",
                          .permission = core::http::Permission::open(),
                          .handler = [](core::http::Request&) -> core::http::Outcome {
                              return core::http::Response::text(SAMPLE_ID, "text/plain");
                          }});
        routes.push_back({.method = "GET",
                          .path = "/api/v1/" SAMPLE_ID "/echo",
                          .summary = "A WebSocket that says what it is told; \"close\" ends it",
                          .permission = core::http::Permission::open(),
                          .webSocket = core::http::WebSocketLimits{.message = 200000, .protocols = {"echo"}},
                          .handler = [](core::http::Request&) -> core::http::Outcome {
                              return core::http::Upgrade{
                                  .received = [](const core::http::WebSocket& socket,
                                                 core::http::WebSocketMessage message) {
                                      if (message.data == "close")
                                          socket.close({4000, "as you wish"});
                                      else
                                          static_cast<void>(socket.send(std::move(message)));
                                  }};
                          }});
        return routes;
    }
    std::vector<core::event::Declaration> events() const override {
#if defined(SAMPLE_FOREIGN_EVENT)
        return {{ "alpha.rang", &core::wire::typeOf<Rang>() }};
#elif defined(SAMPLE_UNKNOWN_EVENT)
        return {};
#else
        return {core::event::Declaration::of<Rang>()};
#endif
    }
    std::vector<core::EventHandler> eventHandlers() override {
#if defined(SAMPLE_BAD_DURABLE)
        [[maybe_unused]] constexpr auto kName = "alpha.ear";
#else
        [[maybe_unused]] constexpr auto kName = SAMPLE_ID ".ear";
#endif
#if defined(SAMPLE_HANGS_DURABLE)
        return {core::EventHandler::durable<Rang>(
            kName, [this](const Rang&, const core::event::Delivery&) { hang(); })};
#elif defined(SAMPLE_HANGS_SUBSCRIPTION)
        return {core::EventHandler::on<Rang>({.name = SAMPLE_ID ".eye"}, [this](const Rang&) { hang(); })};
#else
        return {core::EventHandler::durable<Rang>(kName, [](const Rang&, const core::event::Delivery&) {})};
#endif
    }
    std::vector<core::HealthCheck> healthChecks() override {
#if defined(SAMPLE_HANGS_HEALTH)
        return {{ SAMPLE_ID ".pulse", [this] { hang(); } }};
#else
        return {};
#endif
    }
    void start() override {
        note("start");
#ifdef SAMPLE_THROWS_START
        throw std::runtime_error("the sample's port is taken");
#endif
#ifdef SAMPLE_HANGS_START
        jobs_->every("work", core::milliseconds{20}, [this](core::JobRun&) { note("work"); });
        hang();
#endif
#ifdef SAMPLE_HANGS_JOB
        jobs_->every("stuck", core::milliseconds{20}, [this](core::JobRun&) { hang(); });
        jobs_->every("work", core::milliseconds{20}, [](core::JobRun&){});
#endif
#ifdef SAMPLE_HANGS_QUEUE
        auto& queue =
            context_->workQueues().add({.name = "visits", .limit = core::milliseconds{1}, .grace = {}});
        static_cast<void>(queue.submit({"stuck", [this](const std::stop_token&) { hang(); }}));
        static_cast<void>(queue.submit({"other", [](const std::stop_token&) {}}));
#endif
#if defined(SAMPLE_HANGS_DURABLE) || defined(SAMPLE_HANGS_SUBSCRIPTION)
        context_->database().transact(core::SystemContext("sample"), [this](core::db::Transaction& tx) {
            context_->events().publishWith(tx, Rang{});
        });
#endif
    }
    void stop() override {
        note("stop");
#ifdef SAMPLE_THROWS_STOP
        throw std::runtime_error("the sample's file is gone");
#endif
#ifdef SAMPLE_HANGS_STOP
        hang();
#endif
    }

private:
    void note(const char* what) const { std::ofstream(trace_, std::ios::app) << what << " " SAMPLE_ID "\n"; }
    [[maybe_unused]] [[noreturn]] void hang() const {
        note("hang");
        for (;;)
            ::pause();
    }
    std::filesystem::path trace_;
    core::Jobs* jobs_ = nullptr;
    core::ModuleContext* context_ = nullptr;
};

#ifdef SAMPLE_NEEDS_MORE
constexpr core_module_requirement kRequirements[] = {{"alpha", "[1.0,2.0)"}};
#endif

} // namespace

#ifndef SAMPLE_NO_ENTRY
extern "C" __attribute__((visibility("default"))) const core_module_descriptor* core_module_v1() {
    static const core_module_descriptor descriptor{
#ifdef SAMPLE_SMALL_DESCRIPTOR
        sizeof(core_module_descriptor) - sizeof(void*),
#else
        sizeof(core_module_descriptor),
#endif
#ifdef SAMPLE_WRONG_ABI
        core::kModuleAbi + 1,
#else
        core::kModuleAbi,
#endif
        SAMPLE_ID,
        "1.0.0",
#ifdef SAMPLE_WRONG_TAG
        "gcc4-cxx11abi0",
#else
        core::kBuildTag,
#endif
#ifdef SAMPLE_NEEDS_MORE
        kRequirements,
        1,
#else
        nullptr,
        0,
#endif
#ifdef SAMPLE_NULL_CREATE
        []() -> core::Module* { return nullptr; },
#else
        []() -> core::Module* { return new Sample(); },
#endif
        [](core::Module* module) { delete module; }};
    return &descriptor;
}
#endif
