#include <set>

#include "contract/restic_fixture.h"

namespace test {
namespace {

class ResticAgents : public ResticParts {
protected:
    restic::AgentService::NewRegistration registration(int uses = 1, std::optional<std::int64_t> ttl = {}) {
        clock.advance(1ms);
        return host.agents.createRegistration(tenant, "tester", ttl, uses, {});
    }
    Uuid registrationOf(const TenantContext& context) {
        return host.agents.createRegistration(context, "tester", {}, 1, {}).id;
    }
    restic::protocol::RegisterResponse enroll(const Uuid& by, const std::string& hostname,
                                              const std::string& nonce) {
        clock.advance(1ms);
        return host.agents.enroll(tenant, by, {hostname, "linux", "amd64", "1.0.0", {}, {}, {}}, nonce,
                                  "192.0.2.7");
    }
    restic::Agent row(const Uuid& id) {
        return here([&](Transaction& tx) { return restic::AgentStore::find(tx, id, true).value(); });
    }
    std::string fault(const std::string& token) {
        return std::string(errorOf([&] { host.agents.identify(token); }).name());
    }
    void beat(const Uuid& id, restic::protocol::HeartbeatRequest request = {}) {
        request.version = "1.2.3";
        request.os = "linux";
        host.agents.heartbeat(tenant, id, request, "192.0.2.8");
    }
};
BOTH_DATABASES(ResticAgents);

TEST_P(ResticAgents, EnrolOnce) {
    const auto token = registration();
    EXPECT_TRUE(token.token.starts_with("aereg_"));
    EXPECT_EQ(host.agents.identifyRegistration(token.token).id, token.id);
    const auto made = enroll(token.id, "web-01", "nonce");
    EXPECT_EQ(host.agents.identify(made.token).agent, made.agentId);
    EXPECT_EQ(host.agents.identify(made.token).tenant, tenant.tenant());
    const auto agent = row(made.agentId);
    EXPECT_EQ(agent.status, "offline") << "no heartbeat yet";
    EXPECT_EQ(agent.metadata.stringOr("ip"), "192.0.2.7");
    ASSERT_EQ(bus.of("restic.agent.registered").size(), 1U);
    EXPECT_EQ(bus.of("restic.agent.registered")[0].stringOr("hostname"), "web-01");
    EXPECT_EQ(errorOf([&] { enroll(token.id, "web-02", "another"); }).name(), "InvalidRegistrationToken");
    EXPECT_EQ(rows("restic_agents"), 1);
}

TEST_P(ResticAgents, ALostAnswerCostsNothing) {
    const auto token = registration();
    const auto first = enroll(token.id, "web-01", "nonce");
    clock.advance(1min);
    const auto second = enroll(token.id, "web-01", "nonce");
    EXPECT_EQ(second.agentId, first.agentId);
    EXPECT_NE(second.token, first.token);
    EXPECT_EQ(fault(first.token), "TokenExpired") << "the lost one ends";
    EXPECT_EQ(host.agents.identify(second.token).agent, first.agentId);
    EXPECT_EQ(rows("restic_agents"), 1);
    EXPECT_EQ(bus.of("restic.agent.registered").size(), 1U);
    host.agents.revoke(tenant, first.agentId);
    EXPECT_EQ(errorOf([&] { enroll(token.id, "web-01", "nonce"); }).name(), "TokenRevoked");
}

TEST_P(ResticAgents, TwoAtOnceDoNotShareAUse) {
    for (int round = 0; round < 5; ++round) {
        const auto token = registration();
        std::atomic<int> good{0};
        std::vector<std::string> faults(3);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < 3; ++i)
                threads.emplace_back([&, i] {
                    try {
                        const auto name = std::to_string(round) + "-" + std::to_string(i);
                        host.agents.enroll(tenant, token.id, {name, "linux", "amd64", "1", {}, {}, {}}, name,
                                           "");
                        ++good;
                    } catch (const Error& error) {
                        faults[i] = error.name();
                    }
                });
        }
        EXPECT_EQ(good, 1);
        EXPECT_EQ(std::count(faults.begin(), faults.end(), "InvalidRegistrationToken"), 2);
    }
}

TEST_P(ResticAgents, ManyWithOneNonceAreOneAgent) {
    for (int round = 0; round < 5; ++round) {
        const auto token = registration();
        std::vector<std::string> outcomes(12);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < outcomes.size(); ++i)
                threads.emplace_back([&, i] {
                    try {
                        outcomes[i] =
                            host.agents
                                .enroll(tenant, token.id,
                                        {"web-" + std::to_string(round), "linux", "amd64", "1", {}, {}, {}},
                                        "one nonce", "")
                                .agentId.toString();
                    } catch (const Error& error) {
                        outcomes[i] = error.name();
                    }
                });
        }
        EXPECT_EQ(std::set<std::string>(outcomes.begin(), outcomes.end()).size(), 1U) << outcomes[0];
        EXPECT_EQ(rows("restic_agents"), round + 1);
    }
}

TEST_P(ResticAgents, AMachineThatIsEnrolledAgainStaysTheAgentThatItWas) {
    const auto first = enroll(registration().id, "web-01", "one");
    const auto nightly = policy(tenant, draft("nightly"));
    setMetadata(tenant, first.agentId, core::json::Object{{"ownRepository", true}});
    link(tenant, first.agentId, nightly.id);
    const auto task = host.tasks.create(tenant, ofPolicy(first.agentId, nightly.id)).id;
    host.tasks.handOut(tenant, first.agentId, 5);
    clock.advance(24h * 31);
    EXPECT_EQ(fault(first.token), "TokenExpired");
    EXPECT_EQ(errorOf([&] { enroll(registration().id, "web-01", "two"); }).name(), "AgentAlreadyExists")
        << "without the token anybody could say that";
    restic::protocol::RegisterRequest again{"web-01", "linux", "amd64", "2", {}, {}, first.token};
    const auto registered = host.agents.enroll(tenant, registration().id, again, "three", "");
    EXPECT_EQ(registered.agentId, first.agentId);
    EXPECT_EQ(host.agents.identify(registered.token).agent, first.agentId);
    EXPECT_EQ(row(first.agentId).version, "2");
    EXPECT_EQ(host.tasks.report(tenant, first.agentId, task, done('a')).ack.status, "success")
        << "what its journal held is taken";
    EXPECT_EQ(rows("restic_targets"), 1);

    const auto foreign = registrationOf(other);
    again.hostname = "web-09";
    EXPECT_NE(host.agents.enroll(other, foreign, again, "four", "").agentId, first.agentId)
        << "a token of another tenant is nobody's";
    host.agents.revoke(tenant, first.agentId);
    again.hostname = "web-01";
    EXPECT_NE(host.agents.enroll(tenant, registration().id, again, "five", "").agentId, first.agentId)
        << "revoked is revoked";
}

TEST_P(ResticAgents, ADeletedMachinesTargetGoesOnUnderItsNewEnrolment) {
    const auto first = agent("web-01");
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, first, nightly.id);
    host.agents.revoke(tenant, first);
    const auto second = agent("web-01");
    link(tenant, second, nightly.id);
    EXPECT_EQ(rows("restic_targets"), 1);
    const auto target = host.status.get(tenant, "web-01:nightly", {});
    EXPECT_EQ(target.agentId, second);
    EXPECT_FALSE(target.disabled);
}

TEST_P(ResticAgents, TokensEndAndAreKeptAsHashesOnly) {
    const auto token = registration(1, 60);
    EXPECT_EQ(token.expiresAt, clock.now() + 60s);
    clock.advance(60s);
    EXPECT_EQ(errorOf([&] { host.agents.identifyRegistration(token.token); }).name(),
              "InvalidRegistrationToken");
    EXPECT_EQ(errorOf([&] { enroll(token.id, "web-01", "nonce"); }).name(), "InvalidRegistrationToken");
    EXPECT_EQ(errorOf([&] { host.agents.identifyRegistration("aereg_unknown"); }).name(),
              "InvalidRegistrationToken");
    const auto made = enroll(registration().id, "web-01", "nonce");
    system([&](Transaction& tx) {
        for (const char* sql : {"SELECT token_sha256 FROM restic_registration_tokens",
                                "SELECT token_sha256 FROM restic_agent_tokens"})
            for (const auto& stored : tx.query(sql)) {
                EXPECT_EQ(stored.text(0).size(), 64U);
                EXPECT_NE(stored.text(0), token.token);
                EXPECT_NE(stored.text(0), made.token);
            }
    });
}

TEST_P(ResticAgents, AHostNameIsTakenUntilItsAgentIsRevoked) {
    const auto two = registration(3);
    const auto first = enroll(two.id, "web-01", "one");
    const auto error = errorOf([&] { enroll(two.id, "web-01", "two"); });
    EXPECT_EQ(error.name(), "AgentAlreadyExists");
    EXPECT_NE(std::string(error.what()).find("web-01"), std::string::npos);
    EXPECT_EQ(rows("restic_agents"), 1);
    host.agents.revoke(tenant, first.agentId);
    const auto second = enroll(two.id, "web-01", "two");
    EXPECT_NE(second.agentId, first.agentId);
    EXPECT_EQ(fault(first.token), "TokenRevoked");
    EXPECT_EQ(row(first.agentId).status, "offline");
    EXPECT_TRUE(row(first.agentId).revokedAt);
    // Another tenant has its own names.
    EXPECT_NO_THROW(enrol(other, "web-01"));
}

TEST_P(ResticAgents, TheTenantsLimitIsStated) {
    system([&](Transaction& tx) {
        auto row = base.tenants->require(tx, tenant.tenant());
        row.maxAgents = 2;
        base.tenants->update(tx, row);
    });
    agent("a");
    const auto second = agent("b");
    const auto error = errorOf([&] { agent("c"); });
    EXPECT_EQ(error.name(), "TenantLimitReached");
    EXPECT_NE(std::string(error.what()).find("2 agents"), std::string::npos);
    host.agents.revoke(tenant, second);
    EXPECT_NO_THROW(agent("c"));
}

TEST_P(ResticAgents, ARotatedTokenLastsFiveMinutes) {
    const auto made = enroll(registration().id, "web-01", "nonce");
    EXPECT_EQ(made.expiresAt, clock.now() + 24h * 30);
    clock.advance(24h * 20);
    const auto fresh = host.agents.rotate(tenant, made.agentId);
    EXPECT_EQ(fresh.expiresAt, clock.now() + 24h * 30);
    clock.advance(299s);
    EXPECT_EQ(host.agents.identify(made.token).agent, made.agentId);
    clock.advance(1s);
    EXPECT_EQ(fault(made.token), "TokenExpired");
    EXPECT_EQ(host.agents.identify(fresh.token).agent, made.agentId);
    clock.advance(24h * 30);
    EXPECT_EQ(fault(fresh.token), "TokenExpired");
    EXPECT_EQ(fault("nonsense"), "InvalidToken");
    EXPECT_EQ(errorOf([&] { host.agents.rotate(other, made.agentId); }).name(), "AgentNotFound");
}

TEST_P(ResticAgents, AYearOfRotationsNeedsNobody) {
    const auto made = enroll(registration().id, "web-01", "nonce");
    std::string token = made.token;
    for (int i = 0; i < 19; ++i) {
        clock.advance(24h * 20);
        ASSERT_EQ(host.agents.identify(token).agent, made.agentId) << i;
        token = host.agents.rotate(tenant, made.agentId).token;
    }
}

TEST_P(ResticAgents, MayChangeTheirNameButNotTakeAnothers) {
    const auto web = enrol(tenant, "web-01");
    const auto db01 = enrol(tenant, "db-01");
    EXPECT_EQ(errorOf([&] {
                  host.agents.update(tenant, web.id, {"db-01", "linux", "amd64", "2", {}, {}, {}}, "");
              }).name(),
              "AgentAlreadyExists");
    const auto answer =
        host.agents.update(tenant, web.id, {"web-02", "plan9", "arm64", "2", {}, "shop", {}}, "");
    EXPECT_EQ(answer.agentId, web.id);
    EXPECT_EQ(row(web.id).hostname, "web-02");
    EXPECT_EQ(row(web.id).os, "unknown");
    EXPECT_EQ(row(web.id).label, "shop");
    EXPECT_EQ(host.agents.identify(answer.token).agent, web.id);
}

TEST_P(ResticAgents, AreOfflineAfter90SecondsAndReportedAfterFiveMinutes) {
    const auto web = agent("web-01");
    beat(web);
    EXPECT_EQ(row(web).status, "online");
    EXPECT_EQ(row(web).version, "1.2.3");
    clock.advance(90s);
    host.agents.sweep();
    EXPECT_EQ(row(web).status, "online");
    clock.advance(1s);
    host.agents.sweep();
    EXPECT_EQ(row(web).status, "offline");
    EXPECT_TRUE(bus.of("restic.agent.offline").empty());
    clock.advance(210s);
    host.agents.sweep();
    ASSERT_EQ(bus.of("restic.agent.offline").size(), 1U);
    EXPECT_EQ(bus.of("restic.agent.offline")[0].stringOr("agent_id"), web.toString());
    clock.advance(10min);
    host.agents.sweep();
    EXPECT_EQ(bus.of("restic.agent.offline").size(), 1U) << "once each silence";
    beat(web);
    EXPECT_EQ(row(web).status, "online");
    clock.advance(10min);
    host.agents.sweep();
    EXPECT_EQ(bus.of("restic.agent.offline").size(), 2U);
}

TEST_P(ResticAgents, ProblemsShowAndTelemetryIsKept) {
    const auto web = agent("web-01");
    restic::protocol::HeartbeatRequest request;
    request.problems = {"restic is not installed"};
    request.cpuPercent = 12.5;
    request.resticVersion = "0.14.0";
    beat(web, request);
    EXPECT_EQ(row(web).status, "error");
    EXPECT_EQ(row(web).metadata.numberOr("cpuPercent"), 12.5);
    EXPECT_EQ(row(web).metadata.stringOr("restic_version"), "0.14.0");
    EXPECT_EQ(row(web).metadata.stringOr("ip"), "192.0.2.7") << "what registration said";
    beat(web);
    EXPECT_EQ(row(web).status, "online");
    EXPECT_EQ(errorOf([&] { host.agents.heartbeat(other, web, request, ""); }).name(), "AgentNotFound");
}

TEST_P(ResticAgents, TheAuthenticatorKnowsItsOwnTokensOnly) {
    restic::AgentAuthenticator authenticator(host.agents, base.signer, clock);
    using core::http::Credentials;
    const auto who = [&](const std::string& token) {
        return authenticator.authenticate({Credentials::Scheme::bearer, token, {}});
    };
    const auto web = enrol(tenant, "web-01");
    const auto verified = who(web.token);
    ASSERT_TRUE(verified && verified->ok());
    EXPECT_EQ(verified->value().principal.id, web.id);
    EXPECT_EQ(verified->value().principal.kind, core::http::PrincipalKind::agent);
    EXPECT_EQ(verified->value().principal.tenant, tenant.tenant());
    EXPECT_FALSE(who("something else"));
    ASSERT_TRUE(who(web.token + "x"));
    EXPECT_FALSE(who(web.token + "x")->ok());
    host.agents.revoke(tenant, web.id);
    EXPECT_EQ(who(web.token)->error().name(), "TokenRevoked");
    const auto token = registration();
    EXPECT_EQ(who(token.token)->value().principal.kind, core::http::PrincipalKind::registration);
    clock.advance(1h);
    EXPECT_EQ(who(token.token)->error().name(), "InvalidRegistrationToken");
    const auto late = enrol(tenant, "late-01");
    clock.advance(24h * 31);
    EXPECT_EQ(who(late.token)->error().name(), "TokenExpired");
}

} // namespace
} // namespace test
