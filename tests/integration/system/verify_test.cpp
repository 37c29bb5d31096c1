#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>

#include "integration/system/maintained_fixture.h"

/// A restore test with each restic: what is whole passes, what is not never does, and nothing of it stays.
namespace test {
namespace {
namespace fs = std::filesystem;

class RestoreTests : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override {
        agentEnvironment_["RESTIC_AGENT_LOCAL_POLICY"] = (dir_ / "local-policy.yaml").string();
        // Nothing of the repository in a cache.
        agentEnvironment_["RESTIC_AGENT_RESTIC_CACHE_DIR"] = (dir_ / "cache-of-the-agent").string();
        ASSERT_NO_FATAL_FAILURE(beginWith(GetParam()));
    }
    void TearDown() override {
        EXPECT_TRUE(nothingLeft());
        MaintainedSystemTest::TearDown();
    }

    std::string save() {
        const auto id = backupNow();
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        return get("/api/v1/restic/snapshots?limit=1").find("items")->array()->front().stringOr("id");
    }
    std::string begun(const std::string& snapshot, int share = 100) {
        return post("/api/v1/restic/snapshots/" + snapshot + "/verify", {{"share_percent", share}}, 202)
            .stringOr("id");
    }
    /// The result of one that passes.
    Value passed(const std::string& snapshot, int share = 100) { return succeed(begun(snapshot, share)); }
    /// The task of one that does not.
    Value failed(const std::string& snapshot, int share = 100) {
        const auto id = begun(snapshot, share);
        EXPECT_EQ(outcome(id, 300s), "failed") << core::json::write(task(id));
        return task(id);
    }
    static std::string errorOf(const Value& ended) {
        const auto* error = ended.find("error");
        return error != nullptr ? error->stringOr("error") : "";
    }
    Value status() { return get("/api/v1/restic/status/web-01%3Anightly"); }
    Value light() { return *status().find("lights")->find("restore_test"); }

    fs::path scratch() const { return scratch_.empty() ? dir_ / "state/restore-tests" : scratch_; }
    /// Nothing that was restored, and no mark of it.
    bool nothingLeft() const {
        std::error_code code;
        bool none = true;
        for (const auto& entry : fs::recursive_directory_iterator(scratch(), code))
            if (entry.path() != ownFolderIn(scratch())) {
                none = false;
                ADD_FAILURE() << entry.path() << " is left";
            }
        return none;
    }
    /// The agent's own in a folder that was named for it.
    static fs::path ownFolderIn(const fs::path& folder) {
        std::error_code code;
        for (const auto& entry : fs::directory_iterator(folder, code))
            if (entry.path().filename().string().starts_with("restic-agent-"))
                return entry.path();
        return {};
    }
    fs::path largestPack() const {
        fs::path largest;
        for (const auto& entry : fs::recursive_directory_iterator(repository_ / "data"))
            if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
                largest = entry.path();
        return largest;
    }
    void damaged() {
        exempt(Proof::snapshots, "a pack of the repository is damaged");
        exempt(Proof::green, "a pack of the repository is damaged");
    }
    /// restic reads slowly when it restores.
    void slowDown() {
        const auto script = dir_ / "slow-restic";
        writeFile(script, "#!/bin/sh\nfor a in \"$@\"; do\n  [ \"$a\" = restore ] && exec " + restic_ +
                              " --limit-download=500 \"$@\"\ndone\nexec " + restic_ + " \"$@\"\n");
        ::chmod(script.c_str(), 0755);
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = script.string();
        ASSERT_NO_FATAL_FAILURE(killAgentOnly());
        startAgent();
    }
    /// Something was restored for the task, and restic still runs.
    bool isRestoring(const std::string& id) {
        return await([&] { return fs::exists(scratch() / id / "0" / source_.relative_path()); });
    }
    static bool restores(const fs::path& folder) {
        std::error_code code;
        for (const auto& entry : fs::directory_iterator("/proc", code))
            if (readFile(entry.path() / "cmdline").find("--target=" + folder.string()) != std::string::npos)
                return true;
        return false;
    }

    fs::path scratch_;
};
INSTANTIATE_TEST_SUITE_P(Restic, RestoreTests, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(RestoreTests, WhatIsWholePassesAndTurnsTheLight) {
    for (const auto* name : {"a*b", "q?.txt", "[ab].txt", "back\\slash", "new\nline", "-dash", " led",
                             "$HOME", "not\xffutf8", "empty"})
        writeFile(source_ / name, std::string(name) == "empty" ? "" : std::string("of ") + name);
    fs::create_symlink("/nowhere at all", source_ / "dangling");
    fs::create_directory_symlink("deep", source_ / "link");
    ASSERT_EQ(::mkfifo((source_ / "pipe").c_str(), 0600), 0);
    fs::create_hard_link(source_ / "one.txt", source_ / "also one.txt");
    {
        std::ofstream sparse(source_ / "sparse", std::ios::binary);
        sparse << "begin";
        sparse.seekp(32 << 20);
        sparse << "end";
    }
    for (int i = 0; i < 1500; ++i)
        writeFile(source_ / ("many/" + std::to_string(i % 40)) / std::to_string(i), std::to_string(i));
    const auto snapshot = save();
    EXPECT_EQ(light().stringOr("state"), "none") << "nobody has asked for it";

    const auto all = passed(snapshot);
    // Of restic's listing nobody can tell the name that is no UTF-8.
    const auto total = all.integerOr("total_files");
    EXPECT_EQ(total, 1500 + 2 + 10 + 2 + 1 + 1 + 1) << core::json::write(all);
    EXPECT_EQ(all.integerOr("files"), total - 1);
    EXPECT_EQ(all.integerOr("compared_with_source"), total - 1);
    EXPECT_EQ(all.integerOr("changed_since"), 0);
    EXPECT_EQ(all.integerOr("not_compared"), 0);
    EXPECT_EQ(all.integerOr("problem_count", -1), 0);
    EXPECT_GT(all.integerOr("bytes"), 32 << 20);
    EXPECT_GT(all.numberOr("duration_seconds"), 0);
    EXPECT_EQ(light().stringOr("state"), "ok") << core::json::write(status());
    const auto shown = status();
    const auto* last = shown.find("restore_test");
    ASSERT_NE(last, nullptr) << core::json::write(shown);
    EXPECT_EQ(last->integerOr("files"), total - 1);
    EXPECT_TRUE(last->booleanOr("good"));
    EXPECT_GT(last->numberOr("share_percent"), 99.0);

    const auto part = passed(snapshot, 5);
    EXPECT_EQ(part.integerOr("files"), (total * 5 + 99) / 100) << core::json::write(part);
    EXPECT_EQ(part.integerOr("total_files"), total);
    const auto audit = get("/api/v1/audit?limit=5");
    EXPECT_EQ(audit.find("items")->array()->front().stringOr("action"), "restic.snapshot.verified");
}

TEST_P(RestoreTests, WithoutAPackOrWithAFlippedBitItNeverPasses) {
    damaged();
    makeLargeSource(2'000'000);
    const auto snapshot = save();
    passed(snapshot);
    const auto pack = largestPack();
    const auto whole = readFile(pack);
    fs::permissions(pack, fs::perms(0600));
    auto flipped = whole;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
    writeFile(pack, flipped);
    auto ended = failed(snapshot);
    EXPECT_EQ(errorOf(ended), "RestoreTestFailed") << core::json::write(ended);
    EXPECT_NE(core::json::write(*ended.find("result")).find("large.bin"), std::string::npos)
        << core::json::write(ended);
    EXPECT_EQ(light().stringOr("state"), "warning");
    EXPECT_EQ(light().stringOr("reason"), "RestoreTestFailed");
    EXPECT_EQ(status().stringOr("status"), "warning");
    EXPECT_FALSE(status().find("restore_test")->booleanOr("good"));

    writeFile(pack, whole.substr(0, whole.size() / 2));
    ended = failed(snapshot);
    EXPECT_EQ(errorOf(ended), "RestoreTestFailed") << core::json::write(ended);
    ASSERT_TRUE(fs::remove(pack));
    ended = failed(snapshot);
    EXPECT_EQ(errorOf(ended), "RestoreTestFailed") << core::json::write(ended);
    EXPECT_GT(ended.find("result")->integerOr("problem_count"), 0);

    writeFile(pack, whole);
    passed(snapshot);
    EXPECT_EQ(light().stringOr("state"), "ok");
}

TEST_P(RestoreTests, WhatTheMachineWroteSinceIsNoFault) {
    writeFile(source_ / "changed", "as it was saved");
    writeFile(source_ / "gone", "as it was saved");
    writeFile(source_ / "rotten", "as it was saved");
    const auto snapshot = save();
    writeFile(source_ / "changed", "written since");
    fs::remove(source_ / "gone");
    auto result = passed(snapshot);
    EXPECT_EQ(result.integerOr("files"), 5);
    EXPECT_EQ(result.integerOr("changed_since"), 2);
    EXPECT_EQ(result.integerOr("compared_with_source"), 3);
    // The same size and time, and other bytes: the snapshot is well, and somebody has to look.
    struct stat before {};
    ASSERT_EQ(::stat((source_ / "rotten").c_str(), &before), 0);
    writeFile(source_ / "rotten", "as it WAS saved");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, (source_ / "rotten").c_str(), times, 0), 0);
    const auto id = begun(snapshot);
    EXPECT_EQ(outcome(id), "warning") << core::json::write(task(id));
    const auto ended = task(id);
    EXPECT_EQ(ended.find("result")->integerOr("differs_from_source"), 1);
    const auto notices = core::json::write(*ended.find("result")->find("notices"));
    EXPECT_NE(notices.find("DiffersFromSource"), std::string::npos) << notices;
    EXPECT_NE(notices.find("rotten"), std::string::npos) << notices;
    EXPECT_EQ(light().stringOr("state"), "ok") << "what was saved can be restored";
}

TEST_P(RestoreTests, NothingToTestIsNoSuccess) {
    fs::remove_all(source_);
    fs::create_directories(source_ / "only/folders");
    const auto id = backupNow();
    const auto saved = outcome(id);
    ASSERT_TRUE(saved == "success" || saved == "warning") << core::json::write(task(id));
    const auto snapshot =
        get("/api/v1/restic/snapshots?limit=1").find("items")->array()->front().stringOr("id");
    const auto ended = failed(snapshot);
    EXPECT_EQ(errorOf(ended), "NothingToRestore") << core::json::write(ended);
    EXPECT_NE(light().stringOr("state"), "ok");
}

TEST_P(RestoreTests, ACancelledOneLeavesNothing) {
    makeLargeSource(8'000'000);
    const auto snapshot = save();
    ASSERT_NO_FATAL_FAILURE(slowDown());
    const auto id = begun(snapshot);
    ASSERT_TRUE(isRestoring(id));
    const auto cancelled = api().send("DELETE", "/api/v1/restic/tasks/" + id, "Bearer " + admin_);
    EXPECT_LT(cancelled.status, 300) << cancelled.body;
    EXPECT_EQ(outcome(id), "cancelled") << core::json::write(task(id));
    EXPECT_TRUE(fs::is_empty(repository_ / "locks"));
    EXPECT_TRUE(nothingLeft());
    EXPECT_FALSE(restores(scratch()));
    EXPECT_EQ(light().stringOr("state"), "none") << "it says nothing of the data";
}

TEST_P(RestoreTests, AKilledAgentLeavesNothingWhenItIsBack) {
    makeLargeSource(4'000'000);
    const auto snapshot = save();
    ASSERT_NO_FATAL_FAILURE(slowDown());
    const auto id = begun(snapshot);
    ASSERT_TRUE(isRestoring(id));
    ASSERT_NO_FATAL_FAILURE(killAgentOnly());
    // Its mark belongs to a process that is gone: the next agent takes it away.
    const auto mark = readFile(scratch() / (id + ".owner"));
    EXPECT_FALSE(mark.empty());
    startAgent();
    EXPECT_TRUE(await([&] { return readFile(scratch() / (id + ".owner")) != mark; }));
    const auto ended = outcome(id, 120s);
    EXPECT_TRUE(ended == "success" || ended == "failed") << core::json::write(task(id));
    EXPECT_TRUE(nothingLeft());
    EXPECT_FALSE(restores(scratch())) << "what the dead one had begun was ended";
    passed(snapshot);
    exempt(Proof::locks, "restic was ended beside its agent, which removes its lock with the next task");
}

TEST_P(RestoreTests, TheMachineMayForbidThem) {
    const auto snapshot = save();
    writeFile(dir_ / "local-policy.yaml", "restores: false\n");
    ASSERT_NO_FATAL_FAILURE(killAgentOnly());
    startAgent();
    passed(snapshot);
    writeFile(dir_ / "local-policy.yaml", "restore_tests: false\n");
    ASSERT_NO_FATAL_FAILURE(killAgentOnly());
    startAgent();
    EXPECT_EQ(errorOf(failed(snapshot)), "ForbiddenOnMachine");
}

/// The agent runs as nobody from the test on.
class RestoreTestsOfAPlainUser : public RestoreTests {
protected:
    static constexpr int kNobody = 65534;
    static void give(const fs::path& root) {
        ASSERT_EQ(::lchown(root.c_str(), kNobody, kNobody), 0) << root;
        for (const auto& entry : fs::recursive_directory_iterator(root))
            ASSERT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0) << entry.path();
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, RestoreTestsOfAPlainUser, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(RestoreTestsOfAPlainUser, CompareWhatTheyMayAndRemoveWhatIsClosed) {
    ASSERT_EQ(::chown((source_ / "one.txt").c_str(), 1234, 4321), 0);
    writeFile(source_ / "read-only/inside", "of a folder that nobody writes to");
    writeFile(source_ / "closed/inside", "of a folder that nobody may enter");
    writeFile(source_ / "secret", "that nobody may read");
    ::chmod((source_ / "secret").c_str(), 0);
    ::chmod((source_ / "read-only").c_str(), 0555);
    ::chmod((source_ / "closed").c_str(), 0);
    const auto snapshot = save(); // as root
    killAgentOnly();
    fs::permissions(dir_.path(), fs::perms(0711));
    give(dir_ / "state");
    give(dir_ / "cache-of-the-agent");
    give(repository_);
    ASSERT_EQ(::chown((dir_ / "agent.yaml").c_str(), kNobody, kNobody), 0);
    fs::remove(dir_ / "agent.log");
    agentWrapper_ = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"};
    startAgent();
    const auto result = passed(snapshot);
    EXPECT_EQ(result.integerOr("total_files"), 5) << core::json::write(result);
    EXPECT_EQ(result.integerOr("files"), 3) << core::json::write(result);
    EXPECT_EQ(result.integerOr("compared_with_source"), 3) << core::json::write(result);
    EXPECT_TRUE(nothingLeft());
}

/// The folder for restore tests is a disk of its own, in memory.
class RestoreTestsOnASmallDisk : public RestoreTests {
protected:
    void SetUp() override {
        small_ = dir_ / "small";
        fs::create_directories(small_);
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno) << ": this test needs root";
        ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
        ASSERT_EQ(::mount("none", small_.c_str(), "tmpfs", 0, "size=40m"), 0) << std::strerror(errno);
        agentEnvironment_["RESTIC_AGENT_RESTORE_TEST_SCRATCH_DIR"] = small_.string();
        scratch_ = small_;
        RestoreTests::SetUp();
    }
    void TearDown() override {
        RestoreTests::TearDown();
        ::umount2(small_.c_str(), MNT_DETACH);
    }
    void resize(const char* size) {
        ASSERT_EQ(::mount("none", small_.c_str(), "tmpfs", MS_REMOUNT, size), 0) << std::strerror(errno);
    }
    fs::path small_;
};
INSTANTIATE_TEST_SUITE_P(Restic, RestoreTestsOnASmallDisk, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(RestoreTestsOnASmallDisk, TryLessThanWasAskedForAndNeverFillIt) {
    makeLargeSource(20'000'000);
    const auto snapshot = save();
    const auto result = passed(snapshot);
    EXPECT_EQ(result.integerOr("files"), 2) << core::json::write(result);
    EXPECT_EQ(result.integerOr("total_files"), 3);
    EXPECT_NEAR(result.numberOr("share_percent"), 66.67, 0.01);
    ASSERT_NO_FATAL_FAILURE(resize("size=20m")); // less than what is kept free
    const auto ended = failed(snapshot);
    EXPECT_EQ(errorOf(ended), "OutOfDiskSpace") << core::json::write(ended);
    EXPECT_NE(ended.find("error")->stringOr("hint").find("restore_test.scratch_dir"), std::string::npos);
    ASSERT_NO_FATAL_FAILURE(resize("size=100m"));
    EXPECT_EQ(passed(snapshot).integerOr("files"), 3);
}

} // namespace
} // namespace test
