#include "contract/db_fixture.h"
#include "sdk/sdk_fixture.h"
#include "support/web_socket_client.h"

namespace test {
namespace {

/// A module from another project, built against the prefix, in the installed host.
class Consumer : public SdkTest, public ::testing::WithParamInterface<core::db::Dialect> {
protected:
    void SetUp() override {
        if (GetParam() == core::db::Dialect::postgresql) {
            database_ = std::make_unique<TestDatabase>(GetParam());
            useDatabase(database_->url());
        }
        useModule(folder() / "consumer/build");
    }
    std::unique_ptr<TestDatabase> database_;

public:
    void TearDown() override {
        SdkTest::TearDown();
        database_.reset();
    }
};

TEST_P(Consumer, IsListedAndDocumented) {
    startBackend();
    const auto listed = module("sites");
    EXPECT_EQ(listed.stringOr("state"), "running") << core::json::write(listed);
    EXPECT_EQ(listed.stringOr("version"), "1.2.0");
    EXPECT_EQ(listed.find("dependencies")->stringOr("base"), "[0.1,1.0)");
    std::set<std::string> operations;
    for (const auto& operation : api().document().operations())
        operations.insert(operation.method + " " + operation.path);
    EXPECT_TRUE(operations.contains("POST /api/v1/sites"));
    EXPECT_TRUE(operations.contains("GET /api/v1/sites"));
    const auto checked =
        backend({"module", "check", (folder() / "consumer/build/lib/ae-backend/modules/sites.so").string()});
    EXPECT_EQ(checked.exit.code, 0) << checked.error;
    EXPECT_TRUE(backend({"doctor"}).exit.ok()) << answerOf(backend({"doctor"}));
}

TEST_P(Consumer, ItsPageIsListedWithItsFiles) {
    startBackend();
    const auto pages = api().get("/api/v1/pages", apiToken("viewer"));
    ASSERT_EQ(pages.json.find("items")->array()->size(), 1U) << pages.body;
    const auto& page = pages.json.find("items")->array()->front();
    EXPECT_EQ(page.stringOr("module"), "sites");
    EXPECT_EQ(page.find("title")->stringOr("de"), "Standorte");
    EXPECT_EQ(api().send("GET", page.stringOr("entry"), "").body,
              readFile(source() / "tests/sdk_consumer/web/sites.js"));
}

TEST_P(Consumer, RolesTenantsAndValidationHoldForItsRoutes) {
    startBackend();
    const auto viewer = apiToken("viewer");
    const auto operators = apiToken("operator");
    EXPECT_EQ(api().send("POST", "/api/v1/sites", "", "{}").status, 401);
    EXPECT_EQ(api().post("/api/v1/sites", viewer, {{"name", "Kiel"}}).status, 403);
    const auto invalid = api().post("/api/v1/sites", operators, {{"name", ""}, {"colour", "red"}});
    EXPECT_EQ(invalid.status, 400);
    EXPECT_THAT(invalid.pointers(), ::testing::UnorderedElementsAre("/name", "/colour"));
    EXPECT_EQ(api().post("/api/v1/sites", operators, {{"name", "Kiel"}}).status, 201);
    EXPECT_EQ(api().post("/api/v1/sites", operators, {{"name", "Kiel"}}).error(), "Conflict");
    const auto listed = api().get("/api/v1/sites", viewer);
    ASSERT_EQ(listed.json.find("items")->array()->size(), 1U) << listed.body;
    EXPECT_EQ(listed.json.find("items")->array()->front().stringOr("name"), "Kiel");

    // The route's audit action, written with the change.
    bool audited = false;
    const auto log = get("/api/v1/audit");
    for (const auto& entry : *log.find("items")->array())
        audited = audited || entry.stringOr("action") == "sites.site.added";
    EXPECT_TRUE(audited) << core::json::write(log);

    ASSERT_TRUE(backend({"tenant", "create", "--name", "second"}).exit.ok());
    const auto made =
        backend({"--json", "token", "create", "--name", "foreign", "--role", "admin", "--tenant", "second"});
    const auto foreign = core::json::parse(made.output).value().stringOr("token");
    EXPECT_TRUE(api().get("/api/v1/sites", foreign).json.find("items")->array()->empty());
}

TEST_P(Consumer, TellsWhoeverWatchesOfNewSites) {
    startBackend();
    const auto bearer = "Authorization: Bearer " + apiToken("viewer") + "\r\n";
    WebSocketClient<> nobody(static_cast<std::uint16_t>(port_)), watcher(static_cast<std::uint16_t>(port_));
    EXPECT_EQ(nobody.open("/api/v1/sites/live").status, 401);
    ASSERT_EQ(watcher.open("/api/v1/sites/live", bearer).status, 101);
    ASSERT_EQ(api().post("/api/v1/sites", admin_, {{"name", "Kiel"}}).status, 201);
    EXPECT_EQ(watcher.nextText(), "Kiel");
    watcher.sendText("who are you?"); // it takes no messages
    EXPECT_EQ(watcher.next().code(), 1009);
}

TEST_P(Consumer, UsesABaseServiceASettingAnEventAJobAndAHealthCheck) {
    environment_["AE_SITES_NAME_LENGTH"] = "5";
    startBackend();
    EXPECT_EQ(api().post("/api/v1/sites", admin_, {{"name", "Schleswig"}}).status, 400);
    EXPECT_THAT(backend({"config", "show"}).output, HasSubstr("name_length: 5"));

    // base.tenant_limits: no more sites than agents.
    const auto tenants = get("/api/v1/tenants");
    const auto tenant = tenants.find("items")->array()->front().stringOr("name");
    ASSERT_TRUE(backend({"tenant", "set", "--name", tenant, "--max-agents", "1"}).exit.ok());
    EXPECT_EQ(api().post("/api/v1/sites", admin_, {{"name", "Kiel"}}).status, 201);
    const auto full = api().post("/api/v1/sites", admin_, {{"name", "Bonn"}});
    EXPECT_EQ(full.error(), "TenantLimitReached") << full.body;

    // Its own event wakes its job, which counts.
    EXPECT_TRUE(await([&] { return get("/api/v1/sites").integerOr("of_all_tenants") == 1; }));
    EXPECT_EQ(backend({"sites", "count"}).output, "1\n");

    // An event of the module restic reaches it.
    ASSERT_EQ(api()
                  .post("/api/v1/restic/agents/register", registrationToken(),
                        {{"hostname", "db-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}})
                  .status,
              201);
    EXPECT_TRUE(await(
        [&] { return get("/api/v1/sites").find("items")->array()->front().integerOr("arrivals") == 1; }));

    EXPECT_EQ(api().send("GET", "/health/ready", "").status, 200);
    writeFile(dir_ / "data/modules/sites/closed", "");
    // Raw: the document does not say that a 503 of this route is no error object.
    const auto ill = api().raw("GET /health/ready HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(ill, HasSubstr("HTTP/1.1 503 "));
    EXPECT_THAT(ill, HasSubstr("The sites are closed"));

    // Its middleware: around its own routes, and around everybody's.
    const auto refused = api().post("/api/v1/sites", admin_, {{"name", "Ulm"}});
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr("The sites are closed"));
    const auto listed = api().get("/api/v1/sites", admin_);
    EXPECT_EQ(listed.status, 200);
    EXPECT_THAT(listed.headers.at("server-timing"), HasSubstr("app;dur="));
    EXPECT_THAT(api().get("/api/v1/tenants", admin_).headers.at("server-timing"), HasSubstr("app;dur="));
}

TEST_P(Consumer, ARepeatedRequestOfItsRoutesIsDoneOnceAlsoAfterAKill) {
    startBackend();
    const auto add = [this] {
        return api().send("POST", "/api/v1/sites", "Bearer " + admin_, R"({"name":"Kiel"})",
                          {{"Idempotency-Key", "0b8f7c1e-6a52-4bb1-9d39-7e55f0c3a001"}});
    };
    const auto first = add();
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(add().body, first.body);
    killBackend();
    startBackend();
    const auto again = add();
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
    EXPECT_EQ(get("/api/v1/sites").find("items")->array()->size(), 1U);
}

/// Each event of the catalogue is caused as the system causes it, over the API as people and agents use it,
/// and reaches a module of another project: a durable one by both ways.
TEST_P(Consumer, GetsEveryEventOfTheCatalogue) {
    // Events that nothing causes yet, with the reason.
    const std::map<std::string, std::string> notYet{};

    environment_["AE_RESTIC_AGENTS_OFFLINE_AFTER"] = "2s";
    environment_["AE_RESTIC_AGENTS_HEARTBEAT_TIMEOUT"] = "3s";
    // Somebody else's, which the host looks at itself.
    const auto watched = dir_ / "others/watched";
    environment_["AE_RESTIC_POLICIES_EVALUATION_INTERVAL"] = "1s";
    environment_["AE_DIRECT_LOCAL_ROOTS"] = (dir_ / "others").string();
    environment_["AE_RESTIC_MONITOR_USER"] = "root";
    environment_["AE_RESTIC_MONITOR_CACHE_DIR"] = (dir_ / "monitor-cache").string();
    std::filesystem::create_directories(watched);
    const std::string restic = "RESTIC_PASSWORD=" + std::string(kRepositoryPassword) +
                               " restic --no-cache -r " + watched.string() + " ";
    ASSERT_TRUE(shell(restic + "init && " + restic + "backup /etc/hostname").exit.ok());
    startBackend();
    const auto printed = backend({"--json", "events"});
    ASSERT_TRUE(printed.exit.ok()) << answerOf(printed);
    const auto catalogue = core::json::parse(printed.output).value();

    const std::string base = "/api/v1/restic/";
    ASSERT_EQ(api().post("/api/v1/sites", admin_, {{"name", "Kiel"}}).status, 201);
    const auto registered =
        api().post(base + "agents/register", registrationToken(),
                   {{"hostname", "db-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}});
    ASSERT_EQ(registered.status, 201) << registered.body;
    const auto agent = registered.json.stringOr("agentId"), token = registered.json.stringOr("token");
    auto policy = policyBody("every minute");
    policy.set("schedule", "* * * * *");
    policy.set("repository_id", repository(dir_ / "repository", "local"));
    const auto policyId = post(base + "policies", policy, 201).stringOr("id");
    const auto linked =
        api().send("PUT", base + "agents/" + agent + "/policies/" + policyId, "Bearer " + admin_);
    ASSERT_LT(linked.status, 300) << linked.body;

    post(base + "targets",
         {{"name", "watched"},
          {"repository_id", post(base + "repositories",
                                 {{"name", "others"},
                                  {"type", "local"},
                                  {"url", watched.string()},
                                  {"password", kRepositoryPassword}},
                                 201)
                                .stringOr("id")}},
         201);
    ASSERT_TRUE(await([&] { return get(base + "status/watched").stringOr("status") == "healthy"; }, 60s));
    std::filesystem::rename(watched, dir_ / "others/away");
    post(base + "status/watched/refresh", {}, 202);

    // The scheduler makes a task at the next full minute; the agent does it.
    core::json::Value task;
    ASSERT_TRUE(await(
        [&] {
            const auto poll = api().get(base + "agents/" + agent + "/tasks?wait=10&free=1", token);
            EXPECT_EQ(poll.status, 200) << poll.body;
            const auto* items = poll.json.find("items");
            if (items == nullptr || items->array() == nullptr || items->array()->empty())
                return false;
            task = *items->array()->front().find("payload");
            return true;
        },
        80s));
    const auto report = [&](Object body) {
        body.set("attempt", task.integerOr("attempt"));
        const auto answer = api().post(base + "tasks/" + task.stringOr("task_id") + "/status", token, body);
        EXPECT_EQ(answer.status, 200) << answer.body;
    };
    report({{"status", "running"}});
    report({{"status", "success"},
            {"result", Object{{"outcome", "success"},
                              {"exit_code", 0},
                              {"snapshot_id", std::string(64, 'a')},
                              {"hostname", "db-01"},
                              {"paths", Array{"/etc"}}}}});
    ASSERT_EQ(api()
                  .post(base + "agents/" + agent + "/heartbeat", token, {{"version", "1"}, {"os", "linux"}})
                  .status,
              200); // its last one

    std::set<std::string> wanted, expected;
    for (const auto& event : *catalogue.find("items")->array()) {
        const auto key = event.stringOr("key");
        expected.insert(key);
        if (notYet.contains(key))
            continue;
        wanted.insert(key);
        if (event.booleanOr("durable"))
            wanted.insert(key + " durably");
    }
    std::set<std::string> got;
    const bool all = await(
        [&] {
            got.clear();
            const auto heard = get("/api/v1/sites/heard");
            for (const auto& entry : *heard.find("items")->array()) {
                got.insert(entry.stringOr("key") + (entry.booleanOr("durable") ? " durably" : ""));
                EXPECT_FALSE(entry.find("fields")->stringOr("tenant_id").empty()) << core::json::write(entry);
            }
            return got == wanted;
        },
        40s);
    EXPECT_TRUE(all);
    EXPECT_EQ(got, wanted);
    EXPECT_TRUE(expected.contains("sites.site.added"));
    EXPECT_TRUE(expected.contains("restic.task.completed"));
}

class InstalledConsumer : public SdkTest {};

TEST_F(InstalledConsumer, HasItsPagesBesideItWhateverTheUmask) {
    const auto installed = shell("umask 0 && cmake --install " + (folder() / "consumer/build").string() +
                                 " --prefix " + (dir_ / "prefix").string());
    ASSERT_TRUE(installed.exit.ok()) << answerOf(installed);
    const auto modules = dir_ / "prefix/lib/ae-backend/modules";
    EXPECT_TRUE(std::filesystem::exists(modules / "sites.web/sites.css"));
    // Refused by name if a file were missing or others could write it.
    const auto checked = backend({"module", "check", (modules / "sites.so").string()});
    EXPECT_EQ(checked.exit.code, 0) << checked.error;
    std::filesystem::remove(modules / "sites.web/sites.js");
    const auto refused = backend({"module", "check", (modules / "sites.so").string()});
    EXPECT_EQ(refused.exit.code, 1);
    EXPECT_THAT(refused.error,
                HasSubstr("sites.web/sites.js is not there, which the manifest names in /pages/0/entry."));
}

INSTANTIATE_TEST_SUITE_P(Db, Consumer,
                         ::testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         dialectName);

} // namespace
} // namespace test
