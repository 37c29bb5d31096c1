#include <filesystem>
#include <fstream>
#include <latch>
#include <sstream>
#include <thread>

#include <sys/stat.h>

#include "api/routes.h"
#include "base/errors.h"
#include "contract/base_fixture.h"
#include "core/http/request.h"
#include "tokens/api_token_authenticator.h"

namespace test {

using core::http::Role;

class People : public BaseParts {
protected:
    People() {
        authentication.add(std::make_shared<base::SessionAuthenticator>(db, clock, *parts.signer));
        authentication.add(std::make_shared<base::ApiTokenAuthenticator>(db, clock));
    }
    void refused(const std::string& token) {
        const auto answer = who(token);
        ASSERT_FALSE(answer.ok());
        EXPECT_EQ(answer.error().name(), "InvalidToken");
    }
    base::TenantRow acme = tenant("acme");
    base::Member ann = user(acme.id, "Ann@Example.org", Role::admin);
};
BOTH_DATABASES(People);

// ---- signing in

TEST_P(People, SignInGivesATokenThatNamesThem) {
    const auto in = login("ANN@example.org");
    EXPECT_EQ(in.accessFor, std::chrono::minutes(15));
    const auto principal = who(in.accessToken).value();
    EXPECT_EQ(principal.kind, core::http::PrincipalKind::user);
    EXPECT_EQ(principal.id, ann.user.id);
    EXPECT_EQ(principal.name, "ann@example.org");
    EXPECT_EQ(principal.tenant, acme.id);
    EXPECT_EQ(principal.role, Role::admin);
    EXPECT_FALSE(principal.system);
    EXPECT_EQ(principal.session, in.session);
}

TEST_P(People, WrongPasswordUnknownAndInactiveLookAlike) {
    const auto bob = user(acme.id, "bob@example.org");
    parts.users.update(acme.id, bob.user.id, {.active = false}, false, SystemContext("test"));
    std::set<std::string> said;
    for (const auto& [email, password] :
         std::vector<std::pair<std::string, std::string>>{{"ann@example.org", "wrong horse"},
                                                          {"nobody@example.org", kPassword},
                                                          {"bob@example.org", kPassword}}) {
        const auto error = errorOf([&, e = email, p = password] { login(e, p); });
        EXPECT_EQ(error.name(), "InvalidToken");
        EXPECT_EQ(error.status(), 401);
        said.insert(error.what());
    }
    EXPECT_EQ(said.size(), 1U);
}

TEST_P(People, ChooseAmongTheirTenants) {
    const auto zeta = tenant("zeta");
    user(zeta.id, "ann@example.org", Role::viewer); // a member of both now
    EXPECT_EQ(who(login("ann@example.org").accessToken).value().tenant, acme.id);
    const auto in = login("ann@example.org", kPassword, zeta.id);
    EXPECT_EQ(who(in.accessToken).value().tenant, zeta.id);
    EXPECT_EQ(who(in.accessToken).value().role, Role::viewer);
    const auto back = parts.signIn.refresh(in.refreshToken, acme.id);
    EXPECT_EQ(who(back.accessToken).value().role, Role::admin);
    EXPECT_EQ(who(parts.signIn.refresh(back.refreshToken, {}).accessToken).value().tenant, acme.id);
    EXPECT_EQ(errorOf([&] { login("ann@example.org", kPassword, newId()); }).name(),
              "InsufficientPermissions");
}

TEST_P(People, SignInIsAudited) {
    auto trail = std::make_shared<core::AuditTrail>();
    trail->pending = true;
    trail->entry.action = "base.session.created";
    parts.signIn.login("ann@example.org", kPassword, {}, {"10.1.2.3", trail});
    const auto rows =
        db.read(TenantContext(acme.id), [&](Transaction& tx) { return parts.audit.list(tx, acme.id, {}); });
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].actorName, "ann@example.org");
    EXPECT_EQ(rows[0].objectType, "session");
}

// ---- refresh tokens

TEST_P(People, RefreshRotates) {
    const auto in = login("ann@example.org");
    const auto next = parts.signIn.refresh(in.refreshToken, {});
    EXPECT_NE(next.refreshToken, in.refreshToken);
    EXPECT_EQ(next.session, in.session);
    EXPECT_NO_THROW(parts.signIn.refresh(next.refreshToken, {}));
    const auto stored = db.run(SystemContext("test"), {{"SELECT token_sha256 FROM refresh_tokens"}}, false);
    for (const auto& row : stored.at(0))
        EXPECT_NE(row.text(0), next.refreshToken);
}

TEST_P(People, ReuseOfASpentTokenEndsTheWholeFamily) {
    const auto in = login("ann@example.org");
    const auto elsewhere = login("ann@example.org");
    const auto next = parts.signIn.refresh(in.refreshToken, {});
    EXPECT_TRUE(who(next.accessToken).ok());
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}); }).name(), "InvalidToken");
    refused(next.accessToken); // also the token that was remembered as good
    refused(in.accessToken);
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(next.refreshToken, {}); }).name(), "InvalidToken");
    EXPECT_TRUE(who(elsewhere.accessToken).ok()); // another family
}

TEST_P(People, OfTwoRefreshesAtOnceOneIsGoodAndTheFamilyEnds) {
    const auto in = login("ann@example.org");
    std::latch start(2);
    std::atomic<int> good{0};
    std::atomic<int> refusals{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                try {
                    parts.signIn.refresh(in.refreshToken, {});
                    ++good;
                } catch (const Error&) {
                    ++refusals;
                }
            });
    }
    EXPECT_EQ(good, 1);
    EXPECT_EQ(refusals, 1);
    clock.advance(std::chrono::seconds(31));
    refused(in.accessToken);
}

TEST_P(People, RefreshTokensExpire) {
    const auto in = login("ann@example.org");
    clock.advance(std::chrono::hours(24 * 30));
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}); }).name(), "InvalidToken");
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh("nonsense", {}); }).name(), "InvalidToken");
    clock.advance(std::chrono::hours(25));
    EXPECT_EQ(system([&](Transaction& tx) { return parts.sessions.clean(tx); }), 2);
    EXPECT_EQ(system([&](Transaction& tx) { return parts.sessions.clean(tx); }), 0);
}

TEST_P(People, AccessTokensExpire) {
    const auto in = login("ann@example.org");
    clock.advance(std::chrono::minutes(14));
    EXPECT_TRUE(who(in.accessToken).ok());
    clock.advance(std::chrono::minutes(3));
    refused(in.accessToken);
}

TEST_P(People, LogoutEndsTheSessionAtOnce) {
    const auto in = login("ann@example.org");
    EXPECT_TRUE(who(in.accessToken).ok());
    parts.signIn.logout(in.session, SystemContext("test"));
    refused(in.accessToken);
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}); }).name(), "InvalidToken");
}

TEST_P(People, WhatAnotherHostRevokesIsSeenWithin30Seconds) {
    const auto in = login("ann@example.org");
    EXPECT_TRUE(who(in.accessToken).ok());
    system([&](Transaction& tx) { parts.sessions.revoke(tx, in.session); });
    EXPECT_TRUE(who(in.accessToken).ok()); // remembered
    clock.advance(std::chrono::seconds(31));
    refused(in.accessToken);
}

TEST_P(People, TokensOfAgentsAndForgedOnesAreNotTheirs) {
    const auto in = login("ann@example.org");
    const auto agent =
        parts.signer->sign({"a", "agent", clock.now(), clock.now() + std::chrono::hours(1), {}, {}});
    EXPECT_FALSE(who(agent).ok());
    const base::JwtSigner other(std::string(32, 'x'), clock);
    refused(other.sign({ann.user.id.toString(),
                        "user",
                        clock.now(),
                        clock.now() + std::chrono::hours(1),
                        {},
                        {{"sid", in.session.toString()}, {"tenant_id", acme.id.toString()}}}));
}

TEST_P(People, TokenCannotNameATenantTheyDoNotBelongTo) {
    const auto other = tenant("other");
    const auto in = login("ann@example.org");
    const auto crossed =
        parts.signer->sign({ann.user.id.toString(),
                            "user",
                            clock.now(),
                            clock.now() + std::chrono::hours(1),
                            {},
                            {{"sid", in.session.toString()}, {"tenant_id", other.id.toString()}}});
    refused(crossed);
}

// ---- passwords

TEST_P(People, ChangeOfPasswordEndsOtherSessions) {
    const auto here = login("ann@example.org");
    const auto there = login("ann@example.org");
    const auto me = who(here.accessToken).value();
    EXPECT_TRUE(who(there.accessToken).ok());
    EXPECT_EQ(errorOf([&] {
                  parts.signIn.changePassword(me, "wrong horse", "a new password", SystemContext("t"));
              }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(
        errorOf([&] { parts.signIn.changePassword(me, kPassword, "short", SystemContext("t")); }).name(),
        "ValidationError");
    parts.signIn.changePassword(me, kPassword, "a new password", SystemContext("t"));
    EXPECT_TRUE(who(here.accessToken).ok());
    refused(there.accessToken);
    EXPECT_EQ(errorOf([&] { login("ann@example.org"); }).name(), "InvalidToken");
    EXPECT_NO_THROW(login("ann@example.org", "a new password"));
}

// ---- managing people

TEST_P(People, AddressesAreUniqueInAnyCase) {
    EXPECT_EQ(errorOf([&] { user(acme.id, "ANN@EXAMPLE.ORG"); }).name(), "UserAlreadyExists");
    EXPECT_EQ(errorOf([&] { user(acme.id, "no address"); }).name(), "ValidationError");
    EXPECT_EQ(errorOf([&] { user(acme.id, "a@b@c"); }).name(), "ValidationError");
    const auto bob = user(acme.id, "bob@example.org");
    EXPECT_EQ(errorOf([&] {
                  parts.users.update(acme.id, bob.user.id, {.email = "Ann@example.org"}, false,
                                     SystemContext("t"));
              }).name(),
              "UserAlreadyExists");
}

TEST_P(People, ChangesTakeEffectAtOnce) {
    const auto bob = user(acme.id, "bob@example.org", Role::viewer);
    const auto in = login("bob@example.org");
    EXPECT_EQ(who(in.accessToken).value().role, Role::viewer);
    parts.users.update(acme.id, bob.user.id, {.role = Role::operator_}, false, SystemContext("t"));
    EXPECT_EQ(who(in.accessToken).value().role, Role::operator_);
    const auto changed = parts.users.update(
        acme.id, bob.user.id, {.email = "bobby@example.org", .name = "Bobby", .password = "another password"},
        false, SystemContext("t"));
    EXPECT_EQ(changed.user.email, "bobby@example.org");
    refused(in.accessToken);
    EXPECT_NO_THROW(login("bobby@example.org", "another password"));
    const auto again = login("bobby@example.org", "another password");
    parts.users.update(acme.id, bob.user.id, {.active = false}, false, SystemContext("t"));
    refused(again.accessToken);
}

TEST_P(People, LastAdminStays) {
    const auto me = ann.user.id;
    EXPECT_EQ(errorOf([&] { parts.users.remove(acme.id, me, SystemContext("t")); }).name(), "LastAdmin");
    EXPECT_EQ(errorOf([&] {
                  parts.users.update(acme.id, me, {.role = Role::viewer}, false, SystemContext("t"));
              }).name(),
              "LastAdmin");
    EXPECT_EQ(errorOf([&] {
                  parts.users.update(acme.id, me, {.active = false}, false, SystemContext("t"));
              }).name(),
              "LastAdmin");
    const auto bob = user(acme.id, "bob@example.org", Role::admin);
    std::latch start(2);
    std::atomic<int> done{0};
    const auto demote = [&](const Uuid& who) {
        start.arrive_and_wait();
        try {
            parts.users.update(acme.id, who, {.role = Role::viewer}, false, SystemContext("t"));
            ++done;
        } catch (const Error& error) {
            EXPECT_EQ(error.name(), "LastAdmin");
        }
    };
    {
        std::jthread one([&] { demote(me); });
        std::jthread two([&] { demote(bob.user.id); });
    }
    EXPECT_EQ(done, 1);
}

TEST_P(People, OneTenantCannotTakeOverAnothersUser) {
    const auto other = tenant("other");
    const auto bob = user(other.id, "bob@example.org");
    const auto added = parts.users.create(
        acme.id, {"bob@example.org", "password of acme", "B", Role::viewer, false}, SystemContext("t"));
    EXPECT_EQ(added.user.id, bob.user.id);
    EXPECT_NO_THROW(login("bob@example.org")); // his own password still
    const auto change = [&](const base::UserService::Change& wanted, bool bySystem) {
        parts.users.update(acme.id, bob.user.id, wanted, bySystem, SystemContext("t"));
    };
    EXPECT_EQ(errorOf([&] { change({.password = "taken over now"}, false); }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(errorOf([&] { change({.email = "evil@example.org"}, false); }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(errorOf([&] { change({.active = false}, false); }).name(), "InsufficientPermissions");
    EXPECT_NO_THROW(change({.role = Role::operator_}, false));
    EXPECT_NO_THROW(change({.name = "Robert"}, true));
    parts.users.remove(acme.id, bob.user.id, SystemContext("t"));
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, other.id);
    parts.users.remove(other.id, bob.user.id, SystemContext("t"));
    EXPECT_EQ(errorOf([&] { login("bob@example.org"); }).name(), "InvalidToken");
    const auto root = user(acme.id, "root@example.org", Role::admin, true);
    EXPECT_EQ(errorOf([&] {
                  parts.users.update(acme.id, root.user.id, {.password = "taken over now"}, false,
                                     SystemContext("t"));
              }).name(),
              "InsufficientPermissions");
}

TEST_P(People, ManagingThemIsAuditedWithoutPasswords) {
    const auto context = audited("base.user.created", acme.id);
    parts.users.create(acme.id, {"bob@example.org", "a secret of bob", "Bob", Role::viewer, false}, context);
    const auto rows =
        db.read(TenantContext(acme.id), [&](Transaction& tx) { return parts.audit.list(tx, acme.id, {}); });
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].objectType, "user");
    EXPECT_EQ(core::json::parse(rows[0].after.text).value().stringOr("email"), "bob@example.org");
    EXPECT_EQ(rows[0].after.text.find("secret of bob"), std::string::npos);
}

// ---- API tokens

TEST_P(People, ApiTokensActForTheirTenant) {
    const auto made = system([&](Transaction& tx) {
        return parts.tokens.create(tx, acme.id, "mon", Role::viewer, {}, clock.now() + std::chrono::hours(1));
    });
    const auto principal = who(made.token).value();
    EXPECT_EQ(principal.kind, core::http::PrincipalKind::apiToken);
    EXPECT_EQ(principal.id, made.row.id);
    EXPECT_EQ(principal.tenant, acme.id);
    EXPECT_EQ(principal.role, Role::viewer);
    EXPECT_FALSE(principal.system);
    EXPECT_TRUE(
        authentication.authenticate({core::http::Credentials::Scheme::basic, made.token, "anyone"}).ok());
    EXPECT_FALSE(
        authentication.authenticate({core::http::Credentials::Scheme::agentKey, made.token, {}}).ok());
    EXPECT_EQ(
        system([&](Transaction& tx) { return parts.tokens.find(tx, acme.id, made.row.id); })->lastUsedAt,
        clock.now());
    refused(made.token + "x");
    clock.advance(std::chrono::minutes(59) + std::chrono::seconds(50));
    EXPECT_TRUE(who(made.token).ok());
    clock.advance(std::chrono::seconds(10)); // not remembered beyond its end
    refused(made.token);
}

TEST_P(People, SystemTokensHaveNoTenant) {
    const auto made =
        system([&](Transaction& tx) { return parts.tokens.create(tx, {}, "all", Role::admin, {}, {}); });
    const auto principal = who(made.token).value();
    EXPECT_TRUE(principal.system);
    EXPECT_EQ(principal.tenant, std::nullopt);
    system([&](Transaction& tx) { parts.tokens.revoke(tx, made.row.id); });
    authentication.forget(made.row.id);
    refused(made.token);
}

// ---- first start

class FirstStart : public BaseParts {
protected:
    std::filesystem::path file() { return dataDir.path() / "initial-admin.json"; }
    std::ostringstream out;
};
BOTH_DATABASES(FirstStart);

TEST_P(FirstStart, MakesTenantAndAdminOnce) {
    parts.bootstrap.ensureTenant();
    parts.bootstrap.ensureAdmin({}, out);
    std::ifstream in(file());
    std::ostringstream text;
    text << in.rdbuf();
    const auto kept = core::json::parse(text.str()).value();
    const auto password = kept.stringOr("password");
    EXPECT_EQ(kept.stringOr("email"), "admin@localhost");
    EXPECT_GE(password.size(), 20U);
    EXPECT_NE(out.str().find(password), std::string::npos);
    EXPECT_EQ(fixture.log.text().find(password), std::string::npos);
    struct stat info {};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600);

    const auto admin = login("admin@localhost", password);
    EXPECT_TRUE(admin.user.system);
    EXPECT_EQ(admin.active.role, Role::admin);
    EXPECT_EQ(admin.active.tenantName, "default");

    std::ostringstream again;
    parts.bootstrap.ensureTenant();
    parts.bootstrap.ensureAdmin({}, again);
    EXPECT_EQ(again.str(), "");
    EXPECT_NO_THROW(login("admin@localhost", password));

    core::http::Principal me;
    me.id = admin.user.id;
    me.name = admin.user.email;
    me.session = admin.session;
    parts.signIn.changePassword(me, password, "a password of my own", SystemContext("t"));
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_P(FirstStart, TakesTheGivenAdmin) {
    parts.bootstrap.ensureTenant();
    EXPECT_EQ(errorOf([&] {
                  parts.bootstrap.ensureAdmin({"boss@example.org", ""}, out);
              }).name(),
              "ValidationError");
    EXPECT_EQ(errorOf([&] {
                  parts.bootstrap.ensureAdmin({"boss@example.org", "short"}, out);
              }).name(),
              "ValidationError");
    parts.bootstrap.ensureAdmin({"boss@example.org", "given by the boss"}, out);
    EXPECT_EQ(out.str(), "");
    EXPECT_FALSE(std::filesystem::exists(file()));
    EXPECT_NO_THROW(login("boss@example.org", "given by the boss"));
}

TEST_P(FirstStart, TwoHostsAtOnceMakeOne) {
    std::latch start(2);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                std::ostringstream quiet;
                parts.bootstrap.ensureTenant();
                parts.bootstrap.ensureAdmin({"boss@example.org", "given by the boss"}, quiet);
            });
    }
    const auto counts =
        db.run(SystemContext("t"), {{"SELECT count(*) FROM tenants"}, {"SELECT count(*) FROM users"}}, false);
    EXPECT_EQ(counts.at(0)[0].integer(0), 1);
    EXPECT_EQ(counts.at(1)[0].integer(0), 1);
}

// ---- the routes' own part: cookies

class AuthRoutes : public People {
protected:
    core::http::Response call(const std::string& path, core::http::Request request) {
        for (const auto& route : base::api::authRoutes(parts))
            if (route.path == path)
                return std::get<core::http::Response>(route.handler(request));
        throw std::runtime_error("no such route");
    }
    static core::http::Request post(const std::string& body, bool browser) {
        core::http::Request request;
        request.method = "POST";
        request.body = body;
        request.headers.add("Content-Type", "application/json");
        if (browser)
            request.headers.add("Sec-Fetch-Site", "same-origin");
        request.auditTrail = std::make_shared<core::AuditTrail>();
        return request;
    }
    static core::json::Value body(const core::http::Response& response) {
        return core::json::parse(response.body).value();
    }
    const std::string kLogin = R"({"email":"ann@example.org","password":"correct horse"})";
};
BOTH_DATABASES(AuthRoutes);

TEST_P(AuthRoutes, ProgramsGetTheRefreshTokenInTheBody) {
    const auto answer = call("/api/v1/auth/login", post(kLogin, false));
    EXPECT_EQ(answer.headers.find("Set-Cookie"), nullptr);
    const auto token = body(answer).stringOr("refresh_token");
    EXPECT_GE(token.size(), 40U);
    EXPECT_EQ(body(answer).stringOr("token_type"), "Bearer");
    EXPECT_EQ(body(answer).integerOr("expires_in"), 900);
    EXPECT_EQ(body(answer).find("user")->stringOr("tenant_id"), acme.id.toString());
    EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
    const auto next = call("/api/v1/auth/refresh", post(R"({"refresh_token":")" + token + "\"}", false));
    EXPECT_NE(body(next).stringOr("refresh_token"), token);
}

TEST_P(AuthRoutes, BrowsersGetItAsACookieThatScriptsCannotRead) {
    auto secure = post(kLogin, true);
    secure.secure = true;
    const auto answer = call("/api/v1/auth/login", secure);
    EXPECT_TRUE(body(answer).find("refresh_token")->isNull());
    const std::string cookie(answer.headers.get("Set-Cookie"));
    for (const std::string part :
         {"HttpOnly", "SameSite=Strict", "Path=/api/v1/auth;", "Secure", "Max-Age=2592000"})
        EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
    const auto pair = cookie.substr(0, cookie.find(';'));

    auto foreign = post("", true);
    foreign.headers.set("Sec-Fetch-Site", "cross-site");
    foreign.headers.add("Cookie", pair);
    EXPECT_EQ(errorOf([&] { call("/api/v1/auth/refresh", foreign); }).name(), "InvalidToken");

    auto own = post("", true);
    own.headers.add("Cookie", "x=1; " + pair);
    const auto next = call("/api/v1/auth/refresh", own);
    EXPECT_EQ(next.status, 200);
    EXPECT_NE(std::string(next.headers.get("Set-Cookie")).find("ae_refresh="), std::string::npos);
    EXPECT_EQ(errorOf([&] { call("/api/v1/auth/refresh", post("", true)); }).name(), "InvalidToken");
}

TEST_P(AuthRoutes, EveryRouteIsDeclaredInFull) {
    for (auto* part : {&base::api::authRoutes, &base::api::userRoutes, &base::api::tenantRoutes,
                       &base::api::tokenRoutes, &base::api::auditRoutes})
        for (const auto& route : (*part)(parts)) {
            EXPECT_TRUE(route.permission.declared()) << route.path;
            EXPECT_FALSE(route.summary.empty()) << route.path;
            EXPECT_TRUE(route.method == "GET" || route.audit.declared()) << route.path;
            EXPECT_TRUE(route.status == 204 || route.response != nullptr) << route.path;
        }
}

} // namespace test
