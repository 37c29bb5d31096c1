#include <gmock/gmock.h>
#include <sys/stat.h>

#include "plugins/debian13.h"
#include "plugins/docker_engine.h"
#include "support/plugin_driver.h"

namespace {
using core::json::Object;
using test::DockerEngine;
using test::PluginDriver;
using testing::HasSubstr;

/// Real servers in containers: PostgreSQL 17 and MariaDB 11.8, whose programs are those of a Debian 13.
class DockerDatabases : public testing::Test {
protected:
    DockerEngine& engine = DockerEngine::shared();
    PluginDriver driver{"docker"};
    core::testkit::TempDir folder;

    void SetUp() override { engine.removeAll(); }
    std::filesystem::path file() { return folder.path() / "dump"; }
    /// A container that has the programs and waits; `options` beside.
    void start(std::vector<std::string> options) {
        test::writeText(folder.path() / "passwd", "root:x:0:0::/:/bin/sh\nserver:x:1000:1000::/:/bin/sh\n");
        options.insert(options.end(), {"--volume=" + inDebian13("usr") + ":/usr:ro",
                                       "--volume=" + (folder.path() / "passwd").string() + ":/etc/passwd:ro",
                                       "--tmpfs=/tmp:mode=1777", "--tmpfs=/var/run/postgresql:mode=1777",
                                       "--tmpfs=/run/mysqld:mode=1777",
                                       "--env=PATH=/usr/lib/postgresql/17/bin:/usr/bin:/usr/sbin:/bin"});
        engine.start("server", options);
    }
    bool answers(const std::string& command) {
        return test::eventually([&] {
            try {
                engine.in("server", command + " >/tmp/answer 2>&1");
                return true;
            } catch (const std::exception&) {
                return false;
            }
        });
    }
    static std::string inDebian13(const std::string& path) { return test::inDebian13(path); }
    /// Dumps "shop", brings it back beside it and over it, and refuses to do so unasked.
    void roundTrip(const std::function<std::string(const std::string& database)>& rows,
                   const std::function<void()>& spoil) {
        const auto before = rows("shop");
        const auto probe = driver.run("probe", engine.settings());
        ASSERT_TRUE(probe.ok) << probe.message;
        EXPECT_TRUE(probe.answer.find("problems")->array()->empty()) << core::json::write(probe.answer);
        const auto item = PluginDriver::itemOf(probe, "database server/shop");
        ASSERT_FALSE(item.empty()) << core::json::write(probe.answer);
        const auto end = driver.dump(engine.settings(), item, file());
        ASSERT_TRUE(end.ok) << end.message;
        const auto restore = [&](const std::string& as, bool replace) {
            return driver.read("restore", engine.settings(), item, {{"database", as}, {"replace", replace}},
                               file());
        };
        const auto copied = restore("copy", false);
        ASSERT_TRUE(copied.ok) << copied.message;
        EXPECT_EQ(rows("copy"), before);
        spoil();
        ASSERT_NE(rows("shop"), before);
        EXPECT_THAT(restore("shop", false).message, HasSubstr("not empty"));
        const auto replaced = restore("shop", true);
        ASSERT_TRUE(replaced.ok) << replaced.message;
        EXPECT_EQ(rows("shop"), before);
    }
};

TEST_F(DockerDatabases, APostgresIsDumpedAndBroughtBack) {
    start({"--user=1000:1000", "--label=restic-monitor.dump=postgres", "--env=POSTGRES_USER=owner",
           "--env=POSTGRES_PASSWORD=s3cret word"});
    engine.in("server",
              "echo 's3cret word' >/tmp/password; initdb -D /tmp/data -U owner --locale=C -E UTF8 --no-sync "
              "--auth=scram-sha-256 --pwfile=/tmp/password >/tmp/log 2>&1 || { cat /tmp/log >&2; exit 1; }");
    engine.docker({"exec", "--detach", "server", "postgres", "-D", "/tmp/data", "-c",
                   "listen_addresses=", "-c", "fsync=off"});
    const auto sql = [&](const std::string& database, const std::string& statement) {
        return engine.docker({"exec", "--interactive", "--env=PGPASSWORD=s3cret word", "server", "psql", "-X",
                              "-qAt", "-v", "ON_ERROR_STOP=1", "-U", "owner", "-d", database},
                             statement);
    };
    ASSERT_TRUE(answers("PGPASSWORD='s3cret word' psql -U owner -d postgres -c 'SELECT 1'"))
        << engine.in("server", "cat /tmp/answer");
    sql("postgres", "CREATE DATABASE shop");
    sql("shop", "CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods SELECT g, 'ü ' || "
                "md5(g::text) "
                "FROM generate_series(1, 2000) g; CREATE VIEW few AS SELECT * FROM goods WHERE id < 3");
    roundTrip(
        [&](const std::string& database) {
            return sql(database,
                       "SELECT count(*), md5(string_agg(goods::text, ',' ORDER BY id)), (SELECT count(*) "
                       "FROM few) FROM goods");
        },
        [&] { sql("shop", "DELETE FROM goods WHERE id > 5"); });
}

TEST_F(DockerDatabases, AMariadbIsDumpedAndBroughtBack) {
    core::ProcessSpec spec;
    spec.program = inDebian13("usr/bin/mariadb-install-db");
    spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}};
    spec.arguments = {"--no-defaults",
                      "--basedir=" + inDebian13("usr"),
                      "--user=root",
                      "--datadir=" + (folder.path() / "data").string(),
                      "--auth-root-authentication-method=normal",
                      "--skip-test-db",
                      "--skip-name-resolve",
                      "--tmpdir=" + folder.path().string(),
                      "--innodb-flush-method=nosync"};
    spec.standardError = core::ProcessOutput::capture();
    const auto made = core::SystemProcessRunner().run(spec);
    ASSERT_TRUE(made && made.value().exit.ok()) << (made ? made.value().error : made.error().what());
    start({"--label=restic-monitor.dump=mariadb", "--env=MARIADB_ROOT_PASSWORD=s3cret word",
           "--volume=" + (folder.path() / "data").string() + ":/data"});
    engine.docker({"exec", "--detach", "server", "mariadbd", "--no-defaults", "--user=root",
                   "--datadir=/data", "--skip-networking", "--innodb-flush-method=nosync",
                   "--log-error=/tmp/log"});
    ASSERT_TRUE(answers("mariadb -e \"ALTER USER root@localhost IDENTIFIED BY 's3cret word'\""))
        << engine.in("server", "cat /tmp/log /tmp/answer");
    const auto sql = [&](const std::string& database, const std::string& statement) {
        return engine.docker({"exec", "--interactive", "--env=MYSQL_PWD=s3cret word", "server", "mariadb",
                              "--batch", "--skip-column-names", database},
                             statement);
    };
    sql("mysql", "CREATE DATABASE shop");
    sql("shop",
        "CREATE TABLE goods (id INT PRIMARY KEY, name TEXT); INSERT INTO goods SELECT seq, CONCAT('ü ', "
        "MD5(seq)) FROM seq_1_to_2000; CREATE VIEW few AS SELECT * FROM goods WHERE id < 3; CREATE PROCEDURE "
        "nothing() SELECT 1");
    roundTrip(
        [&](const std::string& database) {
            return sql(
                database,
                "SET group_concat_max_len = 10000000; SELECT COUNT(*), MD5(GROUP_CONCAT(id, name ORDER "
                "BY id)), (SELECT COUNT(*) FROM few) FROM goods; CALL nothing()");
        },
        [&] { sql("shop", "DELETE FROM goods WHERE id > 5"); });
    engine.docker({"rm", "--force", "server"}); // before its data go
}
} // namespace
