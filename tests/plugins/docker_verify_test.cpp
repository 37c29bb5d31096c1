#include <gmock/gmock.h>

#include <unistd.h>

#include <csignal>
#include <thread>

#include "plugins/docker_servers.h"
#include "support/plugin_driver.h"

namespace {
namespace fs = std::filesystem;
using core::json::Object;
using test::DockerEngine;
using test::DockerServer;
using test::PluginDriver;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

/// Dumps that are tried.
class DockerVerify : public testing::Test {
protected:
    DockerEngine& engine = DockerEngine::shared();
    PluginDriver driver{"docker"};
    core::testkit::TempDir folder;

    void SetUp() override { engine.removeAll(); }
    fs::path file() { return folder.path() / "dump"; }

    /// Dumps an item; as the agent keeps it then.
    Object dumped(const std::string& name) {
        auto item = PluginDriver::itemOf(driver.run("probe", engine.settings()), name);
        EXPECT_FALSE(item.empty()) << name;
        const auto end = driver.dump(engine.settings(), item, file());
        EXPECT_TRUE(end.ok) << end.message;
        return item;
    }
    agent::StepEnd verify(const Object& item) {
        return driver.read("verify", engine.settings(), item, {}, file());
    }
    static std::map<std::string, std::int64_t> counts(const agent::StepEnd& end, const char* which = "rows") {
        std::map<std::string, std::int64_t> out;
        for (const auto& table : *end.answer.find("tables")->array())
            out[table.stringOr("name")] = table.integerOr(which, -1);
        return out;
    }
    /// Containers and volumes, which a trial leaves as they were.
    std::string everything() {
        return engine.docker({"ps", "--all", "--no-trunc", "--format={{.ID}} {{.Names}}"}) + "\n" +
               engine.volumes();
    }
    std::string trial() {
        return engine.docker({"ps", "--all", "--quiet", "--filter=name=restic-monitor-verify-"});
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
    std::size_t notes() {
        std::size_t count = 0;
        for (const auto& entry : fs::recursive_directory_iterator(driver.state()))
            count += entry.path().extension() == ".note" ? 1 : 0;
        return count;
    }
    /// A trial whose step is killed when its container runs.
    void killedTrial(const Object& item) {
        std::thread killer([&] {
            EXPECT_TRUE(
                test::eventually([&] { return !trial().empty() && engine.state(trial()) == "running"; }));
            ::kill(stepPid(), SIGKILL);
        });
        EXPECT_FALSE(verify(item).ok);
        killer.join();
    }

    DockerServer postgres() {
        DockerServer server(engine, "postgres", "db");
        server.sql("CREATE ROLE seller; CREATE DATABASE shop;");
        server.sql(R"(
CREATE TABLE words AS SELECT n AS id, md5(n::text) AS word FROM generate_series(1, 5000) n;
CREATE SCHEMA "Odd ""one""";
CREATE TABLE "Odd ""one"""."a
b" (t text); INSERT INTO "Odd ""one"""."a
b" VALUES (E'x\ny\\.'), ('\.');
CREATE TABLE empty (id serial PRIMARY KEY);
CREATE TABLE sold (id int, by text DEFAULT current_user); INSERT INTO sold VALUES (1), (2);
ALTER TABLE sold OWNER TO seller; ALTER TABLE sold ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sold TO seller USING (by = current_user);
CREATE VIEW few AS SELECT * FROM words LIMIT 3;)",
                   "shop");
        return server;
    }
};

TEST_F(DockerVerify, ADatabaseOfPostgresqlIsRestoredIntoAServerOfItsOwnImage) {
    const auto server = postgres();
    const auto item = dumped("database db/shop");
    EXPECT_EQ(Object(item).find("image")->string()->c_str(), std::string("real-postgres:1"));
    const auto before = everything();
    const auto end = verify(item);
    ASSERT_TRUE(end.ok) << end.message << " " << end.hint;
    EXPECT_THAT(counts(end), ElementsAre(Pair("\"Odd \"\"one\"\"\".\"a\nb\"", 2), Pair("public.empty", 0),
                                         Pair("public.sold", 2), Pair("public.words", 5000)));
    EXPECT_EQ(counts(end), counts(end, "expected"));
    EXPECT_EQ(end.answer.find("server")->stringOr("product"), "PostgreSQL");
    EXPECT_THAT(end.answer.find("server")->stringOr("version"), HasSubstr("."));
    EXPECT_THAT(*end.answer.find("warnings")->array(), IsEmpty());
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(notes(), 0U);
    EXPECT_THAT(server.sql("SELECT datname FROM pg_database WHERE datname = 'restored'"), IsEmpty());
    EXPECT_THAT(driver.log(), Each(Not(HasSubstr("s3cret"))));

    // Nothing of the container that was dumped is needed.
    engine.docker({"rm", "--force", "--volumes", "db"});
    const auto without = verify(item);
    EXPECT_TRUE(without.ok) << without.message;
    EXPECT_EQ(counts(without), counts(end));
}

TEST_F(DockerVerify, ADumpThatIsNotWholeFails) {
    postgres();
    const auto item = dumped("database db/shop");
    const auto whole = test::readText(file());
    const auto before = everything();
    for (const auto& [size, said] :
         {std::pair{whole.size() - 3000, "The dump cannot be restored: pg_restore"},
          {std::size_t{600}, "ends within its table of contents"},
          {std::size_t{0}, "The dump is empty"}}) {
        test::writeText(file(), whole.substr(0, size));
        const auto end = verify(item);
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, HasSubstr(said)) << size;
    }
    test::writeText(file(), "no dump " + whole);
    EXPECT_THAT(verify(item).message, HasSubstr("no dump that pg_dump made"));
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(notes(), 0U);
}

TEST_F(DockerVerify, RowsThatAreNotWhatTheDumpSaysFail) {
    const auto server = postgres();
    // Filled last of all, it takes rows away from what was loaded.
    server.sql(R"(
CREATE FUNCTION forget() RETURNS int LANGUAGE plpgsql AS
  'BEGIN DELETE FROM public.words WHERE id <= 7; RETURN 1; END';
CREATE MATERIALIZED VIEW late AS SELECT public.forget();
INSERT INTO words SELECT n, '' FROM generate_series(1, 7) n;)",
               "shop");
    const auto end = verify(dumped("database db/shop"));
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, HasSubstr("public.words has 4993 rows instead of 5000"));
    EXPECT_EQ(counts(end).at("public.words"), 4993);
    EXPECT_EQ(counts(end, "expected").at("public.words"), 5000);
}

TEST_F(DockerVerify, OfMariadbToo) {
    DockerServer server(engine, "mariadb", "db");
    server.sql("CREATE DATABASE shop;");
    server.sql("CREATE TABLE words (id INT PRIMARY KEY, word TEXT);"
               "INSERT INTO words SELECT seq, MD5(seq) FROM seq_1_to_3000;"
               "CREATE TABLE `a``b (c)` (t TEXT); INSERT INTO `a``b (c)` VALUES ('x),(\\'y'), ('-- ;');"
               "CREATE TABLE empty (id INT); CREATE VIEW some AS SELECT * FROM words LIMIT 3;"
               "CREATE TABLE ticks (id INT);"
               "CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (1);",
               "shop");
    const auto item = dumped("database db/shop");
    const auto whole = test::readText(file());
    const auto before = everything();
    const auto end = verify(item);
    ASSERT_TRUE(end.ok) << end.message << " " << end.hint;
    EXPECT_EQ(counts(end), counts(end, "expected"));
    EXPECT_THAT(counts(end),
                ElementsAre(Pair("a`b (c)", 2), Pair("empty", 0), Pair("ticks", 0), Pair("words", 3000)));
    EXPECT_EQ(end.answer.find("server")->stringOr("product"), "MariaDB");
    test::writeText(file(), whole.substr(0, whole.size() / 2));
    EXPECT_THAT(verify(item).message, HasSubstr("cut off"));
    test::writeText(file(), "SELECT * FROM nowhere;\n" + whole);
    EXPECT_THAT(verify(item).message,
                AllOf(HasSubstr("cannot be restored"), HasSubstr("nowhere' doesn't exist")));
    EXPECT_EQ(everything(), before);
}

TEST_F(DockerVerify, TheTrialHasNothingOfAnybodyElse) {
    postgres();
    const auto item = dumped("database db/shop");
    std::string seen;
    std::set<std::string> secret;
    std::thread watch([&] {
        EXPECT_TRUE(test::eventually([&] { return !trial().empty(); }));
        try {
            seen = engine.docker({"inspect",
                                  "--format=network {{.HostConfig.NetworkMode}} memory "
                                  "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} ports "
                                  "{{.HostConfig.PortBindings}} binds {{.HostConfig.Binds}} mounts "
                                  "{{range .Mounts}}{{.Name}} {{end}} environment {{.Config.Env}}",
                                  trial()});
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
        }
        const auto password = seen.find("POSTGRES_PASSWORD=");
        const auto own = password == std::string::npos ? std::string() : seen.substr(password + 18, 16);
        EXPECT_EQ(own.size(), 16U) << seen;
        while (!trial().empty())
            for (const int pid : test::processesWith({own}))
                secret.insert(test::readText("/proc/" + std::to_string(pid) + "/cmdline"));
    });
    const auto end = verify(item);
    watch.join();
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_THAT(seen, AllOf(HasSubstr("network none memory 1073741824 1073741824 ports map[] binds []"),
                            Not(HasSubstr("db-data")), Not(HasSubstr("s3cret"))));
    EXPECT_THAT(secret, IsEmpty()) << "passwords among arguments";
}

TEST_F(DockerVerify, AContainerOfAKilledTrialIsRemovedAndNothingElse) {
    postgres();
    const auto item = dumped("database db/shop");
    // By the name, the label and the image it could be one.
    engine.docker({"create", "--network=none", "--name=restic-monitor-verify-0123456789abcdef",
                   "--label=restic-monitor.verify=0123456789abcdef", DockerServer::imageOf("postgres")});
    const auto before = everything();
    std::thread killer([&] {
        EXPECT_TRUE(test::eventually([&] {
            return !engine.docker({"ps", "--quiet", "--filter=name=restic-monitor-verify-"}).empty();
        }));
        ::kill(stepPid(), SIGKILL);
    });
    EXPECT_FALSE(verify(item).ok);
    killer.join();
    EXPECT_NE(everything(), before);
    EXPECT_EQ(notes(), 1U);
    for (int i = 0; i < 2; ++i) {
        const auto end = driver.run("cleanup", engine.settings());
        EXPECT_TRUE(end.ok) << end.message;
        EXPECT_EQ(everything(), before);
        EXPECT_EQ(notes(), 0U);
    }
}

TEST_F(DockerVerify, AContainerThatSomebodyElseMadeInItsPlaceIsLeftAlone) {
    postgres();
    const auto item = dumped("database db/shop");
    killedTrial(item);
    const auto name =
        engine.docker({"ps", "--all", "--format={{.Names}}", "--filter=name=restic-monitor-verify-"});
    engine.docker({"rm", "--force", "--volumes", name});
    engine.docker({"create", "--network=none", "--name=" + name, DockerEngine::kImage});
    const auto before = everything();
    EXPECT_TRUE(driver.run("cleanup", engine.settings()).ok);
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(notes(), 0U);
}

TEST_F(DockerVerify, ATrialThatRunsIsNotCleanedUpByARunBesideIt) {
    postgres();
    const auto item = dumped("database db/shop");
    int times = 0;
    std::thread cleaner([&] {
        EXPECT_TRUE(test::eventually([&] { return !trial().empty(); }));
        for (; !trial().empty(); ++times)
            EXPECT_TRUE(driver.run("cleanup", engine.settings()).ok);
    });
    const auto end = verify(item);
    cleaner.join();
    EXPECT_TRUE(end.ok) << end.message;
    EXPECT_GT(times, 1);
}

TEST_F(DockerVerify, ATrialIsNotDumpedWhateverItsImageSays) {
    engine.docker({"run", "--detach", "--network=none", "--name=trial", "--label=restic-monitor.verify=1",
                   "--label=restic-monitor.exec=[\"ls\"]", DockerEngine::kImage});
    EXPECT_THAT(*driver.run("probe", engine.settings()).answer.find("items")->array(), IsEmpty());
}

TEST_F(DockerVerify, AServerThatDoesNotStartIsToldWithItsLastWords) {
    postgres();
    const auto item = dumped("database db/shop");
    engine.docker({"commit",
                   "--change=CMD [\"/bin/sh\", \"-c\", \"echo first; echo no room for it >&2; exit 1\"]",
                   "db", "broken:1"});
    auto other = item;
    other.set("image_id", "sha256:" + std::string(64, '0'));
    other.set("image", "broken:1");
    engine.docker({"rm", "--force", "--volumes", "db"});
    auto end = verify(other);
    EXPECT_FALSE(end.ok);
    EXPECT_THAT(end.message, AllOf(HasSubstr("tried in ended"), HasSubstr("no room for it")));
    EXPECT_THAT(trial(), IsEmpty());
    other.set("image", "gone:1");
    end = verify(other);
    EXPECT_THAT(end.message, HasSubstr("does not have the image gone:1"));
    EXPECT_EQ(end.hint, "docker pull gone:1");
    // What an agent kept that did not know of images yet.
    end = verify({{"name", "database db/shop"}});
    EXPECT_THAT(end.message, HasSubstr("which server made the dump"));
}

TEST_F(DockerVerify, AVolumeIsReadToItsEndAndCounted) {
    engine.start("app", {"--volume=files:/data", "--label=restic-monitor.volumes=live"});
    engine.in("app", "cd /data; mkdir sub; dd if=/dev/urandom of=sub/much bs=1000 count=3000 2>/dev/null; "
                     "echo hello >'a\nb -> c'; : >empty");
    fs::create_symlink("nowhere", engine.mountpoint("files") / "link");
    fs::resize_file(engine.mountpoint("files") / "empty", 1U << 20U); // a hole
    const auto item = dumped("volume files");
    const auto whole = test::readText(file());
    auto end = verify(item);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(counts(end), ElementsAre(Pair("bytes", 3000000 + 6 + (1 << 20)), Pair("files", 3),
                                         Pair("folders", 2), Pair("links and others", 1)));
    EXPECT_EQ(counts(end, "expected").at("files"), -1) << "the dump does not say how many there are";
    EXPECT_EQ(end.answer.find("server")->stringOr("product"), "GNU tar");

    const auto failsWith = [&](const std::string& text, const char* said) {
        test::writeText(file(), text);
        end = verify(item);
        EXPECT_FALSE(end.ok);
        EXPECT_THAT(end.message, HasSubstr(said));
    };
    auto damaged = whole;
    const auto much = whole.find("./sub/much");
    ASSERT_EQ(much % 512, 0U);
    failsWith("", "empty");
    failsWith(whole.substr(0, much + 5000), "Unexpected EOF");
    failsWith(whole.substr(0, much), "it has no end");
    failsWith(damaged.replace(much + 20, 1, "x"), "Skipping to next header");
    damaged = whole;
    // Blocks that a disk lost: tar itself takes them for the end.
    failsWith(damaged.replace(much, 512, std::string(512, '\0')), "goes on behind what it says is its end");
    EXPECT_THAT(trial(), IsEmpty());
}

TEST_F(DockerVerify, WhatAProgramWroteIsReadToItsEnd) {
    engine.start("app", {"--label=restic-monitor.exec=[\"echo\",\"hello\"]"});
    const auto item = dumped("exec app");
    const auto end = verify(item);
    ASSERT_TRUE(end.ok) << end.message;
    EXPECT_THAT(counts(end), ElementsAre(Pair("bytes", 6)));
    EXPECT_THAT(*end.answer.find("warnings")->array()->front().string(), HasSubstr("not tried"));
    test::writeText(file(), "");
    EXPECT_THAT(verify(item).message, HasSubstr("empty"));
}
} // namespace
