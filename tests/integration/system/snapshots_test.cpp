#include "integration/system/maintained_fixture.h"

/// One snapshot is tagged, pinned and removed, with each restic; the others stay as they are.
namespace test {
namespace {

class Snapshots : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }

    Value newest() { return get("/api/v1/restic/snapshots?limit=1").find("items")->array()->front(); }
    Value change(const std::string& snapshot, const std::string& what, const Object& body) {
        return succeed(post("/api/v1/restic/snapshots/" + snapshot + "/" + what, body, 202).stringOr("id"));
    }
    std::set<std::string> tagsInRepository(const std::string& id) {
        std::set<std::string> tags;
        const auto all = restic({"snapshots", id});
        for (const auto& one : *all.array())
            if (const auto* list = one.find("tags"); list != nullptr && list->array() != nullptr)
                for (const auto& tag : *list->array())
                    tags.insert(*tag.string());
        return tags;
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, Snapshots, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(Snapshots, ArePinnedLetGoAndRemoved) {
    succeed(backupNow());
    succeed(backupNow());
    const auto before = newest();
    const auto id = before.stringOr("id");
    const auto list = get("/api/v1/restic/snapshots?limit=2");
    const auto first = list.find("items")->array()->at(1).stringOr("snapshot_id");

    const auto pinned = change(id, "tags", {{"add", Array{"pinned", "the good one"}}});
    const auto called = pinned.stringOr("snapshot_id");
    EXPECT_NE(called, before.stringOr("snapshot_id")) << "restic gives it another id";
    EXPECT_EQ(newest().stringOr("id"), id) << "for us it is the same";
    EXPECT_EQ(newest().stringOr("snapshot_id"), called);
    EXPECT_EQ(newest().stringOr("backup_run_id"), before.stringOr("backup_run_id"));
    auto tags = tagsInRepository(called);
    EXPECT_TRUE(tags.contains("pinned") && tags.contains("the good one"));
    EXPECT_TRUE(
        std::any_of(tags.begin(), tags.end(), [](const auto& tag) { return tag.starts_with("task:"); }));
    EXPECT_EQ(shots().size(), 2U);

    // It is what it was also for whoever tags it once more, and where nothing changes.
    EXPECT_EQ(change(id, "tags", {{"add", Array{"pinned"}}}).stringOr("snapshot_id").size(), 64U);
    const auto again = change(id, "tags", {{"remove", Array{"the good one"}}}).stringOr("snapshot_id");
    EXPECT_FALSE(tagsInRepository(again).contains("the good one"));
    EXPECT_EQ(newest().stringOr("snapshot_id"), again);

    const auto shortId = newest().stringOr("short_id");
    EXPECT_EQ(
        post("/api/v1/restic/snapshots/" + id + "/forget", {{"confirm", shortId}}, 409).stringOr("error"),
        "SnapshotPinned");
    const auto let = change(id, "tags", {{"remove", Array{"pinned"}}});
    EXPECT_FALSE(tagsInRepository(let.stringOr("snapshot_id")).contains("pinned"));

    EXPECT_EQ(post("/api/v1/restic/snapshots/" + id + "/forget", {{"confirm", "00000000"}}, 400)
                  .find("details")
                  ->array()
                  ->front()
                  .stringOr("pointer"),
              "/confirm");
    const auto gone = change(id, "forget", {{"confirm", newest().stringOr("short_id")}});
    EXPECT_EQ(gone.integerOr("snapshots_removed"), 1);
    ASSERT_EQ(shots().size(), 1U);
    EXPECT_EQ(shots().front().id, first) << "and no other";
    EXPECT_EQ(newest().stringOr("snapshot_id"), first);
    EXPECT_EQ(api().get("/api/v1/restic/snapshots/" + id, admin_).json.stringOr("error"), "SnapshotNotFound");
}

// The server, the agent and their folders are gone: there is a page of paper, the password and restic.
TEST_P(Snapshots, ComeBackByTheKitAlone) {
    writeFile(source_ / "it's here.txt", "safe");
    succeed(backupNow());
    const auto repository = newest().stringOr("repository_id");
    const auto kit = get("/api/v1/restic/repositories/" + repository + "/recovery-kit");
    EXPECT_EQ(core::json::write(kit).find(kRepositoryPassword), std::string::npos);
    agent_.reset();
    backend_.reset();
    const auto paper = dir_ / "paper";
    std::filesystem::create_directories(paper);
    std::string script = "set -e\ncd " + paper.string() + "\nrestic() { command " + restic_ + " \"$@\"; }\n";
    for (const auto& line : *kit.find("prepare")->array())
        script += *line.string() + "\n";
    script += kit.stringOr("list") + "\n";
    const auto command = kit.find("recoverable")->array()->front().stringOr("command");
    const std::string target = "/srv/restored";
    script +=
        std::string(command).replace(command.find(target), target.size(), (dir_ / "back").string()) + "\n";
    core::ProcessSpec spec;
    spec.program = "/bin/bash";
    spec.arguments = {"-c", script};
    spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                        {"HOME", (dir_ / "empty").string()},
                        {"RESTIC_PASSWORD", kRepositoryPassword}};
    spec.standardError = core::ProcessOutput::capture();
    spec.timeout = 60s;
    const auto ended = runner_.run(spec).value();
    ASSERT_TRUE(ended.exit.ok()) << ended.error;
    EXPECT_EQ(readFile((dir_ / "back").string() + (source_ / "it's here.txt").string()), "safe");
}

TEST_P(Snapshots, WhatWouldMakeThemSomebodyElsesIsRefused) {
    succeed(backupNow());
    const auto id = newest().stringOr("id");
    for (const auto& tag : {"policy:x", "task:x", "a,b", " lead", ""})
        EXPECT_EQ(post("/api/v1/restic/snapshots/" + id + "/tags", {{"add", Array{tag}}}, 400)
                      .find("details")
                      ->array()
                      ->front()
                      .stringOr("pointer"),
                  "/add/0")
            << tag;
    post("/api/v1/restic/snapshots/" + id + "/tags", Object{}, 400);
    post("/api/v1/restic/snapshots/" + id + "/tags", {{"add", Array{"x"}}, {"remove", Array{"x"}}}, 400);
}

} // namespace
} // namespace test
