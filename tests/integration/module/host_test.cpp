#include "core/json.h"
#include "host/host.h"
#include "integration/module/module_fixture.h"
#include "support/raw_client.h"

namespace core::module {
namespace {

using testing::Not;

TEST_F(ModuleTest, TheHostGoesOnWithoutWhatFailsAndSaysWhy) {
    lay("alpha", manifest("alpha"));
    lay("alpha", manifest("alpha"), "", "second"); // the same again, in a folder that is looked at later
    lay("beta", manifest("beta", needs("alpha", "[1.0,2.0)")));
    lay("gamma", manifest("gamma", needs("throws_start", "[1.0,2.0)")));
    lay("throws_initialize", manifest("throws_initialize"));
    lay("throws_start", manifest("throws_start"));
    lay("wrong_tag", manifest("wrong_tag"));
    for (const char* id : {"foreign_event", "unknown_event", "bad_durable", "bad_default", "foreign_setting"})
        lay(id, manifest(id));

    host::HostOptions options;
    options.executable = dir / "bin/ae-backend";
    options.sources.flags = {{"data_dir", (dir / "data").string()},
                             {"http.addr", "127.0.0.1:0"},
                             {"module_path", (dir / "modules").string() + ":" + (dir / "second").string()},
                             {"log.level", "error"}};
    const auto trace = [&] { return core::testkit::readFile(dir / "data/modules/trace.txt"); };
    host::Host host(options);
    host.loadModules();
    host.readConfig();
    host.openDatabase();
    host.migrate();
    host.initializeModules();
    host.start();
    {
        test::RawClient client(host.port());
        EXPECT_EQ(client.ask("/api/v1/modules").status, 401);
        const auto response = client.ask("/api/v1/modules", "Authorization: Bearer viewer\r\n");
        ASSERT_EQ(response.status, 200) << response.body;
        const auto document = json::parse(response.body).value();
        std::map<std::string, const json::Value*> byId;
        for (const auto& item : *document.find("items")->array())
            byId.try_emplace(item.stringOr("id"), &item); // of the two alphas the first
        const auto expect = [&](const std::string& id, const std::string& state, const std::string& step,
                                const std::string& reason) {
            ASSERT_TRUE(byId.contains(id)) << id;
            EXPECT_EQ(byId[id]->stringOr("state"), state) << id << response.body;
            EXPECT_EQ(byId[id]->stringOr("step"), step) << id;
            EXPECT_THAT(byId[id]->stringOr("reason"), HasSubstr(reason)) << id;
        };
        expect("alpha", "running", "", "");
        expect("beta", "running", "", "");
        expect("throws_initialize", "failed", "initialize", "the sample's key is missing");
        expect("throws_start", "failed", "start", "the sample's port is taken");
        expect("gamma", "skipped", "resolve", "it needs the module \"throws_start\", which failed");
        expect("wrong_tag", "failed", "load", "was built as");
        expect("foreign_event", "failed", "events",
               "declares the event \"alpha.rang\": its key must begin with \"foreign_event.\"");
        expect("unknown_event", "failed", "initialize",
               "subscribes to its event unknown_event.rang, which it does not declare");
        expect("bad_default", "failed", "settings", "the default of bad_default.loudness must be an integer");
        expect("foreign_setting", "failed", "settings",
               "it declares the setting http.addr, which is the host's");
        expect(
            "bad_durable", "failed", "initialize",
            "The durable subscription \"alpha.ear\" of the module bad_durable needs a name of its own that "
            "begins with \"bad_durable.\"");
        EXPECT_THAT(response.body, HasSubstr("which another file brought before"));

        for (const char* id : {"alpha", "beta"})
            EXPECT_EQ(client.ask(std::string("/api/v1/") + id).body, id);
        for (const char* id : {"gamma", "throws_initialize", "throws_start"})
            EXPECT_EQ(client.ask(std::string("/api/v1/") + id, "Authorization: Bearer viewer\r\n").status,
                      503)
                << id;
        // What nobody knows may be known to who is not there.
        const auto unknown = client.ask("/api/v1/modules", "Authorization: Bearer of-another-kind\r\n");
        EXPECT_EQ(unknown.status, 503) << unknown.body;
        EXPECT_THAT(unknown.body, HasSubstr("throws_start"));
        EXPECT_EQ(unknown.header("Retry-After"), "5");
        EXPECT_EQ(client.ask("/api/v1/modules").status, 401) << "without credentials";
        const auto ready = client.ask("/health/ready");
        EXPECT_EQ(ready.status, 503);
        EXPECT_THAT(ready.body, HasSubstr(R"("name":"module throws_start","status":"failed",)"
                                          R"("reason":"start: the sample's port is taken")"));
        EXPECT_THAT(ready.body, HasSubstr(R"("name":"module gamma")")) << "skipped with it";
        EXPECT_THAT(ready.body, Not(HasSubstr(R"("name":"module alpha")"))) << "its other file runs";
        const auto openApi = client.ask("/openapi.json").body;
        EXPECT_THAT(openApi, HasSubstr("/api/v1/beta"));
        EXPECT_THAT(openApi, Not(HasSubstr("/api/v1/gamma")));
    }
    EXPECT_THAT(trace(), Not(HasSubstr("start gamma")));
    EXPECT_TRUE(host.stop());
    EXPECT_EQ(trace(), "initialize alpha\ninitialize bad_durable\ninitialize beta\n"
                       "initialize throws_initialize\ninitialize throws_start\n"
                       "initialize unknown_event\ninitialize gamma\n"
                       "start alpha\nstart beta\nstart throws_start\nstop throws_start\n"
                       "stop beta\nstop alpha\n");
}

} // namespace
} // namespace core::module
