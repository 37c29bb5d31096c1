#include <gmock/gmock.h>

#include "contract/restic_fixture.h"
#include "snapshots/snapshot_removal.h"
#include "snapshots/snapshot_store.h"

/// The list of snapshots, and what it can be asked for.
namespace test {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

class ResticSnapshots : public ResticParts {
protected:
    void SetUp() override {
        restic::RepositorySpec spec;
        spec.name = "store";
        spec.type = "rest";
        spec.url = "rest:https://store.example/";
        spec.password = kSecret;
        store = here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
        worked(store, web);
    }
    /// A task on one snapshot, taken by its agent.
    Uuid taken(const char* kind, const Uuid& snapshot, core::json::Object parameters = {}) {
        auto wanted = manual(web, store);
        wanted.type = kind;
        parameters.set("snapshot", snapshot.toString());
        wanted.parameters = std::move(parameters);
        const auto id = host.tasks.create(tenant, wanted).id;
        given = host.tasks.handOut(tenant, web, 10).items.at(0).payload;
        return id;
    }
    void tagged(const Uuid& id, char digit, const std::vector<std::string>& tags) {
        auto report = said("success");
        report.result = core::json::Object{{"outcome", "success"},
                                           {"snapshot_id", std::string(64, digit)},
                                           {"tags", core::json::Array(tags.begin(), tags.end())}};
        host.tasks.report(tenant, web, id, report);
    }
    restic::Snapshot row(const Uuid& id) {
        return here([&](Transaction& tx) { return restic::SnapshotStore::find(tx, id).value(); });
    }
    Uuid add(char digit, const std::string& hostname, std::vector<std::string> paths,
             std::vector<std::string> tags = {}) {
        clock.advance(1h);
        restic::Snapshot made;
        made.id = Uuid::generate(clock.now());
        made.repository = store;
        made.snapshotId = std::string(64, digit);
        made.shortId = std::string(8, digit);
        made.time = clock.now();
        made.hostname = hostname;
        made.paths = std::move(paths);
        made.tags = std::move(tags);
        here([&](Transaction& tx) { restic::SnapshotStore::insert(tx, made, clock.now()); });
        return made.id;
    }
    std::vector<std::string> found(const restic::SnapshotStore::Filter& filter) {
        std::vector<std::string> ids;
        for (const auto& one : here([&](Transaction& tx) {
                 return restic::SnapshotStore::list(tx, filter, {50, {}});
             }))
            ids.push_back(one.shortId.substr(0, 1));
        return ids;
    }
    Uuid web = agent("web-01");
    Uuid store;
    core::json::Value given;
};
BOTH_DATABASES(ResticSnapshots);

TEST_P(ResticSnapshots, AreFoundByMachineTagAndTime) {
    add('a', "web-01", {"/home"}, {"nightly", "pinned"});
    const auto first = clock.now();
    add('b', "db-01", {"/srv"}, {"night", "a\"b", "c\\"});
    EXPECT_THAT(found({.hostname = "web-01"}), ElementsAre("a"));
    EXPECT_THAT(found({.hostname = "web"}), IsEmpty()) << "a machine's whole name";
    EXPECT_THAT(found({.tag = "night"}), ElementsAre("b")) << "a tag is no beginning of another";
    EXPECT_THAT(found({.tag = "a\"b"}), ElementsAre("b"));
    EXPECT_THAT(found({.tag = "c\\"}), ElementsAre("b"));
    EXPECT_THAT(found({.tag = "%"}), IsEmpty());
    EXPECT_THAT(found({.until = first}), ElementsAre("a"));
    EXPECT_THAT(found({.from = first + 1ms}), ElementsAre("b"));
    EXPECT_THAT(found({.repository = store, .tag = "pinned", .from = first}), ElementsAre("a"));
}

TEST_P(ResticSnapshots, AreFoundByWhatTheyMayHold) {
    add('a', "web-01", {"/home"});
    add('b', "web-01", {"/"});
    add('c', "web-01", {"/home/ada/letters", "/etc"});
    EXPECT_THAT(found({.path = "/home/ada/letters/one.txt"}), ElementsAre("c", "b", "a"));
    EXPECT_THAT(found({.path = "/home"}), ElementsAre("b", "a"));
    EXPECT_THAT(found({.path = "/homer"}), ElementsAre("b")) << "a folder ends with its name";
    EXPECT_THAT(found({.path = "/"}), ElementsAre("b"));
    EXPECT_THAT(found({.path = "C:/data"}), IsEmpty());
}

// restic calls a snapshot with other tags by another id: for us it is the same one.
TEST_P(ResticSnapshots, WhatIsTaggedStaysTheSame) {
    const auto id = add('a', "web-01", {"/home"}, {"nightly"});
    const auto task = taken("tag", id, {{"add", core::json::Array{"pinned"}}});
    EXPECT_EQ(given.stringOr("snapshot_id"), std::string(64, 'a'));
    EXPECT_EQ(given.stringOr("host"), "web-01");
    tagged(task, 'b', {"nightly", "pinned"});
    EXPECT_EQ(row(id).snapshotId, std::string(64, 'b'));
    EXPECT_EQ(row(id).shortId, "bbbbbbbb");
    EXPECT_THAT(row(id).tags, ElementsAre("nightly", "pinned"));
    EXPECT_THAT(found({.tag = "pinned"}), ElementsAre("b"));
    // A listing that was made before that names it as it was called: it is neither gone nor twice there.
    here([&](Transaction& tx) {
        restic::recordAbsent(tx, store, clock.now() - 1ms, clock.now());
        restic::recordRemoved(tx, store, {std::string(64, 'a')}, clock.now());
    });
    EXPECT_THAT(found({}), ElementsAre("b"));
}

TEST_P(ResticSnapshots, AListingMayBeFasterThanTheReport) {
    const auto id = add('a', "web-01", {"/home"});
    const auto task = taken("tag", id, {{"add", core::json::Array{"x"}}});
    add('b', "web-01", {"/home"}, {"x"});
    here([&](Transaction& tx) { restic::recordRemoved(tx, store, {std::string(64, 'a')}, clock.now()); });
    tagged(task, 'b', {"x"});
    EXPECT_THAT(found({}), ElementsAre("b")) << "once";
    EXPECT_EQ(row(id).snapshotId, std::string(64, 'a'));
}

TEST_P(ResticSnapshots, TheLatestOfATargetIsStillTheLatest) {
    const auto policy = this->policy(tenant, draft("nightly"));
    link(tenant, web, policy.id);
    auto request = ofPolicy(web, policy.id);
    request.repository = store;
    const auto backup = host.tasks.create(tenant, request).id;
    host.tasks.handOut(tenant, web, 10);
    host.tasks.report(tenant, web, backup, done('a'));
    const auto latest = [&] {
        return here([&](Transaction& tx) {
            return tx
                .query(
                    "SELECT latest_snapshot_id FROM restic_targets WHERE tenant_id = $1 AND policy_id = $2",
                    {tx.tenant(), policy.id})[0]
                .text(0);
        });
    };
    ASSERT_EQ(latest(), std::string(64, 'a'));
    const auto made = here([&](Transaction& tx) {
        return restic::SnapshotStore::list(tx, {.run = backup}, {1, {}}).at(0).id;
    });
    tagged(taken("tag", made, {{"add", core::json::Array{"x"}}}), 'c', {"x"});
    EXPECT_EQ(latest(), std::string(64, 'c'));
}

TEST_P(ResticSnapshots, OneIsForgottenAndTheOthersStay) {
    const auto id = add('a', "web-01", {"/home"});
    add('b', "web-01", {"/home"});
    const auto task = taken("forget_snapshot", id);
    EXPECT_EQ(given.stringOr("snapshot_id"), std::string(64, 'a'));
    auto report = said("success");
    report.result = core::json::Object{{"outcome", "success"},
                                       {"snapshots_removed", 1},
                                       {"removed_ids", core::json::Array{std::string(64, 'a')}}};
    host.tasks.report(tenant, web, task, report);
    EXPECT_THAT(found({}), ElementsAre("b"));
    // Who comes later finds nothing to remove, and says so.
    auto wanted = manual(web, store);
    wanted.type = "forget_snapshot";
    wanted.parameters = core::json::Object{{"snapshot", id.toString()}};
    const auto late = host.tasks.create(tenant, wanted).id;
    EXPECT_TRUE(host.tasks.handOut(tenant, web, 10).items.empty());
    EXPECT_EQ(this->task(late).status, restic::protocol::TaskState::failed);
}

TEST_P(ResticSnapshots, WhereAgentsMayOnlyAddNoneIsChanged) {
    const auto id = add('a', "web-01", {"/home"});
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_repositories SET append_only = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), store, true});
    });
    for (const char* kind : {"tag", "forget_snapshot"}) {
        auto wanted = manual(web, store);
        wanted.type = kind;
        wanted.parameters = core::json::Object{{"snapshot", id.toString()}, {"add", core::json::Array{"x"}}};
        try {
            host.tasks.create(tenant, wanted);
            ADD_FAILURE() << kind;
        } catch (const core::Error& refused) {
            EXPECT_EQ(refused.name(), "RepositoryAppendOnly") << kind;
        }
    }
}

} // namespace
} // namespace test
