#include "audit/audit_pruner.h"
#include "contract/base_fixture.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using base::AuditPruner;

/// An audit log that is older than it is kept.
class BaseAudit : public BaseParts {
protected:
    static constexpr auto kKeep = 365 * 24h;

    /// So many entries of that tenant, or of none, a second apart, up to now.
    void write(const std::optional<Uuid>& owner, int count) {
        system([&](Transaction& tx) {
            for (int i = 0; i < count; ++i) {
                clock.advance(1s);
                core::AuditEntry entry;
                entry.action = "thing.changed";
                entry.objectId = std::to_string(i);
                parts.audit.write(tx, owner ? &*owner : nullptr, entry);
            }
        });
    }
    AuditPruner pruner() { return {db, clock, parts.audit, fixture.log.logger()}; }
    void prune() { pruner().run(kKeep, unfenced); }
    std::int64_t entries(const std::optional<Uuid>& owner) {
        return system([&](Transaction& tx) {
            return (owner ? tx.query("SELECT count(*) FROM audit_log WHERE tenant_id = $1", {*owner})
                          : tx.query("SELECT count(*) FROM audit_log WHERE tenant_id IS NULL"))[0]
                .integer(0);
        });
    }
    struct Anchor {
        Uuid entry;
        std::int64_t at = 0;
        std::int64_t erased = 0;
        std::string hash;
        bool operator==(const Anchor&) const = default;
    };
    std::optional<Anchor> anchor(const std::optional<Uuid>& owner) {
        return system([&](Transaction& tx) -> std::optional<Anchor> {
            const auto rows =
                tx.query("SELECT entry_id, at_us, erased, COALESCE(hash, $2) FROM audit_anchors "
                         "WHERE tenant_id = $1",
                         {owner.value_or(Uuid()), core::db::Bytes{"none"}});
            if (rows.empty())
                return std::nullopt;
            return Anchor{rows[0].uuid(0), rows[0].integer(1), rows[0].integer(2), rows[0].bytes(3)};
        });
    }
    static void unfenced(Transaction&) {}
};
BOTH_DATABASES(BaseAudit);

TEST_P(BaseAudit, OldEntriesGoAndTheLastOfThemIsTheAnchor) {
    const auto acme = tenant("acme").id;
    const auto other = tenant("other").id;
    const auto gone = newId(); // its entries outlive it
    write({}, 3);
    write(acme, AuditPruner::kBatch + 5);
    write(gone, 2);
    const auto last = system([&](Transaction& tx) {
        return tx.query("SELECT id, at_us FROM audit_log WHERE tenant_id = $1 ORDER BY at_us DESC, id DESC "
                        "LIMIT 1",
                        {acme});
    });
    clock.advance(kKeep / 2);
    write({}, 1);
    write(acme, 4);
    write(other, 4);
    EXPECT_FALSE(anchor(acme));
    clock.advance(kKeep / 2);

    prune();
    EXPECT_EQ(entries({}), 1);
    EXPECT_EQ(entries(acme), 4);
    EXPECT_EQ(entries(other), 4);
    EXPECT_EQ(entries(gone), 0);
    const Anchor expected{last[0].uuid(0), last[0].integer(1), AuditPruner::kBatch + 5, "none"};
    ASSERT_TRUE(anchor(acme));
    EXPECT_EQ(*anchor(acme), expected);
    EXPECT_EQ(anchor({})->erased, 3);
    EXPECT_EQ(anchor(gone)->erased, 2);
    EXPECT_FALSE(anchor(other));

    prune();
    EXPECT_EQ(entries(acme), 4);
    EXPECT_EQ(*anchor(acme), expected);
    clock.advance(kKeep);
    prune();
    EXPECT_EQ(entries(acme), 0);
    EXPECT_EQ(anchor(acme)->erased, AuditPruner::kBatch + 9);
    EXPECT_NE(anchor(acme)->entry, expected.entry);
    const auto listed =
        db.read(TenantContext(acme), [&](Transaction& tx) { return parts.audit.list(tx, acme, {}).size(); });
    EXPECT_EQ(listed, 0U);
}

TEST_P(BaseAudit, TheAnchorHasTheHashOfItsEntry) {
    const auto acme = tenant("acme").id;
    const core::AuditEntry entry;
    const std::string hash("\x00\x01hash", 6);
    system([&](Transaction& tx) {
        // An entry is never changed, so one with a hash is written with it.
        tx.execute(
            "INSERT INTO audit_log (id, tenant_id, at_us, actor_kind, actor_id, actor_name, address, "
            "request_id, action, object_type, object_id, hash) VALUES ($1, $2, $3, '', '', '', '', '', "
            "'', '', '', $4)",
            {newId(), acme, clock.now(), core::db::Bytes{hash}});
    });
    clock.advance(kKeep + 1s);
    prune();
    ASSERT_TRUE(anchor(acme));
    EXPECT_EQ(anchor(acme)->hash, hash);
}

TEST_P(BaseAudit, APassIsBoundedAndGoesOnLater) {
    const auto acme = tenant("acme").id;
    const auto other = tenant("other").id;
    write(acme, AuditPruner::kBatch * 3);
    write(other, AuditPruner::kBatch * 3);
    clock.advance(kKeep + 1h);
    auto pruned = pruner();
    int units = 0;
    const auto slow = [&](Transaction&) {
        ++units;
        clock.advance(AuditPruner::kPass / 4);
    };
    pruned.run(kKeep, slow);
    EXPECT_EQ(units, 4);
    EXPECT_GT(entries(acme) + entries(other), 0);
    int passes = 1;
    for (; entries(acme) + entries(other) > 0 && passes < 10; ++passes)
        pruned.run(kKeep, slow);
    EXPECT_LE(passes, 3);

    write(acme, AuditPruner::kBatch * 2);
    clock.advance(kKeep + 1h);
    std::stop_source stop;
    pruner().run(
        kKeep,
        [&](Transaction&) {
            if (++units > 0)
                stop.request_stop();
        },
        stop.get_token());
    EXPECT_EQ(entries(acme), AuditPruner::kBatch * 2) << "after the entries of nobody";
}

TEST_P(BaseAudit, ATenantWhoseEntriesCannotGoStopsNobodyElse) {
    const auto acme = tenant("acme").id;
    const auto other = tenant("other").id;
    write(acme, 3);
    write(other, 3);
    write({}, 3);
    clock.advance(kKeep + 1h);
    for (const auto& damaged : {acme, other}) {
        damage(fixture, "audit_log", "tenant_id", damaged);
        const auto before = anchor(damaged);
        EXPECT_ANY_THROW(prune());
        EXPECT_EQ(entries({}), 0);
        EXPECT_EQ(entries(damaged), 3);
        EXPECT_EQ(entries(damaged == acme ? other : acme), 0);
        EXPECT_EQ(anchor(damaged), before) << "nothing of it went";
        write(damaged == acme ? other : acme, 3);
        clock.advance(kKeep + 1h);
    }
    EXPECT_NE(fixture.log.text().find(acme.toString()), std::string::npos);
}

TEST_P(BaseAudit, ALostLeaseEndsThePass) {
    write({}, 3);
    clock.advance(kKeep + 1h);
    EXPECT_THROW(pruner().run(kKeep, [](Transaction&) { throw Error(core::errors::kLeaseLost, "gone"); }),
                 Error);
    EXPECT_EQ(entries({}), 3);
}

} // namespace
} // namespace test
