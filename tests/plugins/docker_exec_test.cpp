#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "plugins/docker_engine.h"
#include "support/plugin_driver.h"

namespace {
namespace fs = std::filesystem;
using core::json::Array;
using core::json::Object;
using test::DockerEngine;
using test::PluginDriver;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DockerExec : public testing::Test {
protected:
    DockerEngine& engine = DockerEngine::shared();
    PluginDriver driver{"docker"};
    core::testkit::TempDir folder;

    void SetUp() override { engine.removeAll(); }
    fs::path file() { return folder.path() / "dump"; }
    agent::StepEnd dump(const std::string& item) {
        return driver.dump(engine.settings(), {{"name", item}}, file());
    }
    agent::StepEnd restore(const std::string& item, const std::string& as, bool replace = false) {
        return driver.read("restore", engine.settings(), {{"name", item}},
                           {{"database", as}, {"replace", replace}}, file());
    }
    void startProgram(const std::string& name, const std::string& program) {
        engine.start(name, {"--label=restic-monitor.exec=" + program});
    }
    void startServer(const std::string& name, std::vector<std::string> more = {}) {
        more.insert(more.end(), {"--label=restic-monitor.dump=postgres", "--env=POSTGRES_USER=owner",
                                 "--env=POSTGRES_PASSWORD=s3cret word"});
        engine.start(name, more);
        engine.in(name, "printf one >/db/shop; printf two >'/db/web shop'");
    }
    static std::map<std::string, std::string> items(const agent::StepEnd& probe) {
        std::map<std::string, std::string> out; // name, problem
        for (const auto& item : *probe.answer.find("items")->array())
            out[item.stringOr("name")] = "";
        for (const auto& problem : *probe.answer.find("problems")->array())
            out[problem.stringOr("item")] += problem.stringOr("message");
        return out;
    }
};

TEST_F(DockerExec, WhatAProgramWritesIsTheDump) {
    startProgram(
        "app", R"(["/bin/sh","-c","echo careful >&2; dd if=/dev/zero bs=1M count=5 2>/dev/null; echo end"])");
    const auto probe = driver.run("probe", engine.settings());
    EXPECT_THAT(items(probe), ElementsAre(testing::Pair("exec app", "")));
    const auto end = dump("exec app");
    ASSERT_TRUE(end.ok) << end.message;
    const auto text = test::readText(file());
    EXPECT_EQ(text.size(), (5U << 20U) + 4);
    EXPECT_TRUE(text.ends_with(std::string("\0end\n", 5)));
    EXPECT_EQ(*end.answer.find("warnings")->array()->front().string(), "careful");
}

TEST_F(DockerExec, NoShellReadsTheArguments) {
    startProgram("app", R"(["/bin/echo","$HOME; `ls` * \"two words\" Grüße"])");
    ASSERT_TRUE(dump("exec app").ok);
    EXPECT_EQ(test::readText(file()), "$HOME; `ls` * \"two words\" Grüße\n");
}

TEST_F(DockerExec, AProgramThatFailsIsNoDump) {
    startProgram("failing", R"(["/bin/sh","-c","echo half; echo first >&2; echo the reason >&2; exit 3"])");
    auto end = dump("exec failing");
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, AllOf(HasSubstr("container failing"), HasSubstr("exit code 3: the reason")));
    startProgram("missing", R"(["/bin/nothing"])");
    end = dump("exec missing");
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("/bin/nothing"));
}

TEST_F(DockerExec, AProgramThatIsKilledIsNoDump) {
    startProgram("app", R"(["/bin/sh","-c","echo $$ >/begun; echo half; exec sleep 300"])");
    std::thread killer([&] {
        EXPECT_TRUE(test::eventually([&] {
            return engine.in("app", "cat /begun 2>/dev/null || true").find_first_of("0123456789") == 0;
        }));
        engine.in("app", "kill -9 $(cat /begun)");
    });
    const auto end = dump("exec app");
    killer.join();
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("signal 9"));
    EXPECT_EQ(test::readText(file()), "half\n");
}

TEST_F(DockerExec, AContainerThatEndsMeanwhileIsNoDump) {
    startProgram("app", R"(["/bin/sh","-c","echo $$ >/begun; echo half; sleep 300"])");
    std::thread remover([&] {
        EXPECT_TRUE(test::eventually([&] {
            return engine.in("app", "cat /begun 2>/dev/null || true").find_first_of("0123456789") == 0;
        }));
        engine.docker({"rm", "--force", "app"});
    });
    const auto end = dump("exec app");
    remover.join();
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, AnyOf(HasSubstr("signal 9"), HasSubstr("container ended")));
}

TEST_F(DockerExec, AProgramIsEndedWithItsStep) {
    startProgram(
        "app",
        R"(["/bin/sh","-c","trap 'echo ended >/ended; exit 1' TERM; echo begun >/begun; while :; do sleep 1 & wait $!; done"])");
    driver.limits.total = std::chrono::milliseconds(1500);
    const auto end = dump("exec app");
    EXPECT_FALSE(end.ok);
    EXPECT_EQ(engine.in("app", "cat /begun"), "begun");
    EXPECT_TRUE(
        test::eventually([&] { return engine.in("app", "cat /ended 2>/dev/null || true") == "ended"; }));
}

TEST_F(DockerExec, DatabasesAreDumpedByTheServersOwnProgram) {
    startServer("server");
    startServer("chosen", {"--label=restic-monitor.databases=shop, web shop,gone"});
    startServer("stopped");
    engine.docker({"stop", "--time=1", "stopped"});
    engine.start("wrong", {"--label=restic-monitor.dump=oracle", "--label=restic-monitor.exec=ls /"});
    engine.start("denied", {"--label=restic-monitor.dump=postgres"});
    const auto found = items(driver.run("probe", engine.settings()));
    EXPECT_EQ(found.size(), 9U);
    EXPECT_EQ(found.at("database server/shop"), "");
    EXPECT_EQ(found.at("database server/web shop"), "");
    EXPECT_EQ(found.at("database chosen/gone"), "");
    EXPECT_THAT(found.at("database stopped"),
                AllOf(HasSubstr("does not run"), HasSubstr("docker start stopped")));
    EXPECT_THAT(found.at("database wrong"), HasSubstr("postgres, mysql or mariadb"));
    EXPECT_THAT(found.at("exec wrong"), HasSubstr("JSON array"));
    EXPECT_THAT(found.at("database denied"), HasSubstr("password authentication failed"));

    const auto end = dump("database server/web shop");
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(test::readText(file()), "PGDMPtwo");
    EXPECT_EQ(end.answer.find("tool")->stringOr("name"), "pg_dump");
    EXPECT_FALSE(dump("database chosen/gone").ok);
    EXPECT_THAT(dump("database stopped/shop").message, HasSubstr("stopped does not run"));
    EXPECT_THAT(driver.log(), Each(Not(HasSubstr("s3cret"))));

    engine.in("server", ": >/broken");
    EXPECT_THAT(dump("database server/shop").message, HasSubstr("something is broken"));
}

TEST_F(DockerExec, APasswordInAFileOfTheContainerIsFound) {
    engine.start("server", {"--label=restic-monitor.dump=postgres", "--env=POSTGRES_USER=owner",
                            "--env=POSTGRES_PASSWORD_FILE=/tmp/secret"});
    engine.in("server", "printf one >/db/shop; echo 's3cret word' >/tmp/secret");
    const auto end = dump("database server/shop");
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(test::readText(file()), "PGDMPone");
}

TEST_F(DockerExec, NoPasswordIsAnArgument) {
    startServer("server");
    engine.in("server", ": >/slow");
    driver.limits.total = std::chrono::milliseconds(1500);
    std::atomic<bool> done = false;
    int seen = 0;
    std::thread watch([&] {
        while (!done) {
            // The client of Docker is the tests' own, of those beside this one as well; the plugin runs none.
            for (const int pid : test::processesWith({"s3cret"})) {
                const auto line = test::readText("/proc/" + std::to_string(pid) + "/cmdline");
                EXPECT_TRUE(line.empty() || line.starts_with("docker")) << line;
            }
            seen += test::processesWith({"pg_dump", "--username=owner"}).empty() ? 0 : 1;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    });
    EXPECT_FALSE(dump("database server/shop").ok);
    done = true;
    watch.join();
    EXPECT_GT(seen, 0);
}

TEST_F(DockerExec, ADatabaseIsRestoredUnderAnotherNameAndReplacedOnlyWhole) {
    startServer("server");
    startServer("other");
    ASSERT_TRUE(dump("database server/shop").ok);
    auto end = restore("database server/shop", "copy");
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.in("server", "cat /db/copy"), "one");
    end = restore("database server/shop", "other/copy");
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.in("other", "cat /db/copy"), "one");

    engine.in("server", "printf changed >/db/shop");
    end = restore("database server/shop", "database server/shop");
    EXPECT_THAT(end.message, HasSubstr("not empty"));
    EXPECT_EQ(engine.in("server", "cat /db/shop"), "changed");
    test::writeText(file(), "PGDMPbad");
    end = restore("database server/shop", "shop", true);
    EXPECT_THAT(end.message, HasSubstr("bad content"));
    EXPECT_EQ(engine.in("server", "cat /db/shop"), "changed");
    test::writeText(file(), "PGDMPwhole");
    end = restore("database server/shop", "shop", true);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.in("server", "cat /db/shop"), "whole");
    EXPECT_THAT(engine.in("server", "ls /db"), Not(HasSubstr("trial")));
    EXPECT_THAT(restore("database gone/shop", "shop").message, HasSubstr("no container gone"));
}

TEST_F(DockerExec, OfMariadbToo) {
    engine.start("server",
                 {"--label=restic-monitor.dump=mariadb", "--env=MARIADB_ROOT_PASSWORD=s3cret word"});
    engine.in("server", "echo one >/db/shop");
    EXPECT_THAT(items(driver.run("probe", engine.settings())),
                ElementsAre(testing::Pair("database server/shop", "")));
    engine.in("server", ": >/broken");
    EXPECT_THAT(dump("database server/shop").message, HasSubstr("last line is missing"));
    engine.in("server", "rm /broken");
    auto end = dump("database server/shop");
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(end.answer.find("tool")->stringOr("name"), "mariadb-dump");
    EXPECT_TRUE(restore("database server/shop", "copy").ok);
    EXPECT_EQ(engine.in("server", "cat /db/copy"), "one");

    const auto whole = test::readText(file());
    engine.in("server", "echo changed >/db/shop");
    EXPECT_THAT(restore("database server/shop", "shop").message, HasSubstr("not empty"));
    for (const auto& text : {"bad" + whole, std::string("cut off\n")}) {
        test::writeText(file(), text);
        end = restore("database server/shop", "shop", true);
        EXPECT_THAT(end.message, AnyOf(HasSubstr("bad content"), HasSubstr("cut off")));
        EXPECT_FALSE(restore("database server/shop", "new").ok);
        EXPECT_EQ(engine.in("server", "cat /db/shop; ls /db"), "changed\ncopy\nshop");
    }
    test::writeText(file(), whole);
    end = restore("database server/shop", "shop", true);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_EQ(engine.in("server", "cat /db/shop; ls /db"), "one\ncopy\nshop");
}

TEST_F(DockerExec, ALargeDumpGoesIn) {
    startServer("server");
    test::writeText(file(), "PGDMP" + std::string(3 << 20, 'x'));
    const auto end = restore("database server/shop", "large");
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(engine.in("server", "ls -l /db/large"), HasSubstr(" 3145728 "));
}
} // namespace
