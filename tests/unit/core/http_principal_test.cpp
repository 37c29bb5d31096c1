#include <atomic>
#include <functional>

#include <gtest/gtest.h>

#include "core/http/route.h"
#include "core/testing/fake_clock.h"

namespace core::http {
namespace {

using namespace std::chrono_literals;

Principal person(Role role, bool system = false, PrincipalKind kind = PrincipalKind::user) {
    Principal principal;
    principal.kind = kind;
    principal.role = role;
    principal.system = system;
    return principal;
}
Principal machine(PrincipalKind kind) {
    Principal principal;
    principal.kind = kind;
    return principal;
}

TEST(Permission, Table) {
    const Principal all[] = {
        person(Role::viewer),          person(Role::operator_),
        person(Role::admin),           person(Role::admin, false, PrincipalKind::apiToken),
        person(Role::viewer, true),
        machine(PrincipalKind::user), // without a role
        machine(PrincipalKind::agent), machine(PrincipalKind::registration)};
    struct Row {
        Permission permission;
        std::string admitted; ///< one letter for each of the above
    };
    const Row rows[] = {
        {Permission(), "--------"},
        {Permission::open(), "yyyyyyyy"},
        {Permission::role("p", Role::viewer), "yyyyy---"},
        {Permission::role("p", Role::operator_), "-yyy----"},
        {Permission::role("p", Role::admin), "--yy----"},
        {Permission::role("p", Role::operator_).orAgent(), "-yyy--y-"},
        {Permission::agent("p"), "------y-"},
        {Permission::registration("p"), "-------y"},
        {Permission::system("p"), "----y---"},
    };
    for (const Row& row : rows) {
        std::string got;
        for (const Principal& principal : all)
            got += row.permission.admits(principal) ? 'y' : '-';
        EXPECT_EQ(got, row.admitted) << row.permission.name() << &row - rows;
    }
    // What looks like an agent but is allowed to everything in the system is still no person.
    Principal agent = machine(PrincipalKind::agent);
    agent.system = true;
    agent.role = Role::admin;
    EXPECT_FALSE(Permission::system("p").admits(agent));
    EXPECT_FALSE(Permission::role("p", Role::viewer).admits(agent));
}

TEST(Role, NamesReadBack) {
    for (const Role role : {Role::viewer, Role::operator_, Role::admin})
        EXPECT_EQ(parseRole(roleName(role)), role);
    for (const char* text : {"", "Admin", "root"})
        EXPECT_FALSE(parseRole(text)) << text;
}

class Counting final : public Authenticator {
public:
    explicit Counting(const Clock& clock) : clock_(clock) {}
    std::optional<Result<Verified>> authenticate(const Credentials& credentials) override {
        ++calls;
        if (meanwhile)
            meanwhile();
        if (credentials.secret.starts_with("other"))
            return std::nullopt;
        if (credentials.secret.starts_with("bad"))
            return Result<Verified>(Error(errors::kInvalidToken, "It is expired."));
        Principal principal;
        principal.id = id;
        principal.session = session;
        principal.name = credentials.secret;
        return Result<Verified>(Verified{principal, clock_.now() + 60s});
    }
    std::atomic<int> calls{0};
    std::function<void()> meanwhile;
    Uuid id = Uuid::generate(fromMicros(1'000'000));
    Uuid session = Uuid::generate(fromMicros(2'000'000));

private:
    const Clock& clock_;
};

struct AuthenticationTest : testing::Test {
    core::testkit::FakeClock clock;
    std::shared_ptr<Counting> counting = std::make_shared<Counting>(clock);
    Authentication authentication{clock, 3};
    AuthenticationTest() { authentication.add(counting); }

    Result<Principal> ask(const std::string& secret,
                          Credentials::Scheme scheme = Credentials::Scheme::bearer) {
        return authentication.authenticate({scheme, secret, {}});
    }
};

TEST_F(AuthenticationTest, RemembersUntilTheTokenEnds) {
    EXPECT_EQ(ask("a").value().name, "a");
    EXPECT_EQ(ask("a").value().name, "a");
    EXPECT_EQ(counting->calls, 1);
    clock.advance(60s);
    EXPECT_TRUE(ask("a").ok());
    EXPECT_EQ(counting->calls, 2);
}

TEST_F(AuthenticationTest, DoesNotTakeOneSchemeForAnother) {
    EXPECT_TRUE(ask("a").ok());
    EXPECT_TRUE(ask("a", Credentials::Scheme::agentKey).ok());
    EXPECT_EQ(counting->calls, 2);
    EXPECT_TRUE(authentication.authenticate({Credentials::Scheme::basic, "c", "ab"}).ok());
    EXPECT_TRUE(authentication.authenticate({Credentials::Scheme::basic, "bc", "a"}).ok());
    EXPECT_EQ(counting->calls, 4);
}

TEST_F(AuthenticationTest, IsBoundedAndForgetsTheLeastUsed) {
    for (const char* secret : {"a", "b", "c", "a", "d"}) // b goes
        EXPECT_TRUE(ask(secret).ok());
    EXPECT_EQ(counting->calls, 4);
    for (const char* secret : {"a", "c", "d"})
        EXPECT_TRUE(ask(secret).ok());
    EXPECT_EQ(counting->calls, 4);
    EXPECT_TRUE(ask("b").ok());
    EXPECT_EQ(counting->calls, 5);
}

TEST_F(AuthenticationTest, ForgetsWhoIsRevoked) {
    EXPECT_TRUE(ask("a").ok());
    authentication.forget(Uuid::generate(fromMicros(3'000'000)));
    EXPECT_TRUE(ask("a").ok());
    EXPECT_EQ(counting->calls, 1);
    authentication.forget(counting->id);
    EXPECT_TRUE(ask("a").ok());
    EXPECT_EQ(counting->calls, 2);
    authentication.forget(counting->session);
    EXPECT_TRUE(ask("a").ok());
    EXPECT_EQ(counting->calls, 3);
}

TEST_F(AuthenticationTest, DoesNotRememberWhatWasRevokedWhileItWasVerified) {
    counting->meanwhile = [&] { authentication.forget(counting->id); };
    EXPECT_TRUE(ask("a").ok());
    counting->meanwhile = nullptr;
    EXPECT_TRUE(ask("a").ok());
    EXPECT_EQ(counting->calls, 2);
    EXPECT_TRUE(ask("a").ok());
    EXPECT_EQ(counting->calls, 2);
}

TEST_F(AuthenticationTest, RefusesAndDoesNotRememberRefusals) {
    EXPECT_STREQ(ask("bad").error().what(), "It is expired.");
    EXPECT_FALSE(ask("bad").ok());
    EXPECT_EQ(counting->calls, 2);
    EXPECT_EQ(ask("other").error().status(), 401);
    EXPECT_EQ(ask("").error().status(), 401);
    EXPECT_EQ(ask(std::string(8193, 'x')).error().status(), 401);
    EXPECT_EQ(counting->calls, 3);
}

} // namespace
} // namespace core::http
