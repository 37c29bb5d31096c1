#include "contract/restic_fixture.h"

namespace test {
using core::json::Object;
namespace {

class ResticPolicies : public ResticParts {
protected:
    std::string fault(restic::Policy wanted) {
        return std::string(errorOf([&] { policy(tenant, std::move(wanted)); }).name());
    }
    void remove(const Uuid& id) {
        here([&](Transaction& tx) { host.policies.remove(tx, id); });
    }
    std::vector<restic::Target> targets() {
        return here([](Transaction& tx) { return restic::TargetStore::all(tx); });
    }
    std::vector<restic::PolicyLink> links(const Uuid& id) {
        return here([&](Transaction& tx) { return restic::PolicyStore::links(tx, id); });
    }
    static core::Instant at(std::string_view text) { return core::parseInstant(text).value(); }
};
BOTH_DATABASES(ResticPolicies);

TEST_P(ResticPolicies, AreKeptAsGiven) {
    auto wanted = draft("nightly");
    wanted.timezone = "Europe/Berlin";
    wanted.priority = 3;
    wanted.maxAgeHours = 30;
    wanted.minSizeBytes = 1LL << 40;
    wanted.retention.keepYearly = 2;
    wanted.plugins = core::json::Array{core::json::Object{{"name", "mysql"}}};
    const auto made = policy(tenant, wanted);
    const auto found = here([&](Transaction& tx) { return host.policies.get(tx, made.id); });
    EXPECT_EQ(found.name, "nightly");
    EXPECT_EQ(found.timezone, "Europe/Berlin");
    EXPECT_EQ(found.includePaths, wanted.includePaths);
    EXPECT_EQ(found.excludePaths, wanted.excludePaths);
    EXPECT_EQ(found.tags, wanted.tags);
    EXPECT_EQ(found.retention.keepDaily, 7);
    EXPECT_EQ(found.retention.keepYearly, 2);
    EXPECT_FALSE(found.retention.keepLast);
    EXPECT_EQ(found.maxAgeHours, 30);
    EXPECT_EQ(found.minSizeBytes, 1LL << 40);
    EXPECT_EQ(found.plugins, wanted.plugins);
    EXPECT_EQ(found.createdAt, clock.now());
}

TEST_P(ResticPolicies, BadOnesAreRefusedAndNothingIsStored) {
    auto wanted = draft("a", "61 * * * *");
    EXPECT_EQ(fault(wanted), "InvalidCronExpression");
    wanted = draft("a");
    wanted.timezone = "Mars/Olympus";
    EXPECT_EQ(fault(wanted), "ValidationError");
    wanted = draft("a");
    wanted.retention = {};
    EXPECT_EQ(fault(wanted), "RetentionConflict");
    wanted.retention.keepDaily = 0;
    EXPECT_EQ(fault(wanted), "RetentionConflict");
    wanted.retention.keepDaily = 5;
    wanted.retention.keepLast = -1;
    EXPECT_EQ(fault(wanted), "RetentionConflict");
    EXPECT_EQ(rows("restic_policies"), 0);
}

TEST_P(ResticPolicies, NamesAreUniqueInATenant) {
    const auto first = policy(tenant, draft("nightly"));
    EXPECT_EQ(fault(draft("nightly")), "PolicyAlreadyExists");
    EXPECT_NO_THROW(policy(other, draft("nightly")));
    const auto second = policy(tenant, draft("weekly"));
    auto renamed = draft("nightly");
    EXPECT_EQ(errorOf([&] {
                  here([&](Transaction& tx) { return host.policies.update(tx, second.id, renamed); });
              }).name(),
              "PolicyAlreadyExists");
    remove(first.id);
    EXPECT_NO_THROW(policy(tenant, draft("nightly"))) << "an archived one leaves its name free";
    EXPECT_EQ(errorOf([&] { remove(first.id); }).name(), "PolicyNotFound");
}

TEST_P(ResticPolicies, TheTenantsLimitIsStated) {
    system([&](Transaction& tx) {
        auto row = base.tenants->require(tx, tenant.tenant());
        row.maxPolicies = 1;
        base.tenants->update(tx, row);
    });
    policy(tenant, draft("a"));
    const auto error = errorOf([&] { policy(tenant, draft("b")); });
    EXPECT_EQ(error.name(), "TenantLimitReached");
    EXPECT_NE(std::string(error.what()).find("1 policies"), std::string::npos);
}

TEST_P(ResticPolicies, LinkingMakesATargetAndUnlinkingKeepsIt) {
    const auto web = agent("web-01");
    const auto store = repository(tenant, "store");
    auto wanted = draft("nightly");
    wanted.repository = store;
    const auto nightly = policy(tenant, wanted);
    link(tenant, web, nightly.id);
    link(tenant, web, nightly.id);
    ASSERT_EQ(targets().size(), 1U);
    EXPECT_EQ(targets()[0].name, "web-01:nightly");
    EXPECT_EQ(targets()[0].mode, "agent");
    EXPECT_EQ(targets()[0].repository, store);
    ASSERT_EQ(links(nightly.id).size(), 1U);
    EXPECT_EQ(links(nightly.id)[0].nextRunAt, at("2026-02-01T02:00:00Z")) << "now is 2026-01-31T02:00:00Z";
    here([&](Transaction& tx) { host.policies.unlink(tx, web, nightly.id); });
    EXPECT_TRUE(links(nightly.id).empty());
    EXPECT_TRUE(targets()[0].disabled);
    const auto id = targets()[0].id;
    link(tenant, web, nightly.id);
    ASSERT_EQ(targets().size(), 1U);
    EXPECT_EQ(targets()[0].id, id) << "its history goes on";
    EXPECT_FALSE(targets()[0].disabled);
    EXPECT_EQ(errorOf([&] { link(tenant, newId(), nightly.id); }).name(), "AgentNotFound");
    EXPECT_EQ(errorOf([&] { link(tenant, web, newId()); }).name(), "PolicyNotFound");
}

TEST_P(ResticPolicies, InUseTheyStay) {
    const auto web = agent("web-01");
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    const auto error = errorOf([&] { remove(nightly.id); });
    EXPECT_EQ(error.name(), "PolicyInUse");
    EXPECT_NE(std::string(error.what()).find("agent web-01"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("target web-01:nightly"), std::string::npos);
    const auto task = host.tasks.create(tenant, ofPolicy(web, nightly.id));
    here([&](Transaction& tx) { host.policies.unlink(tx, web, nightly.id); });
    const auto busy = errorOf([&] { remove(nightly.id); });
    EXPECT_EQ(busy.name(), "PolicyInUse");
    EXPECT_NE(std::string(busy.what()).find("task " + task.id.toString()), std::string::npos) << busy.what();
    host.tasks.cancel(tenant, task.id);
    EXPECT_NO_THROW(remove(nightly.id));
    EXPECT_EQ(run(task.id).policyName, "nightly") << "history keeps its name";
}

TEST_P(ResticPolicies, OfARevokedAgentCanBeDeleted) {
    const auto web = agent("web-01");
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    host.agents.revoke(tenant, web);
    EXPECT_NO_THROW(remove(nightly.id)) << "nobody can unlink an agent that is gone";
}

TEST_P(ResticPolicies, TheNextRunFollowsTheSchedule) {
    const auto web = agent("web-01");
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    const auto change = [&](auto edit) {
        auto wanted = here([&](Transaction& tx) { return host.policies.get(tx, nightly.id); });
        edit(wanted);
        wanted.own = {}; // all that it says is its own
        here([&](Transaction& tx) { return host.policies.update(tx, nightly.id, wanted); });
        return links(nightly.id)[0].nextRunAt;
    };
    EXPECT_EQ(change([](restic::Policy& p) { p.schedule = "30 4 * * *"; }), at("2026-01-31T04:30:00Z"));
    EXPECT_EQ(change([](restic::Policy& p) { p.timezone = "Europe/Berlin"; }), at("2026-01-31T03:30:00Z"));
    EXPECT_FALSE(change([](restic::Policy& p) { p.enabled = false; }));
    EXPECT_EQ(change([](restic::Policy& p) { p.enabled = true; }), at("2026-01-31T03:30:00Z"));
}

TEST_P(ResticPolicies, AScheduleThatNeverComesIsRefused) {
    for (const std::string never : {"0 0 30 2 *", "0 0 31 2 *", "0 0 31 4,6,9,11 *", "15 3 31 11 *"}) {
        const auto refused = errorOf([&] { policy(tenant, draft("never", never)); });
        EXPECT_EQ(refused.name(), "InvalidCronExpression") << never;
        ASSERT_EQ(refused.details().size(), 1U);
        EXPECT_EQ(refused.details()[0].pointer, "/schedule");
    }
    EXPECT_NO_THROW(policy(tenant, draft("leap year", "0 0 29 2 *")));
    EXPECT_NO_THROW(policy(tenant, draft("long months", "0 0 31 * *")));
    auto local = draft("local");
    for (const std::string zone :
         {"localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/UTC"}) {
        local.timezone = zone;
        EXPECT_EQ(errorOf([&] { policy(tenant, local); }).details().at(0).pointer, "/timezone") << zone;
    }
}

TEST_P(ResticPolicies, RepositoriesKeepTheirSecretsInTheVault) {
    const auto id = repository(tenant, "store");
    EXPECT_NE(everything().find("/srv/store"), std::string::npos) << "the look sees what is there";
    EXPECT_EQ(everything().find(kSecret), std::string::npos);
    here([&](Transaction& tx) {
        EXPECT_TRUE(host.repositories.hasPassword(tx, id));
        EXPECT_EQ(base.vault->get(tx, {tx.tenant(), "restic_repositories", id, "password"}), kSecret);
    });
    restic::RepositorySpec spec;
    spec.name = "store";
    spec.type = "local";
    spec.url = "relative/path";
    const auto problems = [&] {
        return errorOf([&] { here([&](Transaction& tx) { return host.repositories.update(tx, id, spec); }); })
            .details();
    };
    ASSERT_EQ(problems().size(), 1U);
    EXPECT_EQ(problems()[0].pointer, "/url");
    spec.url = "/srv/elsewhere";
    // However it is entered: restic would read another password from a file.
    spec.password = "trail ";
    ASSERT_EQ(problems().size(), 1U);
    EXPECT_EQ(problems()[0].pointer, "/password");
    EXPECT_EQ(problems()[0].message.find("trail"), std::string::npos);
    spec.password.reset();
    here([&](Transaction& tx) {
        host.repositories.update(tx, id, spec);
        EXPECT_TRUE(host.repositories.hasPassword(tx, id)) << "without a new one the old one stays";
    });
    EXPECT_EQ(errorOf([&] { repository(tenant, "store"); }).name(), "RepositoryAlreadyExists");
    auto wanted = draft("nightly");
    wanted.repository = id;
    const auto nightly = policy(tenant, wanted);
    const auto inUse = errorOf([&] { here([&](Transaction& tx) { host.repositories.remove(tx, id); }); });
    EXPECT_EQ(inUse.name(), "RepositoryInUse");
    EXPECT_NE(std::string(inUse.what()).find("nightly"), std::string::npos);
    remove(nightly.id);
    here([&](Transaction& tx) { host.repositories.remove(tx, id); });
    here([&](Transaction& tx) { EXPECT_FALSE(host.repositories.hasPassword(tx, id)); });
}

TEST_P(ResticPolicies, AStoragesSecretsAreInTheVaultAndInItsTasksOnly) {
    const auto web = agent("web-01");
    restic::RepositorySpec spec;
    spec.name = "offsite";
    spec.type = "s3";
    spec.password = kSecret;
    spec.config = Object{{"bucket", "bkt"}, {"access_key_id", "AKIA"}, {"secret_access_key", "canary-1"}};
    const auto made = here([&](Transaction& tx) { return host.repositories.create(tx, spec); });
    EXPECT_EQ(made.url, "s3:s3.amazonaws.com/bkt");
    const auto stored = [&] {
        return here([&](Transaction& tx) { return host.repositories.get(tx, made.id); });
    };
    const auto change = [&](Object config) {
        spec.password.reset();
        spec.config = std::move(config);
        here([&](Transaction& tx) { host.repositories.update(tx, made.id, spec); });
        return stored();
    };
    const auto secret = [&](const std::string& field) {
        return here([&](Transaction& tx) {
            return base.vault->get(tx, {tx.tenant(), "restic_repositories", made.id, "config." + field});
        });
    };
    using Fields = std::vector<std::string>;
    EXPECT_EQ(core::json::write(stored().config), R"({"bucket":"bkt","access_key_id":"AKIA"})");
    EXPECT_EQ(stored().secretFields, (Fields{"secret_access_key"}));
    EXPECT_EQ(everything().find("canary-1"), std::string::npos);

    restic::TaskRequest request;
    request.type = "check";
    request.agent = web;
    request.repository = made.id;
    host.tasks.create(tenant, request);
    const auto given = host.tasks.handOut(tenant, web, 1).items.at(0).payload;
    const auto* repository = given.find("repository");
    ASSERT_NE(repository, nullptr);
    EXPECT_EQ(core::json::write(*repository->find("config")), R"({"bucket":"bkt","access_key_id":"AKIA"})");
    EXPECT_EQ(core::json::write(*repository->find("secrets")), R"({"secret_access_key":"canary-1"})");

    EXPECT_EQ(change({{"bucket", "bkt"}, {"access_key_id", "AKIA"}}).secretFields,
              (Fields{"secret_access_key"}))
        << "left out, it stays";
    EXPECT_EQ(secret("secret_access_key"), "canary-1");
    change({{"bucket", "bkt"},
            {"access_key_id", "AKIA"},
            {"secret_access_key", "canary-2"},
            {"session_token", "canary-3"}});
    EXPECT_EQ(secret("secret_access_key"), "canary-2");
    EXPECT_EQ(change({{"bucket", "bkt"}, {"access_key_id", "AKIA"}, {"session_token", nullptr}}).secretFields,
              (Fields{"secret_access_key"}));
    EXPECT_EQ(secret("session_token"), std::nullopt);
    EXPECT_TRUE(change({{"bucket", "bkt"}, {"access_key_id", "AKIA"}, {"secret_access_key_file", "/etc/s3"}})
                    .secretFields.empty());
    EXPECT_EQ(secret("secret_access_key"), std::nullopt) << "a file takes its place";
    change({{"bucket", "bkt"}, {"access_key_id", "AKIA"}, {"secret_access_key", "canary-4"}});
    spec.type = "rest";
    EXPECT_TRUE(change({{"url", "https://r.example.com/"}}).secretFields.empty())
        << "another kind has others";
    EXPECT_EQ(secret("secret_access_key"), std::nullopt);
    for (const auto* canary : {"canary-1", "canary-2", "canary-3", "canary-4"})
        EXPECT_EQ(everything().find(canary), std::string::npos) << canary;

    const auto pointers = [&](const restic::RepositorySpec& wrong) {
        std::vector<std::string> all;
        const auto error =
            errorOf([&] { here([&](Transaction& tx) { host.repositories.create(tx, wrong); }); });
        for (const auto& problem : error.details())
            all.push_back(problem.pointer);
        return all;
    };
    restic::RepositorySpec wrong;
    wrong.name = "wrong";
    wrong.type = "s3";
    wrong.password = kSecret;
    EXPECT_EQ(pointers(wrong), (Fields{"/url"}));
    wrong.config = Object{{"access_key_id", 7}, {"agent", "x"}};
    wrong.agent = web;
    EXPECT_EQ(pointers(wrong),
              (Fields{"/config/bucket", "/config/access_key_id", "/config/agent", "/agent_id"}));
    wrong.agent.reset();
    wrong.url = "s3:https://user:canary@minio/b";
    wrong.config = Object{{"bucket", "bkt"}};
    EXPECT_EQ(pointers(wrong), (Fields{"/config/bucket", "/url"}));
    wrong.config.reset();
    wrong.url = "rest:https://r.example.com/";
    EXPECT_EQ(pointers(wrong), (Fields{"/url"}));
}

TEST_P(ResticPolicies, AContainerOfAnotherAccountIsAnotherPlace) {
    restic::RepositorySpec spec;
    spec.type = "azure";
    spec.password = kSecret;
    const auto add = [&](const std::string& name, const std::string& account) {
        spec.name = name;
        spec.config = Object{{"account_name", account}, {"container", "cnt"}};
        return here([&](Transaction& tx) { return host.repositories.create(tx, spec); });
    };
    const auto one = add("one", "first");
    const auto second = add("other", "second");
    EXPECT_NE(restic::placeOf(one, one.id), restic::placeOf(second, one.id));
}

TEST_P(ResticPolicies, SecretsOfAStorageAreGivenAgainWhereAnotherServerWouldGetThem) {
    restic::RepositorySpec spec;
    spec.type = "azure";
    spec.name = "store";
    spec.password = kSecret;
    spec.config = Object{{"account_name", "ada"}, {"container", "cnt"}, {"account_sas", "canary-sas"}};
    const auto id = here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
    spec.password.reset();
    spec.config = Object{{"account_name", "ada"}, {"container", "cnt"}, {"endpoint_suffix", "other.example"}};
    EXPECT_EQ(errorOf([&] { here([&](Transaction& tx) { host.repositories.update(tx, id, spec); }); })
                  .details()
                  .at(0)
                  .pointer,
              "/config/account_sas");
    spec.config->set("account_sas", "canary-again");
    EXPECT_NO_THROW(here([&](Transaction& tx) { host.repositories.update(tx, id, spec); }));
}

class ResticScheduler : public ResticPolicies {
protected:
    Uuid web = agent("web-01");
    Uuid linked(const std::string& name, const std::string& schedule) {
        const auto made = policy(tenant, draft(name, schedule));
        link(tenant, web, made.id);
        return made.id;
    }
    std::vector<restic::Task> tasks() {
        return here([](Transaction& tx) { return restic::TaskStore::list(tx, {}, {}); });
    }
};
BOTH_DATABASES(ResticScheduler);

TEST_P(ResticScheduler, FiresADueSlotOnce) {
    const auto id = linked("quarterly", "*/15 * * * *");
    host.scheduler.run();
    EXPECT_EQ(links(id)[0].nextRunAt, at("2026-01-31T02:15:00Z"));
    EXPECT_TRUE(tasks().empty());
    clock.advance(15min);
    host.scheduler.run();
    EXPECT_EQ(links(id)[0].nextRunAt, at("2026-01-31T02:30:00Z"));
    ASSERT_EQ(tasks().size(), 1U);
    EXPECT_EQ(tasks()[0].policy, id);
    EXPECT_EQ(tasks()[0].slot, at("2026-01-31T02:15:00Z"));
    EXPECT_TRUE(tasks()[0].target);
    ASSERT_EQ(bus.of("restic.task.scheduled").size(), 1U);
    EXPECT_EQ(bus.of("restic.task.scheduled")[0].stringOr("scheduled_at"), "2026-01-31T02:15:00.000Z");
    host.scheduler.run();
    EXPECT_EQ(tasks().size(), 1U);
    // The next slot finds the first still waiting: one is enough.
    clock.advance(15min);
    host.scheduler.run();
    EXPECT_EQ(tasks().size(), 1U);
    host.tasks.handOut(tenant, web, 5);
    clock.advance(15min);
    host.scheduler.run();
    EXPECT_EQ(tasks().size(), 2U);
}

TEST_P(ResticScheduler, MissedSlotsAreOneRun) {
    const auto id = linked("hourly", "0 * * * *");
    clock.advance(24h * 3 + 30min);
    host.scheduler.run();
    EXPECT_EQ(links(id)[0].nextRunAt, at("2026-02-03T03:00:00Z"));
    ASSERT_EQ(tasks().size(), 1U);
    EXPECT_EQ(tasks()[0].slot, at("2026-01-31T03:00:00Z"));
}

TEST_P(ResticScheduler, LeavesDisabledPoliciesAndRevokedAgentsAlone) {
    const auto off = linked("off", "*/15 * * * *");
    auto wanted = here([&](Transaction& tx) { return host.policies.get(tx, off); });
    wanted.enabled = false;
    here([&](Transaction& tx) { return host.policies.update(tx, off, wanted); });
    const auto gone = agent("gone-01");
    const auto on = policy(tenant, draft("on", "*/15 * * * *"));
    link(tenant, gone, on.id);
    host.agents.revoke(tenant, gone);
    clock.advance(1h);
    host.scheduler.run();
    EXPECT_FALSE(system([&](Transaction& tx) {
                     return restic::PolicyStore::due(tx, clock.now() + 24h, {}, 9);
                 }).size());
    EXPECT_TRUE(tasks().empty());
    // Even if a slot was still noted for them.
    here([&](Transaction& tx) {
        restic::PolicyStore::setNextRun(tx, web, off, clock.now() - 1min);
        restic::PolicyStore::setNextRun(tx, gone, on.id, clock.now() - 1min);
    });
    host.scheduler.run();
    EXPECT_FALSE(system([&](Transaction& tx) {
                     return restic::PolicyStore::due(tx, clock.now() + 24h, {}, 9);
                 }).size());
    EXPECT_TRUE(tasks().empty());
}

TEST_P(ResticScheduler, ServesAllTenantsEachInItsOwn) {
    linked("hourly", "0 * * * *");
    const auto foreign = enrol(other, "web-01").id;
    const auto theirs = policy(other, draft("hourly", "0 * * * *"));
    link(other, foreign, theirs.id);
    clock.advance(1h);
    host.scheduler.run();
    ASSERT_EQ(tasks().size(), 1U);
    const auto found = in(other, [](Transaction& tx) { return restic::TaskStore::list(tx, {}, {}); });
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].agent, foreign);
    EXPECT_EQ(found[0].policy, theirs.id);
}

TEST_P(ResticScheduler, TwoHostsMakeOneTaskOfASlot) {
    std::vector<Uuid> policies;
    for (int i = 0; i < 5; ++i)
        policies.push_back(linked("p" + std::to_string(i), "*/15 * * * *"));
    const auto database = fixture.openAnother();
    ResticHost second(*database, clock, bus, base, authentication, fixture.log.logger());
    for (int round = 1; round <= 4; ++round) {
        clock.advance(15min);
        {
            std::jthread one([&] { host.scheduler.run(); });
            std::jthread two([&] { second.scheduler.run(); });
        }
        const auto made = tasks();
        EXPECT_EQ(made.size(), policies.size() * static_cast<std::size_t>(round));
        for (const auto& task : made)
            if (!restic::protocol::isTerminal(task.status))
                host.tasks.cancel(tenant, task.id);
        for (const auto& id : policies)
            EXPECT_EQ(links(id)[0].nextRunAt, clock.now() + 15min);
    }
}

class ResticStatus : public ResticPolicies {
protected:
    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");
    restic::Policy nightly = [this] {
        auto wanted = draft("nightly");
        wanted.repository = store;
        wanted.maxAgeHours = 26;
        return policy(tenant, wanted);
    }();
    ResticStatus() { link(tenant, web, nightly.id); }

    restic::TargetStatus now(std::optional<std::int64_t> maxAge = {}) {
        return host.status.get(tenant, "web-01:nightly", maxAge);
    }
    void backup(const restic::protocol::TaskStatusReport& outcome) {
        const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
        host.tasks.handOut(tenant, web, 5);
        host.tasks.report(tenant, web, id, said("running"));
        host.tasks.report(tenant, web, id, outcome);
    }
};
BOTH_DATABASES(ResticStatus);

TEST_P(ResticStatus, TellsHowATargetIs) {
    EXPECT_EQ(now().status, "unknown");
    EXPECT_EQ(now().snapshotCount, 0);
    EXPECT_EQ(now().agentHostname, "web-01");
    EXPECT_EQ(now().policyName, "nightly");
    EXPECT_EQ(now().nextRunAt, at("2026-02-01T02:00:00Z"));
    backup(done('a'));
    EXPECT_EQ(now().status, "healthy");
    EXPECT_FALSE(now().error);
    EXPECT_EQ(now().snapshotCount, 1);
    EXPECT_EQ(now().latestSnapshotId, std::string(64, 'a'));
    EXPECT_EQ(now().snapshotAgeHours, 0);
    EXPECT_EQ(now().lastRunStatus, "success");
    clock.advance(26h);
    EXPECT_EQ(now().status, "healthy");
    clock.advance(1h);
    EXPECT_EQ(now().status, "unhealthy");
    EXPECT_EQ(now().error->error, "SnapshotTooOld");
    EXPECT_EQ(now(100).status, "healthy") << "the caller's own limit";
    EXPECT_EQ(now(1).status, "unhealthy");
    auto unread = done('b', 1, "warning");
    unread.result->set("unread_count", 1);
    backup(unread);
    EXPECT_EQ(now().status, "warning");
    EXPECT_EQ(now().error->error, "UnreadFiles");
    backup(done('b', 1, "warning"));
    EXPECT_EQ(now().status, "warning");
    EXPECT_EQ(now().error->error, "DoubtfulBackup") << "a warning of something else than files";
    backup(failed("AuthenticationFailed"));
    EXPECT_EQ(now().status, "unhealthy");
    EXPECT_EQ(now().error->error, "BackupFailed");
    EXPECT_EQ(now().error->message, "it went wrong");
    EXPECT_EQ(now().latestSnapshotId, std::string(64, 'b'));
    backup(done('c'));
    EXPECT_EQ(now().status, "healthy");
    EXPECT_EQ(now().snapshotCount, 3);
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    EXPECT_FALSE(now().runningTaskId);
    host.tasks.handOut(tenant, web, 5);
    EXPECT_EQ(now().runningTaskId, id);
    here([&](Transaction& tx) { host.policies.unlink(tx, web, nightly.id); });
    EXPECT_EQ(now().status, "disabled");
    EXPECT_EQ(errorOf([&] { host.status.get(tenant, "nobody", {}); }).name(), "TargetNotFound");
    EXPECT_EQ(errorOf([&] { host.status.get(other, "web-01:nightly", {}); }).name(), "TargetNotFound");
}

TEST_P(ResticStatus, WithoutALimitTwoMissedSlotsAreTooMany) {
    auto wanted = nightly;
    wanted.maxAgeHours = {};
    wanted.own = {};
    here([&](Transaction& tx) { return host.policies.update(tx, nightly.id, wanted); });
    backup(done('a')); // at 02:00 of the 31st
    clock.advance(47h);
    EXPECT_EQ(now().lights.backup.state, "ok");
    clock.advance(2h + 1s); // an hour after the second slot
    EXPECT_EQ(now().lights.backup.state, "bad");
    EXPECT_EQ(now().status, "unhealthy");
}

} // namespace
} // namespace test
