#include "contract/restic_fixture.h"
#include "tasks/repository_queue.h"
#include "tasks/task_wait.h"

/// The queue of a repository: what needs it alone never meets others, whichever agents and hosts they are of.
namespace test {
namespace {

class ResticQueue : public ResticParts {
protected:
    ResticQueue() {
        for (const auto& one : {web, dbs, mail}) {
            worked(store, one);
            setStatus(one, "online");
        }
    }
    void setStatus(const Uuid& agentId, const std::string& status) {
        here([&](Transaction& tx) {
            tx.execute("UPDATE restic_agents SET status = $3 WHERE tenant_id = $1 AND id = $2",
                       {tx.tenant(), agentId, status});
        });
    }
    Uuid wanted(const std::string& kind, const Uuid& of) {
        auto request = manual(of, store);
        request.type = kind;
        if (kind != "backup")
            request.parameters = core::json::Object();
        if (kind.starts_with("plugin_"))
            request.parameters = core::json::Object{{"plugin", "postgres"}};
        if (kind == "forget" || kind == "preview_forget")
            request.parameters = core::json::Object{{"retention", core::json::Object{{"keep_last", 1}}}};
        return host.tasks.create(tenant, request).id;
    }
    std::vector<Uuid> handOut(const Uuid& to) { return handOut(host, to); }
    std::vector<Uuid> handOut(ResticHost& by, const Uuid& to) {
        std::vector<Uuid> ids;
        for (const auto& envelope : by.tasks.handOut(tenant, to, 10).items)
            ids.push_back(Uuid::parse(*envelope.payload.find("task_id")->string()).value());
        return ids;
    }
    void end(const Uuid& of, const Uuid& id, const std::string& kind = "check") {
        host.tasks.report(tenant, of, id, kind == "backup" ? done('a') : said("success"));
    }
    std::optional<restic::RepositoryQueue::Wait> waitOf(const Uuid& id) {
        return here([&](Transaction& tx) {
            const auto t = restic::TaskStore::find(tx, id).value();
            return restic::RepositoryQueue::waitOf(tx, host.tasks.kinds(),
                                                   {t.id, t.type, t.agent, t.priority, t.repository}, store,
                                                   clock.now());
        });
    }
    bool wasWoken(const Uuid& agentId) {
        return std::find(host.woken.begin(), host.woken.end(), agentId) != host.woken.end();
    }

    Uuid web = agent("web-01");
    Uuid dbs = agent("db-01");
    Uuid mail = agent("mail-01");
    Uuid store = repository(tenant, "store");
};
BOTH_DATABASES(ResticQueue);

TEST_P(ResticQueue, WhatNeedsTheRepositoryAloneWaitsForOthersAndTheyForIt) {
    const auto backup = wanted("backup", web);
    const auto check = wanted("check", dbs);
    EXPECT_EQ(handOut(web), std::vector{backup});
    EXPECT_TRUE(handOut(dbs).empty());
    const auto wait = waitOf(check);
    ASSERT_TRUE(wait);
    ASSERT_EQ(wait->claims.size(), 1U);
    EXPECT_EQ(wait->claims[0].id, backup);
    EXPECT_NE(wait->reason.find("for itself"), std::string::npos);
    host.woken.clear();
    end(web, backup, "backup");
    EXPECT_TRUE(wasWoken(dbs)) << "or it would sleep until its poll ends";
    EXPECT_EQ(handOut(dbs), std::vector{check});

    const auto second = wanted("backup", web);
    EXPECT_TRUE(handOut(web).empty());
    EXPECT_EQ(waitOf(second)->claims.at(0).id, check);
    host.woken.clear();
    end(dbs, check);
    EXPECT_TRUE(wasWoken(web));
    EXPECT_EQ(handOut(web), std::vector{second});
}

TEST_P(ResticQueue, EachKindIsAsItsDeclarationSays) {
    const std::vector<std::string> alone{"init",    "check",      "forget", "prune",
                                         "add_key", "remove_key", "tag",    "forget_snapshot"};
    const auto held = wanted("backup", web);
    handOut(web);
    for (const auto* kind : restic::protocol::allKinds()) {
        const std::string name(kind->name);
        const bool isAlone = std::find(alone.begin(), alone.end(), name) != alone.end();
        EXPECT_EQ(kind->lock == restic::protocol::LockClass::exclusive, isAlone) << name;
        if (name.starts_with("restore") || name.starts_with("verify") || name == "tag" ||
            name == "forget_snapshot")
            continue; // of a snapshot that is there: ResticRestores, ResticVerify, ResticDumps,
                      // ResticSnapshots
        if (name == "ls" || name == "find" || name == "diff")
            continue; // they say what is looked at: ResticLooks
        const auto id = wanted(name, mail);
        const auto given = handOut(mail);
        EXPECT_EQ(given.empty(), isAlone) << name;
        if (isAlone)
            host.tasks.cancel(tenant, id);
        else
            end(mail, id, name);
    }
    EXPECT_EQ(status(held), "assigned");
}

TEST_P(ResticQueue, LaterOnesDoNotGoAheadOfOneThatCouldBegin) {
    const auto running = wanted("backup", web);
    handOut(web);
    const auto check = wanted("check", dbs);
    const auto later = wanted("backup", mail);
    EXPECT_TRUE(handOut(mail).empty()) << "the check would never have the repository";
    EXPECT_EQ(waitOf(later)->claims.at(0).id, check);
    // One whose agent is away, paused or full must not hold up the others.
    setStatus(dbs, "offline");
    EXPECT_EQ(handOut(mail), std::vector{later});
    end(mail, later, "backup");
    end(web, running, "backup");
    EXPECT_EQ(handOut(dbs), std::vector{check});
}

TEST_P(ResticQueue, AnAgentThatIsFullHoldsUpNobody) {
    const auto elsewhere = repository(tenant, "elsewhere");
    worked(elsewhere, dbs);
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_agents SET max_concurrent_tasks = 1 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), dbs});
    });
    const auto longOne = host.tasks.create(tenant, manual(dbs, elsewhere)).id;
    EXPECT_EQ(handOut(dbs), std::vector{longOne});
    wanted("prune", dbs);
    const auto backup = wanted("backup", web);
    EXPECT_EQ(handOut(web), std::vector{backup});
}

TEST_P(ResticQueue, AnUrgentBackupGoesFirst) {
    handOut(web);
    const auto running = wanted("backup", web);
    handOut(web);
    wanted("check", dbs);
    auto urgent = manual(mail, store);
    urgent.priority = 9;
    const auto id = host.tasks.create(tenant, urgent).id;
    EXPECT_EQ(handOut(mail), std::vector{id});
    EXPECT_EQ(status(running), "assigned");
}

TEST_P(ResticQueue, TwoHostsNeverGiveBothAway) {
    const auto database = fixture.openAnother();
    ResticHost second(*database, clock, bus, base, authentication, fixture.log.logger());
    for (int round = 0; round < 15; ++round) {
        const auto backup = wanted("backup", web);
        const auto check = wanted("check", dbs);
        std::vector<Uuid> one;
        std::vector<Uuid> two;
        {
            std::jthread first([&] { one = handOut(host, web); });
            std::jthread other_([&] { two = handOut(second, dbs); });
        }
        ASSERT_LE(one.size() + two.size(), 1U) << "round " << round;
        // Whoever lost goes on once the other has ended.
        if (one.empty() && two.empty())
            two = handOut(dbs);
        if (!one.empty())
            end(web, backup, "backup");
        if (!two.empty())
            end(dbs, check);
        for (const auto& id : handOut(web))
            end(web, id, "backup");
        for (const auto& id : handOut(dbs))
            end(dbs, id);
        ASSERT_EQ(status(backup), "success");
        ASSERT_EQ(status(check), "success");
    }
}

TEST_P(ResticQueue, ALockOfSomebodyElseIsWaitedForLongerThanItCanBeStale) {
    const auto id = wanted("check", web);
    const auto began = clock.now();
    int attempts = 0;
    while (status(id) == "queued") {
        ASSERT_LT(attempts, 50);
        const auto given = handOut(web);
        if (given.empty()) {
            clock.advance(30s);
            continue;
        }
        host.tasks.report(tenant, web, id, failed("RepositoryLocked", ++attempts));
    }
    EXPECT_EQ(status(id), "failed");
    EXPECT_GT(clock.now() - began, 30min) << "restic removes a lock that is half an hour old";
}

TEST_P(ResticQueue, WhyATaskWaitsIsSaidWhateverItIs) {
    const auto codeOf = [&](const Uuid& id) {
        return here([&](Transaction& tx) {
            const auto task = restic::TaskStore::find(tx, id).value();
            const auto wait = restic::waitOf(tx, host.tasks.kinds(), task, clock.now());
            return wait ? wait->code : "";
        });
    };
    const auto backup = wanted("backup", web);
    EXPECT_EQ(codeOf(backup), "") << "its agent gets it when it asks";
    setStatus(web, "offline");
    EXPECT_EQ(codeOf(backup), "offline");
    setStatus(web, "online");
    const auto set = [&](const std::string& what) {
        here([&](Transaction& tx) {
            tx.execute("UPDATE restic_agents SET " + what + " WHERE tenant_id = $1 AND id = $2",
                       {tx.tenant(), web});
        });
    };
    set("paused = TRUE");
    EXPECT_EQ(codeOf(backup), "paused");
    set("paused = FALSE, max_concurrent_tasks = 1");
    EXPECT_EQ(handOut(web), std::vector<Uuid>{backup});
    EXPECT_EQ(codeOf(backup), "") << "it does not wait any more";
    const auto second = wanted("backup", web);
    EXPECT_EQ(codeOf(second), "busy");
    EXPECT_EQ(codeOf(wanted("check", dbs)), "others_work");
    host.tasks.report(tenant, web, backup, failed("BackendUnavailable"));
    EXPECT_EQ(status(backup), "queued");
    EXPECT_EQ(codeOf(backup), "again");
    here([&](Transaction& tx) {
        const auto task = restic::TaskStore::find(tx, backup).value();
        EXPECT_EQ(restic::waitOf(tx, host.tasks.kinds(), task, clock.now())->until, task.notBefore);
    });
}

} // namespace
} // namespace test
