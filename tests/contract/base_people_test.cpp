#include <filesystem>
#include <fstream>
#include <latch>
#include <mutex>
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
    /// The audit log's rows of one action, newest first.
    std::vector<base::AuditRow> audited(const std::string& action) {
        return system(
            [&](Transaction& tx) { return parts.audit.list(tx, {}, {.action = action, .limit = 500}); });
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

// Never by a tenant's name or place in a list: those are in other people's hands.
TEST_P(People, TheTenantIsWhatThePersonChose) {
    const auto bob = user(acme.id, "bob@example.org");
    const auto first = tenant("aaa");
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, acme.id) << "the only one";
    join(first.id, "bob@example.org", Role::operator_);
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, first.id) << "accepting is choosing";
    const auto in = login("bob@example.org", kPassword, acme.id);
    EXPECT_EQ(who(in.accessToken).value().role, Role::viewer);
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, acme.id);
    system([&](Transaction& tx) { // whatever they are called now
        auto row = parts.tenants->require(tx, acme.id);
        row.name = "zzz";
        parts.tenants->update(tx, row);
    });
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, acme.id);
    EXPECT_EQ(errorOf([&] { login("bob@example.org", kPassword, newId()); }).name(),
              "InsufficientPermissions");

    const auto third = tenant("third");
    join(third.id, "bob@example.org");
    parts.users.remove(third.id, bob.user.id, SystemContext("t"));
    const auto asked = errorOf([&] { login("bob@example.org"); });
    EXPECT_EQ(asked.name(), "TenantChoiceRequired");
    ASSERT_EQ(asked.details().size(), 2U);
    for (const auto& detail : asked.details())
        EXPECT_TRUE(detail.message == acme.id.toString() + " zzz" ||
                    detail.message == first.id.toString() + " aaa")
            << detail.message;
}

TEST_P(People, TheOnlyTenantStaysTheChosenOne) {
    system([&](Transaction& tx) { // as an account of the first version
        tx.execute("UPDATE users SET chosen_tenant_id = NULL");
    });
    EXPECT_EQ(who(login("ann@example.org").accessToken).value().tenant, acme.id);
    const auto made = tenant("made by ann");
    system(
        [&](Transaction& tx) { parts.users.store().setMembership(tx, ann.user.id, made.id, Role::admin); });
    EXPECT_EQ(who(login("ann@example.org").accessToken).value().tenant, acme.id);
}

TEST_P(People, SwitchingMovesTheSessionAndEachWindowKeepsItsTenant) {
    const auto zeta = tenant("zeta");
    user(acme.id, "bob@example.org");
    join(zeta.id, "bob@example.org", Role::admin);
    const auto in = login("bob@example.org", kPassword, acme.id);
    const auto me = who(in.accessToken).value();
    const auto moved = parts.signIn.switchTo(me, zeta.id, SystemContext("t"));
    EXPECT_EQ(who(moved.accessToken).value().tenant, zeta.id);
    EXPECT_EQ(who(moved.accessToken).value().role, Role::admin);
    EXPECT_EQ(moved.session, in.session);
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, zeta.id) << "the next sign-in";
    const auto other = parts.signIn.refresh(moved.refreshToken, acme.id, {});
    EXPECT_EQ(who(other.accessToken).value().tenant, acme.id) << "a window that stayed";
    EXPECT_EQ(who(parts.signIn.refresh(other.refreshToken, {}, {}).accessToken).value().tenant, zeta.id);
    EXPECT_EQ(errorOf([&] { parts.signIn.switchTo(me, tenant("theirs").id, SystemContext("t")); }).name(),
              "InsufficientPermissions");
}

TEST_P(People, SignInIsAudited) {
    auto trail = std::make_shared<core::AuditTrail>();
    trail->pending = true;
    trail->entry.action = "base.session.created";
    parts.signIn.login("ann@example.org", kPassword, {}, {"10.1.2.3", "r1", trail});
    const auto rows =
        db.read(TenantContext(acme.id), [&](Transaction& tx) { return parts.audit.list(tx, acme.id, {}); });
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].actorName, "ann@example.org");
    EXPECT_EQ(rows[0].objectType, "session");
}

// ---- refresh tokens

TEST_P(People, RefreshRotates) {
    const auto in = login("ann@example.org");
    const auto next = parts.signIn.refresh(in.refreshToken, {}, {});
    EXPECT_NE(next.refreshToken, in.refreshToken);
    EXPECT_EQ(next.session, in.session);
    EXPECT_NO_THROW(parts.signIn.refresh(next.refreshToken, {}, {}));
    const auto stored = db.run(SystemContext("test"), {{"SELECT token_sha256 FROM refresh_tokens"}}, false);
    for (const auto& row : stored.at(0))
        EXPECT_NE(row.text(0), next.refreshToken);
}

TEST_P(People, ReuseOfASpentTokenEndsTheWholeFamily) {
    const auto in = login("ann@example.org");
    const auto elsewhere = login("ann@example.org");
    const auto next = parts.signIn.refresh(in.refreshToken, {}, {});
    EXPECT_TRUE(who(next.accessToken).ok());
    clock.advance(base::SignIn::kGrace + std::chrono::seconds(1));
    EXPECT_TRUE(who(next.accessToken).ok());
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}, {}); }).name(), "InvalidToken");
    refused(next.accessToken); // also the token that was remembered as good
    refused(in.accessToken);
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(next.refreshToken, {}, {}); }).name(), "InvalidToken");
    EXPECT_TRUE(who(elsewhere.accessToken).ok()); // another family
    EXPECT_EQ(audited("base.session.reused").size(), 1U);
}

// A browser that opens all its tabs again sends one token from each of them.
TEST_P(People, TabsThatRenewAtOnceAllStaySignedIn) {
    const auto in = login("ann@example.org");
    constexpr int kTabs = 6;
    std::latch start(kTabs);
    std::mutex mutex;
    std::set<std::string> next;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kTabs; ++i)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                const auto granted = parts.signIn.refresh(in.refreshToken, {}, {});
                const std::lock_guard lock(mutex);
                next.insert(granted.refreshToken);
            });
    }
    ASSERT_EQ(next.size(), 1U) << "one family has one branch, or a thief would have a quiet one";
    // A slow tab, after a fast one has renewed again already.
    const auto again = parts.signIn.refresh(*next.begin(), {}, {});
    const auto slow = parts.signIn.refresh(in.refreshToken, {}, {});
    EXPECT_EQ(slow.refreshToken, again.refreshToken);
    EXPECT_TRUE(who(slow.accessToken).ok());
    EXPECT_TRUE(audited("base.session.reused").empty());
    clock.advance(base::SignIn::kGrace + std::chrono::seconds(1));
    EXPECT_NO_THROW(parts.signIn.refresh(again.refreshToken, {}, {}));
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}, {}); }).name(), "InvalidToken");
    refused(in.accessToken);
}

TEST_P(People, ASignedOutSessionDoesNotComeBackWithinTheGrace) {
    const auto in = login("ann@example.org");
    parts.signIn.refresh(in.refreshToken, {}, {});
    parts.signIn.logout(in.session, SystemContext("test"));
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}, {}); }).name(), "InvalidToken");
}

TEST_P(People, RefreshTokensExpire) {
    const auto in = login("ann@example.org");
    clock.advance(std::chrono::hours(24 * 30));
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}, {}); }).name(), "InvalidToken");
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh("nonsense", {}, {}); }).name(), "InvalidToken");
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
    EXPECT_EQ(errorOf([&] { parts.signIn.refresh(in.refreshToken, {}, {}); }).name(), "InvalidToken");
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
                  parts.signIn.changePassword(me, "wrong horse", "a new password", SystemContext("t"), {});
              }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(
        errorOf([&] { parts.signIn.changePassword(me, kPassword, "short", SystemContext("t"), {}); }).name(),
        "ValidationError");
    parts.signIn.changePassword(me, kPassword, "a new password", SystemContext("t"), {});
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
                  parts.users.update(acme.id, bob.user.id, {.email = "Ann@example.org"}, true,
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
        true, SystemContext("t"));
    EXPECT_EQ(changed.user.email, "bobby@example.org");
    EXPECT_EQ(changed.shownName(), "Bobby");
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

// ---- several tenants

TEST_P(People, AnAccountIsNobodysToTakeOver) {
    const auto theirs = tenant("theirs");
    const auto mallory = user(theirs.id, "mallory@example.org", Role::admin);
    const auto malloryIn = who(login("mallory@example.org").accessToken).value();
    // First, of an address that has no account yet: the invitation's holder is the account's.
    const auto squat = inviteBy(malloryIn, theirs.id, "ceo@acme.example", Role::viewer);
    parts.invitations.accept(squat, "password of mallory", {}, {});
    // Later its real tenant invites the same address; nothing is given to whoever has the account.
    const auto mine = invite(acme.id, "ceo@acme.example", Role::admin);
    const auto squatter = who(login("ceo@acme.example", "password of mallory").accessToken).value();
    EXPECT_EQ(squatter.tenant, theirs.id);
    EXPECT_EQ(errorOf([&] { login("ceo@acme.example", "password of mallory", acme.id); }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(mine, "password of the ceo", {}, {}); }).name(),
              "InvalidToken");
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(mine, {}, malloryIn, {}); }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(errorOf([&] { parts.invitations.accept("guessed", {}, squatter, {}); }).name(),
              "InvitationNotFound");
    // The operator of the host gives the address back.
    parts.users.setPassword("ceo@acme.example", "password of the ceo", SystemContext("t"));
    const auto ceo = who(login("ceo@acme.example", "password of the ceo").accessToken).value();
    EXPECT_EQ(who(parts.invitations.accept(mine, {}, ceo, {}).accessToken).value().tenant, acme.id);
    EXPECT_EQ(mallory.user.email, "mallory@example.org");
}

TEST_P(People, InvitingChangesNothingForTheInvited) {
    const auto theirs = tenant("theirs");
    invite(theirs.id, "ann@example.org", Role::admin);
    EXPECT_EQ(who(login("ann@example.org").accessToken).value().tenant, acme.id);
    EXPECT_EQ(parts.users.list(TenantContext(theirs.id), {}, 10).size(), 0U);
    EXPECT_EQ(errorOf([&] { (void)parts.users.get(TenantContext(theirs.id), ann.user.id); }).name(),
              "UserNotFound");
    for (const auto& change : std::vector<base::UserService::Change>{
             {.password = "taken over now"}, {.role = Role::viewer}, {.active = false}})
        EXPECT_EQ(errorOf([&] {
                      parts.users.update(theirs.id, ann.user.id, change, false, SystemContext("t"));
                  }).name(),
                  "UserNotFound");
}

TEST_P(People, InvitationsAreForOnePersonOnceAndEnd) {
    const auto zeta = tenant("zeta");
    const auto me = who(login("ann@example.org").accessToken).value();
    const auto replaced = invite(zeta.id, "ANN@example.org");
    const auto token = invite(zeta.id, "ann@example.org", Role::operator_);
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(replaced, {}, me, {}); }).name(), "InvitationNotFound");
    EXPECT_EQ(parts.invitations.look(token).tenantName, "zeta");
    const auto granted = parts.invitations.accept(token, {}, me, {});
    EXPECT_EQ(granted.session, me.session.value()) << "they stay signed in";
    EXPECT_EQ(who(granted.accessToken).value().role, Role::operator_);
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(token, {}, me, {}); }).name(), "InvitationNotFound");
    EXPECT_EQ(errorOf([&] { invite(zeta.id, "ann@example.org"); }).name(), "UserAlreadyExists");

    const auto late = invite(zeta.id, "late@example.org");
    clock.advance(base::Invitations::kGoodFor);
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(late, "a good password", {}, {}); }).name(),
              "InvitationNotFound");
    const auto withdrawn = invite(zeta.id, "gone@example.org");
    const auto open = parts.invitations.list(TenantContext(zeta.id), {}, 10);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(errorOf([&] { parts.invitations.withdraw(acme.id, open[0].id, SystemContext("t")); }).name(),
              "InvitationNotFound")
        << "another tenant's";
    parts.invitations.withdraw(zeta.id, open[0].id, SystemContext("t"));
    EXPECT_EQ(errorOf([&] { (void)parts.invitations.look(withdrawn); }).name(), "InvitationNotFound");
}

TEST_P(People, ANewAccountNeedsAGoodPassword) {
    const auto token = invite(acme.id, "new@example.org");
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(token, {}, {}, {}); }).name(), "ValidationError");
    EXPECT_EQ(errorOf([&] { parts.invitations.accept(token, "short", {}, {}); }).name(), "ValidationError");
    const auto granted = parts.invitations.accept(token, "a good password", {}, {});
    EXPECT_EQ(granted.user.name, "Name of new@example.org");
    EXPECT_NO_THROW(login("new@example.org", "a good password"));
}

TEST_P(People, OfTwoWhoAcceptAtOnceOneDoes) {
    const auto token = invite(acme.id, "new@example.org");
    std::latch start(2);
    std::atomic<int> good{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                try {
                    parts.invitations.accept(token, "a good password", {}, {});
                    ++good;
                } catch (const std::exception&) { // of several kinds, by who came how far
                }
            });
    }
    EXPECT_EQ(good, 1);
}

TEST_P(People, AnInvitationEndsWithTheRightsOfWhoeverMadeIt) {
    const auto bob = user(acme.id, "bob@example.org", Role::admin);
    const auto token = inviteBy(who(login("bob@example.org").accessToken).value(), acme.id,
                                "friend@example.org", Role::admin);
    const auto change = [&](const base::UserService::Change& wanted) {
        parts.users.update(acme.id, bob.user.id, wanted, false, SystemContext("t"));
    };
    const auto accepted = [&] { return errorOf([&] { (void)parts.invitations.look(token); }).name(); };
    change({.role = Role::operator_});
    EXPECT_EQ(accepted(), "InvitationNotFound");
    change({.role = Role::admin, .active = false});
    EXPECT_EQ(accepted(), "InvitationNotFound");
    change({.active = true});
    EXPECT_NO_THROW((void)parts.invitations.look(token));
    parts.users.remove(acme.id, bob.user.id, SystemContext("t"));
    EXPECT_EQ(accepted(), "InvitationNotFound");
}

TEST_P(People, OpenInvitationsHaveALimit) {
    for (std::int64_t i = 0; i < base::Invitations::kMost; ++i)
        invite(acme.id, "p" + std::to_string(i) + "@example.org");
    EXPECT_EQ(errorOf([&] { invite(acme.id, "onemore@example.org"); }).name(), "TooManyInvitations");
    EXPECT_NO_THROW(invite(acme.id, "p1@example.org")) << "in the place of one that is open";
}

TEST_P(People, AnAdminsResetHoldsElsewhereOnlyOnceItIsConfirmedThere) {
    const auto theirs = tenant("theirs");
    user(theirs.id, "mallory@example.org", Role::admin);
    const auto bob = user(acme.id, "bob@example.org", Role::operator_);
    join(theirs.id, "bob@example.org");
    const auto script = system([&](Transaction& tx) {
        return parts.tokens.create(tx, acme.id, "script", Role::viewer, bob.user.id, {});
    });
    const auto in = login("bob@example.org", kPassword, acme.id);
    EXPECT_TRUE(who(in.accessToken).ok());
    EXPECT_TRUE(who(script.token).ok());
    parts.users.update(theirs.id, bob.user.id, {.password = "set by mallory"}, false, SystemContext("t"));
    refused(in.accessToken);
    refused(script.token);
    const auto taken = login("bob@example.org", "set by mallory");
    EXPECT_EQ(who(taken.accessToken).value().tenant, theirs.id);
    EXPECT_EQ(errorOf([&] { login("bob@example.org", "set by mallory", acme.id); }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(errorOf([&] {
                  parts.signIn.switchTo(who(taken.accessToken).value(), acme.id, SystemContext("t"));
              }).name(),
              "InsufficientPermissions");
    EXPECT_EQ(
        system([&](Transaction& tx) { return parts.users.store().memberships(tx, bob.user.id); }).size(), 1U)
        << "nothing tells of the other one";
    // Out of their own tenant the account has nothing left, and a wrong password looks the same.
    parts.users.remove(theirs.id, bob.user.id, SystemContext("t"));
    EXPECT_EQ(errorOf([&] { login("bob@example.org", "set by mallory"); }).name(), "InvalidToken");
    EXPECT_TRUE(parts.users.get(TenantContext(acme.id), bob.user.id).suspendedAt);
    parts.users.confirm(acme.id, bob.user.id, SystemContext("t"));
    EXPECT_EQ(who(login("bob@example.org", "set by mallory").accessToken).value().tenant, acme.id);
}

TEST_P(People, WhoSetsThePasswordNeedsNoConfirmation) {
    const auto theirs = tenant("theirs");
    const auto bob = user(acme.id, "bob@example.org");
    join(theirs.id, "bob@example.org");
    parts.users.update(theirs.id, bob.user.id, {.password = "set by mallory"}, false, SystemContext("t"));
    parts.users.update(acme.id, bob.user.id, {.password = "set at home"}, false, SystemContext("t"));
    EXPECT_EQ(who(login("bob@example.org", "set at home").accessToken).value().tenant, acme.id);
    // A password that its owner changes, or the operator sets, suspends nothing.
    const auto me = who(login("bob@example.org", "set at home").accessToken).value();
    parts.users.confirm(theirs.id, bob.user.id, SystemContext("t"));
    parts.signIn.changePassword(me, "set at home", "of my own choice", SystemContext("t"), {});
    EXPECT_NO_THROW(login("bob@example.org", "of my own choice", theirs.id));
    parts.users.update(theirs.id, bob.user.id, {.password = "set by mallory"}, false, SystemContext("t"));
    parts.users.setPassword("bob@example.org", "by the operator", SystemContext("t"));
    EXPECT_NO_THROW(login("bob@example.org", "by the operator", acme.id));
}

TEST_P(People, WhatATenantDecidesHoldsInThatTenant) {
    const auto theirs = tenant("theirs");
    const auto bob = user(acme.id, "bob@example.org", Role::operator_);
    join(theirs.id, "bob@example.org");
    parts.users.update(theirs.id, bob.user.id, {.name = "Chief of acme", .active = false}, false,
                       SystemContext("t"));
    EXPECT_EQ(parts.users.get(TenantContext(acme.id), bob.user.id).shownName(), "Name of bob@example.org");
    EXPECT_EQ(parts.users.get(TenantContext(theirs.id), bob.user.id).shownName(), "Chief of acme");
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().tenant, acme.id)
        << "the only one that is open";
    EXPECT_EQ(errorOf([&] {
                  parts.users.update(theirs.id, bob.user.id, {.email = "evil@example.org"}, false,
                                     SystemContext("t"));
              }).name(),
              "InsufficientPermissions");
    // And the other way round: the own tenant can always lock somebody out of itself.
    parts.users.update(acme.id, bob.user.id, {.active = false}, false, SystemContext("t"));
    EXPECT_EQ(errorOf([&] { login("bob@example.org"); }).name(), "InvalidToken");
    parts.users.remove(theirs.id, bob.user.id, SystemContext("t"));
    parts.users.update(acme.id, bob.user.id, {.active = true}, false, SystemContext("t"));
    EXPECT_EQ(who(login("bob@example.org").accessToken).value().role, Role::operator_);
}

// The answer must not be an oracle: which addresses have accounts is nobody's business.
TEST_P(People, ChangesTellNothingOfOtherTenants) {
    const auto theirs = tenant("theirs");
    user(theirs.id, "known@example.org");
    const auto bob = user(acme.id, "bob@example.org");
    std::set<std::string> said;
    for (const char* address : {"known@example.org", "unknown@example.org", "ann@example.org"})
        said.insert(errorOf([&] {
                        parts.users.update(acme.id, bob.user.id, {.email = address}, false,
                                           SystemContext("t"));
                    }).what());
    EXPECT_EQ(said.size(), 1U);
}

TEST_P(People, ASystemsAccountIsNotATenants) {
    const auto root = user(acme.id, "root@example.org", Role::admin, true);
    EXPECT_EQ(errorOf([&] {
                  parts.users.update(acme.id, root.user.id, {.password = "taken over now"}, false,
                                     SystemContext("t"));
              }).name(),
              "InsufficientPermissions");
    parts.users.remove(acme.id, root.user.id, SystemContext("t"));
    EXPECT_TRUE(system([&](Transaction& tx) { return parts.users.store().find(tx, root.user.id); }))
        << "only the membership ended";
    const auto bob = user(acme.id, "bob@example.org");
    parts.users.remove(acme.id, bob.user.id, SystemContext("t"));
    EXPECT_FALSE(system([&](Transaction& tx) { return parts.users.store().find(tx, bob.user.id); }));
}

TEST_P(People, TheOperatorDisablesAnAccountEverywhere) {
    const auto in = login("ann@example.org");
    const auto token = system([&](Transaction& tx) {
        return parts.tokens.create(tx, acme.id, "script", Role::admin, ann.user.id, {});
    });
    EXPECT_TRUE(who(in.accessToken).ok());
    EXPECT_TRUE(who(token.token).ok());
    parts.users.setActive("Ann@example.org", false, SystemContext("t"));
    refused(in.accessToken);
    refused(token.token);
    EXPECT_EQ(errorOf([&] { login("ann@example.org"); }).name(), "InvalidToken");
    parts.users.setActive("ann@example.org", true, SystemContext("t"));
    EXPECT_NO_THROW(login("ann@example.org"));
    EXPECT_EQ(errorOf([&] { parts.users.setActive("x@example.org", false, SystemContext("t")); }).name(),
              "UserNotFound");
}

// ---- who was not let in

TEST_P(People, RefusalsAreWrittenDownWithoutWhatWasTyped) {
    const auto bob = user(acme.id, "bob@example.org");
    parts.users.update(acme.id, bob.user.id, {.active = false}, false, SystemContext("test"));
    for (const auto& [email, password] :
         std::vector<std::pair<std::string, std::string>>{{"ann@example.org", "canary-wrong-password"},
                                                          {"canary-password-in-the-wrong-field", "x"},
                                                          {"bob@example.org", kPassword}})
        EXPECT_THROW(parts.signIn.login(email, password, {}, {"203.0.113.9", "request-7", nullptr}), Error);
    const auto rows = audited("base.session.refused");
    ASSERT_EQ(rows.size(), 3U);
    std::set<std::string> reasons;
    for (const auto& row : rows) {
        EXPECT_EQ(row.address, "203.0.113.9");
        EXPECT_EQ(row.requestId, "request-7");
        EXPECT_EQ(row.after.text.find("canary"), std::string::npos) << row.after.text;
        reasons.insert(core::json::parse(row.after.text).value().stringOr("reason"));
    }
    EXPECT_EQ(reasons,
              (std::set<std::string>{"wrong password", "unknown address", "the account is not active"}));
    const auto own = db.read(TenantContext(acme.id), [&](Transaction& tx) {
        return parts.audit.list(tx, acme.id, {.action = "base.session.refused"});
    });
    EXPECT_EQ(own.size(), 2U) << "the tenant sees those of its accounts, and not the unknown";
    const auto log = fixture.log.text();
    EXPECT_NE(log.find("somebody was not let in"), std::string::npos);
    EXPECT_NE(log.find("203.0.113.9"), std::string::npos);
    EXPECT_EQ(log.find("canary"), std::string::npos);
}

TEST_P(People, AFloodOfRefusalsFillsNothing) {
    const auto guess = [&](const std::string& email) {
        EXPECT_THROW(parts.signIn.login(email, "wrong horse", {}, {}), Error);
    };
    for (int i = 0; i < base::Refusals::kPerMinute + 25; ++i)
        guess("x" + std::to_string(i) + "@example.org");
    EXPECT_EQ(audited("base.session.refused").size(), static_cast<std::size_t>(base::Refusals::kPerMinute));
    guess("ann@example.org"); // unknown addresses do not hide an account's
    EXPECT_EQ(audited("base.session.refused").size(), base::Refusals::kPerMinute + 1U);
    clock.advance(std::chrono::minutes(1));
    guess("y@example.org");
    const auto rows = audited("base.session.refused");
    ASSERT_EQ(rows.size(), base::Refusals::kPerMinute + 2U);
    EXPECT_EQ(core::json::parse(rows.front().after.text).value().integerOr("left_out"), 25);
}

TEST_P(People, AWrongCurrentPasswordIsWrittenDownToo) {
    const auto me = who(login("ann@example.org").accessToken).value();
    EXPECT_THROW(parts.signIn.changePassword(me, "wrong horse", "a new password", SystemContext("t"), {}),
                 Error);
    EXPECT_EQ(audited("base.user.password_refused").size(), 1U);
}

TEST_P(People, ManagingThemIsAuditedWithoutPasswords) {
    const auto context = owing("base.user.created", acme.id);
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

TEST_P(People, ApiTokensCanDoNoMoreThanTheirOwner) {
    const auto bob = user(acme.id, "bob@example.org", Role::admin);
    const auto token = [&](Role role) {
        return system([&](Transaction& tx) {
                   return parts.tokens.create(tx, acme.id, "script", role, bob.user.id, {});
               })
            .token;
    };
    const auto admin = token(Role::admin), viewer = token(Role::viewer);
    const auto change = [&](const base::UserService::Change& wanted) {
        parts.users.update(acme.id, bob.user.id, wanted, false, SystemContext("t"));
    };
    EXPECT_EQ(who(admin).value().role, Role::admin);
    change({.role = Role::operator_});
    EXPECT_EQ(who(admin).value().role, Role::operator_)
        << "at once, although it was remembered as an admin's";
    EXPECT_EQ(who(viewer).value().role, Role::viewer);
    change({.active = false});
    refused(admin);
    refused(viewer);
    change({.role = Role::admin, .active = true});
    EXPECT_EQ(who(admin).value().role, Role::admin);
    parts.users.remove(acme.id, bob.user.id, SystemContext("t"));
    refused(admin);
}

TEST_P(People, ApiTokensStandOnThePersonBehindTheirMaker) {
    const auto bob = user(acme.id, "bob@example.org", Role::admin);
    const auto first = system([&](Transaction& tx) {
        return parts.tokens.create(tx, acme.id, "first", Role::admin, bob.user.id, {});
    });
    const auto caller = who(first.token).value();
    const auto owner = system([&](Transaction& tx) { return parts.tokens.personOf(tx, caller); });
    EXPECT_EQ(owner, bob.user.id) << "a token that a token makes does not outlive the person";
}

TEST_P(People, SystemTokensOfAPersonNeedASystemsAccount) {
    const auto root = user(acme.id, "root@example.org", Role::admin, true);
    const auto made = [&](const Uuid& owner) {
        return system([&](Transaction& tx) {
                   return parts.tokens.create(tx, {}, "all", Role::admin, owner, {});
               })
            .token;
    };
    EXPECT_TRUE(who(made(root.user.id)).value().system);
    refused(made(ann.user.id));
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
    parts.signIn.changePassword(me, password, "a password of my own", SystemContext("t"), {});
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
    for (auto* part : {&base::api::authRoutes, &base::api::userRoutes, &base::api::invitationRoutes,
                       &base::api::tenantRoutes, &base::api::tokenRoutes, &base::api::auditRoutes})
        for (const auto& route : (*part)(parts)) {
            EXPECT_TRUE(route.permission.declared()) << route.path;
            EXPECT_FALSE(route.summary.empty()) << route.path;
            EXPECT_TRUE(route.method == "GET" || route.audit.declared()) << route.path;
            EXPECT_TRUE(route.status == 204 || route.response != nullptr) << route.path;
        }
}

} // namespace test
