#include <sys/mount.h>
#include <sys/stat.h>

#include "dumps_fixture.h"

namespace test {
namespace {
using namespace std::chrono_literals;

/// Dumps that are written to the machine's disk before restic saves them.
class StagedDumps : public DumpsTest {
protected:
    /// Saved in one snapshot with the files.
    Object withFiles(Object settings = {}, const std::string& onError = "fail") {
        auto task = backup(newId());
        task.set("plugins", Array{Object{{"name", "trouble"},
                                         {"settings", std::move(settings)},
                                         {"on_error", onError},
                                         {"with_files", true}}});
        return task;
    }
    void configureDumps(const std::string& key, const std::string& value) {
        auto text = readFile(dir_ / "config.yaml");
        text.replace(text.find("dumps:\n"), 7, "dumps:\n  " + key + ": " + value + "\n");
        writeFile(dir_ / "config.yaml", text);
    }
    /// Kills the agent in the moment in which restic saves what lies on the disk; the task's id.
    std::string killWhileItIsSaved(Object task) {
        task.set("limit_upload_kib", 1500);
        const auto id = Value(task).stringOr("task_id");
        server_.sendTask(task);
        EXPECT_TRUE(await([&] { return resticPid(id) && locks() == 1; }, 20s));
        killAgent();
        return id;
    }
    std::filesystem::path staging() const { return state_ / "staging"; }
    /// Neither a dump nor whose it was.
    bool diskIsClean() const {
        std::error_code code;
        return !std::filesystem::exists(staging(), code) || std::filesystem::is_empty(staging(), code);
    }
    bool dumping() {
        std::error_code code;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(staging() / policy_ / "trouble", code))
            if (entry.is_regular_file(code) && entry.file_size(code) > 0)
                return true;
        return false;
    }
    /// The same for one that is written to the disk first, and waits until something of it lies there.
    void sendUntilDumping(const Object& task) {
        server_.sendTask(task);
        ASSERT_TRUE(await([&] { return dumping(); }, 20s));
    }
    Object restoreTask(const Value& dump, const std::string& target) {
        return Object{{"task_id", newId()},
                      {"attempt", 1},
                      {"type", "restore_dump"},
                      {"repository", repositoryObject()},
                      {"plugin", "trouble"},
                      {"snapshot_id", dump.stringOr("snapshot_id")},
                      {"file", dump.stringOr("file")},
                      {"database", dump.stringOr("database")},
                      {"item", *dump.find("item")->object()},
                      {"as", target},
                      {"timeout_seconds", 600}};
    }
    /// What a restored dump of that name holds, whatever its length is.
    static void expectWhole(const std::filesystem::path& file, const std::string& name, std::size_t bytes) {
        const auto text = readFile(file);
        EXPECT_GE(text.size(), bytes);
        EXPECT_LT(text.size(), bytes + 100);
        EXPECT_TRUE(text.starts_with(name + "\n" + name + "\n"));
    }
};

INSTANTIATE_TEST_SUITE_P(BothWays, StagedDumps, testing::Values(restics().front(), restics().back()),
                         [](const auto& it) { return it.param.name; });

TEST_P(StagedDumps, DumpsAndFilesAreOneSnapshot) {
    set({"items: [shop, \"a/b, c\"]"});
    start();
    const auto report = resultOf(withFiles());
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    const auto dumps = dumpsOf(report);
    ASSERT_EQ(dumps.size(), 2U);
    EXPECT_EQ(saved().size(), 1U);
    for (const auto& dump : dumps) {
        EXPECT_EQ(dump.stringOr("state"), "saved") << core::json::write(dump);
        EXPECT_EQ(dump.stringOr("snapshot_id"), field(report, "result", "snapshot_id"));
        EXPECT_EQ(dump.integerOr("bytes"), 300000);
        EXPECT_EQ(dump.stringOr("tool"), "troubledump 7.1");
        const auto back = restic({"dump", dump.stringOr("short_id"), dump.stringOr("file")});
        EXPECT_EQ(back.output.size(), 300000U) << back.error;
        EXPECT_TRUE(back.output.starts_with(dump.stringOr("database") + "\n"));
    }
    const auto files = restic({"ls", field(report, "result", "snapshot_id")});
    EXPECT_NE(files.output.find("/source/one.txt"), std::string::npos) << files.output;
    EXPECT_TRUE(diskIsClean());

    // The way back is the same as for any dump.
    const auto target = dir_ / "restored";
    const auto restored = resultOf(restoreTask(dumps[1], target.string()));
    EXPECT_EQ(restored.stringOr("status"), "success") << core::json::write(restored);
    expectWhole(target, "a/b, c", 300000);
    EXPECT_TRUE(nothingIsLeft());
}

TEST_P(StagedDumps, DatabasesWithoutFilesAreOneSnapshotToo) {
    set({"items: [one, two]"});
    start();
    auto task = withFiles();
    task.set("sources", Array{});
    const auto report = resultOf(task);
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    ASSERT_EQ(dumpsOf(report).size(), 2U);
    EXPECT_EQ(dumpsOf(report)[1].stringOr("state"), "saved");
    EXPECT_EQ(saved(), std::vector<std::string>{(staging() / policy_).string()});
    EXPECT_TRUE(diskIsClean());
}

TEST_P(StagedDumps, ADumpOfFilesIsASnapshotOfItsOwnAndComesBackAsFiles) {
    set({"kind: files", "items: [shop, \"odd *?[x]\"]"});
    start();
    const auto first = resultOf(payload("fail", {{"dump", "flood"}}));
    EXPECT_EQ(first.stringOr("status"), "success") << core::json::write(first);
    const auto dumps = dumpsOf(first);
    ASSERT_EQ(dumps.size(), 2U);
    EXPECT_EQ(saved().size(), 3U);
    for (const auto& dump : dumps) {
        EXPECT_EQ(dump.stringOr("state"), "saved") << core::json::write(dump);
        EXPECT_GE(dump.integerOr("bytes"), 300000);
        const auto target = dir_ / ("restored " + dump.stringOr("short_id"));
        const auto restored = resultOf(restoreTask(dump, target.string()));
        EXPECT_EQ(restored.stringOr("status"), "success") << core::json::write(restored);
        expectWhole(target, dump.stringOr("database"), 300000);
    }
    // The next one stands at the same path: restic groups by paths when it forgets.
    const auto second = resultOf(payload("fail", {{"dump", "flood"}}));
    ASSERT_EQ(dumpsOf(second).size(), 2U);
    EXPECT_EQ(dumpsOf(second)[1].stringOr("file"), dumps[1].stringOr("file"));
    EXPECT_TRUE(diskIsClean());
    EXPECT_TRUE(nothingIsLeft());

    const auto byHand = [&](std::vector<std::string> arguments) {
        auto spec = command(std::move(arguments));
        spec.environment = environment_;
        spec.environment["RESTIC_PASSWORD"] = kPassword;
        return runner_.run(spec).value();
    };
    set({"kind: files"}, "repository:\n  type: local\n  url: " + repository_.string() +
                             "\n  password_file: " + (dir_ / "password").string() + "\n");
    writeFile(dir_ / "password", kPassword);
    std::filesystem::permissions(dir_ / "password", std::filesystem::perms::owner_read);
    const auto target = dir_ / "by hand";
    const auto result = byHand({"plugin", "restore", "trouble", "--snapshot", dumps[1].stringOr("short_id"),
                                "--as", target.string()});
    EXPECT_TRUE(result.exit.ok()) << result.output << result.error;
    expectWhole(target, "odd *?[x]", 300000);
    EXPECT_TRUE(diskIsClean());
}

TEST_P(StagedDumps, AFailedDumpIsWhatThePolicySaysAndNothingOfItIsSaved) {
    set({"items: [first, broken, last]", "broken: broken", "dump: fail"});
    start();
    for (const auto& [onError, status] :
         {std::pair{"fail", "failed"}, {"warn", "warning"}, {"ignore", "success"}}) {
        SCOPED_TRACE(onError);
        const auto report = resultOf(withFiles({}, onError));
        EXPECT_EQ(report.stringOr("status"), status) << core::json::write(report);
        const auto dumps = dumpsOf(report);
        ASSERT_EQ(dumps.size(), 3U);
        std::map<std::string, std::string> states;
        for (const auto& dump : dumps)
            states[dump.stringOr("database")] = dump.stringOr("state");
        EXPECT_EQ(states, (std::map<std::string, std::string>{
                              {"first", "saved"}, {"broken", "failed"}, {"last", "saved"}}));
        const auto files = restic({"ls", field(report, "result", "snapshot_id")});
        EXPECT_NE(files.output.find("first.txt"), std::string::npos) << files.output;
        EXPECT_EQ(files.output.find("broken"), std::string::npos) << files.output;
    }
    EXPECT_TRUE(diskIsClean());
}

/// Each set of settings has dumps of its own, also of databases of one name on servers of one name.
TEST_P(StagedDumps, TwoSetsOfOnePluginAreNeverOneDump) {
    set({"items: [shop]", "named: {other: {items: [shop], bytes: 200000}}"});
    start();
    for (const bool together : {true, false}) {
        auto task = backup(newId());
        task.set("plugins", Array{Object{{"name", "trouble"}, {"with_files", together}},
                                  Object{{"name", "trouble"}, {"set", "other"}, {"with_files", together}}});
        const auto report = resultOf(task);
        EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
        const auto dumps = dumpsOf(report);
        ASSERT_EQ(dumps.size(), 2U);
        EXPECT_EQ(dumps[0].integerOr("bytes"), 300000);
        EXPECT_EQ(dumps[1].integerOr("bytes"), 200000);
        EXPECT_NE(dumps[0].stringOr("file"), dumps[1].stringOr("file")) << "retention groups by paths";
    }
}

/// A pattern of what is left out must not leave out a database without a word.
TEST_P(StagedDumps, ADumpThatAnExcludeLeavesOutIsNotCalledSaved) {
    set({"items: [shop, keep]"});
    start();
    auto task = withFiles();
    task.set("exclude", Array{"shop.*"});
    const auto report = resultOf(task);
    EXPECT_EQ(report.stringOr("status"), "failed") << core::json::write(report);
    const auto dumps = dumpsOf(report);
    ASSERT_EQ(dumps.size(), 2U);
    EXPECT_EQ(dumps[0].stringOr("state"), "failed");
    EXPECT_NE(dumps[0].find("error")->stringOr("message").find("does not hold the whole dump"),
              std::string::npos)
        << core::json::write(dumps[0]);
    EXPECT_EQ(dumps[1].stringOr("state"), "saved");
    EXPECT_EQ(saved().size(), 1U) << "the rest is saved";
}

TEST_P(StagedDumps, NobodyElseMayReadThemAndACancelledOneLeavesNothing) {
    set({"dump: slow"});
    start();
    const auto task = withFiles();
    const auto id = Value(task).stringOr("task_id");
    sendUntilDumping(task);
    for (const auto& folder : {staging(), staging() / policy_}) {
        struct stat info {};
        ASSERT_EQ(::stat(folder.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 07777, 0700U) << folder;
    }
    server_.sendCancel(id);
    const auto result = server_.awaitResult(id, 30s);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "cancelled") << core::json::write(*result);
    EXPECT_EQ(saved(), std::vector<std::string>());
    EXPECT_NE(trace().find("after cancelled\ncleanup\n"), std::string::npos) << trace();
    EXPECT_TRUE(diskIsClean());
}

TEST_P(StagedDumps, WhatAKilledAgentWasDumpingIsRemovedAtItsNextStart) {
    set({"dump: slow"});
    start();
    const auto task = withFiles();
    sendUntilDumping(task);
    killAgent();
    // What cannot be read does not keep the agent from starting.
    std::filesystem::create_symlink("loop.owner", staging() / "loop.owner");
    set({});
    startAgain();
    ASSERT_TRUE(await([&] { return diskIsClean(); }, 20s));
    EXPECT_EQ(saved(), std::vector<std::string>());
    // The task was given back; it comes again and is done.
    auto again = task;
    again.set("attempt", 2);
    const auto report = resultOf(again);
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    EXPECT_TRUE(diskIsClean());
}

TEST_P(StagedDumps, AResticThatSavesThemGoesOnWithoutItsAgentAndIsLookedAtOrTriedAgain) {
    makeLargeSource(6 << 20);
    set({"items: [shop]"});
    start();
    auto task = withFiles();
    const auto id = killWhileItIsSaved(task);
    EXPECT_TRUE(resticPid(id)) << "restic goes on";
    startWithPlugins();
    const auto report = server_.awaitResult(id, 60s);
    ASSERT_TRUE(report);
    // The new agent was not sent the password: what it could not look at is not called saved, and is tried
    // again.
    EXPECT_EQ(report->stringOr("status"), "failed") << core::json::write(*report);
    EXPECT_EQ(field(*report, "error", "error"), "Interrupted");
    const auto dumps = dumpsOf(*report);
    ASSERT_EQ(dumps.size(), 1U);
    EXPECT_EQ(dumps[0].stringOr("state"), "failed") << core::json::write(dumps[0]);
    EXPECT_EQ(field(*report, "result", "snapshot_id").size(), 64U) << "the files are saved";
    EXPECT_TRUE(diskIsClean());
}

TEST_P(StagedDumps, AnotherFolderAfterARestartIsNoHarm) {
    makeLargeSource(6 << 20);
    set({"items: [shop]"});
    start();
    auto task = withFiles();
    auto at = *task.find("repository")->object();
    writeFile(dir_ / "password", kPassword);
    at.erase("password");
    at.set("password_file", (dir_ / "password").string()); // so that the next agent can look
    task.set("repository", at);
    const auto id = killWhileItIsSaved(task);
    configureDumps("staging_dir", (dir_ / "elsewhere").string());
    startWithPlugins();
    const auto report = server_.awaitResult(id, 60s);
    ASSERT_TRUE(report);
    EXPECT_EQ(field(*report, "error", "error"), "Interrupted") << core::json::write(*report);
    EXPECT_FALSE(agent_->wait(0ms)) << "the agent goes on";
}

TEST_P(StagedDumps, WhatWouldNotFitIsNotBegunAndWhatDoesNotFitIsEnded) {
    set({"items: [shop]"});
    configureDumps("max_disk_usage", "64MiB");
    start();
    const auto tooMuch = resultOf(withFiles({{"bytes", 100 << 20}}, "warn"));
    EXPECT_EQ(tooMuch.stringOr("status"), "warning") << core::json::write(tooMuch);
    ASSERT_EQ(dumpsOf(tooMuch).size(), 1U);
    EXPECT_EQ(dumpsOf(tooMuch)[0].find("error")->stringOr("error"), "OutOfDiskSpace");
    EXPECT_NE(dumpsOf(tooMuch)[0].find("error")->stringOr("message").find("dumps.max_disk_usage"),
              std::string::npos);
    EXPECT_EQ(trace().find("dump shop"), std::string::npos) << "it was not begun";

    // One that does not say how large it is.
    const auto grows =
        resultOf(withFiles({{"bytes", 200 << 20}, {"tells", false}, {"dump", "slow"}}, "warn"));
    ASSERT_EQ(dumpsOf(grows).size(), 1U);
    EXPECT_EQ(dumpsOf(grows)[0].find("error")->stringOr("error"), "OutOfDiskSpace")
        << core::json::write(grows);
    EXPECT_NE(trace().find("dump shop"), std::string::npos);
    // Nor one that was through before anybody looked.
    const auto quick = resultOf(withFiles({{"bytes", 70 << 20}, {"tells", false}}, "warn"));
    ASSERT_EQ(dumpsOf(quick).size(), 1U);
    EXPECT_EQ(dumpsOf(quick)[0].find("error")->stringOr("error"), "OutOfDiskSpace")
        << core::json::write(quick);
    EXPECT_NE(dumpsOf(quick)[0].find("error")->stringOr("hint").find("dumps.max_disk_usage"),
              std::string::npos);
    EXPECT_EQ(field(grows, "result", "snapshot_id").size(), 64U) << "the files are saved";
    EXPECT_TRUE(diskIsClean());
}

TEST_P(StagedDumps, AFolderThatCannotBeMadeFailsTheDumpAndTheFilesAreSaved) {
    writeFile(dir_ / "a file", "");
    set({"items: [shop]"});
    configureDumps("staging_dir", (dir_ / "a file").string());
    start();
    const auto report = resultOf(withFiles());
    EXPECT_EQ(report.stringOr("status"), "failed") << core::json::write(report);
    ASSERT_EQ(dumpsOf(report).size(), 1U);
    EXPECT_EQ(dumpsOf(report)[0].find("error")->stringOr("error"), "PluginFailed");
    EXPECT_NE(dumpsOf(report)[0].find("error")->stringOr("hint").find("dumps.staging_dir"),
              std::string::npos);
    EXPECT_EQ(field(report, "result", "snapshot_id").size(), 64U) << "the files are saved";
    EXPECT_TRUE(trace().ends_with("cleanup\n")) << trace();
    EXPECT_TRUE(nothingIsLeft());
}

/// The folder may lie within what the policy saves, as it does in a backup of the whole machine.
TEST_P(StagedDumps, WithinASourceTheyAreThereOnceAndWhole) {
    set({"items: [shop]"});
    configureDumps("staging_dir", source_.string());
    start();
    const auto report = resultOf(withFiles());
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    ASSERT_EQ(dumpsOf(report).size(), 1U);
    const auto back =
        restic({"dump", dumpsOf(report)[0].stringOr("short_id"), dumpsOf(report)[0].stringOr("file")});
    EXPECT_EQ(back.output.size(), 300000U) << back.error;
}

TEST_P(StagedDumps, AFullDiskIsSaidAndLeavesRoomForOthers) {
    const auto small = dir_ / "small";
    std::filesystem::create_directories(small);
    ASSERT_EQ(::mount("none", small.c_str(), "tmpfs", 0, "size=64m,mode=755"), 0);
    set({"items: [shop]"});
    configureDumps("staging_dir", small.string());
    start();
    for (const auto* kind : {"stream", "files"}) {
        SCOPED_TRACE(kind);
        const auto report =
            resultOf(withFiles({{"kind", kind}, {"bytes", 200 << 20}, {"tells", false}}, "warn"));
        ASSERT_EQ(dumpsOf(report).size(), 1U);
        EXPECT_EQ(dumpsOf(report)[0].stringOr("state"), "failed");
        EXPECT_EQ(dumpsOf(report)[0].find("error")->stringOr("error"), "OutOfDiskSpace")
            << core::json::write(report);
        EXPECT_NE(dumpsOf(report)[0].find("error")->stringOr("hint").find("dumps.staging_dir"),
                  std::string::npos);
    }
    const auto fits = resultOf(withFiles({{"bytes", 20 << 20}}));
    EXPECT_EQ(fits.stringOr("status"), "success") << core::json::write(fits);
    std::size_t left = 0;
    for (const auto& own : std::filesystem::directory_iterator(small))
        left += std::filesystem::is_empty(own) ? 0 : 1;
    EXPECT_EQ(left, 0U);
    stopAgent();
    ::umount2(small.c_str(), MNT_DETACH);
}

} // namespace
} // namespace test
