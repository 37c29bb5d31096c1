#include "base/errors.h"
#include "contract/base_fixture.h"
#include "core/db/walls.h"

namespace test {

using core::http::Cursor;
using core::http::Role;

class BaseStores : public BaseParts {};
BOTH_DATABASES(BaseStores);

TEST_P(BaseStores, SchemaKeepsItsWalls) {
    EXPECT_EQ(checkWalls(db), std::vector<std::string>{});
}

TEST_P(BaseStores, TenantsHaveNamesAndLimits) {
    const auto first = tenant("acme");
    EXPECT_EQ(first.maxAgents, 100);
    EXPECT_EQ(first.maxPolicies, 50);
    const auto second = system([&](Transaction& tx) { return parts.tenants->create(tx, "other", 5, 6); });
    system([&](Transaction& tx) {
        auto row = parts.tenants->require(tx, second.id);
        EXPECT_EQ(row.maxAgents, 5);
        EXPECT_EQ(row.maxPolicies, 6);
        EXPECT_EQ(row.createdAt, clock.now());
        row.maxAgents = 7;
        row.name = "renamed";
        clock.advance(std::chrono::seconds(1));
        parts.tenants->update(tx, row);
        EXPECT_EQ(parts.tenants->findByName(tx, "renamed").at(0).maxAgents, 7);
        EXPECT_EQ(parts.tenants->findByName(tx, "renamed").at(0).updatedAt, clock.now());
        EXPECT_EQ(parts.tenants->findByName(tx, "other").size(), 0U);
    });
    // A refusal would tell a tenant's administrator what others are called.
    system([&](Transaction& tx) {
        auto row = parts.tenants->require(tx, second.id);
        row.name = "acme";
        parts.tenants->update(tx, row);
        EXPECT_EQ(parts.tenants->findByName(tx, "acme").size(), 2U);
    });
    EXPECT_EQ(
        errorOf([&] { system([&](Transaction& tx) { (void)parts.tenants->require(tx, newId()); }); }).name(),
        "TenantNotFound");
}

TEST_P(BaseStores, LimitsAreReadInATenantsOwnUnit) {
    const auto row = tenant("acme");
    const auto limits = db.transact(
        TenantContext(row.id), [&](Transaction& tx) { return parts.tenants->getForCreation(tx, row.id); });
    EXPECT_EQ(limits.agents, 100);
    EXPECT_EQ(limits.policies, 50);
    EXPECT_NO_THROW(base::TenantLimits::require(99, 100, "agents"));
    const auto error = errorOf([] { base::TenantLimits::require(100, 100, "agents"); });
    EXPECT_EQ(error.name(), "TenantLimitReached");
    EXPECT_EQ(error.status(), 409);
    EXPECT_NE(std::string(error.what()).find("100 agents"), std::string::npos);
}

TEST_P(BaseStores, ListsGoByKeyWithoutGapOrRepeat) {
    const auto acme = tenant("acme");
    for (int i = 0; i < 7; ++i)
        user(acme.id, "u" + std::to_string(i) + "@example.org"); // all of one moment: the id decides
    std::vector<std::string> seen;
    std::optional<Cursor> after;
    for (;;) {
        auto rows = parts.users.list(TenantContext(acme.id), after, 3);
        const bool more = rows.size() > 3;
        if (more)
            rows.pop_back();
        for (const auto& row : rows)
            seen.push_back(row.user.email);
        if (!more)
            break;
        after = Cursor{core::toMicros(rows.back().since), rows.back().user.id};
    }
    ASSERT_EQ(seen.size(), 7U);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST_P(BaseStores, TenantsSeeTheirOwnUsersOnly) {
    const auto acme = tenant("acme");
    const auto other = tenant("other");
    const auto mine = user(acme.id, "mine@example.org");
    const auto theirs = user(other.id, "theirs@example.org");
    const auto list = parts.users.list(TenantContext(acme.id), {}, 50);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].user.id, mine.user.id);
    EXPECT_EQ(errorOf([&] { (void)parts.users.get(TenantContext(acme.id), theirs.user.id); }).name(),
              "UserNotFound");
}

TEST_P(BaseStores, ApiTokensAreKeptAsDigests) {
    const auto acme = tenant("acme");
    const auto creator = newId();
    const auto made = system([&](Transaction& tx) {
        return parts.tokens.create(tx, acme.id, "mon", Role::operator_, creator,
                                   clock.now() + std::chrono::hours(1));
    });
    EXPECT_TRUE(made.token.starts_with("aeb_"));
    EXPECT_TRUE(made.token.starts_with(made.row.prefix));
    const auto stored =
        db.run(SystemContext("test"), {{"SELECT name || prefix || token_sha256 FROM api_tokens"}}, false);
    EXPECT_EQ(stored.at(0)[0].text(0).find(made.token.substr(10)), std::string::npos);
    system([&](Transaction& tx) {
        const auto found = parts.tokens.findByToken(tx, made.token);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->row.id, made.row.id);
        EXPECT_EQ(found->row.tenant, acme.id);
        EXPECT_EQ(found->row.role, Role::operator_);
        EXPECT_EQ(found->row.createdBy, creator);
        EXPECT_EQ(found->row.expiresAt, clock.now() + std::chrono::hours(1));
        EXPECT_EQ(found->row.lastUsedAt, std::nullopt);
        EXPECT_FALSE(found->role()) << "its owner does not exist";
        EXPECT_FALSE(parts.tokens.findByToken(tx, made.token + "x"));
        EXPECT_EQ(parts.tokens.find(tx, newId(), made.row.id), std::nullopt);
        EXPECT_EQ(parts.tokens.find(tx, std::nullopt, made.row.id), std::nullopt);
        parts.tokens.rename(tx, made.row.id, "renamed");
        parts.tokens.revoke(tx, made.row.id);
        EXPECT_EQ(parts.tokens.find(tx, acme.id, made.row.id)->name, "renamed");
        EXPECT_EQ(parts.tokens.find(tx, acme.id, made.row.id)->revokedAt, clock.now());
        const auto ofSystem = parts.tokens.create(tx, {}, "system", Role::admin, {}, {});
        EXPECT_EQ(parts.tokens.list(tx, {}, {}, 10).size(), 1U);
        EXPECT_EQ(parts.tokens.list(tx, acme.id, {}, 10).size(), 1U);
        EXPECT_TRUE(parts.tokens.find(tx, {}, ofSystem.row.id));
    });
}

TEST_P(BaseStores, AuditLogIsFilteredAndPaged) {
    const auto acme = tenant("acme");
    const auto other = tenant("other");
    for (int i = 0; i < 5; ++i) {
        clock.advance(std::chrono::seconds(1));
        user(i == 4 ? other.id : acme.id, "x" + std::to_string(i) + "@example.org");
        auto context = owing(i % 2 == 0 ? "even" : "odd", i == 4 ? other.id : acme.id);
        context.audit()->entry.objectId = std::to_string(i);
        context.audit()->entry.after = core::json::Object{{"i", i}};
        db.transact(context,
                    [&](Transaction& tx) { tx.execute("UPDATE tenants SET max_agents = $1", {200 + i}); });
    }
    const auto list = [&](const std::optional<Uuid>& owner, base::AuditFilter filter) {
        filter.limit = filter.limit == 50 ? 10 : filter.limit;
        const Context context = owner ? Context(TenantContext(*owner)) : Context(SystemContext("test"));
        return db.read(context, [&](Transaction& tx) { return parts.audit.list(tx, owner, filter); });
    };
    EXPECT_EQ(list({}, {}).size(), 5U);
    ASSERT_EQ(list(acme.id, {}).size(), 4U);
    EXPECT_EQ(list(acme.id, {})[0].objectId, "3");
    EXPECT_EQ(core::json::parse(list(acme.id, {})[0].after.text).value(), (core::json::Object{{"i", 3}}));
    EXPECT_EQ(list(acme.id, {})[0].before, core::json::Text{"null"});
    EXPECT_EQ(list(acme.id, {})[0].at, clock.now() - std::chrono::seconds(1));
    EXPECT_EQ(list(acme.id, {.action = "even"}).size(), 2U);
    EXPECT_EQ(list(acme.id, {.objectId = "1"}).size(), 1U);
    EXPECT_EQ(list(acme.id, {.actorId = "nobody"}).size(), 0U);
    EXPECT_EQ(list(acme.id, {.from = clock.now() - std::chrono::seconds(2)}).size(), 2U);
    EXPECT_EQ(list(acme.id, {.to = clock.now() - std::chrono::seconds(2)}).size(), 2U);
    const auto page = list(acme.id, {.limit = 2});
    ASSERT_EQ(page.size(), 3U);
    const auto rest = list(acme.id, {.after = Cursor{core::toMicros(page[1].at), page[1].id}});
    ASSERT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest[0].id, page[2].id);
}

class BaseWalls : public BaseParts {};
INSTANTIATE_TEST_SUITE_P(Db, BaseWalls, testing::Values(Dialect::postgresql), dialectName);

TEST_P(BaseWalls, TenantsOwnUnitReachesNoFurther) {
    const auto acme = tenant("acme");
    const auto other = tenant("other");
    user(acme.id, "mine@example.org");
    user(other.id, "theirs@example.org");
    system([&](Transaction& tx) {
        parts.tokens.create(tx, acme.id, "a", Role::viewer, {}, {});
        parts.tokens.create(tx, other.id, "b", Role::viewer, {}, {});
        parts.tokens.create(tx, {}, "c", Role::viewer, {}, {});
    });
    invite(acme.id, "a@example.org");
    invite(other.id, "b@example.org");
    const TenantContext mine(acme.id);
    const auto rows = [&](const std::string& sql) { return db.run(mine, {{sql}}, false).at(0).size(); };
    EXPECT_EQ(rows("SELECT id FROM tenants"), 1U);
    EXPECT_EQ(rows("SELECT id, email FROM users"), 1U);
    EXPECT_EQ(rows("SELECT user_id FROM memberships"), 1U);
    EXPECT_EQ(rows("SELECT id FROM api_tokens"), 1U);
    EXPECT_EQ(rows("SELECT id FROM invitations"), 1U);
    for (const std::string sql :
         {"SELECT password_hash FROM users", "SELECT * FROM sessions", "SELECT * FROM refresh_tokens",
          "SELECT token_sha256 FROM invitations", "SELECT * FROM vault_check"})
        EXPECT_EQ(errorOf([&] { rows(sql); }).name(), "InternalError") << sql;
    for (const std::string sql :
         {"UPDATE memberships SET role = 'admin'", "UPDATE users SET system = true",
          "UPDATE tenants SET max_agents = 1000", "UPDATE invitations SET role = 'admin'",
          "DELETE FROM audit_log", "UPDATE audit_log SET action = ''"})
        EXPECT_EQ(errorOf([&] { db.run(mine, {{sql}}, true); }).name(), "InternalError") << sql;
}

} // namespace test
