// A module that tells of a fact and hears of it, and stands still where a test says so. Files in $PROBE_DIR:
// "hang_after_commit", "hang_before" and "hang_after" (its handler's work) stop it, each while it is there;
// "trace" says how far it came.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "core/module/module.h"
#include "core/wire.h"

namespace {

using core::db::Transaction;
using core::event::Declaration;
using core::event::Delivery;

struct Noted {
    static constexpr std::string_view kKey = "probe.noted";
    static constexpr bool kDurable = true;
    int number = 0;
};
const core::wire::Type& wireType(const Noted*) {
    static const auto type = core::wire::object<Noted>("Noted", core::wire::tolerant, "A number was noted")
                                 .field("number", &Noted::number)
                                 .build();
    return type;
}

class Probe final : public core::Module {
public:
    std::string_view name() const override { return "probe"; }
    std::string_view version() const override { return "1.0.0"; }
    std::vector<Declaration> events() const override { return {Declaration::of<Noted>()}; }
    void initialize(core::ModuleContext& context) override {
        context_ = &context;
        folder_ = std::getenv("PROBE_DIR");
    }
    std::vector<core::http::Route> routes() override {
        std::vector<core::http::Route> routes;
        routes.push_back({.method = "POST",
                          .path = "/api/v1/probe/notes",
                          .summary = "Note a number",
                          .permission = core::http::Permission::open(),
                          .audit = core::http::Audit::exempt("a probe"),
                          .request = &core::wire::typeOf<Noted>(),
                          .handler = [this](core::http::Request& request) { return note(request); }});
        return routes;
    }
    std::vector<core::EventHandler> eventHandlers() override {
        return {
            core::EventHandler::on<Noted>({.name = "probe.ordinary"},
                                          [this](const Noted& noted) { trace("ordinary", noted.number); }),
            core::EventHandler::durable<Noted>("probe.ear",
                                               [this](const Noted& noted, const Delivery& delivery) {
                                                   hangWhile("hang_before");
                                                   trace("got", noted.number, delivery.attempt);
                                                   hangWhile("hang_after");
                                               })};
    }

private:
    core::http::Outcome note(core::http::Request& request) {
        const auto noted = request.json<Noted>();
        context_->database().transact(core::SystemContext("probe"), [&](Transaction& tx) {
            tx.afterCommit([this, noted] { // before anybody is told of it
                trace("committed", noted.number);
                hangWhile("hang_after_commit");
            });
            context_->events().publishWith(tx, noted);
        });
        return core::http::Response::empty();
    }
    void hangWhile(const char* file) const {
        while (std::filesystem::exists(folder_ / file))
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    void trace(const char* what, int number, int attempt = 0) const {
        std::ofstream out(folder_ / "trace", std::ios::app);
        out << what << ' ' << number << ' ' << attempt << ' ' << ::getpid() << '\n' << std::flush;
    }
    core::ModuleContext* context_ = nullptr;
    std::filesystem::path folder_;
};

} // namespace

CORE_MODULE("probe", "1.0.0", Probe, nullptr, 0)
