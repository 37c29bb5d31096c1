#include "contract/db_fixture.h"
#include "sdk/sdk_fixture.h"

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
