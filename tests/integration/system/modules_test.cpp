#include "integration/system/system_fixture.h"

namespace test {
namespace {

/// The real host with one of the sample modules beside its own.
class ModuleEnds : public SystemTest {
protected:
    /// The limits are for the host's own modules, too, also where much else runs.
    void lay(const std::string& sample, const std::string& dependencies = "{}") {
        configureHost(laySample(sample, dependencies) +
                      "modules:\n  start_timeout: 3s\n  stop_timeout: 3s\n");
    }
    Value module(const std::string& id) {
        const auto modules = get("/api/v1/modules");
        for (const auto& module : *modules.find("items")->array())
            if (module.stringOr("id") == id)
                return module;
        ADD_FAILURE() << "there is no module " << id;
        return {};
    }
    std::string trace() { return readFile(dir_ / "data/modules/trace.txt"); }
    std::string log() { return readFile(dir_ / "backend.log"); }
};

TEST_F(ModuleEnds, AStartThatHangsIsFencedAndTheHostGoesOn) {
    lay("hangs_start");
    lay("gamma", R"x({"hangs_start":"[1.0,2.0)"})x");
    startBackend();
    const auto hung = module("hangs_start");
    EXPECT_EQ(hung.stringOr("state"), "failed");
    EXPECT_EQ(hung.stringOr("step"), "start");
    EXPECT_EQ(hung.stringOr("reason"), "it has not started within 3s (modules.start_timeout); the host goes "
                                       "on without it until it is restarted");
    EXPECT_EQ(module("gamma").stringOr("state"), "skipped");
    EXPECT_EQ(module("restic").stringOr("state"), "running");
    EXPECT_EQ(api().get("/api/v1/hangs_start", admin_).status, 404);
    EXPECT_EQ(api().get("/api/v1/gamma", admin_).status, 404);

    // Its job, which ran every 20 ms until the fence, was taken away: ten intervals later it has not run
    // again.
    const auto before = trace();
    EXPECT_NE(before.find("start hangs_start"), std::string::npos);
    EXPECT_NE(before.find("work hangs_start\nwork hangs_start\n"), std::string::npos) << before;
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(trace(), before);

    const auto [exit, took] = stopBackend();
    EXPECT_EQ(exit.code, 1) << "a thread was left behind";
    EXPECT_EQ(exit.signal, 0);
    EXPECT_LT(took, 10s);
    EXPECT_EQ(trace(), before) << "a module whose start never returned is not stopped";
    EXPECT_NE(log().find("\"msg\":\"stopped\""), std::string::npos) << "the others were stopped in order";
}

TEST_F(ModuleEnds, AStopThatHangsIsLeftBehind) {
    lay("hangs_stop");
    startBackend();
    EXPECT_EQ(module("hangs_stop").stringOr("state"), "running");
    const auto [exit, took] = stopBackend();
    EXPECT_EQ(exit.code, 1);
    EXPECT_EQ(exit.signal, 0);
    EXPECT_LT(took, 10s);
    EXPECT_NE(log().find("a module has not stopped in time and is left behind"), std::string::npos);
    EXPECT_NE(log().find("\"msg\":\"stopped\""), std::string::npos);
}

TEST_F(ModuleEnds, AStopThatThrowsIsLogged) {
    lay("throws_stop");
    startBackend();
    const auto [exit, took] = stopBackend();
    EXPECT_TRUE(exit.ok());
    EXPECT_NE(log().find("the sample's file is gone"), std::string::npos);
    EXPECT_NE(log().find("\"msg\":\"stopped\""), std::string::npos);
}

} // namespace
} // namespace test
