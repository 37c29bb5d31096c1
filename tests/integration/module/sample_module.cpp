// One source for all module files of the tests: SAMPLE_ID is the id, SAMPLE_<VARIANT> what is wrong with it.
#include <fstream>
#include <stdexcept>

#include "core/module/module.h"

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

class Sample final : public core::Module {
public:
    Sample() {
#ifdef SAMPLE_THROWS_CREATE
        throw std::runtime_error("no memory for this sample");
#endif
    }
    std::string_view name() const override { return SAMPLE_ID; }
    std::string_view version() const override { return "1.0.0"; }
    void initialize(core::ModuleContext& context) override {
        trace_ = context.dataDir().parent_path() / "trace.txt";
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
        return routes;
    }
    void start() override {
        note("start");
#ifdef SAMPLE_THROWS_START
        throw std::runtime_error("the sample's port is taken");
#endif
    }
    void stop() noexcept override { note("stop"); }

private:
    void note(const char* what) const { std::ofstream(trace_, std::ios::app) << what << " " SAMPLE_ID "\n"; }
    std::filesystem::path trace_;
};

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
        nullptr,
        0,
#ifdef SAMPLE_NULL_CREATE
        []() -> core::Module* { return nullptr; },
#else
        []() -> core::Module* { return new Sample(); },
#endif
        [](core::Module* module) { delete module; }};
    return &descriptor;
}
#endif
