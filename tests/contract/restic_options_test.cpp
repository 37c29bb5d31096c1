#include "contract/restic_fixture.h"
#include "policies/assignment.h"
#include "policies/policy_defaults.h"
#include "policies/policy_versions.h"

namespace test {
using core::json::Object;
using restic::PolicyOptions;
namespace {

/// What a tenant, a policy and an agent of it say, and what of it counts.
class ResticOptions : public ResticParts {
protected:
    /// A policy that says nothing itself but that.
    restic::Policy sayingOnly(const std::string& name, const PolicyOptions& own) {
        auto policy = draft(name);
        policy.own = restic::documentOf(own);
        return policy;
    }
    void setDefaults(const PolicyOptions& options) {
        clock.advance(1s);
        here([&](Transaction& tx) { host.policies.setDefaults(tx, options, "ada"); });
    }
    restic::Policy found(const Uuid& id) {
        return here([&](Transaction& tx) { return host.policies.get(tx, id); });
    }
    restic::Policy found(const Uuid& id, const Uuid& agentId) {
        return here([&](Transaction& tx) { return restic::PolicyStore::findFor(tx, id, agentId).value(); });
    }
    std::optional<core::Instant> nextRun(const Uuid& id) {
        return here([&](Transaction& tx) { return restic::PolicyStore::links(tx, id).at(0).nextRunAt; });
    }
    std::vector<std::string> followers(const Uuid& id) {
        std::vector<std::string> names;
        for (const auto& link : here([&](Transaction& tx) { return restic::PolicyStore::links(tx, id); }))
            names.push_back(link.hostname + (link.assigned ? " assigned" : ""));
        return names;
    }
    core::json::Value payloadOf(const Uuid& taskId, const Uuid& agentId) {
        for (const auto& item : host.tasks.handOut(tenant, agentId, 5).items)
            if (item.id.starts_with(taskId.toString()))
                return item.payload;
        ADD_FAILURE() << "the task was not given out";
        return {};
    }
    void tag(const Uuid& agentId, std::vector<std::string> tags) {
        here([&](Transaction& tx) {
            auto changed = restic::AgentStore::find(tx, agentId).value();
            changed.tags = std::move(tags);
            restic::AgentStore::updateSettings(tx, changed);
            host.policies.assign(tx, agentId);
        });
    }
    void goTo(core::Instant moment) { clock.advance(moment - clock.now()); }
    static core::Instant at(std::string_view text) { return core::parseInstant(text).value(); }
    static restic::RetentionRules days(int count) {
        restic::RetentionRules rules;
        rules.keepDaily = count;
        return rules;
    }
};
BOTH_DATABASES(ResticOptions);

TEST_P(ResticOptions, TheNearestThatSaysSomethingCounts) {
    const auto agentId = agent("web-01");
    PolicyOptions own;
    own.maxAgeHours = 30;
    const auto made = policy(tenant, sayingOnly("nightly", own));
    link(tenant, agentId, made.id);
    EXPECT_EQ(made.timezone, "UTC");
    EXPECT_EQ(made.retention.keepDaily, 7) << "the program's";
    EXPECT_EQ(made.retention.keepMonthly, 12);

    PolicyOptions tenants;
    tenants.timezone = "Europe/Berlin";
    tenants.maxAgeHours = 50;
    tenants.retentionRules = days(3);
    tenants.limitUploadKib = 500;
    setDefaults(tenants);
    auto now = found(made.id);
    EXPECT_EQ(now.timezone, "Europe/Berlin");
    EXPECT_EQ(now.maxAgeHours, 30) << "its own";
    EXPECT_EQ(now.retention.keepDaily, 3);
    EXPECT_FALSE(now.retention.keepMonthly) << "rules are taken whole";
    EXPECT_EQ(now.options.limitUploadKib, 500);
    EXPECT_EQ(now.changedBy, "ada");

    PolicyOptions links;
    links.limitUploadKib = 0;
    links.timezone = "America/New_York";
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, agentId, made.id, links); });
    now = found(made.id, agentId);
    EXPECT_EQ(now.options.limitUploadKib, 0);
    EXPECT_EQ(now.timezone, "America/New_York");
    EXPECT_EQ(now.retention.keepDaily, 3);
    EXPECT_EQ(found(made.id).timezone, "Europe/Berlin") << "for the others it is as before";

    const core::json::Value origins =
        restic::originsOf(restic::documentOf(links), *found(made.id).own.object(),
                          here([](Transaction& tx) { return restic::PolicyDefaults::read(tx).options; }));
    EXPECT_EQ(origins.stringOr("limit_upload_kib"), "link");
    EXPECT_EQ(origins.stringOr("max_age_hours"), "policy");
    EXPECT_EQ(origins.stringOr("retention_rules"), "tenant");
    EXPECT_EQ(origins.stringOr("priority"), "default");
    EXPECT_TRUE(
        here([](Transaction& tx) { return restic::PolicyDefaults::read(tx).options; }).find("timezone"));
    EXPECT_TRUE(in(other, [](Transaction& tx) { return restic::PolicyDefaults::read(tx).options; }).empty());
}

TEST_P(ResticOptions, PoliciesOfBeforeSayAllThemselves) {
    const auto made = policy(tenant, draft("nightly"));
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_policies SET own_options = NULL, options = '{}' WHERE tenant_id = $1",
                   {tx.tenant()});
    });
    PolicyOptions tenants;
    tenants.timezone = "Europe/Berlin";
    tenants.retentionRules = days(1);
    setDefaults(tenants);
    EXPECT_EQ(found(made.id).timezone, "UTC");
    EXPECT_EQ(found(made.id).retention.keepDaily, 7);
}

TEST_P(ResticOptions, WhatMovesASchedulePlansItAnew) {
    goTo(at("2026-02-01T00:00:00Z"));
    const auto agentId = agent("web-01");
    const auto made = policy(tenant, sayingOnly("nightly", {})); // at 02:00
    link(tenant, agentId, made.id);
    EXPECT_EQ(nextRun(made.id), at("2026-02-01T02:00:00Z"));

    PolicyOptions tenants;
    tenants.timezone = "Europe/Berlin";
    setDefaults(tenants);
    EXPECT_EQ(nextRun(made.id), at("2026-02-01T01:00:00Z"));
    tenants.blackoutWindows = {{{}, "01:00", "05:30"}};
    setDefaults(tenants);
    EXPECT_EQ(nextRun(made.id), at("2026-02-01T04:30:00Z"));
    PolicyOptions links;
    links.timezone = "UTC";
    links.blackoutWindows.emplace();
    links.jitterMinutes = 30;
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, agentId, made.id, links); });
    EXPECT_GE(*nextRun(made.id), at("2026-02-01T02:00:00Z"));
    EXPECT_LE(*nextRun(made.id), at("2026-02-01T02:30:00Z"));
    const auto planned = *nextRun(made.id);

    // The scheduler goes by the same: neither a slot too early nor one twice.
    goTo(planned - 1s);
    host.scheduler.run([](Transaction&) {});
    EXPECT_EQ(rows("restic_tasks"), 0);
    goTo(planned);
    host.scheduler.run([](Transaction&) {});
    EXPECT_EQ(rows("restic_tasks"), 1);
    EXPECT_EQ(nextRun(made.id), planned + 24h);
    host.scheduler.run([](Transaction&) {});
    EXPECT_EQ(rows("restic_tasks"), 1);
}

TEST_P(ResticOptions, WhatCannotBeKeptIsRefusedWithThePolicysName) {
    const auto made = policy(tenant, sayingOnly("nightly", {}));
    PolicyOptions bad;
    bad.blackoutWindows = {{{}, "06:00", "06:00"}};
    const auto error = errorOf([&] { setDefaults(bad); });
    EXPECT_EQ(error.name(), "InvalidCronExpression");
    EXPECT_NE(std::string(error.what()).find("nightly"), std::string::npos) << error.what();
    EXPECT_TRUE(here([](Transaction& tx) { return restic::PolicyDefaults::read(tx).options; }).empty());
    PolicyOptions nothing;
    nothing.retentionRules = days(0);
    EXPECT_EQ(errorOf([&] { setDefaults(nothing); }).name(), "RetentionConflict");
    const auto web = agent("web-01");
    EXPECT_EQ(errorOf([&] {
                  here([&](Transaction& tx) { host.policies.setLinkOptions(tx, web, made.id, {}); });
              }).name(),
              "PolicyNotLinked");
}

TEST_P(ResticOptions, DefaultsThatNoPolicyCouldGoByAreRefusedWhereThereIsNone) {
    PolicyOptions bad;
    bad.timezone = "Mars/Olympus";
    EXPECT_EQ(errorOf([&] { setDefaults(bad); }).name(), "ValidationError");
    bad = {};
    bad.retentionRules = days(-1);
    EXPECT_EQ(errorOf([&] { setDefaults(bad); }).name(), "RetentionConflict");
    bad = {};
    bad.blackoutWindows = {{{}, "06:00", "06:00"}};
    EXPECT_EQ(errorOf([&] { setDefaults(bad); }).name(), "InvalidCronExpression");
    EXPECT_TRUE(here([](Transaction& tx) { return restic::PolicyDefaults::read(tx).options; }).empty());
}

TEST_P(ResticOptions, ATagThatIsKeptForEverIsNoneOfAPolicy) {
    auto wanted = sayingOnly("nightly", {});
    wanted.tags = {"pinned"};
    EXPECT_EQ(errorOf([&] { policy(tenant, wanted); }).name(), "RetentionConflict");
    PolicyOptions own;
    own.retentionRules = days(7);
    own.retentionRules->keepTags = {"year-end"};
    wanted = sayingOnly("nightly", own);
    wanted.tags = {"shop", "year-end"};
    EXPECT_EQ(errorOf([&] { policy(tenant, wanted); }).name(), "RetentionConflict");
    wanted.tags = {"shop"};
    policy(tenant, wanted);
}

TEST_P(ResticOptions, ABackupGetsWhatCountsForItsAgent) {
    const auto agentId = agent("web-01");
    PolicyOptions own;
    own.limitUploadKib = 500;
    own.limitDownloadKib = 700;
    own.timeoutSeconds = 900;
    const auto made = policy(tenant, sayingOnly("nightly", own));
    link(tenant, agentId, made.id);
    PolicyOptions links;
    links.limitUploadKib = 0;
    links.timeoutSeconds = 1200;
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, agentId, made.id, links); });
    const auto task =
        here([&](Transaction& tx) { return host.tasks.create(tx, ofPolicy(agentId, made.id)); });
    const auto payload = payloadOf(task.id, agentId);
    EXPECT_EQ(payload.find("limit_upload_kib"), nullptr) << "0 is without a limit";
    EXPECT_EQ(payload.integerOr("limit_download_kib"), 700);
    EXPECT_EQ(payload.integerOr("timeout_seconds"), 1200);
}

TEST_P(ResticOptions, AnAgentThatKnowsNoHooksDoesNotSaveWithoutThem) {
    PolicyOptions own;
    own.preHook = "stop-shop";
    own.oneFileSystem = true;
    const auto made = policy(tenant, sayingOnly("nightly", own));
    const auto old = agent("old");
    link(tenant, old, made.id);
    const auto refused = here([&](Transaction& tx) { return host.tasks.create(tx, ofPolicy(old, made.id)); });
    EXPECT_TRUE(host.tasks.handOut(tenant, old, 5).items.empty());
    EXPECT_EQ(status(refused.id), "failed");

    const auto able = agent("able");
    setMetadata(tenant, able,
                Object{{"ownRepository", true}, {"features", core::json::Array{"backup_options"}}});
    link(tenant, able, made.id);
    const auto task = here([&](Transaction& tx) { return host.tasks.create(tx, ofPolicy(able, made.id)); });
    const auto payload = payloadOf(task.id, able);
    EXPECT_EQ(payload.stringOr("pre_hook"), "stop-shop");
    EXPECT_EQ(payload.find("post_hook"), nullptr);
    EXPECT_TRUE(*payload.find("one_file_system")->boolean());
}

TEST_P(ResticOptions, VersionsTellWhoChangedWhat) {
    auto wanted = sayingOnly("nightly", {});
    wanted.changedBy = "ada";
    const auto made = policy(tenant, wanted);
    const auto save = [&](restic::Policy next) {
        clock.advance(1min);
        here([&](Transaction& tx) { host.policies.update(tx, made.id, std::move(next)); });
    };
    save(wanted); // nothing is another way
    auto next = wanted;
    next.changedBy = "ben";
    next.schedule = "0 3 * * *";
    PolicyOptions own;
    own.retentionRules = days(9);
    own.retentionRules->keepYearly = 2;
    own.timezone = "Europe/Berlin";
    next.own = restic::documentOf(own);
    save(next);
    const auto versions = here([&](Transaction& tx) { return restic::PolicyVersions::list(tx, made.id); });
    ASSERT_EQ(versions.size(), 2U);
    EXPECT_EQ(versions[0].number, 2);
    EXPECT_EQ(versions[0].author, "ben");
    EXPECT_EQ(versions[0].at, clock.now());
    EXPECT_EQ(versions[1].author, "ada");
    EXPECT_EQ(restic::PolicyVersions::differences(versions[1].policy, versions[0].policy),
              (std::vector<std::string>{"schedule", "timezone", "retention_rules"}));
    save(next);
    EXPECT_EQ(rows("restic_policy_versions"), 2) << "saved as it was, whatever order a database gives it";
    for (int i = 0; i < restic::PolicyVersions::kKept + 5; ++i) {
        next.priority = i % 2;
        own.priority = i % 2;
        next.own = restic::documentOf(own);
        save(next);
    }
    EXPECT_EQ(rows("restic_policy_versions"), restic::PolicyVersions::kKept);
}

TEST_P(ResticOptions, AnAssignmentFindsItsAgentsAndLetsThemGo) {
    const auto web = agent("web-01");
    const auto data = agent("db-01");
    auto wanted = draft("nightly");
    wanted.assign = Object{{"tags", core::json::Array{"prod"}}, {"hostnames", core::json::Array{"web-*"}}};
    const auto made = policy(tenant, wanted);
    EXPECT_EQ(followers(made.id), std::vector<std::string>{"web-01 assigned"});
    EXPECT_EQ(errorOf([&] {
                  here([&](Transaction& tx) {
                      host.policies.unlink(tx, restic::PolicyStore::links(tx, made.id).at(0).agent, made.id);
                  });
              }).name(),
              "PolicyAssigned")
        << "it would come again within a minute";
    EXPECT_TRUE(nextRun(made.id));
    tag(data, {"prod", "eu"});
    EXPECT_EQ(followers(made.id), (std::vector<std::string>{"db-01 assigned", "web-01 assigned"}));
    tag(data, {"eu"});
    EXPECT_EQ(followers(made.id), std::vector<std::string>{"web-01 assigned"});

    // Whom somebody links by hand stays.
    link(tenant, web, made.id);
    wanted.assign = core::json::Value();
    here([&](Transaction& tx) { host.policies.update(tx, made.id, wanted); });
    EXPECT_EQ(followers(made.id), std::vector<std::string>{"web-01"});

    // One that comes later.
    wanted.assign = Object{{"hostnames", core::json::Array{"WEB-0?"}}};
    here([&](Transaction& tx) { host.policies.update(tx, made.id, wanted); });
    host.agents.setPolicyMatcher(
        [&](Transaction& tx, const Uuid& agentId) { host.policies.assign(tx, agentId); });
    wanted.name = "with a repository";
    wanted.repository = repository(tenant, "shared");
    const auto second = policy(tenant, wanted);
    agent("web-02");
    EXPECT_EQ(followers(second.id), (std::vector<std::string>{"web-01 assigned", "web-02 assigned"}));
    // Its first heartbeat had not said yet that it has a repository of its own.
    EXPECT_EQ(followers(made.id), std::vector<std::string>{"web-01"});
    here([&](Transaction& tx) { host.policies.assign(tx); });
    EXPECT_EQ(followers(made.id), (std::vector<std::string>{"web-01", "web-02 assigned"}));
    EXPECT_EQ(here([](Transaction& tx) { return restic::TargetStore::all(tx); }).size(), 5U);
}

TEST_P(ResticOptions, WhoCannotFollowIsNamedWithTheReason) {
    const auto web = agent("web-01");
    setMetadata(tenant, web, Object{{"ownRepository", false}});
    auto wanted = draft("nightly");
    wanted.assign = Object{{"hostnames", core::json::Array{"*"}}};
    const auto made = policy(tenant, wanted);
    EXPECT_TRUE(followers(made.id).empty());
    const auto missing = here([&](Transaction& tx) { return host.policies.unassigned(tx, made); });
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0].first.hostname, "web-01");
    EXPECT_NE(missing[0].second.find("has no repository"), std::string::npos) << missing[0].second;
    EXPECT_EQ(in(other, [](Transaction& tx) { return restic::PolicyStore::all(tx); }).size(), 0U);
    const auto tenants = system([](Transaction& tx) { return restic::PolicyStore::assigningTenants(tx); });
    EXPECT_EQ(tenants, std::vector<Uuid>{tenant.tenant()});
}

TEST_P(ResticOptions, LatenessGoesByWhatCountsForTheAgent) {
    goTo(at("2026-02-01T00:00:00Z"));
    const auto agentId = agent("web-01");
    auto wanted = sayingOnly("nightly", {});
    wanted.repository = repository(tenant, "shared");
    const auto made = policy(tenant, wanted);
    link(tenant, agentId, made.id);
    const auto isLate = [&] { return host.status.list(tenant, {}).at(0).isLate; };
    const auto task =
        here([&](Transaction& tx) { return host.tasks.create(tx, ofPolicy(agentId, made.id)); });
    host.tasks.handOut(tenant, agentId, 1);
    host.tasks.report(tenant, agentId, task.id, done('1'));
    goTo(at("2026-02-02T02:30:00Z"));
    EXPECT_FALSE(isLate()) << "an hour after the second slot without one";
    goTo(at("2026-02-02T03:30:00Z"));
    EXPECT_TRUE(isLate());
    PolicyOptions links;
    links.blackoutWindows = {{{}, "01:00", "20:00"}};
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, agentId, made.id, links); });
    EXPECT_FALSE(isLate()) << "its slots come at 20:00";
    links.maxAgeHours = 24;
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, agentId, made.id, links); });
    EXPECT_TRUE(isLate());
}

} // namespace
} // namespace test
