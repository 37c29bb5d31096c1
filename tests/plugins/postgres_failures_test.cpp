#include <dirent.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "plugins/postgres_support.h"
#include "support/core_files.h"
#include "support/free_port.h"

namespace test {
namespace {
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// Processes whose command line holds all of this.
std::vector<int> processesOf(const std::vector<std::string>& parts) {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos)
            continue;
        std::ostringstream text; // a process may end meanwhile, which throws where iterators read
        text << std::ifstream(entry.path() / "cmdline", std::ios::binary).rdbuf();
        const auto line = text.str();
        if (std::all_of(parts.begin(), parts.end(),
                        [&](const auto& part) { return line.find(part) != std::string::npos; }))
            out.push_back(std::stoi(name));
    }
    return out;
}

/// Waits for one, and gives it.
int waitForProcess(const std::vector<std::string>& parts) {
    for (int i = 0; i < 1000; ++i) {
        if (const auto found = processesOf(parts); !found.empty())
            return found.front();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return 0;
}

class PostgresFailuresTest : public PostgresTest {
protected:
    static constexpr const char* kMuch =
        "CREATE TABLE much AS SELECT g, repeat(md5(g::text), 100) AS t FROM "
        "generate_series(1, 10000) g; ALTER TABLE much ALTER t SET STORAGE EXTERNAL";
};

TEST_F(PostgresFailuresTest, WhoIsNotLetInLearnsWhy) {
    struct Case {
        core::json::Object settings;
        std::string message;
        std::string hint;
    };
    auto unknown = server.settingsOf("postgres", PostgresServer::kPassword);
    unknown.set("host", "no-such-host.invalid");
    auto refused = server.settingsOf("postgres", PostgresServer::kPassword);
    refused.set("port", freePort());
    auto nothing = server.settingsOf("postgres", "x");
    nothing.erase("password");
    for (const auto& [settings, message, hint] :
         {Case{server.settingsOf("postgres", "wrong"), "password authentication failed", "user and password"},
          Case{server.settingsOf("nobody_here", "wrong"), "password authentication failed",
               "user and password"},
          Case{nothing, "no password supplied", "password"},
          Case{unknown, "could not translate host name", "host"},
          Case{refused, "Connection refused", "Start the server"}}) {
        const auto probe = driver.run("probe", settings);
        EXPECT_FALSE(probe.ok);
        EXPECT_THAT(probe.message, HasSubstr(message));
        EXPECT_THAT(probe.hint, HasSubstr(hint)) << probe.message;
        const auto end = driver.dump(settings, itemNamed("postgres"), file());
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, HasSubstr(message));
    }
    const auto gone = driver.dump(server.settings(), itemNamed("no such database"), file());
    EXPECT_FALSE(gone.ok);
    EXPECT_THAT(gone.message, HasSubstr("does not exist"));
}

TEST_F(PostgresFailuresTest, TheServerProvesWhoItIs) {
    auto settings = server.settingsOf("postgres", PostgresServer::kPassword);
    settings.set("ssl_mode", "verify-full");
    settings.set("ssl_root_cert", server.folder() + "/data/server.crt");
    const auto probe = driver.run("probe", settings);
    EXPECT_TRUE(probe.ok) << said(probe);
    create("by tls");
    EXPECT_TRUE(driver.dump(settings, itemNamed("by tls"), file()).ok);
    settings.set("host", "localhost"); // the same server, and not in its certificate
    const auto other = driver.run("probe", settings);
    EXPECT_FALSE(other.ok);
    EXPECT_THAT(other.message, HasSubstr("host name \"localhost\""));
    // One that does not sign it.
    settings.set("host", "127.0.0.1");
    PostgresServer stranger;
    settings.set("ssl_root_cert", stranger.folder() + "/data/server.crt");
    const auto refused = driver.run("probe", settings);
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.message, HasSubstr("certificate verify failed"));
    EXPECT_THAT(refused.hint, HasSubstr("certificate authorities"));
}

TEST_F(PostgresFailuresTest, SettingsThatCannotWorkAreRefusedBefore) {
    auto settings = server.settings();
    settings.set("host", "one,two");
    EXPECT_THAT(driver.run("validate", settings).message, HasSubstr("several servers"));
    settings = server.settings();
    settings.set("ssl_mode", "verify-full");
    EXPECT_THAT(driver.run("validate", settings).message, HasSubstr("certificate authorities"));
    settings = server.settings();
    settings.set("password_file", "/no/such/file");
    EXPECT_THAT(driver.run("validate", settings).message, HasSubstr("/no/such/file"));
    settings = server.settings();
    settings.set("password", "two\nlines");
    EXPECT_THAT(driver.run("validate", settings).message, HasSubstr("line break"));
    EXPECT_TRUE(driver.run("validate", server.settings()).ok);
}

TEST_F(PostgresFailuresTest, PasswordsOfAllSignsAndNowhereSeen) {
    std::string all;
    for (char c = ' '; c <= '~'; ++c)
        all += c;
    const std::string canary = "canary-6f1d:" + all + ":\\x";
    std::string literal;
    for (const char c : canary)
        literal += c == '\'' ? std::string("''") : std::string(1, c);
    server.sql("DROP ROLE IF EXISTS signs; CREATE ROLE signs LOGIN SUPERUSER PASSWORD '" + literal + "'");
    create("canaries", kMuch);
    auto settings = server.settingsOf("signs", canary);
    std::atomic<bool> done = false;
    std::atomic<int> looked = 0;
    std::vector<std::string> seen;
    std::jthread looking([&] {
        while (!done) {
            for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
                const auto name = entry.path().filename().string();
                if (name.find_first_not_of("0123456789") != std::string::npos ||
                    name == std::to_string(::getpid()))
                    continue;
                for (const auto* what : {"cmdline", "environ"}) {
                    const auto text = readFile(entry.path() / what);
                    looked += text.find("pg_dump") != std::string::npos ? 1 : 0;
                    if (text.find("canary-6f1d") != std::string::npos)
                        seen.push_back(entry.path() / what);
                }
            }
        }
    });
    const auto probe = driver.run("probe", settings);
    const auto end = driver.dump(settings, itemNamed("canaries"), file());
    const auto roles = driver.dump(settings, {{"name", "globals"}, {"type", "globals"}}, file("roles"));
    done = true;
    looking.join();
    ASSERT_TRUE(probe.ok) << said(probe);
    ASSERT_TRUE(end.ok) << said(end);
    ASSERT_TRUE(roles.ok) << said(roles);
    EXPECT_GT(looked, 0);
    EXPECT_THAT(seen, ::testing::IsEmpty());
    for (const auto& text : {core::json::write(probe.answer), core::json::write(end.answer), said(end)})
        EXPECT_THAT(text, Not(HasSubstr("canary-6f1d")));
    for (const auto& line : driver.log())
        EXPECT_THAT(line, Not(HasSubstr("canary-6f1d")));
    // A file holds just the password.
    std::ofstream(file("password"), std::ios::binary) << canary << "\n";
    settings.erase("password");
    settings.set("password_file", file("password").string());
    EXPECT_TRUE(driver.run("probe", settings).ok);
    // What fails says nothing of it either.
    server.sql("ALTER ROLE signs PASSWORD 'other'");
    const auto refused = driver.run("probe", settings);
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(said(refused), Not(HasSubstr("canary-6f1d")));
    server.sql("DROP ROLE signs");
}

TEST_F(PostgresFailuresTest, WhatARoleMayNotReadIsToldWithTheStatementThatAllowsIt) {
    server.sql(
        "DROP ROLE IF EXISTS \"backup \"\"x\"\"\"; CREATE ROLE \"backup \"\"x\"\"\" LOGIN PASSWORD 'pw'");
    create(
        "guarded",
        "CREATE SCHEMA inner_one; CREATE TABLE inner_one.t (v serial); INSERT INTO inner_one.t VALUES (1);"
        "CREATE TABLE rows (v int); ALTER TABLE rows ENABLE ROW LEVEL SECURITY; INSERT INTO rows VALUES (1);"
        "SELECT lo_from_bytea(0, 'one'), lo_from_bytea(0, 'two')");
    server.sql("REVOKE CONNECT ON DATABASE guarded FROM PUBLIC");
    auto settings = server.settingsOf("backup \"x\"", "pw");
    settings.set("databases", core::json::Array{"guarded"});
    ASSERT_FALSE(driver.dump(settings, itemNamed("guarded"), file()).ok);
    std::vector<std::string> statements;
    for (int i = 0; i < 5; ++i) {
        const auto probe = driver.run("probe", settings);
        ASSERT_TRUE(probe.ok) << said(probe);
        bool clear = true;
        const auto answer = json(probe);
        for (const auto& problem : answer["problems"]) {
            if (problem.value("warning", false)) {
                EXPECT_THAT(problem["message"].get<std::string>(), HasSubstr("passwords of roles"));
                continue;
            }
            EXPECT_EQ(problem["item"], "guarded");
            clear = false;
            statements.push_back(problem["statement"].get<std::string>());
            server.sql(statements.back(), "guarded");
        }
        if (clear)
            break;
    }
    EXPECT_THAT(statements, ::testing::ElementsAre(
                                HasSubstr("GRANT CONNECT ON DATABASE \"guarded\" TO \"backup \"\"x\"\"\";"),
                                "GRANT pg_read_all_data TO \"backup \"\"x\"\"\";", HasSubstr("BYPASSRLS"),
                                HasSubstr("LARGE OBJECT")));
    const auto end = driver.dump(settings, itemNamed("guarded"), file());
    ASSERT_TRUE(end.ok) << said(end);
    const auto roles = driver.dump(settings, {{"name", "globals"}, {"type", "globals"}}, file("roles"));
    ASSERT_TRUE(roles.ok) << said(roles);
    EXPECT_THAT(driver.log(), Contains(HasSubstr("passwords")));
    EXPECT_EQ(json(roles)["warnings"], Json::array())
        << "it is so each time, and would hold the retention for ever";
    EXPECT_THAT(readFile(file("roles")), AllOf(HasSubstr("CREATE ROLE"), Not(HasSubstr("SCRAM-SHA"))));
    drop("guarded");
    server.sql("DROP ROLE \"backup \"\"x\"\"\"");
}

TEST_F(PostgresFailuresTest, ALockIsNamed) {
    create("locks", "CREATE TABLE free_one (v int); CREATE TABLE \"the locked\" (v int)");
    const auto holder = server.session("BEGIN; LOCK TABLE \"the locked\"; SELECT pg_sleep(60)", "locks");
    while (server.sql(
               "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = "
               "'\"the locked\"'::regclass",
               "locks") != "1")
        continue;
    auto settings = server.settings();
    settings.set("lock_timeout_seconds", 1);
    const auto end = driver.dump(settings, itemNamed("locks"), file());
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message,
                AllOf(HasSubstr("\"public.the locked\" by \"postgres\""), Not(HasSubstr("free_one"))));
    EXPECT_THAT(end.hint, HasSubstr("lock_timeout_seconds"));
    holder->signal(SIGKILL);
    drop("locks");
}

TEST_F(PostgresFailuresTest, AnOldClientIsRefusedBeforeItDumps) {
    const auto programs = folder.path() / "old";
    std::filesystem::create_directory(programs);
    for (const auto* name : {"pg_dump", "pg_dumpall"}) {
        std::ofstream(programs / name)
            << "#!/bin/sh\necho '" << name << " (PostgreSQL) 13.9 (Debian 13.9-0)'\n";
        ::chmod((programs / name).c_str(), 0755);
    }
    auto settings = server.settings();
    settings.set("program_folder", programs.string());
    for (const auto& end :
         {driver.run("probe", settings), driver.dump(settings, itemNamed("postgres"), file())}) {
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, AllOf(HasSubstr("pg_dump 15 or later is needed"), HasSubstr("13.9")));
        EXPECT_THAT(end.hint, HasSubstr("postgresql-client-15"));
    }
    std::filesystem::remove(programs / "pg_dump");
    EXPECT_THAT(driver.run("probe", settings).message, HasSubstr("there is none in " + programs.string()));
}

TEST_F(PostgresFailuresTest, AKilledProgramIsNoGoodEnd) {
    create("killed", "CREATE TABLE waits (v int)");
    // pg_dump waits for the lock while it is killed.
    const auto holder = server.session("BEGIN; LOCK TABLE waits; SELECT pg_sleep(60)", "killed");
    std::jthread killer([&] {
        if (const int pid = waitForProcess({"bin/pg_dump", "dbname='killed'"}); pid > 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            ::kill(pid, SIGKILL);
        }
    });
    const auto end = driver.dump(server.settings(), itemNamed("killed"), file());
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("signal 9"));
    holder->signal(SIGKILL);
    drop("killed");
}

TEST_F(PostgresFailuresTest, NothingOfACrashStaysOnTheDisk) {
    const CoreFiles cores;
    create("crashing", "CREATE TABLE waits (v int)");
    const auto holder = server.session("BEGIN; LOCK TABLE waits; SELECT pg_sleep(60)", "crashing");
    const auto settings = server.settingsOf("postgres", PostgresServer::kPassword);
    // One that nobody keeps from it shows that there would be something to find.
    if (cores.areMadeHere()) {
        core::ProcessSpec spec;
        spec.program = "sleep";
        spec.arguments = {"60"};
        spec.environment = {{"PATH", "/usr/bin:/bin"}};
        spec.workingDirectory = folder.path();
        core::SystemProcessRunner runner;
        const auto careless = std::move(runner.start(spec)).value();
        EXPECT_EQ(CoreFiles::ofCrash(careless->pid(), SIGABRT).size(), 1U);
    }
    for (const std::string victim : {"pg_dump", "restic-agent"}) {
        std::string limit;
        std::vector<std::filesystem::path> files;
        std::jthread killer([&] {
            const int dump = waitForProcess({"bin/pg_dump", "dbname='crashing'"});
            const int pid = victim == "pg_dump"
                                ? dump
                                : waitForProcess({victim, "/proc/" + std::to_string(::getpid()) + "/fd/"});
            ASSERT_GT(pid, 0);
            std::this_thread::sleep_for(std::chrono::milliseconds(200)); // it has the password
            limit = CoreFiles::limitOf(pid);
            files = CoreFiles::ofCrash(pid, victim == "pg_dump" ? SIGABRT : SIGSEGV);
        });
        const auto end = driver.dump(settings, itemNamed("crashing"), file());
        killer.join();
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(limit, ::testing::MatchesRegex(" +0 +0 +")) << victim;
        EXPECT_THAT(files, ::testing::IsEmpty()) << victim;
        EXPECT_THAT(said(end), Not(HasSubstr(PostgresServer::kPassword)));
    }
    holder->signal(SIGKILL);
    drop("crashing");
}

TEST_F(PostgresFailuresTest, AServerThatDiesIsNoGoodEnd) {
    PostgresServer own;
    own.sql("CREATE TABLE first AS SELECT 1 AS v; CREATE TABLE waits (v int)");
    const auto holder = own.session("BEGIN; LOCK TABLE waits; SELECT pg_sleep(60)", "postgres");
    std::jthread killer([&] {
        if (waitForProcess({"bin/pg_dump", own.folder()}) > 0)
            own.kill();
    });
    const auto end = driver.dump(own.settings(), itemNamed("postgres"), file());
    killer.join();
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("could not be dumped"));
    own.start();
    EXPECT_TRUE(driver.dump(own.settings(), itemNamed("postgres"), file()).ok);
}
} // namespace
} // namespace test
