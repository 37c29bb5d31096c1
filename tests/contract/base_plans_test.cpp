#include "base/errors.h"
#include "contract/base_fixture.h"
#include "support/plans.h"
#include "tokens/api_token_authenticator.h"

namespace test {
namespace {

using namespace std::chrono_literals;

/// Every statement of every store of this module, with many people, tenants and years in it.
class BasePlans : public BaseParts {
protected:
    /// What is asked for the sake of asking.
    template <typename T>
    static void asked(const T&) {}

    static constexpr int kTenants = 2000;
    static constexpr int kPeople = 5000;
    static constexpr int kEntries = 20000;

    void fill(const Uuid& big) {
        const ManyRows many(GetParam());
        const auto owner = many.quoted(big);
        const auto now = std::to_string(core::toMicros(clock.now()));
        const auto later = now + " + CAST(s.i AS BIGINT) * 1000000";
        const std::string no = postgres() ? "''::bytea" : "x''";
        system([&](Transaction& tx) {
            tx.execute("INSERT INTO tenants (id, name, created_at_us, updated_at_us) SELECT " +
                       many.id("0001") + ", 'tenant-' || s.i, s.i, s.i" + many.from(kTenants));
            tx.execute("INSERT INTO users (id, email, password_hash, name, created_at_us, updated_at_us, "
                       "password_changed_at_us) SELECT " +
                       many.id("0002") + ", 'person-' || s.i || '@example.com', 'x', 'x', s.i, s.i, s.i" +
                       many.from(kPeople));
            tx.execute("INSERT INTO memberships (user_id, tenant_id, role, created_at_us) SELECT " +
                       many.id("0002") + ", " + owner + ", 'viewer', s.i" + many.from(kPeople));
            tx.execute("INSERT INTO memberships (user_id, tenant_id, role, created_at_us) SELECT " +
                       many.id("0002") + ", " + many.id("0001") + ", 'admin', s.i" + many.from(kTenants));
            tx.execute("INSERT INTO sessions (id, user_id, tenant_id, address, created_at_us) SELECT " +
                       many.id("0003") + ", " + many.id("0002") + ", " + owner + ", '', " + later +
                       many.from(kPeople));
            tx.execute("INSERT INTO refresh_tokens (token_sha256, session_id, created_at_us, expires_at_us) "
                       "SELECT 'token-' || s.i, " +
                       many.id("0003") + ", s.i, " + later + many.from(kPeople));
            tx.execute("INSERT INTO api_tokens (id, tenant_id, name, prefix, token_sha256, role, created_by, "
                       "created_at_us) SELECT " +
                       many.id("0004") + ", " + owner + ", 'x', 'x', 'token-' || s.i, 'viewer', " +
                       many.id("0002") + ", s.i" + many.from(kPeople));
            tx.execute(
                "INSERT INTO api_tokens (id, name, prefix, token_sha256, role, created_at_us) SELECT " +
                many.id("0005") + ", 'x', 'x', 'system-' || s.i, 'viewer', s.i" + many.from(kPeople));
            tx.execute("INSERT INTO invitations (id, tenant_id, email, name, role, token_sha256, "
                       "created_at_us, expires_at_us) SELECT " +
                       many.id("0006") + ", " + many.id("0001") +
                       ", 'guest@example.com', 'x', 'viewer', 'token-' || s.i, s.i, " + later +
                       many.from(kTenants));
            tx.execute("INSERT INTO invitations (id, tenant_id, email, name, role, token_sha256, "
                       "created_at_us, expires_at_us) SELECT " +
                       many.id("0007") + ", " + owner +
                       ", 'guest-' || s.i || '@example.com', 'x', 'viewer', 'big-' || s.i, s.i, " + later +
                       many.from(150));
            for (const auto& [kind, whose] :
                 std::vector<std::pair<std::string, std::string>>{{"0008", owner}, {"0009", "NULL"}})
                tx.execute("INSERT INTO audit_log (id, tenant_id, at_us, actor_kind, actor_id, actor_name, "
                           "address, request_id, action, object_type, object_id) SELECT " +
                           many.id(kind) + ", " + whose + (postgres() ? "::uuid" : "") +
                           ", s.i, 'user', 'a' || s.i % 50, 'x', '', '', 'action.' || s.i % 20, 'type-' || "
                           "s.i % 9, 'o' || s.i" +
                           many.from(kEntries));
            tx.execute("INSERT INTO secrets (id, tenant_id, owner_table, owner_id, field, key_id, nonce, "
                       "ciphertext, created_at_us, updated_at_us) SELECT " +
                       many.id("000a") + ", " + owner + ", 'things', " + many.id("000b") +
                       ", 'password', 'k', " + no + ", " + no + ", s.i, s.i" + many.from(kPeople));
        });
        if (postgres())
            TestCluster::instance().admin("ANALYZE", fixture.name());
    }

    /// Everything that the module asks, hits and misses.
    void useEverything(const Uuid& big) {
        core::http::Authentication doors{clock};
        base::Parts used{recorder,
                         clock,
                         doors,
                         fixture.log.logger(),
                         {.jwtKey = std::string(32, 'j'),
                          .vaultKey = std::string(32, 'v'),
                          .bcryptCost = 4,
                          .lifetimes = {},
                          .dataDir = dataDir.path()}};
        doors.add(std::make_shared<base::SessionAuthenticator>(recorder, clock, *used.signer));
        doors.add(std::make_shared<base::ApiTokenAuthenticator>(recorder, clock));
        const SystemContext operatorOfTheHost("test");
        const base::Origin origin{"127.0.0.1", "r1", nullptr};
        const auto ask = [&](const std::string& token) {
            return doors.authenticate({core::http::Credentials::Scheme::bearer, token, {}});
        };
        const auto nobody = newId();
        const core::http::Cursor later{5, nobody};
        used.bootstrap.ensureTenant();
        // People.
        const auto ada = used.users.create(
            big, {"ada@example.com", kPassword, "Ada", core::http::Role::admin, false}, operatorOfTheHost);
        used.users.create(big, {"eve@example.com", kPassword, "Eve", core::http::Role::admin, false},
                          operatorOfTheHost);
        EXPECT_THROW(used.users.create(big,
                                       {"ada@example.com", kPassword, "Ada", core::http::Role::viewer, false},
                                       operatorOfTheHost),
                     Error);
        const auto view = [&](const std::optional<core::http::Cursor>& after) {
            asked(used.users.list(TenantContext(big), after, 50));
            asked(used.invitations.list(TenantContext(big), after, 50));
            recorder.read(operatorOfTheHost, [&](Transaction& tx) {
                for (const auto& who : {std::optional<Uuid>(), std::optional(ada.user.id)})
                    asked(used.tenants->list(tx, who, after, 50));
                for (const auto& whose : {std::optional<Uuid>(), std::optional(big)})
                    asked(used.tokens.list(tx, whose, after, 50));
                for (const auto& whose : {std::optional<Uuid>(), std::optional(big)})
                    for (base::AuditFilter filter :
                         {base::AuditFilter{}, base::AuditFilter{.action = "nobody.did"},
                          base::AuditFilter{.actorId = "nobody"}, base::AuditFilter{.objectType = "nothing"},
                          base::AuditFilter{.objectId = "nothing"},
                          base::AuditFilter{.from = clock.now() - 1h, .to = clock.now()}}) {
                        filter.after = after;
                        asked(used.audit.list(tx, whose, filter));
                    }
            });
        };
        view({});
        view(later);
        recorder.transact(operatorOfTheHost, [&](Transaction& tx) {
            EXPECT_TRUE(base::AuditStore::tenantAfter(tx, {}));
            asked(base::AuditStore::tenantAfter(tx, big));
            for (const auto& whose : {std::optional<Uuid>(), std::optional(big)})
                EXPECT_EQ(used.audit.erase(tx, whose, core::fromMicros(kEntries / 2), 200), 200);
        });
        const auto in = used.signIn.login("ada@example.com", kPassword, {}, origin);
        EXPECT_THROW(used.signIn.login("ada@example.com", "wrong", {}, origin), Error);
        EXPECT_TRUE(ask(in.accessToken).ok());
        const auto renewed = used.signIn.refresh(in.refreshToken, {}, origin);
        used.signIn.refresh(in.refreshToken, {}, origin);
        core::http::Principal caller;
        caller.id = ada.user.id;
        caller.name = "ada@example.com";
        caller.session = renewed.session;
        caller.tenant = big;
        caller.role = core::http::Role::admin;
        used.signIn.switchTo(caller, big, operatorOfTheHost);
        used.signIn.changePassword(caller, kPassword, kPassword + " anew", operatorOfTheHost, origin);
        used.signIn.logout(renewed.session, operatorOfTheHost);
        used.users.update(big, ada.user.id, {.name = "Ada L.", .password = kPassword}, false,
                          operatorOfTheHost);
        used.users.update(big, ada.user.id, {.role = core::http::Role::viewer}, false, operatorOfTheHost);
        used.users.confirm(big, ada.user.id, operatorOfTheHost);
        asked(used.users.get(TenantContext(big), ada.user.id));
        used.users.setPassword("ada@example.com", kPassword, operatorOfTheHost);
        used.users.setActive("ada@example.com", true, operatorOfTheHost);
        // Invitations.
        std::string token;
        const auto keep = [&](const base::Invitations::Made& made) { token = made.token; };
        used.invitations.invite(big, caller, {"bob@example.com", "Bob", core::http::Role::viewer},
                                operatorOfTheHost, keep);
        Uuid withdrawn;
        core::http::Principal host;
        host.kind = core::http::PrincipalKind::apiToken;
        host.id = nobody;
        used.invitations.invite(big, host, {"joe@example.com", "Joe", core::http::Role::viewer},
                                operatorOfTheHost,
                                [&](const base::Invitations::Made& made) { withdrawn = made.row.id; });
        used.invitations.withdraw(big, withdrawn, operatorOfTheHost);
        used.invitations.invite(big, host, {"bob@example.com", "Bob", core::http::Role::viewer},
                                operatorOfTheHost, keep);
        asked(used.invitations.look(token));
        const auto bob = used.invitations.accept(token, kPassword, {}, origin);
        // Tokens and what is asked of them.
        std::string secret;
        recorder.transact(operatorOfTheHost, [&](Transaction& tx) {
            auto made = used.tokens.create(tx, big, "x", core::http::Role::viewer, bob.user.id, {});
            secret = made.token;
            asked(used.tokens.find(tx, big, made.row.id));
            asked(used.tokens.find(tx, {}, made.row.id));
            used.tokens.rename(tx, made.row.id, "y");
            asked(used.tokens.createdBy(tx, bob.user.id));
        });
        EXPECT_TRUE(ask(secret).ok());
        recorder.transact(operatorOfTheHost, [&](Transaction& tx) {
            used.tokens.revoke(tx, used.tokens.findByToken(tx, secret)->row.id);
            asked(used.tenants->findByName(tx, "tenant-7"));
            asked(used.tenants->findDefault(tx));
            used.tenants->get(tx, big);
            used.tenants->getForCreation(tx, big);
            auto row = used.tenants->require(tx, big);
            used.tenants->update(tx, row);
            asked(used.users.store().everybody(tx));
            asked(used.users.store().memberships(tx, bob.user.id));
            asked(used.users.store().any(tx));
            const base::SecretPlace place{big, "things", nobody, "password"};
            used.vault->put(tx, place, "secret");
            used.vault->get(tx, place);
            used.vault->fields(tx, big, "things", nobody);
            used.vault->erase(tx, place);
            used.vault->eraseRow(tx, big, "things", nobody);
        });
        used.users.remove(big, bob.user.id, operatorOfTheHost);
        recorder.transact(operatorOfTheHost, [&](Transaction& tx) {
            used.sessions.clean(tx);
            base::InvitationStore(clock).clean(tx);
            used.tenants->remove(tx, nobody);
        });
    }

    RecordingDatabase recorder{db};
};
BOTH_DATABASES(BasePlans);

TEST_P(BasePlans, NoStatementReadsAGrowingTableFromEndToEnd) {
    const auto big = tenant("big").id;
    fill(big);
    useEverything(big);
    EXPECT_GT(recorder.statements().size(), 60U) << "the stores have more statements than were seen";
    expectNoScans(
        db, recorder, TenantContext(big),
        {"tenants", "users", "memberships", "sessions", "refresh_tokens", "api_tokens", "invitations",
         "audit_log", "secrets"},
        {"INSERT INTO tenants (id, name, created_at_us, updated_at_us, is_default)", // looks for any
         "SELECT 1 FROM users LIMIT 1",                                              // the same
         "SELECT u.id, u.email, u.name, u.active, u.system, u.created_at_us, u.updated_at_us FROM "
         "users u ORDER BY u.email", // everybody, for the command line
         // Of one tenant there are at most Invitations::kMost.
         "SELECT count(*) FROM invitations WHERE tenant_id",
         "SELECT id, tenant_id, email, name, role, created_by, created_at_us, expires_at_us FROM "
         "invitations WHERE tenant_id = $1 AND expires_at_us"});
}

} // namespace
} // namespace test
