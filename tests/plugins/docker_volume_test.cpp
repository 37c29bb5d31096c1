#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>

#include "plugins/docker_engine.h"
#include "support/plugin_driver.h"

namespace {
namespace fs = std::filesystem;
using core::json::Array;
using core::json::Object;
using test::DockerEngine;
using test::PluginDriver;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DockerVolumes : public testing::Test {
protected:
    DockerEngine& engine = DockerEngine::shared();
    PluginDriver driver{"docker"};
    core::testkit::TempDir folder;

    void SetUp() override { engine.removeAll(); }
    void TearDown() override { EXPECT_THAT(notes(), IsEmpty()); }
    fs::path file() { return folder.path() / "dump"; }
    /// Notes of what is to be put right, in the plugin's folder.
    std::vector<fs::path> notes() {
        std::vector<fs::path> out;
        for (const auto& entry : fs::recursive_directory_iterator(driver.state()))
            if (entry.path().extension() == ".note")
                out.push_back(entry.path());
        return out;
    }
    agent::StepEnd dump(const std::string& item, const Object& settings) {
        return driver.dump(settings, {{"name", item}}, file());
    }
    agent::StepEnd restore(const std::string& item, const std::string& as, bool replace = false) {
        return driver.read("restore", engine.settings(), {{"name", item}},
                           {{"database", as}, {"replace", replace}}, file());
    }
    static std::vector<std::string> warnings(const agent::StepEnd& end) {
        std::vector<std::string> out;
        for (const auto& warning : *end.answer.find("warnings")->array())
            out.push_back(*warning.string());
        return out;
    }
    static std::string textOf(const core::json::Object& answer, const std::string& item) {
        for (const auto& problem : *answer.find("problems")->array())
            if (problem.stringOr("item") == item)
                return problem.stringOr("message");
        return {};
    }
    static std::vector<std::string> itemNames(const agent::StepEnd& probe) {
        std::vector<std::string> out;
        for (const auto& item : *probe.answer.find("items")->array())
            out.push_back(item.stringOr("name"));
        return out;
    }

    static void fill(const fs::path& where) {
        fs::create_directories(where / "empty folder");
        fs::create_directories(where / "deep/er");
        test::writeText(where / "two\nlines", "newline");
        test::writeText(where / "Grüße 日本", "words");
        test::writeText(where / "\xff\xfe", "no UTF-8");
        test::writeText(where / "-rf", "looks like an option");
        test::writeText(where / "zero", "");
        test::writeText(where / std::string(200, 'n'), std::string(100000, 'x'));
        test::writeText(where / "deep/er/file", "deep");
        fs::create_hard_link(where / "deep/er/file", where / "linked");
        fs::create_symlink("deep/er/file", where / "relative");
        fs::create_symlink("/etc/passwd", where / "absolute");
        fs::create_symlink("../../../outside", where / "deep/up");
        std::ofstream(where / "sparse").seekp(50 << 20) << "end";
        ::chmod((where / "zero").c_str(), 04751);
        ::chown((where / "Grüße 日本").c_str(), 12345, 54321);
        ::lchown((where / "relative").c_str(), 77, 78);
        ::chmod((where / "empty folder").c_str(), 01770);
        ::chmod(where.c_str(), 0711);
        ::chown(where.c_str(), 999, 998);
        ::mkfifo((where / "pipe").c_str(), 0600);
        ::setxattr((where / "zero").c_str(), "user.note", "v\0w", 3, 0);
        const timespec times[2]{{1000000000, 123456789}, {1234567890, 987654321}};
        ::utimensat(AT_FDCWD, (where / "linked").c_str(), times, 0);
    }

    /// All that can be told of the files below a folder.
    static std::string describe(const fs::path& where) {
        std::map<std::string, std::string> lines;
        std::map<ino_t, std::string> links;
        const auto add = [&](const fs::path& path) {
            struct stat status {};
            ::lstat(path.c_str(), &status);
            std::ostringstream line;
            line << std::oct << status.st_mode << std::dec << " " << status.st_uid << ":" << status.st_gid
                 << " " << status.st_nlink;
            if (!S_ISDIR(status.st_mode))
                line << " " << status.st_size << " " << status.st_mtim.tv_sec << "."
                     << status.st_mtim.tv_nsec;
            if (S_ISLNK(status.st_mode))
                line << " -> " << fs::read_symlink(path).string();
            if (S_ISREG(status.st_mode)) {
                line << " " << std::hash<std::string>()(test::readText(path));
                char value[100];
                const auto size = ::getxattr(path.c_str(), "user.note", value, sizeof value);
                line << " xattr " << size
                     << (size > 0 ? std::string(value, static_cast<std::size_t>(size)) : "");
                line << (status.st_blocks * 512 < status.st_size / 2 ? " sparse" : "");
            }
            lines[path == where ? "." : path.lexically_relative(where).string()] = line.str();
        };
        add(where);
        for (const auto& entry : fs::recursive_directory_iterator(where))
            add(entry.path());
        std::string out;
        for (const auto& [name, line] : lines)
            out += name + " " + line + "\n";
        return out;
    }
};

TEST_F(DockerVolumes, AwkwardFilesComeBackAsTheyWere) {
    engine.start("app", {"--volume=files:/data", "--label=restic-monitor.volumes=pause"});
    fill(engine.mountpoint("files"));
    const auto before = describe(engine.mountpoint("files"));
    EXPECT_THAT(before, AllOf(HasSubstr("sparse"), HasSubstr("xattr 3"), HasSubstr("12345:54321")));
    const auto started = engine.startedAt("app");

    const auto probe = driver.run("probe", engine.settings());
    ASSERT_TRUE(probe.ok) << probe.message;
    EXPECT_THAT(itemNames(probe), ElementsAre("volume files"));
    EXPECT_EQ(probe.answer.find("items")->array()->front().stringOr("extension"), "tar");
    EXPECT_EQ(probe.answer.find("server")->stringOr("product"), "Docker");
    EXPECT_THAT(*probe.answer.find("problems")->array(), IsEmpty());

    const auto end = dump("volume files", engine.settings());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(warnings(end), IsEmpty());
    EXPECT_EQ(engine.state("app"), "running");
    EXPECT_EQ(engine.startedAt("app"), started);
    EXPECT_THAT(driver.log(), Contains(HasSubstr("app is paused")));
    EXPECT_LT(fs::file_size(file()), 5U << 20U); // holes are no bytes

    const auto back = restore("volume files", "volume copy");
    ASSERT_TRUE(back.ok) << back.message;
    EXPECT_EQ(describe(engine.mountpoint("copy")), before);
    EXPECT_EQ(engine.volumes(), "copy\nfiles");
    const auto first = test::readText(file());
    ASSERT_TRUE(dump("volume files", engine.settings()).ok);
    EXPECT_TRUE(test::readText(file()) == first) << "the same files make the same dump";
}

TEST_F(DockerVolumes, AStoppedContainerIsStartedAgain) {
    engine.start("app", {"--volume=files:/data", "--label=restic-monitor.volumes=stop"});
    engine.start("other", {"--volume=files:/data"}); // without a label: the strongest of the others
    engine.start("reader", {"--volume=files:/data:ro"});
    engine.start("ended", {"--volume=files:/data", "--label=restic-monitor.volumes=stop"});
    engine.docker({"stop", "--time=1", "ended"});
    engine.start("resting", {"--volume=files:/data", "--label=restic-monitor.volumes=pause"});
    engine.docker({"pause", "resting"});
    const auto app = engine.startedAt("app");
    const auto other = engine.startedAt("other");
    const auto reader = engine.startedAt("reader");
    const auto end = dump("volume files", engine.settings());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.state("app"), "running");
    EXPECT_EQ(engine.state("other"), "running");
    EXPECT_NE(engine.startedAt("app"), app);
    EXPECT_NE(engine.startedAt("other"), other);
    EXPECT_EQ(engine.startedAt("reader"), reader);
    EXPECT_EQ(engine.state("ended"), "exited");
    EXPECT_EQ(engine.state("resting"), "paused");
}

TEST_F(DockerVolumes, WithoutALabelAVolumeIsReadOnlyWhereThatIsAllowed) {
    engine.start("app", {"--volume=files:/data"});
    engine.in("app", "echo x >/data/x");
    const auto settings = engine.settings({{"volumes", Array{"files", "nothing"}}});
    auto probe = driver.run("probe", settings);
    EXPECT_THAT(itemNames(probe), ElementsAre("volume files", "volume nothing"));
    EXPECT_THAT(textOf(probe.answer, "volume files"),
                AllOf(HasSubstr("container app writes"), HasSubstr("restic-monitor.volumes")));
    EXPECT_THAT(textOf(probe.answer, "volume nothing"), HasSubstr("no volume nothing"));
    EXPECT_FALSE(dump("volume files", settings).ok);

    const auto live = engine.settings({{"volumes", Array{"files"}}, {"live", true}});
    const auto end = dump("volume files", live);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(warnings(end), ElementsAre(HasSubstr("while the container app ran")));

    engine.docker({"stop", "--time=1", "app"}); // nobody writes
    const auto still = dump("volume files", settings);
    ASSERT_TRUE(still.ok) << still.message;
    EXPECT_THAT(warnings(still), IsEmpty());
}

TEST_F(DockerVolumes, AVolumeWithFilesIsReplacedOnlyOnDemandAndOnlyWhole) {
    engine.start("app", {"--volume=files:/data", "--label=restic-monitor.volumes=live"});
    engine.in("app", "echo old >/data/old");
    ASSERT_TRUE(dump("volume files", engine.settings()).ok);
    engine.in("app", "rm /data/old; echo new >/data/new");

    const auto refused = restore("volume files", "volume files");
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.message, HasSubstr("not empty"));
    EXPECT_EQ(engine.in("app", "ls /data"), "new");

    const auto whole = test::readText(file());
    test::writeText(file(), whole.substr(0, 1536)); // without its end
    const auto cut = restore("volume files", "volume files", true);
    EXPECT_FALSE(cut.ok);
    EXPECT_EQ(engine.in("app", "ls /data"), "new");
    EXPECT_EQ(engine.volumes(), "files");

    test::writeText(file(), whole);
    const auto started = engine.startedAt("app");
    const auto done = restore("volume files", "files", true);
    ASSERT_TRUE(done.ok) << done.message;
    EXPECT_EQ(engine.state("app"), "running");
    EXPECT_NE(engine.startedAt("app"), started);
    EXPECT_EQ(engine.in("app", "ls /data"), "old");
    EXPECT_EQ(engine.volumes(), "files");
}

TEST_F(DockerVolumes, AVolumeThatIsGoneComesBackWithItsLabels) {
    engine.docker({"volume", "create", "--label=project=shop", "files"});
    engine.start("app", {"--volume=files:/data", "--label=restic-monitor.volumes=live"});
    engine.in("app", "echo content >/data/file");
    const auto probe = driver.run("probe", engine.settings());
    ASSERT_TRUE(dump("volume files", engine.settings()).ok);
    engine.removeAll();
    const auto end = driver.read("restore", engine.settings(), PluginDriver::itemOf(probe, "volume files"),
                                 {{"database", "volume files"}, {"replace", false}}, file());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(test::readText(engine.mountpoint("files") / "file"), "content\n");
    EXPECT_EQ(engine.docker({"volume", "inspect", "--format={{.Labels}}", "files"}), "map[project:shop]");
}

TEST_F(DockerVolumes, AHostileArchiveLeavesTheRestOfTheMachineAlone) {
    const auto outside = folder.path() / "outside";
    fs::create_directory(outside);
    test::writeText(outside / "file", "untouched");
    const auto make = [&](const std::string& script) {
        core::SystemProcessRunner runner;
        core::ProcessSpec spec;
        spec.program = "sh";
        spec.arguments = {"-ec", script, outside.string(), file().string()};
        spec.environment = driver.environment;
        fs::remove_all(folder.path() / "w");
        fs::create_directory(folder.path() / "w");
        spec.workingDirectory = folder.path() / "w";
        const auto result = runner.run(spec);
        ASSERT_TRUE(result.value().exit.ok()) << result.value().error;
    };
    // A link out of the folder, then a file through it.
    make("ln -s \"$0\" way; tar -cf \"$1\" way; rm way; mkdir way; echo evil >way/file; tar -rf \"$1\" "
         "way/file");
    (void)restore("volume files", "one");
    EXPECT_EQ(test::readText(outside / "file"), "untouched");
    // Names that lead out of it.
    make("echo evil >x; tar -cPf \"$1\" --transform=\"s,^x$,$0/file,\" x; "
         "tar -rPf \"$1\" --transform='s,^x$,../../../../../../../../../../../tmp/docker-evil,' x");
    (void)restore("volume files", "two");
    EXPECT_EQ(test::readText(outside / "file"), "untouched");
    EXPECT_FALSE(fs::exists("/tmp/docker-evil"));
    // A hard link to a file outside, which is then written to.
    make(
        "echo evil >a; ln a b; tar -cPf \"$1\" --transform=\"flags=h;s,^a$,$0/file,\" a b; tar -rf \"$1\" b");
    (void)restore("volume files", "three");
    EXPECT_EQ(test::readText(outside / "file"), "untouched");
    const auto refused = restore("volume files", "../../evil");
    EXPECT_THAT(refused.message, HasSubstr("cannot be called"));
}

TEST_F(DockerVolumes, FoldersThatContainersHaveAreDumpedToo) {
    const auto data = folder.path() / "data";
    fs::create_directory(data);
    test::writeText(data / "old", "content");
    test::writeText(folder.path() / "single", "file");
    engine.start("app", {"--volume=" + data.string() + ":/data",
                         "--volume=" + (folder.path() / "single").string() + ":/etc/single",
                         "--volume=/dev/null:/dev/other", "--label=restic-monitor.volumes=pause"});
    const auto name = "folder " + data.string();
    const auto probe = driver.run("probe", engine.settings());
    EXPECT_THAT(itemNames(probe), ElementsAre(name));
    EXPECT_THAT(probe.answer.find("problems")->array()->front().stringOr("message"), HasSubstr("single"));
    ASSERT_TRUE(dump(name, engine.settings()).ok);
    fs::remove(data / "old");
    const auto back = restore(name, name);
    ASSERT_TRUE(back.ok) << back.message;
    EXPECT_EQ(test::readText(data / "old"), "content");
    EXPECT_EQ(engine.in("app", "cat /data/old"), "content");
    EXPECT_FALSE(restore(name, name).ok);
    const auto elsewhere = restore(name, "folder " + (folder.path() / "elsewhere").string());
    EXPECT_THAT(elsewhere.message, HasSubstr("No container has the folder"));
    ASSERT_TRUE(restore(name, "fromfolder").ok);
    EXPECT_EQ(test::readText(engine.mountpoint("fromfolder") / "old"), "content");
}

TEST_F(DockerVolumes, AVolumeThatIsMountedOnDemandIsReadAlsoWhenItsContainerIsStopped) {
    const auto data = folder.path() / "data";
    fs::create_directory(data);
    test::writeText(data / "file", "content");
    engine.docker(
        {"volume", "create", "--opt=type=none", "--opt=o=bind", "--opt=device=" + data.string(), "files"});
    for (const auto* how : {"pause", "stop"}) {
        engine.start("app", {"--volume=files:/data", std::string("--label=restic-monitor.volumes=") + how});
        const auto end = dump("volume files", engine.settings());
        ASSERT_TRUE(end.ok) << end.message;
        EXPECT_EQ(end.answer.find("tool")->stringOr("name"), std::string(how) == "pause" ? "tar" : "Docker");
        const auto back = restore("volume files", std::string("copy-") + how);
        ASSERT_TRUE(back.ok) << back.message;
        EXPECT_EQ(test::readText(engine.mountpoint(std::string("copy-") + how) / "file"), "content");
        EXPECT_FALSE(restore("volume files", "files", true).ok) << "such a volume is not exchanged";
        EXPECT_EQ(engine.state("app"), "running");
        engine.docker({"rm", "--force", "app"});
    }
}

TEST_F(DockerVolumes, LabelsAreJudged) {
    engine.start("wrong", {"--volume=one:/data", "--label=restic-monitor.volumes=sometimes"});
    engine.start("vanishing", {"--rm", "--volume=two:/data", "--label=restic-monitor.volumes=stop"});
    engine.start("other", {"--volume=three:/data", "--label=restic-monitor.volumes=live",
                           "--label=restic-monitor.policy=night"});
    engine.start("mine", {"--volume=four:/data", "--label=mine.volumes=live"});
    const auto probe = driver.run("probe", engine.settings());
    EXPECT_THAT(itemNames(probe), ElementsAre("volume two", "container wrong"));
    EXPECT_THAT(textOf(probe.answer, "container wrong"), HasSubstr("pause, stop or live"));
    EXPECT_THAT(textOf(probe.answer, "volume two"), HasSubstr("--rm"));
    EXPECT_FALSE(dump("volume two", engine.settings()).ok);
    EXPECT_EQ(engine.state("vanishing"), "running");
    EXPECT_THAT(itemNames(driver.run("probe", engine.settings({{"policy", "night"}}))),
                Contains("volume three"));
    EXPECT_THAT(itemNames(driver.run("probe", engine.settings({{"label_prefix", "mine"}}))),
                ElementsAre("volume four"));
    EXPECT_THAT(itemNames(driver.run("probe", engine.settings({{"containers", Array{"mine", "gone"}}}))),
                ElementsAre("container gone"));
}

TEST_F(DockerVolumes, FilesThatOnlyTheEngineSeesAreReadThroughAContainer) {
    DockerEngine hidden(true);
    hidden.start("app", {"--volume=files:/data", "--label=restic-monitor.volumes=pause"});
    hidden.in("app",
              "mkdir /data/a; echo here >/data/a/b; dd if=/dev/zero of=/data/much bs=1M count=3 2>/dev/null");
    ASSERT_FALSE(fs::exists(hidden.mountpoint("files")));
    const auto end = dump("volume files", hidden.settings());
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(end.answer.find("tool")->stringOr("name"), "Docker");
    EXPECT_EQ(hidden.state("app"), "running");
    EXPECT_THAT(driver.log(), Contains(HasSubstr("app is paused")));
    ASSERT_TRUE(restore("volume files", "copy").ok);
    EXPECT_EQ(test::readText(engine.mountpoint("copy") / "a/b"), "here\n");
    EXPECT_EQ(fs::file_size(engine.mountpoint("copy") / "much"), 3U << 20U);
    const auto refused = driver.read("restore", hidden.settings(), {{"name", "volume files"}},
                                     {{"database", "volume new"}, {"replace", false}}, file());
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.message, HasSubstr("cannot be exchanged from here"));
}
} // namespace
