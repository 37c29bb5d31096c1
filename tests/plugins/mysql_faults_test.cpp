#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "plugins/mysql_server.h"
#include "support/certificates.h"
#include "support/core_files.h"
#include "support/plugin_driver.h"

namespace {
using core::json::Array;
using core::json::Object;
using test::MysqlServer;
using test::PluginDriver;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MysqlFaults : public testing::Test {
protected:
    MysqlServer& server = MysqlServer::shared();
    PluginDriver driver{"mysql"};
    core::testkit::TempDir folder;
    const Object item{{"name", "guarded"}, {"kind", "stream"}, {"content", "database"}};

    void SetUp() override { makeIn(server); }
    static void makeIn(MysqlServer& where) {
        where.sql(
            "CREATE OR REPLACE DATABASE guarded; USE guarded; CREATE TABLE guarded.first (a INT); CREATE "
            "TABLE "
            "guarded.held (a INT);"
            "INSERT INTO guarded.first SELECT seq FROM seq_1_to_1000; INSERT INTO guarded.held VALUES (1);");
    }
    std::filesystem::path file() { return folder.path() / "dump"; }
    agent::StepEnd dump(const Object& settings) { return driver.dump(settings, item, file()); }
    /// A session that lets nobody at the table until it is ended.
    std::unique_ptr<core::Process> lock(MysqlServer& where) {
        auto process = where.background("LOCK TABLES held WRITE; SELECT SLEEP(60);\n", "guarded");
        EXPECT_TRUE(test::eventually([&] {
            return where.sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT "
                             "SLEEP(60)%' AND "
                             "DB='guarded';") != "0\n";
        }));
        return process;
    }
    /// The dump program, once it waits for that lock.
    static int waitingDump() {
        int pid = 0;
        EXPECT_TRUE(test::eventually([&] {
            const auto found = test::ownProcessesWith({"mariadb-dump", "--single-transaction", "guarded"});
            pid = found.empty() ? 0 : found.front();
            return pid != 0;
        }));
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        return pid;
    }
    static std::vector<std::string> statements(const agent::StepEnd& probe, const std::string& of) {
        std::vector<std::string> out;
        for (const auto& problem : *probe.answer.find("problems")->array())
            if (problem.stringOr("item") == of && !problem.stringOr("statement").empty())
                out.push_back(problem.stringOr("statement"));
        return out;
    }
    static std::vector<std::string> errors(const agent::StepEnd& probe) {
        std::vector<std::string> out;
        for (const auto& problem : *probe.answer.find("problems")->array())
            if (!problem.booleanOr("warning"))
                out.push_back(problem.stringOr("message"));
        return out;
    }
    static std::string escaped(const std::string& text) {
        std::string out;
        for (const char sign : text)
            out += sign == '\'' || sign == '\\' ? std::string("\\") + sign : std::string(1, sign);
        return out;
    }
};

TEST_F(MysqlFaults, AWrongPasswordIsNamedAsSuch) {
    server.sql("CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'right';");
    const auto end = driver.run("probe", server.settings("reader", "wrong", true));
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, AllOf(HasSubstr("Access denied"), HasSubstr("127.0.0.1")));
    EXPECT_THAT(end.hint, HasSubstr("password"));
}

TEST_F(MysqlFaults, AServerThatIsNotThereIsNamed) {
    Object own{{"user", "root"}, {"host", "no-such-host.invalid"}};
    EXPECT_THAT(driver.run("probe", own).message, HasSubstr("no-such-host.invalid"));
    own = {{"user", "root"}, {"host", "127.0.0.1"}, {"port", 1}};
    const auto end = driver.run("probe", own);
    EXPECT_THAT(end.message, HasSubstr("127.0.0.1:1"));
    EXPECT_THAT(end.hint, HasSubstr("\"port\""));
    own = {{"user", "root"}, {"program_folder", "/nonexistent"}};
    EXPECT_THAT(driver.run("probe", own).message, HasSubstr("is installed in /nonexistent"));
}

TEST_F(MysqlFaults, TlsThatIsRequiredIsNotGivenUp) {
    auto own = server.settings("root", "", true);
    own.erase("password");
    own.set("tls", "required");
    EXPECT_THAT(driver.run("probe", own).message, HasSubstr("not encrypted"));
    own.set("tls", "verify");
    EXPECT_THAT(driver.run("probe", own).message, HasSubstr("SSL"));
    own.set("tls", "preferred");
    EXPECT_TRUE(driver.run("probe", own).ok);
}

TEST_F(MysqlFaults, TlsIsVerifiedWhereThatIsWanted) {
    const auto authority = test::makeCertificate(folder.path(), "authority");
    const auto other = test::makeCertificate(folder.path(), "other");
    MysqlServer secure({"--ssl-cert=" + authority.certificate, "--ssl-key=" + authority.key});
    secure.sql("CREATE USER far@'%' IDENTIFIED BY 'pw' REQUIRE SSL; GRANT ALL ON *.* TO far@'%'; CREATE "
               "DATABASE guarded;");
    auto own = secure.settings("far", "pw", true);
    for (const auto* tls : {"preferred", "required"}) {
        own.set("tls", tls);
        const auto end = driver.run("probe", own);
        EXPECT_TRUE(end.ok) << end.message;
        EXPECT_TRUE(dump(own).ok);
    }
    own.set("tls", "verify");
    own.set("ssl_ca", authority.certificate);
    const auto end = driver.run("probe", own);
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_TRUE(dump(own).ok);
    own.set("ssl_ca", other.certificate);
    const auto refused = driver.run("probe", own);
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.hint, HasSubstr("ssl_ca"));
    own.set("tls", "off");
    EXPECT_FALSE(driver.run("probe", own).ok);
}

TEST_F(MysqlFaults, EachPrintableSignOfAPasswordArrives) {
    std::string password = " ";
    for (char sign = 32; sign < 127; ++sign)
        password += sign;
    password += "ü€😀# ";
    for (const auto& one :
         {password, std::string("\""), std::string("'"), std::string("\\"), std::string("#=;"),
          std::string("\\n\\s"), std::string("\"x'"), std::string("tab\tnew\nline")}) {
        server.sql("SET NAMES utf8mb4; CREATE OR REPLACE USER signs@'%' IDENTIFIED BY '" + escaped(one) +
                   "';");
        const auto end = driver.run("probe", server.settings("signs", one, true));
        EXPECT_TRUE(end.ok) << one << ": " << end.message;
        auto byFile = server.settings("signs", "", true);
        byFile.erase("password");
        test::writeText(folder.path() / "password", one + "\n");
        byFile.set("password_file", (folder.path() / "password").string());
        EXPECT_TRUE(driver.run("probe", byFile).ok) << one;
    }
}

TEST_F(MysqlFaults, ThePasswordIsNowhereToBeSeen) {
    const std::string canary = "Canary-5e0f8b71";
    server.sql("CREATE OR REPLACE USER careful@'%' IDENTIFIED BY '" + canary +
               "'; GRANT ALL ON *.* TO careful@'%';");
    const auto own = server.settings("careful", canary, true);
    const auto holder = lock(server);
    std::atomic<bool> done{false};
    std::atomic<int> dumps{0};
    std::vector<std::string> seen;
    std::thread search([&] {
        while (!done) {
            for (const auto& entry : std::filesystem::directory_iterator("/proc"))
                if (std::atoi(entry.path().filename().c_str()) > 0) {
                    const auto line = test::readText(entry.path() / "cmdline");
                    dumps += line.find("mariadb-dump") != std::string::npos &&
                                     line.find("--single-transaction") != std::string::npos
                                 ? 1
                                 : 0;
                    for (const auto& text : {line, test::readText(entry.path() / "environ")})
                        if (text.find(canary) != std::string::npos)
                            seen.push_back(text);
                }
            if (dumps > 5 && holder)
                server.endSessionsIn("guarded");
        }
    });
    const auto probed = driver.run("probe", own);
    const auto dumped = dump(own);
    done = true;
    search.join();
    EXPECT_GT(dumps, 5);
    EXPECT_THAT(seen, IsEmpty());
    auto wrong = own;
    wrong.set("password", canary + "x");
    const auto refused = driver.run("probe", wrong);
    for (const auto& end : {probed, dumped, refused})
        EXPECT_THAT(core::json::write(end.answer) + end.message + end.hint, Not(HasSubstr(canary)));
    EXPECT_THAT(driver.log(), Not(Contains(HasSubstr(canary))));
}

TEST_F(MysqlFaults, WhatAnAccountLacksIsToldAsAStatementThatHelps) {
    server.sql("CREATE OR REPLACE USER bare@'%' IDENTIFIED BY 'pw'; CREATE PROCEDURE guarded.p() SELECT 1;"
               "CREATE VIEW guarded.v AS SELECT 1; CREATE OR REPLACE DATABASE gu_rded;");
    auto own = server.settings("bare", "pw", true);
    own.set("databases", Array{"guarded", "gu_rded", "absent"});
    own.set("binlog_position", true);
    const auto before = driver.run("probe", own);
    ASSERT_TRUE(before.ok) << before.message;
    EXPECT_THAT(errors(before), Contains(HasSubstr("absent does not exist")));
    const auto found = statements(before, "guarded");
    EXPECT_THAT(found, Contains("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `guarded`.* TO `bare`@`%`"));
    EXPECT_THAT(statements(before, "gu_rded"), Contains(HasSubstr("ON `gu\\_rded`.* TO")));
    for (const auto& name : {"guarded", "gu_rded", "users"})
        for (const auto& statement : statements(before, name))
            server.sql(statement + ";");
    own.set("databases", Array{"guarded", "gu_rded"});
    const auto after = driver.run("probe", own);
    EXPECT_THAT(errors(after), IsEmpty());
    const auto end = dump(own);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(test::readText(file()), AllOf(HasSubstr("PROCEDURE `p`"), HasSubstr("VIEW `v`")));
    EXPECT_TRUE(driver.dump(own, PluginDriver::itemOf(after, "users"), folder.path() / "users").ok);
    // What only seems to be granted: another database that the pattern would fit without its backslash.
    server.sql("CREATE OR REPLACE DATABASE guxrded;");
    own.set("databases", Array{"guxrded"});
    EXPECT_THAT(errors(driver.run("probe", own)), Not(IsEmpty()));
}

TEST_F(MysqlFaults, DatabasesThatTheAccountMayNotSeeAreWarnedOf) {
    const auto warned = [&](const Object& settings) {
        const auto end = driver.run("probe", settings);
        EXPECT_TRUE(end.ok) << end.message;
        std::vector<std::string> out;
        for (const auto& problem : *end.answer.find("problems")->array())
            if (problem.booleanOr("warning") &&
                problem.stringOr("message").find("more databases") != std::string::npos) {
                EXPECT_EQ(problem.stringOr("item"), "") << "it is no obstacle to any database";
                out.push_back(problem.stringOr("statement"));
            }
        return out;
    };
    const auto sees = [&](const Object& settings) {
        return !PluginDriver::itemOf(driver.run("probe", settings), "hidden").empty();
    };
    server.sql("CREATE OR REPLACE USER narrow@'%' IDENTIFIED BY 'pw'; CREATE OR REPLACE DATABASE hidden;"
               "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON guarded.* TO narrow@'%';"
               "GRANT RELOAD ON *.* TO narrow@'%';");
    auto own = server.settings("narrow", "pw", true);
    EXPECT_FALSE(sees(own));
    const auto statements = warned(own);
    EXPECT_THAT(statements, testing::ElementsAre("GRANT SHOW DATABASES ON *.* TO `narrow`@`%`"));
    own.set("databases", Array{"guarded"});
    EXPECT_THAT(warned(own), IsEmpty()) << "whoever names them knows them";
    own.erase("databases");
    for (const auto& statement : statements)
        server.sql(statement + ";");
    EXPECT_TRUE(sees(own));
    EXPECT_THAT(warned(own), IsEmpty());
    // One that the server shows them to for another reason.
    server.sql("REVOKE SHOW DATABASES ON *.* FROM narrow@'%'; GRANT LOCK TABLES ON *.* TO narrow@'%';");
    EXPECT_TRUE(sees(own));
    EXPECT_THAT(warned(own), IsEmpty());
    server.sql("DROP DATABASE hidden; DROP USER narrow@'%';");
}

TEST_F(MysqlFaults, ALockThatAnotherHoldsEndsTheDumpAndIsNamed) {
    const auto holder = lock(server);
    auto own = server.settings();
    own.set("lock_wait_seconds", 2);
    const auto began = std::chrono::steady_clock::now();
    const auto end = dump(own);
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, AllOf(HasSubstr("longer than 2 s"), HasSubstr("held")));
    EXPECT_THAT(end.hint, HasSubstr("lock_wait_seconds"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
    server.endSessionsIn("guarded");
}

TEST_F(MysqlFaults, ADumpProgramThatIsKilledFailsTheStep) {
    const auto holder = lock(server);
    agent::StepEnd end;
    std::thread dumping([&] { end = dump(server.settings()); });
    const int pid = waitingDump();
    ASSERT_GT(pid, 0);
    ::kill(pid, SIGKILL);
    dumping.join();
    server.endSessionsIn("guarded");
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, AllOf(HasSubstr("guarded was not dumped"), HasSubstr("signal 9")));
}

TEST_F(MysqlFaults, NothingOfACrashStaysOnTheDisk) {
    const test::CoreFiles cores;
    server.sql(
        "CREATE OR REPLACE USER careful@'%' IDENTIFIED BY 'Canary-77b1'; GRANT ALL ON *.* TO careful@'%';");
    const auto own = server.settings("careful", "Canary-77b1", true);
    for (const std::string victim : {"the dump program", "the step"}) {
        const auto holder = lock(server);
        agent::StepEnd end;
        std::thread dumping([&] { end = dump(own); });
        int pid = waitingDump();
        if (victim == "the step") {
            const auto steps = test::ownProcessesWith({"restic-agent", "plugin-step"});
            pid = steps.empty() ? 0 : steps.front();
        }
        EXPECT_GT(pid, 0);
        EXPECT_THAT(test::CoreFiles::limitOf(pid), testing::MatchesRegex(" +0 +0 +")) << victim;
        EXPECT_THAT(test::CoreFiles::ofCrash(pid, SIGSEGV), IsEmpty()) << victim;
        server.endSessionsIn("guarded");
        dumping.join();
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message + end.hint, Not(HasSubstr("Canary")));
    }
}

TEST_F(MysqlFaults, AServerThatIsKilledFailsTheStep) {
    MysqlServer other({"--skip-name-resolve"});
    makeIn(other);
    // Accounts of hosts with names are unknown to it; the others are in the dump.
    const auto users = PluginDriver::itemOf(driver.run("probe", other.settings()), "users");
    const auto dumped = driver.dump(other.settings(), users, folder.path() / "users");
    EXPECT_TRUE(dumped.ok) << dumped.message;
    EXPECT_THAT(core::json::write(dumped.answer),
                AnyOf(HasSubstr("does not tell"), HasSubstr("\"warnings\":[]")));
    const auto holder = lock(other);
    agent::StepEnd end;
    std::thread dumping([&] { end = dump(other.settings()); });
    ASSERT_GT(waitingDump(), 0);
    other.kill();
    dumping.join();
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("Lost connection"));
    EXPECT_THAT(end.hint, HasSubstr("error log"));
}

TEST_F(MysqlFaults, AProgramThatEndsWellWithoutTheLastLineFailsTheStep) {
    std::filesystem::create_symlink("/usr/bin/mariadb", folder.path() / "mariadb");
    test::writeText(folder.path() / "mariadb-dump",
                    "#!/bin/sh\ncase \"$*\" in *--help*|*--version*) exec "
                    "/usr/bin/mariadb-dump \"$@\";; esac\n/usr/bin/mariadb-dump \"$@\" | "
                    "head -c 900\n");
    std::filesystem::permissions(folder.path() / "mariadb-dump", std::filesystem::perms::owner_all);
    auto own = server.settings();
    own.set("program_folder", folder.path().string());
    const auto end = dump(own);
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("without the last line"));
}

TEST_F(MysqlFaults, AViewThatRefersToNothingIsNamed) {
    server.sql("CREATE TABLE guarded.gone (a INT); CREATE VIEW guarded.dangling AS SELECT a FROM "
               "guarded.gone; DROP TABLE "
               "guarded.gone;");
    const auto end = dump(server.settings());
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("dangling"));
    EXPECT_THAT(end.hint, HasSubstr("exclude_tables"));
    auto own = server.settings();
    own.set("exclude_tables", Array{"guarded.dangling"});
    EXPECT_TRUE(dump(own).ok);
}

TEST_F(MysqlFaults, SettingsThatCannotBeMeantAreRefused) {
    EXPECT_THAT(driver.run("validate", {{"user", "a"}, {"password", "x"}, {"password_file", "/x"}}).message,
                HasSubstr("Both"));
    EXPECT_THAT(driver.run("validate", {{"user", "a"}, {"password_file", "/nonexistent"}}).message,
                HasSubstr("/nonexistent"));
    EXPECT_THAT(driver.run("validate", {{"user", "a"}, {"exclude_tables", Array{".x."}}}).message,
                HasSubstr("database.table"));
    EXPECT_TRUE(driver.run("validate", {{"user", "a"}}).ok);
}
} // namespace
