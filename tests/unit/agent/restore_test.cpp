#include "kinds/restore.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "core/json.h"
#include "core/testing/temp_dir.h"
#include "kinds/restore_place.h"
#include "restic/cli/output_lines.h"
#include "restic/literal_pattern.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace fs = std::filesystem;
namespace protocol = restic::protocol;
using core::testkit::writeFile;
using protocol::RestoreTask;
using protocol::TaskState;

const restic::cli::ResticVersion kOld{0, 14, 0};
const restic::cli::ResticVersion kNew{0, 18, 0};

RestoreTask taskTo(const std::string& target, std::vector<std::string> paths = {}) {
    RestoreTask task;
    task.snapshotId = std::string(64, 'a');
    task.target = target;
    task.paths = std::move(paths);
    return task;
}

class RestoreWork : public testing::Test {
protected:
    Restore& begin(RestoreTask task) {
        work_ = std::make_unique<Restore>(std::move(task), restic::cli::WorkContext{"web-01", {}, none_},
                                          [this](const protocol::notices::Kind& kind, const std::string&) {
                                              noted_.emplace_back(kind.code);
                                          });
        lines_.emplace(*work_);
        return *work_;
    }
    void out(const std::string& line) { lines_->output(line); }
    void err(const std::string& line) { lines_->error(line); }
    /// "" for what is judged as everywhere.
    std::string ends(int code) {
        const auto verdict = work_->judge(0, {code, 0, true}, lines_->errors());
        return !verdict ? "" : verdict->error ? verdict->error->error : verdict->outcome;
    }
    core::json::Value result(const std::string& outcome = "success") {
        protocol::TaskResult common;
        common.outcome = outcome;
        return work_->result(common);
    }

    restic::cli::NoItems none_;
    std::unique_ptr<Restore> work_;
    std::optional<restic::cli::OutputLines> lines_;
    std::vector<std::string> noted_;
};

TEST_F(RestoreWork, EveryCharacterOfAPathStandsForItself) {
    EXPECT_EQ(literalPattern("/a/b c"), "/a/b c");
    EXPECT_EQ(literalPattern("/a*b?[c]\\d{e},$F\n-"), "/a\\*b\\?\\[c]\\\\d{e},$F\n-");
}

TEST_F(RestoreWork, SaysToResticWhatWasAskedForAndNothingElse) {
    auto task = taskTo("/srv/back");
    EXPECT_EQ(begin(task).arguments(0),
              (std::vector<std::string>{"restore", "--json", "--target=/srv/back", "--", task.snapshotId}));
    EXPECT_TRUE(work_->arguments(1).empty());
    task.paths = {"/-rf", "/etc/*"};
    task.overwrite = "never";
    task.verify = true;
    task.limitDownloadKib = 7;
    begin(task).setSparse();
    EXPECT_EQ(work_->arguments(0),
              (std::vector<std::string>{"restore", "--json", "--target=/srv/back", "--include=/-rf",
                                        "--include=/etc/\\*", "--sparse", "--overwrite=never", "--verify",
                                        "--limit-download=7", "--", task.snapshotId}));
    task.overwrite = "always";
    task.dryRun = true;
    task.paths = {"/etc", "/"};
    task.limitDownloadKib.reset();
    EXPECT_EQ(begin(task).arguments(0), (std::vector<std::string>{"restore", "--json", "--target=/srv/back",
                                                                  "--dry-run", "--", task.snapshotId}))
        << "old restics know no --overwrite, and all of it is all of it";
}

TEST_F(RestoreWork, RefusesWhatHasNoPlaceOrTwo) {
    EXPECT_FALSE(begin(taskTo("/srv")).problem());
    RestoreTask task = taskTo("/srv");
    task.inPlace = true;
    EXPECT_TRUE(begin(task).problem());
    task.target.reset();
    EXPECT_TRUE(begin(task).problem()) << "all that is in it, where it was";
    task.paths = {"/home"};
    EXPECT_FALSE(begin(task).problem());
    EXPECT_EQ(work_->arguments(0)[2], "--target=/");
    task.inPlace = false;
    EXPECT_TRUE(begin(task).problem());
}

TEST_F(RestoreWork, ReadsHowFarItIsAndWhatItDid) {
    begin(taskTo("/srv/back"));
    out(R"({"message_type":"status","seconds_elapsed":28,"percent_done":0.25,"total_files":24,"files_restored":5,"total_bytes":6000000,"bytes_restored":1500000})");
    const auto progress = work_->takeProgress();
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->percentDone, 25);
    EXPECT_EQ(progress->totalBytes, 6000000U);
    EXPECT_EQ(progress->filesDone, 5U);
    EXPECT_FALSE(work_->takeProgress()) << "once";
    EXPECT_FALSE(work_->complete(0));
    out(R"({"message_type":"summary","total_files":23,"files_restored":27,"files_skipped":1,"total_bytes":5700000,"bytes_restored":5700000,"bytes_skipped":300000})");
    EXPECT_TRUE(work_->complete(0));
    EXPECT_EQ(ends(0), "");
    const auto told = result();
    EXPECT_EQ(told.integerOr("files"), 23) << "folders on the way are no files that were asked for";
    EXPECT_EQ(told.integerOr("bytes"), 5700000);
    EXPECT_EQ(told.integerOr("files_skipped"), 1);
    EXPECT_FALSE(told.booleanOr("verified"));
}

TEST_F(RestoreWork, OfAnOldResticCountsWhatTheSnapshotHas) {
    auto task = taskTo("/srv/back");
    task.verify = true;
    begin(task).setListed(12, 3456);
    out("restoring <Snapshot 980be78a of [/src] at 2026-11-29 09:39:27 +0000 UTC by root@vm> to /srv/back");
    EXPECT_FALSE(work_->complete(0)) << "nothing says that it came to an end";
    out("verifying files in /srv/back");
    out("finished verifying 20 files in /srv/back (took 130ms)");
    EXPECT_TRUE(work_->complete(0));
    EXPECT_EQ(result().integerOr("files"), 12);
    EXPECT_EQ(result().integerOr("bytes"), 3456);
    EXPECT_TRUE(result().booleanOr("verified"));
    EXPECT_EQ(result("failed").find("files"), nullptr);
    EXPECT_FALSE(result("failed").booleanOr("verified"));
}

TEST_F(RestoreWork, CountsAFileOnceHoweverOftenResticNamesIt) {
    begin(taskTo("/srv/back"));
    // restic 0.18 and 0.19
    err(R"({"message_type":"error","error":{"message":"ReadFull(<data/5039>): open /repo/data/50/5039: no such file or directory"},"during":"restore","item":"/src/f1"})");
    err(R"({"message_type":"error","error":{"message":"lchown /srv/back/src/f1: no such file or directory"},"during":"restore","item":"/src/f1"})");
    err(R"({"message_type":"exit_error","code":1,"message":"Fatal: There were 2 errors"})");
    out(R"({"message_type":"summary","total_files":24,"files_restored":4,"total_bytes":6000000})");
    EXPECT_FALSE(work_->complete(0)) << "also where nobody saw its exit code";
    EXPECT_EQ(ends(1), "RestoreIncomplete");
    EXPECT_EQ(result("failed").integerOr("problem_count"), 1);
    EXPECT_EQ(result("failed").find("problems")->array()->front().stringOr("path"), "/src/f1");
    // restic 0.14
    begin(taskTo("/srv/back"));
    err("ignoring error for /src/f1: open /srv/back/src/f1: is a directory");
    err("Fatal: There were 1 errors");
    EXPECT_EQ(ends(1), "RestoreIncomplete");
    begin(taskTo("/srv/back"));
    err("ignoring error for /src/f1: write /srv/back/src/f1: no space left on device");
    err("Fatal: There were 1 errors");
    EXPECT_EQ(ends(1), "OutOfDiskSpace");
}

TEST_F(RestoreWork, OnlyAttributesThatAreMissingAreAWarning) {
    begin(taskTo("/srv/back"));
    err(R"({"message_type":"error","error":{"message":"lchown /srv/back/a: operation not permitted"},"during":"restore","item":"/a"})");
    EXPECT_EQ(ends(1), "warning");
    EXPECT_EQ(noted_, std::vector<std::string>{"AttributesNotRestored"});
    begin(taskTo("/srv/back"));
    err(R"({"message_type":"error","error":{"message":"chmod /srv/back/a: operation not permitted"},"during":"restore","item":"/a"})");
    EXPECT_EQ(ends(1), "PermissionDenied") << "it may be that nothing was written";
    begin(taskTo("/srv/back"));
    err(R"({"message_type":"error","error":{"message":"open /srv/back/b: permission denied"},"during":"restore","item":"/b"})");
    EXPECT_EQ(ends(1), "PermissionDenied");
}

TEST_F(RestoreWork, WhatTheSnapshotLacksIsSaid) {
    begin(taskTo("/srv/back", {"/a", "/b"}));
    out(R"({"message_type":"summary"})");
    EXPECT_EQ(ends(0), "NothingToRestore");
    begin(taskTo("/srv/back", {"/a", "/b"})).setMissing({"/b"});
    EXPECT_EQ(ends(0), "");
    EXPECT_EQ(noted_.front(), "NotInSnapshot");
    begin(taskTo("/srv/back", {"/a"})).setMissing({"/a"});
    EXPECT_EQ(ends(0), "NothingToRestore");
}

TEST_F(RestoreWork, TheSameLinkOnceMoreIsNoErrorOfAnOldRestic) {
    const core::testkit::TempDir folder;
    fs::create_symlink("dir", folder / "link");
    const auto line = [&](const std::string& leads) {
        return "ignoring error for /link: Symlink: symlink " + leads + " " + (folder / "link").string() +
               ": file exists";
    };
    begin(taskTo(folder.path().string()));
    err(line("dir"));
    err("Fatal: There were 1 errors");
    EXPECT_EQ(ends(1), "success");
    begin(taskTo(folder.path().string()));
    err(line("elsewhere"));
    err("Fatal: There were 1 errors");
    EXPECT_EQ(ends(1), "RestoreIncomplete");
    begin(taskTo(folder.path().string()));
    err(line("dir"));
    err("Fatal: There were 2 errors");
    EXPECT_EQ(ends(1), "") << "something else was there, too";
}

TEST_F(RestoreWork, OtherFailuresAreJudgedAsEverywhere) {
    begin(taskTo("/srv/back"));
    err("Fatal: wrong password or no key found");
    EXPECT_EQ(ends(1), "");
    EXPECT_EQ(ends(130), "");
    EXPECT_EQ(ends(11), "");
}

class PlaceOfRestore : public testing::Test {
protected:
    std::string find(const RestoreTask& task, const restic::cli::ResticVersion& version = kNew) {
        const auto found = findPlace(task, version, bounds_);
        const auto* error = std::get_if<protocol::TaskError>(&found);
        return error != nullptr ? error->error : std::get<std::string>(found);
    }
    std::string in(const std::string& name) const { return (folder_ / name).string(); }

    core::testkit::TempDir folder_;
    RestoreBounds bounds_{{}, {folder_ / "state"}};
};

TEST_F(PlaceOfRestore, IsMadeClosedBelowAFolderThatIsThere) {
    EXPECT_EQ(find(taskTo(in("back"))), in("back"));
    struct stat made {};
    ASSERT_EQ(::stat(in("back").c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 07777U, 0700U);
    EXPECT_EQ(find(taskTo(in("no/such"))), "InvalidTask");
    auto dry = taskTo(in("dry"));
    dry.dryRun = true;
    EXPECT_EQ(find(dry), in("dry"));
    EXPECT_FALSE(fs::exists(in("dry"))) << "it writes nothing";
    writeFile(in("file"), "");
    EXPECT_EQ(find(taskTo(in("file"))), "InvalidTask");
    fs::create_directory_symlink(in("back"), in("link"));
    EXPECT_EQ(find(taskTo(in("link"))), in("back")) << "where it leads counts";
    fs::create_symlink(in("nothing"), in("dangling"));
    EXPECT_EQ(find(taskTo(in("dangling"))), "InvalidTask");
    EXPECT_FALSE(fs::exists(in("nothing")));
}

TEST_F(PlaceOfRestore, IsNotTheSystemsNorTheAgentsOwn) {
    for (const auto* target : {"/", "/etc", "/etc/x", "/usr", "/proc/self", "/dev/shm"})
        EXPECT_EQ(find(taskTo(target)), "ForbiddenOnMachine") << target;
    fs::create_directory_symlink("/etc", in("way"));
    EXPECT_EQ(find(taskTo(in("way"))), "ForbiddenOnMachine");
    EXPECT_EQ(find(taskTo(in("way") + "/x")), "ForbiddenOnMachine");
    fs::create_directory(in("state"));
    EXPECT_EQ(find(taskTo(in("state"))), "InvalidTask");
    EXPECT_EQ(find(taskTo(in("state/tasks"))), "InvalidTask");

    auto inPlace = taskTo("", {in("home/ada")});
    inPlace.target.reset();
    inPlace.inPlace = true;
    EXPECT_EQ(find(inPlace), "ForbiddenOnMachine");
    bounds_.policy.restorePaths = {in("home")};
    EXPECT_EQ(find(inPlace), "/");
    inPlace.paths.push_back(in("other"));
    EXPECT_EQ(find(inPlace), "ForbiddenOnMachine") << "each of them";
    EXPECT_EQ(find(taskTo(in("back"))), "ForbiddenOnMachine");
    bounds_.policy.restorePaths = {"/"};
    EXPECT_EQ(find(inPlace), "/");
    inPlace.paths = {"/"};
    EXPECT_EQ(find(inPlace), "InvalidTask") << "the agent's own folder is in it";
    bounds_.policy.restores = false;
    EXPECT_EQ(find(inPlace), "ForbiddenOnMachine");
    EXPECT_EQ(find(taskTo(in("back"))), "ForbiddenOnMachine");
}

TEST_F(PlaceOfRestore, LinksAboveWhatIsChosenAreNamed) {
    fs::create_directories(in("back/home"));
    fs::create_directories(in("outside"));
    fs::create_directory_symlink(in("outside"), in("back/home/ada"));
    EXPECT_EQ(find(taskTo(in("back"), {"/home/ada/file"})), "LinkInTheWay");
    EXPECT_EQ(find(taskTo(in("back"), {"/home/ada"})), in("back")) << "restic replaces that one";
    EXPECT_EQ(find(taskTo(in("back"), {"/home/bob"})), in("back"));
    // What an old restic would write onto.
    EXPECT_TRUE(whyInTheWay(in("back"), "/home/ada", "dir"));
    EXPECT_TRUE(whyInTheWay(in("back"), "/home/ada", "file"));
    EXPECT_FALSE(whyInTheWay(in("back"), "/home/ada", "symlink"));
    EXPECT_FALSE(whyInTheWay(in("back"), "/home", "dir"));
    EXPECT_FALSE(whyInTheWay(in("back"), "/none", "file"));
    writeFile(in("back/one"), "");
    EXPECT_FALSE(whyInTheWay(in("back"), "/one", "file"));
    fs::create_hard_link(in("back/one"), in("outside/one"));
    EXPECT_TRUE(whyInTheWay(in("back"), "/one", "file"));
}

TEST_F(PlaceOfRestore, OldResticsAreNotAskedForWhatTheyCannotDo) {
    auto task = taskTo(in("back"));
    EXPECT_EQ(find(task, kOld), in("back"));
    task.overwrite = "always";
    EXPECT_EQ(find(task, kOld), in("back"));
    task.overwrite = "never";
    EXPECT_EQ(find(task, kOld), "ResticTooOld");
    EXPECT_EQ(find(task, {0, 17, 0}), in("back"));
    task.overwrite.reset();
    task.dryRun = true;
    EXPECT_EQ(find(task, {0, 16, 4}), "ResticTooOld");
}

} // namespace
} // namespace agent
