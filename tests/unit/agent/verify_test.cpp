#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "files/tree_removal.h"
#include "kinds/verify_compare.h"
#include "kinds/verify_sample.h"
#include "staging/staging.h"

/// What a restore test chooses, what it makes of what came back, and that it cleans up.
namespace agent {
namespace {
namespace fs = std::filesystem;
using core::testkit::readFile;
using core::testkit::writeFile;

core::json::Value node(const std::string& path, std::int64_t size = 10, const std::string& type = "file",
                       std::int64_t mode = 0644) {
    core::json::Object out{
        {"struct_type", "node"}, {"path", path}, {"type", type}, {"mtime", "2026-01-02T03:04:05.123456789Z"}};
    // restic leaves out what is zero.
    if (size != 0)
        out.set("size", size);
    if (mode != 0)
        out.set("mode", mode);
    return out;
}

VerifySample sampleOf(const std::string& task, int files, std::size_t most = 1000) {
    VerifySample sample(task, most, true);
    sample.add(node("/srv", 0, "dir", 0755));
    for (int i = 0; i < files; ++i)
        sample.add(node("/srv/" + std::to_string(i)));
    return sample;
}

std::set<std::string> pathsOf(const VerifySample::Choice& choice) {
    std::set<std::string> paths;
    for (const auto& file : choice.files)
        paths.insert(file.path);
    return paths;
}

TEST(VerifySample, IsTheShareOfTheFilesAndNoFolder) {
    const auto choice = sampleOf("one", 240).choose(5, 1'000'000);
    EXPECT_EQ(choice.files.size(), 12U);
    EXPECT_EQ(choice.bytes, 120U);
    EXPECT_FALSE(choice.all);
    EXPECT_TRUE(std::is_sorted(choice.files.begin(), choice.files.end(),
                               [](const auto& a, const auto& b) { return a.path < b.path; }));
    EXPECT_EQ(sampleOf("one", 240).files(), 240U);
    EXPECT_EQ(sampleOf("one", 3).choose(1, 1000).files.size(), 1U) << "at least one";
    const auto all = sampleOf("one", 240).choose(100, 1'000'000);
    EXPECT_EQ(all.files.size(), 240U);
    EXPECT_TRUE(all.all);
    EXPECT_TRUE(sampleOf("one", 0).choose(100, 1000).files.empty());
}

TEST(VerifySample, IsTheSameForOneTaskAndAnotherForTheNext) {
    const auto first = pathsOf(sampleOf("one", 500).choose(10, 1'000'000));
    EXPECT_EQ(pathsOf(sampleOf("one", 500).choose(10, 1'000'000)), first);
    const auto second = pathsOf(sampleOf("two", 500).choose(10, 1'000'000));
    EXPECT_EQ(second.size(), first.size());
    EXPECT_NE(second, first);
    // With time each file has its turn.
    std::set<std::string> seen;
    for (int task = 0; task < 100; ++task)
        seen.merge(pathsOf(sampleOf(std::to_string(task), 500).choose(10, 1'000'000)));
    EXPECT_EQ(seen.size(), 500U);
}

TEST(VerifySample, StaysWithinItsBounds) {
    EXPECT_EQ(sampleOf("one", 5000, 50).choose(100, 1'000'000).files.size(), 50U);
    EXPECT_EQ(sampleOf("one", 5000, 50).files(), 5000U) << "counted all the same";
    EXPECT_EQ(pathsOf(sampleOf("one", 500, 50).choose(100, 1'000'000)),
              pathsOf(sampleOf("one", 500).choose(10, 1'000'000)))
        << "those that it keeps are those that it would choose";
    const auto few = sampleOf("one", 100).choose(100, 95);
    EXPECT_EQ(few.files.size(), 9U);
    EXPECT_LE(few.bytes, 95U);
    EXPECT_FALSE(few.all);
    // One that is too large keeps no smaller one from being tried.
    VerifySample mixed("one", 1000, true);
    for (int i = 0; i < 20; ++i)
        mixed.add(node("/large" + std::to_string(i), 1'000'000));
    mixed.add(node("/small", 7));
    EXPECT_EQ(pathsOf(mixed.choose(5, 1000)), std::set<std::string>{"/small"});
    EXPECT_EQ(mixed.smallest(), 7U);
    EXPECT_TRUE(mixed.choose(100, 5).files.empty());
}

TEST(VerifySample, LeavesOutWhatCannotBeAskedForOrCompared) {
    VerifySample sample("one", 1000, false);
    sample.add(node("/dev", 0, "dir", 0755));
    sample.add(node("/dev/null", 0, "chardev"));
    sample.add(node("/dev/sda", 0, "dev"));
    sample.add(node("/dev/log", 0, "socket"));
    sample.add(node("/srv", 0, "dir", 0755));
    sample.add(node("/srv/not\xef\xbf\xbdutf8"));
    sample.add(node("/srv/secret", 10, "file", 0));
    sample.add(node("/srv/closed", 0, "dir", 0));
    sample.add(node("/srv/closed/in", 10));
    sample.add(node("/srv/closed/deep", 0, "dir", 0755));
    sample.add(node("/srv/closed/deep/in", 10));
    sample.add(node("/srv/closed-not", 10));
    sample.add(node("/srv/link", 0, "symlink", 0777));
    sample.add(node("/srv/pipe", 0, "fifo"));
    const auto choice = sample.choose(100, 1000);
    EXPECT_EQ(pathsOf(choice), (std::set<std::string>{"/srv/closed-not", "/srv/link", "/srv/pipe"}));
    EXPECT_FALSE(choice.all);
    EXPECT_EQ(sample.files(), 10U);
    EXPECT_EQ(sample.usable(), 3U);
}

TEST(VerifySample, IsCutWhereArgumentsEnd) {
    std::vector<ListedFile> many(2500);
    for (auto& file : many)
        file.path = "/a";
    EXPECT_EQ(batchesOf(many).size(), 3U);
    for (auto& file : many)
        file.path = "/" + std::string(4000, 'x');
    std::size_t sum = 0;
    for (const auto& batch : batchesOf(many)) {
        EXPECT_LE(batch.size() * 4001, 512U * 1024);
        sum += batch.size();
    }
    EXPECT_EQ(sum, 2500U);
    EXPECT_TRUE(batchesOf({}).empty());
}

class VerifyCompare : public testing::Test {
protected:
    void SetUp() override {
        for (const auto* name : {"one", "two", "new\nline", "a*b"})
            writeFile(source_ / name, std::string("content of ") + name);
        fs::create_symlink("one", source_ / "link");
        ASSERT_EQ(::mkfifo((source_ / "pipe").c_str(), 0600), 0);
        fs::create_directories(at(""));
        ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
        for (const auto* name : {"one", "two", "new\nline", "a*b", "link", "pipe"}) {
            if (!fs::exists(fs::symlink_status(at(name))))
                fs::copy(source_ / name, at(name), fs::copy_options::copy_symlinks);
            wanted_.push_back(listed(name));
        }
    }
    /// Where the source stands below the place.
    fs::path at(const std::string& name) const { return place_.string() + (source_ / name).string(); }
    ListedFile listed(const std::string& name) const {
        struct stat found {};
        const auto path = source_ / name;
        EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
        ListedFile file;
        file.path = path.string();
        file.type = S_ISLNK(found.st_mode)    ? ListedFile::Type::link
                    : S_ISFIFO(found.st_mode) ? ListedFile::Type::pipe
                                              : ListedFile::Type::file;
        if (file.type == ListedFile::Type::file)
            file.size = static_cast<std::uint64_t>(found.st_size);
        file.modified =
            core::fromMicros(std::int64_t{found.st_mtim.tv_sec} * 1'000'000 + found.st_mtim.tv_nsec / 1000);
        return file;
    }
    Compared compare(bool here = true) { return compareRestored(place_, wanted_, here, giveUp_); }
    void writeKeepingTime(const std::string& name, const std::string& content) {
        struct stat before {};
        const auto path = source_ / name;
        ASSERT_EQ(::stat(path.c_str(), &before), 0);
        writeFile(path, content);
        const timespec times[2] = {before.st_atim, before.st_mtim};
        ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    }
    std::string only(const Compared& found) {
        EXPECT_EQ(found.problemCount, 1U);
        return found.problems.size() == 1 ? found.problems[0].path + ": " + found.problems[0].message : "";
    }

    core::testkit::TempDir dir_;
    const fs::path source_ = dir_.path() / "source";
    const fs::path place_ = dir_.path() / "place";
    std::vector<ListedFile> wanted_;
    std::atomic<bool> giveUp_{false};
};

TEST_F(VerifyCompare, WhatCameBackIsTheSourcesOwn) {
    const auto found = compare();
    EXPECT_EQ(found.problemCount, 0U) << found.problems.front().message;
    EXPECT_EQ(found.files, 6U);
    EXPECT_EQ(found.withSource, 6U);
    EXPECT_EQ(found.bytes, fs::file_size(source_ / "one") + fs::file_size(source_ / "two") +
                               fs::file_size(source_ / "new\nline") + fs::file_size(source_ / "a*b"));
    const auto elsewhere = compare(false);
    EXPECT_EQ(elsewhere.files, 6U);
    EXPECT_EQ(elsewhere.withSource, 0U);
    EXPECT_EQ(elsewhere.notCompared, 6U) << "another machine's";
}

TEST_F(VerifyCompare, WhatIsMissingCutOrTooMuchIsAProblem) {
    fs::remove(at("two"));
    EXPECT_EQ(only(compare()), (source_ / "two").string() + ": was not restored");
    fs::copy(source_ / "two", at("two"));
    fs::resize_file(at("one"), 3);
    EXPECT_NE(only(compare()).find("has 3 bytes; the snapshot says 14"), std::string::npos);
    EXPECT_EQ(compare().files, 5U);
    fs::remove(at("one"));
    fs::create_symlink("two", at("one"));
    EXPECT_NE(only(compare()).find("is no file any more"), std::string::npos);
    fs::remove(at("one"));
    fs::copy(source_ / "one", at("one"));
    writeFile(at("more"), "nobody asked for it");
    EXPECT_NE(only(compare()).find("is not in the snapshot's listing"), std::string::npos);
    fs::remove(at("more"));
    writeFile(at("not\xffutf8"), "its name cannot be told");
    EXPECT_EQ(compare().problemCount, 0U);
    fs::remove_all(place_);
    EXPECT_EQ(compare().problemCount, 6U);
}

TEST_F(VerifyCompare, ASourceThatWasWrittenSinceIsNoFault) {
    writeFile(source_ / "one", "longer than it was before");
    fs::last_write_time(source_ / "two", fs::file_time_type::clock::now() - std::chrono::hours(1));
    fs::remove(source_ / "a*b");
    const auto found = compare();
    EXPECT_EQ(found.problemCount, 0U);
    EXPECT_EQ(found.changedSince, 3U);
    EXPECT_EQ(found.withSource, 3U);
    EXPECT_EQ(found.differing, 0U);
}

TEST_F(VerifyCompare, OtherBytesOfTheSameTimeAreTold) {
    writeKeepingTime("one", "CONTENT OF one");
    const auto found = compare();
    EXPECT_EQ(found.problemCount, 0U) << "it came back as the snapshot says";
    EXPECT_EQ(found.differing, 1U);
    EXPECT_EQ(found.differingNames, std::vector<std::string>{(source_ / "one").string()});
    EXPECT_EQ(found.withSource, 5U);
}

TEST_F(VerifyCompare, CountsMoreThanItNames) {
    wanted_.clear();
    for (int i = 0; i < 250; ++i)
        wanted_.push_back({"/none/" + std::to_string(i), ListedFile::Type::file, 1, {}});
    fs::remove_all(place_);
    auto found = compare();
    EXPECT_EQ(found.problemCount, 250U);
    EXPECT_EQ(found.problems.size(), 100U);
    const auto once = found;
    found.add(once);
    EXPECT_EQ(found.problemCount, 500U);
    EXPECT_EQ(found.problems.size(), 100U);
}

TEST(TreeRemoval, FollowsNothingAndOpensWhatIsClosed) {
    const core::testkit::TempDir dir;
    const auto outside = dir.path() / "outside";
    writeFile(outside / "kept", "of others");
    const auto tree = dir.path() / "tree";
    writeFile(tree / "closed/deep/file", "x");
    fs::create_directory_symlink(outside, tree / "way");
    fs::create_symlink(outside / "kept", tree / "closed/link");
    ASSERT_EQ(::mkfifo((tree / "pipe").c_str(), 0600), 0);
    ASSERT_EQ(::chmod((tree / "closed/deep").c_str(), 0), 0);
    ASSERT_EQ(::chmod((tree / "closed").c_str(), 0500), 0);
    EXPECT_TRUE(removeTree(tree));
    EXPECT_FALSE(fs::exists(tree));
    EXPECT_EQ(readFile(outside / "kept"), "of others");
    EXPECT_TRUE(removeTree(tree)) << "nothing is there";
    fs::create_directory_symlink(outside, tree);
    EXPECT_TRUE(removeTree(tree)) << "a link goes, not what it leads to";
    EXPECT_EQ(readFile(outside / "kept"), "of others");
}

TEST(ScratchFolder, WhatADeadProcessLeftIsRemovedAndNothingElse) {
    const core::testkit::TempDir dir;
    const auto folder = dir.path() / "restore-tests";
    Staging scratch(folder, 0, restoreTestNames());
    writeFile(folder / "dead/0/etc/file", "left behind");
    writeFile(folder / "dead.owner", "999999999.1.1");
    writeFile(dir.path() / "beside", "of others");
    const auto mine = scratch.take("mine", "a task that goes on");
    ASSERT_TRUE(mine);
    scratch.removeLeftBehind({"a task that goes on"});
    EXPECT_FALSE(fs::exists(folder / "dead"));
    EXPECT_FALSE(fs::exists(folder / "dead.owner"));
    EXPECT_TRUE(fs::exists(mine->folder()));
    EXPECT_TRUE(fs::exists(dir.path() / "beside"));
    struct stat found {};
    ASSERT_EQ(::stat(mine->folder().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0700U);
    EXPECT_FALSE(scratch.take("mine", "another")) << "one task a folder";
    const auto lacks = scratch.lacksRoomFor(1ULL << 60U);
    ASSERT_TRUE(lacks);
    EXPECT_NE(lacks->hint.find("restore_test.scratch_dir"), std::string::npos) << lacks->hint;
    EXPECT_NE(lacks->message.find("the restore test may need"), std::string::npos) << lacks->message;
}

} // namespace
} // namespace agent
