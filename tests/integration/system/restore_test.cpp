#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <fstream>

#include "integration/system/maintained_fixture.h"

/// What was saved comes back, with each restic: byte for byte, where it was asked for and nowhere else.
namespace test {
namespace {
namespace fs = std::filesystem;

/// All that is below a folder, each with what it is: type, mode, owner, times, content, attributes, and with
/// which other name it is one file.
std::map<std::string, std::string> tree(const fs::path& root) {
    std::map<std::string, std::string> all;
    std::map<ino_t, std::string> firstName;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
        struct stat found {};
        EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
        const auto name = path.lexically_relative(root).string();
        auto& said = all[name];
        said = std::to_string(found.st_mode) + " " + std::to_string(found.st_uid) + ":" +
               std::to_string(found.st_gid) + " " + std::to_string(found.st_mtim.tv_sec) + "." +
               std::to_string(found.st_mtim.tv_nsec);
        if (S_ISLNK(found.st_mode))
            said += " -> " + fs::read_symlink(path).string();
        if (S_ISREG(found.st_mode)) {
            said += " = " + std::to_string(std::hash<std::string>()(readFile(path))) + "/" +
                    std::to_string(found.st_size);
            said += " as " + firstName.emplace(found.st_ino, name).first->second;
        }
        std::string names(4096, '\0');
        const auto size = ::llistxattr(path.c_str(), names.data(), names.size());
        for (std::size_t at = 0; at < static_cast<std::size_t>(std::max<ssize_t>(size, 0));) {
            const std::string attribute(names.c_str() + at);
            std::string value(256, '\0');
            const auto length = ::lgetxattr(path.c_str(), attribute.c_str(), value.data(), value.size());
            said += " " + attribute + "=" +
                    value.substr(0, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
            at += attribute.size() + 1;
        }
    }
    return all;
}
/// The files below a folder.
std::set<std::string> filesIn(const fs::path& root) {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (!entry.is_directory() || entry.is_symlink())
            all.insert(entry.path().lexically_relative(root).string());
    return all;
}

class Restores : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override {
        agentEnvironment_["RESTIC_AGENT_LOCAL_POLICY"] = (dir_ / "local-policy.yaml").string();
        ASSERT_NO_FATAL_FAILURE(beginWith(GetParam()));
    }

    bool isOld() {
        core::ProcessSpec spec;
        spec.program = restic_;
        spec.arguments = {"version"};
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
        spec.standardOutput = core::ProcessOutput::capture();
        const auto said = runner_.run(spec).value().output;
        return said.starts_with("restic 0.14") || said.starts_with("restic 0.15") ||
               said.starts_with("restic 0.16");
    }
    /// Saves the source; the snapshot's id here.
    std::string save() {
        const auto id = backupNow();
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        return get("/api/v1/restic/snapshots?limit=1").find("items")->array()->front().stringOr("id");
    }
    std::string begun(const std::string& snapshot, const Object& body) {
        return post("/api/v1/restic/snapshots/" + snapshot + "/restore", body, 202).stringOr("id");
    }
    /// The result of one that ends well.
    Value restored(const std::string& snapshot, const Object& body) { return succeed(begun(snapshot, body)); }
    /// The error of one that does not.
    Value refused(const std::string& snapshot, const Object& body) {
        const auto id = begun(snapshot, body);
        EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
        const auto ended = task(id);
        const auto* error = ended.find("error");
        return error != nullptr ? *error : Value();
    }
    /// Where the source stands below a folder to which it was restored.
    fs::path at(const fs::path& target) const { return target.string() + source_.string(); }
    const fs::path back_ = dir_ / "back";
};
INSTANTIATE_TEST_SUITE_P(Restic, Restores, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(Restores, EverythingComesBackAsItWas) {
    writeFile(source_ / "mode.sh", "#!/bin/sh\n");
    ::chmod((source_ / "mode.sh").c_str(), 04750);
    fs::create_directory(source_ / "closed");
    ::chmod((source_ / "closed").c_str(), 0700);
    writeFile(source_ / "owned", "of another");
    ASSERT_EQ(::chown((source_ / "owned").c_str(), 1234, 4321), 0);
    fs::create_symlink("/nowhere at all", source_ / "dangling");
    fs::create_directory_symlink("deep", source_ / "link");
    fs::create_hard_link(source_ / "one.txt", source_ / "also one.txt");
    writeFile(source_ / "not\xffutf8", "bytes");
    writeFile(source_ / "new\nline", "a line");
    writeFile(source_ / "empty", "");
    {
        std::ofstream sparse(source_ / "sparse", std::ios::binary);
        sparse << "begin";
        sparse.seekp(32 << 20);
        sparse << "end";
    }
    for (int i = 0; i < 2000; ++i)
        writeFile(source_ / ("many/" + std::to_string(i % 40)) / std::to_string(i), std::to_string(i));
    ASSERT_EQ(::lsetxattr((source_ / "one.txt").c_str(), "user.colour", "blue", 4, 0), 0)
        << std::strerror(errno);
    const timespec times[2] = {{1'000'000'000, 0}, {1'111'111'111, 123'456'789}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (source_ / "deep/two.txt").c_str(), times, 0), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, (source_ / "dangling").c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
    const auto before = tree(source_);
    const auto snapshot = save();

    const auto result = restored(snapshot, {{"target", back_.string()}, {"verify", true}});
    EXPECT_EQ(tree(at(back_)), before);
    struct stat made {};
    ASSERT_EQ(::stat(back_.c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 07777U, 0700U) << "what was closed is nobody's to read meanwhile";
    EXPECT_GE(result.integerOr("files"), 2000);
    EXPECT_GT(result.integerOr("bytes"), 32 << 20);
    EXPECT_TRUE(result.booleanOr("verified"));
    EXPECT_EQ(result.stringOr("target"), back_.string());
    EXPECT_EQ(result.integerOr("problem_count", -1), 0);
    const auto audit = get("/api/v1/audit?limit=5");
    const auto& entry = audit.find("items")->array()->front();
    EXPECT_EQ(entry.stringOr("action"), "restic.snapshot.restored") << core::json::write(audit);
    EXPECT_EQ(entry.find("after")->stringOr("to"), back_.string());
    if (!isOld()) {
        ASSERT_EQ(::stat((at(back_) / "sparse").c_str(), &made), 0);
        EXPECT_LT(made.st_blocks * 512, 1 << 20) << "a hole stays one";
    }
}

TEST_P(Restores, WhatIsChosenIsTakenLiterallyAndNothingElseComes) {
    const std::vector<std::string> odd{"a*b",  "q?.txt", "[ab].txt", "back\\slash", "new\nline", "-dash",
                                       " led", "trail ", "$HOME",    "**",          "{a,b}",     "x,y"};
    for (const auto& name : odd)
        writeFile(source_ / name, "of " + name);
    for (const auto* name : {"axb", "qq.txt", "a.txt", "b.txt", "backslash", "new", "line", "a", "b", "x"})
        writeFile(source_ / name, "not wanted");
    writeFile(source_ / "folder[1]/inside", "of the folder");
    writeFile(source_ / "folder1/inside", "not wanted");
    const auto snapshot = save();
    Array paths;
    std::set<std::string> wanted;
    for (const auto& name : odd) {
        paths.push_back((source_ / name).string());
        wanted.insert(name);
    }
    paths.push_back((source_ / "folder[1]").string());
    wanted.insert("folder[1]/inside");
    restored(snapshot, {{"target", back_.string()}, {"paths", paths}});
    EXPECT_EQ(filesIn(at(back_)), wanted);
    EXPECT_EQ(readFile(at(back_) / "a*b"), "of a*b");

    const auto nothing = refused(snapshot, {{"target", (dir_ / "none").string()},
                                            {"paths", Array{"/nowhere", "/" + std::string(40, '*')}}});
    EXPECT_EQ(nothing.stringOr("error"), "NothingToRestore");
    const auto half = begun(snapshot, {{"target", (dir_ / "half").string()},
                                       {"paths", Array{(source_ / "one.txt").string(), "/nowhere"}}});
    EXPECT_EQ(outcome(half), "warning");
    EXPECT_NE(core::json::write(task(half)).find("NotInSnapshot"), std::string::npos);
    EXPECT_EQ(filesIn(at(dir_ / "half")), std::set<std::string>{"one.txt"});
}

TEST_P(Restores, FilesThatAreThereAreOverwrittenAsIsAsked) {
    writeFile(source_ / "newer", "saved");
    const auto snapshot = save();
    const auto lay = [&] {
        fs::remove_all(back_);
        writeFile(at(back_) / "one.txt", "edited");
        fs::last_write_time(at(back_) / "one.txt", fs::file_time_type::clock::now() - std::chrono::hours(48));
        writeFile(at(back_) / "newer", "later");
        fs::last_write_time(at(back_) / "newer", fs::file_time_type::clock::now() + std::chrono::hours(48));
        writeFile(at(back_) / "own", "of nobody's snapshot");
    };
    const auto with = [&](const char* mode) {
        return Object{{"target", back_.string()}, {"overwrite", mode}};
    };
    lay();
    restored(snapshot, with("always"));
    EXPECT_EQ(readFile(at(back_) / "one.txt"), "one");
    EXPECT_EQ(readFile(at(back_) / "newer"), "saved");
    EXPECT_EQ(readFile(at(back_) / "deep/two.txt"), "two two");
    EXPECT_EQ(readFile(at(back_) / "own"), "of nobody's snapshot");
    lay();
    if (isOld()) {
        for (const auto* mode : {"if-changed", "if-newer", "never"}) {
            const auto error = refused(snapshot, with(mode));
            EXPECT_EQ(error.stringOr("error"), "ResticTooOld");
            EXPECT_NE(error.stringOr("message").find("0.17"), std::string::npos);
        }
        auto dry = with("always");
        dry.set("dry_run", true);
        EXPECT_EQ(refused(snapshot, dry).stringOr("error"), "ResticTooOld");
        EXPECT_EQ(readFile(at(back_) / "one.txt"), "edited");
        return;
    }
    auto dry = with("always");
    dry.set("dry_run", true);
    EXPECT_TRUE(restored(snapshot, dry).booleanOr("dry_run"));
    EXPECT_EQ(filesIn(back_).size(), 3U);
    EXPECT_EQ(readFile(at(back_) / "one.txt"), "edited");
    EXPECT_EQ(restored(snapshot, with("never")).integerOr("files_skipped"), 2);
    EXPECT_EQ(readFile(at(back_) / "one.txt"), "edited");
    EXPECT_EQ(readFile(at(back_) / "newer"), "later");
    EXPECT_EQ(readFile(at(back_) / "deep/two.txt"), "two two") << "what was not there comes";
    lay();
    restored(snapshot, with("if-newer"));
    EXPECT_EQ(readFile(at(back_) / "one.txt"), "one");
    EXPECT_EQ(readFile(at(back_) / "newer"), "later");
    lay();
    restored(snapshot, with("if-changed"));
    EXPECT_EQ(readFile(at(back_) / "one.txt"), "one");
    EXPECT_EQ(readFile(at(back_) / "newer"), "saved");
}

TEST_P(Restores, TwiceIntoOneFolderIsTheSameAsOnce) {
    fs::create_symlink("/nowhere", source_ / "dangling");
    fs::create_directory_symlink("deep", source_ / "link");
    const auto before = tree(source_);
    const auto snapshot = save();
    restored(snapshot, {{"target", back_.string()}});
    restored(snapshot, {{"target", back_.string()}});
    EXPECT_EQ(tree(at(back_)), before);
}

TEST_P(Restores, NoLinkInTheWayLeadsOut) {
    fs::create_hard_link(source_ / "one.txt", source_ / "also one.txt");
    const auto snapshot = save();
    const auto outside = dir_ / "outside";
    const auto lay = [&] {
        fs::remove_all(back_);
        fs::remove_all(outside);
        writeFile(outside / "one.txt", "not to be touched");
        fs::create_directories(at(back_));
    };
    const auto untouched = [&] {
        EXPECT_EQ(filesIn(outside), std::set<std::string>{"one.txt"});
        EXPECT_EQ(readFile(outside / "one.txt"), "not to be touched");
    };
    const Object all{{"target", back_.string()}};
    const auto name = [](const fs::path& link) { return link.string() + " is a link to "; };
    // A folder, a file and a second name of a file that lead out, of all that is restored.
    const auto deep = at(back_) / "deep";
    const auto file = at(back_) / "one.txt";
    for (const auto& [link, lays] : std::vector<std::pair<fs::path, std::function<void()>>>{
             {deep, [&] { fs::create_directory_symlink(outside, deep); }},
             {file, [&] { fs::create_symlink(outside / "one.txt", file); }},
             {file, [&] { fs::create_hard_link(outside / "one.txt", file); }}}) {
        lay();
        lays();
        if (isOld()) {
            const auto error = refused(snapshot, all);
            EXPECT_EQ(error.stringOr("error"), "LinkInTheWay");
            EXPECT_NE(error.stringOr("message").find(link.string()), std::string::npos)
                << error.stringOr("message");
        } else {
            restored(snapshot, all);
            EXPECT_EQ(tree(at(back_)), tree(source_)) << "the link itself was replaced";
        }
        untouched();
    }
    // Above what is chosen every restic would follow it.
    lay();
    fs::create_directory_symlink(outside, deep);
    auto error = refused(snapshot,
                         {{"target", back_.string()}, {"paths", Array{(source_ / "deep/two.txt").string()}}});
    EXPECT_EQ(error.stringOr("error"), "LinkInTheWay");
    EXPECT_NE(error.stringOr("message").find(name(deep)), std::string::npos) << error.stringOr("message");
    untouched();
    // The target's own name may be a link: it is where it leads that counts.
    lay();
    fs::remove_all(back_);
    fs::create_directories(dir_ / "elsewhere");
    fs::create_directory_symlink(dir_ / "elsewhere", back_);
    restored(snapshot, all);
    EXPECT_TRUE(fs::is_symlink(back_));
    EXPECT_EQ(tree(at(dir_ / "elsewhere")), tree(source_));
}

TEST_P(Restores, ACancelledOneLeavesNoLockAndTheNextIsWhole) {
    makeLargeSource(20'000'000);
    const auto snapshot = save();
    const auto id = begun(snapshot, {{"target", back_.string()}, {"limit_download_kib", 2000}});
    ASSERT_TRUE(awaitStatus(id, "running"));
    ASSERT_TRUE(await([&] { return fs::exists(at(back_)); }));
    const auto cancelled = api().send("DELETE", "/api/v1/restic/tasks/" + id, "Bearer " + admin_);
    EXPECT_LT(cancelled.status, 300) << cancelled.body;
    EXPECT_EQ(outcome(id), "cancelled") << core::json::write(task(id));
    EXPECT_TRUE(fs::is_empty(repository_ / "locks"));
    restored(snapshot, {{"target", back_.string()}, {"verify", true}});
    EXPECT_EQ(tree(at(back_)), tree(source_));
}

TEST_P(Restores, GoesOnWhereTheAgentWasKilled) {
    makeLargeSource(4'000'000);
    const auto snapshot = save();
    const auto id =
        begun(snapshot, {{"target", back_.string()}, {"limit_download_kib", 500}, {"verify", true}});
    ASSERT_TRUE(awaitStatus(id, "running"));
    ASSERT_TRUE(await([&] { return fs::exists(at(back_)); }));
    killAgentOnly();
    startAgent();
    EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
    EXPECT_EQ(tree(at(back_)), tree(source_));
}

TEST_P(Restores, WithoutAPackItIsNeverASuccess) {
    exempt(Proof::snapshots, "a pack is taken away from the repository");
    exempt(Proof::green, "a pack is taken away from the repository");
    makeLargeSource(2'000'000);
    const auto snapshot = save();
    fs::path largest;
    for (const auto& entry : fs::recursive_directory_iterator(repository_ / "data"))
        if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
            largest = entry.path();
    ASSERT_TRUE(fs::remove(largest));
    const auto id = begun(snapshot, {{"target", back_.string()}});
    EXPECT_EQ(outcome(id, 300s), "failed") << core::json::write(task(id));
    const auto ended = task(id);
    EXPECT_GT(ended.find("result")->integerOr("problem_count"), 0) << core::json::write(ended);
    EXPECT_NE(core::json::write(*ended.find("result")->find("problems")).find("large.bin"),
              std::string::npos);
}

TEST_P(Restores, TheMachineSaysWhereto) {
    const auto snapshot = save();
    const auto forbidden = [&](const Object& body) {
        return refused(snapshot, body).stringOr("error") == "ForbiddenOnMachine";
    };
    const Object inPlace{{"in_place", true}};
    for (const auto* target : {"/", "/etc", "/etc/back", "/usr/lib/back", "/proc/1", "/bin"})
        EXPECT_TRUE(forbidden({{"target", target}})) << target;
    EXPECT_TRUE(forbidden(inPlace));
    fs::create_directory_symlink("/etc", dir_ / "way");
    EXPECT_TRUE(forbidden({{"target", (dir_ / "way").string()}})) << "a link leads there";
    EXPECT_EQ(refused(snapshot, {{"target", (dir_ / "no/such").string()}}).stringOr("error"), "InvalidTask");
    EXPECT_EQ(refused(snapshot, {{"target", (repository_ / "data").string()}}).stringOr("error"),
              "InvalidTask");
    EXPECT_EQ(refused(snapshot, {{"target", (dir_ / "state/x").string()}}).stringOr("error"), "InvalidTask");

    writeFile(dir_ / "local-policy.yaml", "restore_paths: [" + source_.string() + "]\n");
    ASSERT_NO_FATAL_FAILURE(killAgentOnly());
    startAgent();
    EXPECT_TRUE(forbidden({{"target", back_.string()}})) << "what is listed is all that is allowed";
    const auto before = tree(source_);
    fs::remove(source_ / "deep/two.txt");
    fs::remove_all(source_ / "deep");
    writeFile(source_ / "later", "not of the snapshot");
    restored(snapshot, inPlace);
    EXPECT_EQ(readFile(source_ / "later"), "not of the snapshot");
    fs::remove(source_ / "later");
    auto now = tree(source_);
    EXPECT_EQ(now, before);
    EXPECT_TRUE(forbidden({{"in_place", true}, {"paths", Array{(dir_ / "agent.yaml").string()}}}));
}

/// The agent runs as nobody from the restore on.
class RestoresOfAPlainUser : public Restores {
protected:
    static constexpr int kNobody = 65534;
    static void give(const fs::path& root) {
        ASSERT_EQ(::lchown(root.c_str(), kNobody, kNobody), 0) << root;
        for (const auto& entry : fs::recursive_directory_iterator(root))
            ASSERT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0) << entry.path();
    }
    void becomeNobody() {
        killAgentOnly();
        fs::permissions(dir_.path(), fs::perms(0711));
        give(dir_ / "state");
        give(repository_);
        ASSERT_EQ(::chown((dir_ / "agent.yaml").c_str(), kNobody, kNobody), 0);
        fs::remove(dir_ / "agent.log");
        fs::create_directory(dir_ / "open");
        give(dir_ / "open");
        agentWrapper_ = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                         "--bounding-set=-all"};
        startAgent();
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, RestoresOfAPlainUser, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(RestoresOfAPlainUser, BringContentBackAndSayWhatTheyCannot) {
    ASSERT_EQ(::chown((source_ / "one.txt").c_str(), 1234, 4321), 0);
    const auto snapshot = save();
    ASSERT_NO_FATAL_FAILURE(becomeNobody());
    const auto target = dir_ / "open/back";
    const auto result = restored(snapshot, {{"target", target.string()}});
    EXPECT_EQ(filesIn(at(target)), filesIn(source_));
    EXPECT_EQ(readFile(at(target) / "one.txt"), "one");
    EXPECT_NE(core::json::write(result).find("OwnersNotRestored"), std::string::npos)
        << core::json::write(result);
    EXPECT_EQ(refused(snapshot, {{"target", (dir_ / "closed").string()}}).stringOr("error"),
              "PermissionDenied");
    // One file in the way that is root's.
    const auto file = at(target) / "deep/two.txt";
    writeFile(file, "root's own");
    ASSERT_EQ(::chown(file.c_str(), 0, 0), 0);
    ::chmod(file.c_str(), 0600);
    ASSERT_EQ(::chown((at(target) / "deep").c_str(), 0, 0), 0);
    ::chmod((at(target) / "deep").c_str(), 0755);
    const auto id = begun(snapshot, {{"target", target.string()}});
    EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
    const auto ended = task(id);
    EXPECT_EQ(ended.find("error")->stringOr("error"), "PermissionDenied") << core::json::write(ended);
    EXPECT_NE(core::json::write(*ended.find("result")->find("problems")).find("two.txt"), std::string::npos)
        << core::json::write(ended);
    EXPECT_EQ(readFile(file), "root's own");
}

/// The place to restore to is a disk of its own, in memory, that only this process and what it starts see.
class RestoresOntoASmallDisk : public Restores {
protected:
    void SetUp() override {
        fs::create_directories(small_);
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno) << ": this test needs root";
        ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
        ASSERT_EQ(::mount("none", small_.c_str(), "tmpfs", 0, "size=2m"), 0) << std::strerror(errno);
        Restores::SetUp();
    }
    void TearDown() override {
        Restores::TearDown();
        ::umount2(small_.c_str(), MNT_DETACH);
    }
    const fs::path small_ = dir_ / "small";
};
INSTANTIATE_TEST_SUITE_P(Restic, RestoresOntoASmallDisk, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(RestoresOntoASmallDisk, SayThatItIsFullAndGoOnWhenItIsLarger) {
    makeLargeSource(4'000'000);
    const auto snapshot = save();
    const auto target = small_ / "back";
    const auto id = begun(snapshot, {{"target", target.string()}});
    EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
    const auto ended = task(id);
    EXPECT_EQ(ended.find("error")->stringOr("error"), "OutOfDiskSpace") << core::json::write(ended);
    EXPECT_NE(core::json::write(*ended.find("result")->find("problems")).find("large.bin"), std::string::npos)
        << core::json::write(ended);
    ASSERT_EQ(::mount("none", small_.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0) << std::strerror(errno);
    restored(snapshot, {{"target", target.string()}});
    EXPECT_EQ(tree(at(target)), tree(source_));
}

} // namespace
} // namespace test
