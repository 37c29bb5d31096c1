#include <atomic>
#include <thread>

#include "core/db/open.h"
#include "core/testing/test_log.h"
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
    EXPECT_EQ(api().get("/api/v1/hangs_start", admin_).status, 503);
    EXPECT_EQ(api().get("/api/v1/gamma", admin_).status, 503);

    // Its job, which ran every 20 ms until the fence, was taken away: while another that runs once a second
    // has run twice more, it has not run again.
    const auto before = trace();
    EXPECT_NE(before.find("start hangs_start"), std::string::npos);
    EXPECT_NE(before.find("work hangs_start\nwork hangs_start\n"), std::string::npos) << before;
    const auto runs = [this] {
        static const std::regex kRuns(R"re(ae_job_runs_total\{[^}]*job="scheduler"[^}]*\} (\d+))re");
        const auto page = api().get("/metrics", admin_).body;
        std::smatch found;
        EXPECT_TRUE(std::regex_search(page, found, kRuns)) << page;
        return found.empty() ? 0 : std::stoi(found[1]);
    };
    const auto first = runs();
    ASSERT_TRUE(await([&] { return runs() >= first + 2; }));
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

TEST_F(ModuleEnds, WorkThatNeverReturnsIsFencedAndNamed) {
    for (const auto& [sample, work] : std::map<std::string, std::string>{
             {"hangs_job", "job stuck"},
             {"hangs_queue", "work queue visits: stuck"},
             {"hangs_durable", "durable subscription hangs_durable.ear"},
             {"hangs_subscription", "subscription hangs_subscription.eye"},
         }) {
        SCOPED_TRACE(sample);
        std::filesystem::remove_all(dir_ / "modules");
        configureHost(laySample(sample) + "modules:\n  stop_timeout: 2s\n");
        startBackend();
        ASSERT_TRUE(await([&] { return trace().find("hang " + sample) != std::string::npos; }));
        const auto [exit, took] = stopBackend();
        EXPECT_EQ(exit.code, 1) << "a thread was left behind";
        EXPECT_EQ(exit.signal, 0);
        EXPECT_LT(took, 20s);
        EXPECT_NE(log().find(fmt::format(R"("id":"{}","work":"{}")", sample, work)), std::string::npos);
        EXPECT_EQ(log().find(R"("work":"job work")"), std::string::npos) << "it returns when it is told";
        EXPECT_NE(log().find("\"msg\":\"stopped\""), std::string::npos);
    }
}

TEST_F(ModuleEnds, AQueueWhoseWorkHangsGoesOnAndSaysSo) {
    configureHost(laySample("hangs_queue") + "modules:\n  stop_timeout: 1s\n");
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    const auto made = backend({"--json", "token", "create", "--role", "viewer", "--name", "all", "--system"});
    ASSERT_TRUE(made.exit.ok()) << made.error;
    const auto system = core::json::parse(made.output).value().stringOr("token");
    startBackend();
    std::string metrics;
    ASSERT_TRUE(await([&] {
        metrics = api().get("/metrics", system).body;
        return metrics.find(R"(ae_work_total{module="hangs_queue",queue="visits",result="done"} 1)") !=
               std::string::npos;
    })) << metrics;
    EXPECT_NE(metrics.find(R"(ae_work_pieces{module="hangs_queue",queue="visits",state="hanging"} 1)"),
              std::string::npos)
        << metrics;
    EXPECT_NE(metrics.find(R"(ae_work_oldest_wait_seconds{module="hangs_queue",queue="visits"} 0)"),
              std::string::npos);
    const auto ready = api().get("/health/ready", "");
    EXPECT_EQ(ready.status, 503);
    EXPECT_NE(ready.body.find(R"("name":"work queue hangs_queue/visits","status":"failed","reason":)"
                              R"("1 of its work did not return after its limit (stuck))"),
              std::string::npos)
        << ready.body;
    EXPECT_EQ(stopBackend().first.code, 1);
}

TEST_F(ModuleEnds, ASecondSignalEndsAtOnce) {
    configureHost(laySample("hangs_job") + "modules:\n  stop_timeout: 10m\n");
    for (const int second : {SIGTERM, SIGINT}) {
        const auto before = log().size();
        startBackend();
        ASSERT_TRUE(await([&] { return trace().find("hang hangs_job") != std::string::npos; }));
        backend_->signal(SIGTERM);
        ASSERT_TRUE(await([&] { return log().find("\"msg\":\"stopping\"", before) != std::string::npos; }));
        backend_->signal(second);
        const auto exit = backend_->wait(20s);
        ASSERT_TRUE(exit);
        EXPECT_EQ(exit->signal, second);
        backend_.reset();
    }
}

TEST_F(ModuleEnds, AHealthCheckThatHangsHoldsUpNobody) {
    configureHost(laySample("hangs_health") + "modules:\n  stop_timeout: 1s\n");
    startBackend();
    // More probes than there are threads for them; then a sign-in, which takes the same threads.
    std::vector<std::thread> probes;
    std::atomic<int> answered{0};
    for (int i = 0; i < 40; ++i)
        probes.emplace_back([&] {
            const auto answer = ApiClient(port_, traffic_).get("/health/ready", "");
            EXPECT_EQ(answer.status, 503);
            EXPECT_NE(answer.body.find(R"("name":"hangs_health.pulse","status":"failed",)"
                                       R"("reason":"did not answer in 3s")"),
                      std::string::npos)
                << answer.body;
            ++answered;
        });
    for (auto& probe : probes)
        probe.join();
    EXPECT_EQ(answered, 40);
    const auto login =
        api().send("POST", "/api/v1/auth/login", "",
                   core::json::write(Object{{"email", kAdminEmail}, {"password", kAdminPassword}}));
    EXPECT_EQ(login.status, 200);
    const auto calls = trace();
    EXPECT_EQ(calls.find("hang hangs_health"), calls.rfind("hang hangs_health")) << "asked once: " << calls;
    EXPECT_EQ(stopBackend().first.code, 1);
    EXPECT_NE(log().find(R"("work":"health check hangs_health.pulse")"), std::string::npos);
}

TEST_F(ModuleEnds, WithoutItsModuleAHostIsNotReadyAndRefusesNobodyForGood) {
    configureHost();
    startBackend();
    const auto registration = registrationToken();
    stopBackend();
    // A newer host has been here: this one does not know its schema.
    {
        core::SystemClock clock;
        core::testkit::TestLog quiet;
        const auto database = core::db::open({.url = "sqlite:" + (dir_ / "data/ae-backend.db").string()},
                                             clock, quiet.logger());
        database->run(core::SystemContext("a newer host"),
                      {{"INSERT INTO schema_migrations SELECT module, 1000000, 'of tomorrow', checksum, "
                        "applied_at FROM schema_migrations WHERE module = 'restic' LIMIT 1"}},
                      true);
    }
    startBackend();
    const auto ready = api().get("/health/ready", "");
    EXPECT_EQ(ready.status, 503);
    EXPECT_NE(ready.body.find(R"("name":"module restic","status":"failed","reason":"migrate: )"),
              std::string::npos)
        << ready.body;
    EXPECT_EQ(api().get("/health/live", "").status, 200);
    EXPECT_EQ(api().get("/api/v1/users", admin_).status, 200) << "the others serve";
    for (const auto& token : {registration, std::string("of-nobody")})
        EXPECT_EQ(api().post("/api/v1/restic/agents/register", token, {}).status, 503) << token;
    EXPECT_EQ(api().get("/api/v1/restic/agents", admin_).status, 503);
    EXPECT_EQ(api().get("/api/v1/users", "aeb_invented").status, 401) << "whoever knows its kind is there";
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
