#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "plugins/docker_engine.h"
#include "restic/protocol/plugin_settings.h"
#include "support/plugin_driver.h"

namespace {
namespace fs = std::filesystem;
using core::json::Array;
using core::json::Object;
using test::DockerEngine;
using test::PluginDriver;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Containers that are paused or stopped for a dump, whatever becomes of it.
class DockerHolds : public testing::Test {
protected:
    DockerEngine& engine = DockerEngine::shared();
    PluginDriver driver{"docker"};
    core::testkit::TempDir folder;
    std::string item = "volume files";

    void SetUp() override { engine.removeAll(); }

    void start(const std::string& name, const std::string& how) {
        engine.start(name, {"--volume=files:/data", "--label=restic-monitor.volumes=" + how});
        engine.in(name, "echo content >/data/file");
    }
    fs::path file() { return folder.path() / "dump"; }
    agent::StepEnd dump(Object more = {}) {
        return driver.dump(engine.settings(std::move(more)), {{"name", item}}, file());
    }
    agent::StepEnd cleanup() { return driver.run("cleanup", engine.settings()); }
    std::vector<fs::path> notes() {
        std::vector<fs::path> out;
        for (const auto& entry : fs::recursive_directory_iterator(driver.state()))
            if (entry.path().extension() == ".note")
                out.push_back(entry.path());
        return out;
    }

    /// A tar that begins only when it is told to.
    void holdTar(const std::string& then = "exec /usr/bin/tar \"$@\"") {
        fs::create_directory(folder.path() / "bin");
        const auto program = folder.path() / "bin/tar";
        test::writeText(program, "#!/bin/sh\n[ \"$1\" != --version ] || exec /usr/bin/tar --version\ncd " +
                                     folder.path().string() +
                                     "\necho $$ >begun.new; mv begun.new begun\nwhile [ ! -e go ]; do sleep "
                                     "0.02; done\n" +
                                     then + "\n");
        ::chmod(program.c_str(), 0755);
        driver.environment["PATH"] = (folder.path() / "bin").string() + ":" + driver.environment["PATH"];
    }
    void letTarGo() { test::writeText(folder.path() / "go", ""); }
    bool tarHasBegun() {
        return test::eventually([&] { return fs::exists(folder.path() / "begun"); });
    }

    static int stepPid() {
        for (const int pid : test::processesWith({"restic-agent", "plugin-step"})) {
            const auto stat = test::readText("/proc/" + std::to_string(pid) + "/stat");
            const auto name = stat.rfind(") ");
            if (name != std::string::npos && std::atoi(stat.c_str() + name + 4) == ::getpid())
                return pid;
        }
        return 0;
    }
    /// Runs a step, and something beside it.
    static agent::StepEnd beside(const std::function<agent::StepEnd()>& step,
                                 const std::function<void()>& what) {
        std::thread other(what);
        const auto end = step();
        other.join();
        return end;
    }
    /// A dump whose step is killed while tar works.
    void killedDump() {
        holdTar();
        const auto end = beside([&] { return dump(); },
                                [&] {
                                    EXPECT_TRUE(tarHasBegun());
                                    ::kill(stepPid(), SIGKILL);
                                });
        EXPECT_FALSE(end.ok);
    }
};

TEST_F(DockerHolds, AreOverWhenTarFails) {
    start("paused", "pause");
    start("stopped", "stop");
    const auto started = engine.startedAt("paused");
    holdTar();
    const auto end = beside([&] { return dump(); },
                            [&] {
                                EXPECT_TRUE(tarHasBegun());
                                EXPECT_EQ(engine.state("paused"), "paused");
                                EXPECT_EQ(engine.state("stopped"), "exited");
                                EXPECT_THAT(notes(), SizeIs(2));
                                ::kill(std::atoi(test::readText(folder.path() / "begun").c_str()), SIGKILL);
                            });
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("signal 9"));
    EXPECT_EQ(engine.state("paused"), "running");
    EXPECT_EQ(engine.startedAt("paused"), started);
    EXPECT_EQ(engine.state("stopped"), "running");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, AreOverWhenTheStepIsCancelled) {
    start("paused", "pause");
    start("stopped", "stop");
    holdTar();
    driver.limits.total = std::chrono::milliseconds(1500);
    EXPECT_FALSE(dump().ok);
    EXPECT_EQ(engine.state("paused"), "running");
    EXPECT_EQ(engine.state("stopped"), "running");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, OfAKilledStepAreOverWithCleanup) {
    start("paused", "pause");
    start("stopped", "stop");
    start("ended", "stop");
    engine.docker({"stop", "--time=1", "ended"});
    const auto started = engine.startedAt("paused");
    killedDump();
    EXPECT_EQ(engine.state("paused"), "paused");
    EXPECT_EQ(engine.state("stopped"), "exited");
    EXPECT_THAT(notes(), SizeIs(2));
    for (const auto& note : notes())
        EXPECT_THAT(test::readText(note), HasSubstr("\"done\":true"));
    for (int i = 0; i < 2; ++i) {
        const auto end = cleanup();
        EXPECT_TRUE(end.ok) << end.message;
        EXPECT_EQ(engine.state("paused"), "running");
        EXPECT_EQ(engine.startedAt("paused"), started);
        EXPECT_EQ(engine.state("stopped"), "running");
        EXPECT_EQ(engine.state("ended"), "exited");
        EXPECT_THAT(notes(), IsEmpty());
    }
}

TEST_F(DockerHolds, OfAStepThatWasKilledWhileTheEngineStoppedAreOverToo) {
    engine.docker({"run", "--detach", "--network=none", "--name=slow", "--volume=files:/data",
                   "--label=restic-monitor.volumes=stop", DockerEngine::kImage, "/bin/sleep", "1000"});
    const auto end = beside(
        [&] {
            return dump({{"stop_timeout_seconds", 3}});
        },
        [&] {
            EXPECT_TRUE(test::eventually([&] { return !notes().empty(); }));
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            ::kill(stepPid(), SIGKILL);
        });
    EXPECT_FALSE(end.ok);
    EXPECT_EQ(engine.state("slow"), "running") << "the engine still waits for it";
    const auto started = engine.startedAt("slow");
    const auto right = cleanup();
    EXPECT_TRUE(right.ok) << right.message;
    EXPECT_EQ(engine.state("slow"), "running");
    EXPECT_NE(engine.startedAt("slow"), started);
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, LeaveAloneWhatSomebodyElseDidMeanwhile) {
    start("removed", "stop");
    start("restarted", "stop");
    start("resting", "pause");
    killedDump();
    EXPECT_THAT(notes(), SizeIs(3));
    engine.docker({"rm", "removed"});
    engine.docker({"start", "restarted"});
    engine.docker({"stop", "--time=1", "restarted"});
    engine.docker({"unpause", "resting"});
    engine.docker({"restart", "--time=1", "resting"});
    engine.docker({"pause", "resting"});
    const auto end = cleanup();
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.state("removed"), "gone");
    EXPECT_EQ(engine.state("restarted"), "exited");
    EXPECT_EQ(engine.state("resting"), "paused");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, OfAContainerThatIsRemovedMeanwhileAreNoProblem) {
    start("app", "stop");
    holdTar();
    const auto end = beside([&] { return dump(); },
                            [&] {
                                EXPECT_TRUE(tarHasBegun());
                                engine.docker({"rm", "app"});
                                letTarGo();
                            });
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_THAT(*end.answer.find("warnings")->array(), IsEmpty());
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, OfAStepThatRunsAreNotCleanedUp) {
    start("app", "pause");
    holdTar();
    const auto end = beside([&] { return dump(); },
                            [&] {
                                EXPECT_TRUE(tarHasBegun());
                                EXPECT_TRUE(cleanup().ok);
                                EXPECT_EQ(engine.state("app"), "paused");
                                letTarGo();
                            });
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.state("app"), "running");
}

TEST_F(DockerHolds, AContainerThatCannotBeStartedAgainIsToldAndTriedLater) {
    const auto data = folder.path() / "data";
    fs::create_directory(data);
    engine.docker({"create", "--network=none", "--name=app", "--volume=files:/data",
                   "--mount=type=bind,source=" + data.string() + ",target=/more",
                   "--label=restic-monitor.volumes=stop", DockerEngine::kImage});
    engine.docker({"start", "app"});
    holdTar();
    const auto end = beside([&] { return dump(); },
                            [&] {
                                EXPECT_TRUE(tarHasBegun());
                                fs::remove(data);
                                letTarGo();
                            });
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_THAT(*end.answer.find("warnings")->array()->front().string(),
                HasSubstr("app could not be started again"));
    EXPECT_THAT(notes(), SizeIs(1));
    const auto wrong = cleanup();
    EXPECT_FALSE(wrong.ok);
    EXPECT_THAT(wrong.message, HasSubstr("app could not be started again"));
    fs::create_directory(data);
    EXPECT_TRUE(cleanup().ok);
    EXPECT_EQ(engine.state("app"), "running");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, NothingIsStoppedWithoutANoteOnTheDisk) {
    start("app", "stop");
    ASSERT_TRUE(dump().ok);
    const auto started = engine.startedAt("app");
    fs::path state;
    for (const auto& entry : fs::recursive_directory_iterator(driver.state()))
        if (entry.path().filename() == "lock")
            state = entry.path().parent_path();
    const auto id = engine.docker({"inspect", "--format={{.Id}}", "app"});
    fs::create_directory(state / ("held-" + id + ".note.part"));
    const auto end = dump();
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("cannot be written"));
    EXPECT_EQ(engine.startedAt("app"), started);
    EXPECT_EQ(engine.state("app"), "running");
}

TEST_F(DockerHolds, AreOverWhenNobodyReadsTheDump) {
    start("paused", "pause");
    engine.in("paused", "dd if=/dev/zero of=/data/much bs=1M count=3 2>/dev/null; echo x >>/data/much");
    const auto pipe = folder.path() / "dump";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread reader([&] {
        std::ifstream in(pipe, std::ios::binary);
        std::string some(1000, 'x');
        in.read(some.data(), 1000);
    });
    const auto settings = restic::protocol::withDefaults(driver.plugin().settingsSchema, engine.settings());
    const agent::PluginStep step{.plugin = driver.plugin(),
                                 .name = "dump",
                                 .settings = settings,
                                 .item = {{"name", item}},
                                 .stream = "out"};
    core::SystemProcessRunner runner;
    const agent::PluginSteps steps(runner, fs::path(AE_BUILD_DIR) / "bin/restic-agent", driver.state(),
                                   driver.environment, 0);
    const auto prepared = steps.prepare(step);
    agent::StepMessages messages(prepared->messages(), [](core::LogLevel, const std::string&) {});
    auto spec = steps.spec(*prepared);
    spec.standardOutput = core::ProcessOutput::toFile(pipe);
    const auto result = runner.run(spec);
    reader.join();
    const auto end = messages.finish("dump", result.value().exit);
    EXPECT_FALSE(end.ok);
    EXPECT_TRUE(end.saysWhy) << end.message;
    EXPECT_EQ(engine.state("paused"), "running");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, FilesThatChangeAreAWarningOnlyWhereTheyMay) {
    start("app", "live");
    holdTar("/usr/bin/tar \"$@\"; echo 'tar: ./file: file changed as we read it' >&2; exit 1");
    letTarGo();
    auto end = dump();
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(*end.answer.find("warnings")->array()->front().string(), HasSubstr("file changed"));
    engine.docker({"rm", "--force", "app"});
    start("app", "pause");
    end = dump();
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("file changed"));
    EXPECT_EQ(engine.state("app"), "running");
}

TEST_F(DockerHolds, AKilledRestoreLeavesTheVolumeAsItWas) {
    start("app", "live");
    ASSERT_TRUE(dump().ok);
    engine.in("app", "echo new >/data/file");
    holdTar();
    const auto end = beside(
        [&] {
            return driver.read("restore", engine.settings(), {{"name", item}},
                               {{"database", item}, {"replace", true}}, file());
        },
        [&] {
            EXPECT_TRUE(tarHasBegun());
            EXPECT_EQ(engine.state("app"), "running") << "nothing is stopped while the dump is unpacked";
            ::kill(stepPid(), SIGKILL);
        });
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(engine.volumes(), HasSubstr("restic-monitor-restore-"));
    EXPECT_THAT(notes(), SizeIs(1));
    EXPECT_TRUE(cleanup().ok);
    EXPECT_EQ(engine.volumes(), "files");
    EXPECT_EQ(engine.in("app", "cat /data/file"), "new");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(DockerHolds, ARestoreThatRunsIsNotCleanedUpByARunBesideIt) {
    start("app", "live");
    ASSERT_TRUE(dump().ok);
    engine.in("app", "echo new >/data/file");
    holdTar();
    const auto end = beside(
        [&] {
            return driver.read("restore", engine.settings(), {{"name", item}},
                               {{"database", item}, {"replace", true}}, file());
        },
        [&] {
            EXPECT_TRUE(tarHasBegun());
            EXPECT_TRUE(cleanup().ok);
            EXPECT_THAT(engine.volumes(), HasSubstr("restic-monitor-restore-"));
            letTarGo();
        });
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.in("app", "cat /data/file"), "content");
    EXPECT_THAT(notes(), IsEmpty());
}
} // namespace
