#include <gmock/gmock.h>

#include "plugins/debian13.h"
#include "plugins/mysql_server.h"
#include "support/certificates.h"
#include "support/plugin_driver.h"

namespace {
using core::json::Array;
using core::json::Object;
using test::describeDatabase;
using test::inDebian13;
using test::MysqlServer;
using test::PluginDriver;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// MariaDB 11.8 beside 10.11, servers and clients.
class MysqlVersions : public testing::Test {
protected:
    MysqlServer& server = MysqlServer::shared();
    PluginDriver driver{"mysql"};
    core::testkit::TempDir folder;

    static MysqlServer& newer() {
        static MysqlServer one({}, inDebian13("usr"));
        return one;
    }
    std::filesystem::path file() { return folder.path() / "dump"; }
    /// With the clients of MariaDB 11.8.
    static Object withNewClient(Object settings) {
        settings.set("program_folder", inDebian13("usr/bin"));
        return settings;
    }
    static Object of(MysqlServer& one, const std::string& database) {
        auto settings = one.settings();
        settings.set("databases", Array{database});
        return settings;
    }
    Object dumped(const Object& settings, const std::string& database) {
        const auto probe = driver.run("probe", settings);
        EXPECT_TRUE(probe.ok) << probe.message;
        const auto item = PluginDriver::itemOf(probe, database);
        const auto end = driver.dump(settings, item, file());
        EXPECT_TRUE(end.ok) << end.message;
        tool = end.ok ? end.answer.find("tool")->stringOr("version") : std::string();
        return item;
    }
    agent::StepEnd restored(const Object& settings, const Object& item, const std::string& as) {
        return driver.read("restore", settings, item, {{"database", as}, {"replace", false}}, file());
    }
    /// Of the last dump.
    std::string tool;
};

TEST_F(MysqlVersions, ANewerServerIsDumpedTriedAndBroughtBackByBothClients) {
    makeAwkwardDatabase(newer(), "source");
    const auto before = describeDatabase(newer(), "source");
    ASSERT_THAT(before, HasSubstr("ghostly"));
    for (const auto& [settings, version] :
         {std::pair{of(newer(), "source"), "10.11."}, {withNewClient(of(newer(), "source")), "11.8."}}) {
        const auto item = dumped(settings, "source");
        EXPECT_THAT(tool, StartsWith(version));
        newer().sql("DROP DATABASE IF EXISTS back;");
        const auto back = restored(settings, item, "back");
        ASSERT_TRUE(back.ok) << back.message;
        EXPECT_EQ(describeDatabase(newer(), "back"), before) << version;
    }
    // The server of the trial is of the clients' installation.
    const auto item = PluginDriver::itemOf(driver.run("probe", of(newer(), "source")), "source");
    const auto tried = driver.read("verify", withNewClient(of(newer(), "source")), item, {}, file());
    ASSERT_TRUE(tried.ok) << tried.message;
    EXPECT_THAT(tried.answer.find("server")->stringOr("version"), StartsWith("11.8."));
    // An older one does not know times after 2038, where the history of a table goes to.
    const auto older = driver.read("verify", of(newer(), "source"), item, {}, file());
    EXPECT_FALSE(older.ok);
    EXPECT_THAT(older.hint,
                AllOf(HasSubstr("The dump is of 11.8."), HasSubstr("the trial's server is 10.11.")));
}

TEST_F(MysqlVersions, ADumpOfANewerClientGoesIntoAnOlderServer) {
    makeAwkwardDatabase(server, "source");
    const auto before = describeDatabase(server, "source");
    const auto item = dumped(withNewClient(of(server, "source")), "source");
    EXPECT_THAT(tool, StartsWith("11.8."));
    // Its first line is one that a client from before it stops at.
    ASSERT_THAT(test::readText(file()), StartsWith("/*M!999999\\- enable the sandbox mode */"));
    const auto programs = folder.path() / "older";
    std::filesystem::create_directory(programs);
    test::writeText(
        programs / "mariadb",
        "#!/bin/sh\ncase \"$*\" in *--help*) /usr/bin/mariadb \"$@\" | sed s/--sandbox/--sand/; exit;;\n"
        "*--binary-mode*) cat >\"$0.in\"; if grep -q '^/\\*M!999999.- ' \"$0.in\"; then echo \"ERROR at line "
        "1: "
        "Unknown command '\\\\-'.\" >&2; exit 1; fi; exec /usr/bin/mariadb \"$@\" <\"$0.in\";;\n"
        "esac\nexec /usr/bin/mariadb \"$@\"\n");
    std::filesystem::permissions(programs / "mariadb", std::filesystem::perms::owner_all);
    std::filesystem::create_symlink("/usr/bin/mariadb-dump", programs / "mariadb-dump");
    auto older = server.settings();
    older.set("program_folder", programs.string());
    for (const auto& settings : {server.settings(), older, withNewClient(server.settings())}) {
        server.sql("DROP DATABASE IF EXISTS back;");
        const auto back = restored(settings, item, "back");
        ASSERT_TRUE(back.ok) << back.message;
        EXPECT_EQ(describeDatabase(server, "back"), before);
    }
    EXPECT_THAT(test::readText(programs / "mariadb.in"), HasSubstr("every_type"));
}

TEST_F(MysqlVersions, WithoutTlsOnTheServerANewClientGoesOnUnlessItIsRequired) {
    server.sql("CREATE OR REPLACE USER plain@'%' IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO plain@'%';");
    auto settings = withNewClient(server.settings("plain", "pw", true));
    for (const auto* tls : {"off", "preferred"}) {
        settings.set("tls", tls);
        const auto end = driver.run("probe", settings);
        EXPECT_TRUE(end.ok) << tls << ": " << end.message;
    }
    for (const auto* tls : {"required", "verify"}) {
        settings.set("tls", tls);
        const auto end = driver.run("probe", settings);
        EXPECT_FALSE(end.ok) << tls;
        EXPECT_THAT(end.hint, HasSubstr("\"tls\"")) << end.message;
    }
}

TEST_F(MysqlVersions, WithTheCertificateThatANewServerMakesItself) {
    newer().sql(
        "CREATE OR REPLACE USER far@'%' IDENTIFIED BY 'pw' REQUIRE SSL; GRANT ALL ON *.* TO far@'%';");
    const auto older = newer().settings("far", "pw", true);
    for (auto settings : {older, withNewClient(older)})
        for (const auto* tls : {"preferred", "required"}) {
            settings.set("tls", tls);
            const auto end = driver.run("probe", settings);
            EXPECT_TRUE(end.ok) << tls << ": " << end.message;
        }
    // The new client knows by the password that it is the server's own.
    auto verified = withNewClient(older);
    verified.set("tls", "verify");
    const auto end = driver.run("probe", verified);
    EXPECT_TRUE(end.ok) << end.message;
    const auto authority = test::makeCertificate(folder.path(), "authority");
    verified.set("ssl_ca", authority.certificate);
    EXPECT_THAT(driver.run("probe", verified).hint, HasSubstr("ssl_ca"));
    auto unknown = older;
    unknown.set("tls", "verify");
    EXPECT_THAT(driver.run("probe", unknown).hint, HasSubstr("ssl_ca"));
}
} // namespace
