#include "contract/db_fixture.h"
#include "core/testing/fake_clock.h"
#include "core/testing/fake_metrics.h"
#include "event/outbox.h"
#include "event/queued_bus.h"
#include "http/idempotency.h"
#include "lease/leases.h"
#include "support/plans.h"
#include "wakeup/host_wakeups.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using core::event::Outbox;

struct Fact {
    static constexpr std::string_view kKey = "test.fact";
    static constexpr bool kDurable = true;
    int number = 0;
};
const core::wire::Type& wireType(const Fact*) {
    static const auto type = core::wire::object<Fact>("Fact").field("number", &Fact::number).build();
    return type;
}

/// Every statement of the host's own tables, with much in them.
class CorePlans : public BothDatabases {
protected:
    static constexpr int kRows = 20000;

    void SetUp() override {
        db.setAuditWriter([](Transaction&, const Uuid*, const core::AuditEntry&) {});
        recorder.setAuditWriter([](Transaction&, const Uuid*, const core::AuditEntry&) {});
        catalogue.add("test", {core::event::Declaration::of<Fact>()});
        bus.keep(catalogue, outbox);
    }
    void fill() {
        const ManyRows many(GetParam());
        const auto now = std::to_string(core::toMicros(clock.now()));
        outbox.open("test.ear", "test.fact");
        outbox.open("test.other", "test.other");
        db.transact(SystemContext("test"), [&](Transaction& tx) {
            for (const auto& [event, rows] : {std::pair("test.fact", 2000), {"test.other", 150000}})
                tx.execute("INSERT INTO core_outbox (position, event, fields, created_us) SELECT s.i, '" +
                           std::string(event) + "', '{}', s.i" + many.from(rows));
            tx.execute("INSERT INTO core_outbox_dead (subscription, id, event, fields, tries, error, "
                       "created_us, dead_us) SELECT 'test.ear', -s.i, 'test.fact', '{}', 1, '', s.i, " +
                       now + " + s.i" + many.from(kRows));
            const std::string hash =
                postgres() ? "sha256(s.i::text::bytea)" : "CAST(printf('%032d', s.i) AS BLOB)";
            const std::string empty = postgres() ? "''::bytea" : "x''";
            tx.execute("INSERT INTO core_idempotency_keys (key_hash, tenant_id, fingerprint, object, "
                       "created_us) SELECT " +
                       hash + ", " + many.quoted(tenant) + ", " + empty + ", 'x', " + now + " + s.i" +
                       many.from(kRows));
            tx.execute("INSERT INTO core_leases (name, holder, token, expires_us) SELECT 'lease-' || s.i, "
                       "'somebody', 1, s.i" +
                       many.from(500));
        });
        if (postgres())
            TestCluster::instance().admin("ANALYZE", fixture.name());
    }
    core::http::Response send(const std::string& body) {
        core::http::Request made;
        made.method = "POST";
        made.path = "/api/v1/items";
        made.body = body;
        made.caller = core::http::Principal{core::http::PrincipalKind::user,
                                            user,
                                            "ada@example.com",
                                            tenant,
                                            core::http::Role::admin,
                                            false,
                                            {}};
        made.headers.add("idempotency-key", "5b1c0f3e-6d0a-4c57-9d70-0b9b3b2a1c11");
        made.auditTrail = std::make_shared<core::AuditTrail>();
        made.auditTrail->pending = true;
        made.auditTrail->entry.action = "items.item.created";
        return std::get<core::http::Response>(
            keys.handle(made, [&](core::http::Request& request) -> core::http::Outcome {
                recorder.transact(request.tenant(), [&](Transaction& tx) {
                    request.audit().object("item", tenant.toString());
                    tx.query("SELECT 1");
                });
                return core::http::Response::json("{}", 201);
            }));
    }
    void useEverything() {
        send("one");
        send("one");
        core::Leases leases(recorder, clock, fixture.log.logger(), "here");
        auto lease = leases.acquire("lease-7");
        ASSERT_TRUE(lease);
        EXPECT_TRUE(leases.claimSlot(*lease, clock.now()));
        const Outbox::Fence fence = [&](Transaction& tx) { leases.fence(tx, *lease); };
        recorder.transact(TenantContext(tenant), [&](Transaction& tx) { bus.publishWith(tx, Fact{1}); });
        auto due = outbox.due("test.ear", "test.fact", 10);
        outbox.begin("test.ear", 1, fence);
        ASSERT_FALSE(due.events.empty());
        outbox.done("test.ear", due.events.at(0), fence);
        outbox.bury("test.ear", "test.fact", due.events.at(1), 1, "no", fence);
        core::testkit::FakeMetrics metrics;
        outbox.registerMetrics(metrics);
        for (const char* name : {"ae_outbox_pending", "ae_outbox_oldest_seconds"})
            EXPECT_FALSE(metrics.samples(name, SystemContext("test")).empty());
        outbox.tidy();
        leases.releaseAll();
    }

    TestDatabase fixture{GetParam(), {core::db::coreMigrations(GetParam())}};
    Database& db = fixture.db();
    RecordingDatabase recorder{db};
    FakeClock clock;
    Uuid tenant = newId(), user = newId();
    core::HostWakeups wakeups{recorder, fixture.log.logger(), "here"};
    Outbox outbox{recorder, clock, fixture.log.logger(), wakeups};
    core::event::Catalogue catalogue;
    core::event::QueuedBus bus{fixture.log.logger(), clock};
    core::http::Idempotency keys{recorder, clock, fixture.log.logger(), 24h};
};
BOTH_DATABASES(CorePlans);

TEST_P(CorePlans, NoStatementReadsAGrowingTableFromEndToEnd) {
    fill();
    useEverything();
    EXPECT_GE(recorder.statements().size(), 18U) << "there are more statements than were seen";
    expectNoScans(db, recorder, TenantContext(tenant),
                  {"core_outbox", "core_outbox_dead", "core_idempotency_keys"});
}

} // namespace
} // namespace test
