#include "core/testing/test_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/test_cluster.h"
#include "support/test_database.h"

namespace test {
namespace {

using namespace core;
using core::testkit::TestHost;
using testing::HasSubstr;

/// Counts its tenants' coins; on PostgreSQL behind row security.
class CoinModule final : public Module {
public:
    std::string_view name() const override { return "coin"; }
    std::string_view version() const override { return "1.0.0"; }
    std::vector<db::Migration> migrations(db::Dialect dialect) const override {
        if (dialect == db::Dialect::sqlite)
            return {
                {1, "create coins",
                 "CREATE TABLE coin_coins (tenant_id TEXT NOT NULL REFERENCES tenants (id), worth INTEGER)",
                 "0"}};
        const std::string own = "(tenant_id = current_setting('app.current_tenant')::uuid)";
        return {{1, "create coins",
                 "CREATE TABLE coin_coins (tenant_id uuid NOT NULL REFERENCES tenants (id), worth integer);"
                 "ALTER TABLE coin_coins ENABLE ROW LEVEL SECURITY; ALTER TABLE coin_coins FORCE ROW LEVEL "
                 "SECURITY; CREATE POLICY tenant ON coin_coins TO ae_app USING " +
                     own + " WITH CHECK " + own,
                 "0"}};
    }
    void initialize(ModuleContext& context) override { context_ = &context; }
    std::vector<http::Route> routes() override {
        std::vector<http::Route> routes;
        routes.push_back({.method = "POST",
                          .path = "/api/v1/coins",
                          .summary = "Add a coin",
                          .permission = http::Permission::role("coin.add", http::Role::operator_),
                          .audit = http::Audit::action("coin.added"),
                          .handler = [this](http::Request& request) -> http::Outcome {
                              context_->database().transact(request.tenant(), [&](db::Transaction& tx) {
                                  tx.execute("INSERT INTO coin_coins (tenant_id, worth) VALUES ($1, 5)",
                                             {tx.tenant()});
                                  request.audit().object("coin", "1");
                              });
                              return http::Response::empty();
                          }});
        return routes;
    }

private:
    ModuleContext* context_ = nullptr;
};

/// A background work is this much: what is to be done, its key, and a queue.
class PolishModule final : public Module {
public:
    std::string_view name() const override { return "polish"; }
    std::string_view version() const override { return "1.0.0"; }
    void initialize(ModuleContext& context) override { queues_ = &context.workQueues(); }
    void start() override { queue_ = &queues_->add({.name = "coins"}); }
    Submitted polish(const std::string& coin) {
        return queue_->submit({.key = "coin/" + coin,
                               .run = [this, coin](const std::stop_token&) { polished.push_back(coin); }});
    }
    std::vector<std::string> polished;

private:
    WorkQueues* queues_ = nullptr;
    WorkQueue* queue_ = nullptr;
};

TEST(TestHost, ANewBackgroundWorkIsAQueueAndWhatItDoes) {
    const auto module = std::make_shared<PolishModule>();
    TestHost host(module);
    host.start();
    EXPECT_EQ(module->polish("penny"), Submitted::queued);
    EXPECT_EQ(module->polish("crown"), Submitted::queued);
    EXPECT_EQ(module->polish("penny"), Submitted::joined) << "one coin is polished once";
    while (host.workQueues().runOne("coins"))
        continue;
    EXPECT_EQ(module->polished, (std::vector<std::string>{"penny", "crown"}));
}

std::int64_t coinsOf(TestHost& host, const Uuid& tenant) {
    return host.database().read(TenantContext(tenant), [](db::Transaction& tx) {
        return tx.query("SELECT count(*) FROM coin_coins")[0].integer(0); // names no tenant
    });
}

TEST(TestHostOnPostgresql, HasItsOwnSchemaAndTheRealWalls) {
    const TestDatabase database(db::Dialect::postgresql);
    const auto schemas = [&] {
        return database.db()
            .run(SystemContext("test"),
                 {{"SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ae_test_%'"}}, false)
            .at(0)[0]
            .integer(0);
    };
    {
        TestHost host(std::make_shared<CoinModule>(), {}, database.url());
        TestHost another(std::make_shared<CoinModule>(), {}, database.url());
        host.start();
        another.start();
        EXPECT_EQ(host.database().dialect(), db::Dialect::postgresql);
        EXPECT_EQ(host.as(http::Role::operator_).post("/api/v1/coins", {}).status, 204);
        EXPECT_EQ(host.audited().size(), 1U);
        const auto other = host.addTenant();
        EXPECT_EQ(host.as(http::Role::operator_, other).post("/api/v1/coins", {}).status, 204);
        EXPECT_EQ(coinsOf(host, host.tenant()), 1) << "row security hides the other tenant's";
        EXPECT_EQ(coinsOf(another, another.tenant()), 0) << "the other host has tables of its own";
        EXPECT_EQ(schemas(), 2);
    }
    EXPECT_EQ(schemas(), 0);
    try {
        TestHost refused(std::make_shared<CoinModule>(), {}, database.url() + "&port=1");
        ADD_FAILURE();
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("psql: "));
    }
}

} // namespace
} // namespace test
