#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

#include "core/encoding.h"
#include "integration/system/agent_fixture.h"
#include "support/test_cluster.h"

/// The proofs at the end of tests, each with what it is to find.
namespace test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto kCanary = "canary \"of\" this test";

TEST(Canaries, AreFoundInEveryFileButThoseThatAreNamed) {
    const TempDir dir;
    Canaries canaries;
    canaries.add(kCanary);
    canaries.add("short");
    EXPECT_EQ(canaries.size(), 1U);
    writeFile(dir / "a/plain", std::string("x") + kCanary);
    writeFile(dir / "a/b/json", core::json::write(Value(kCanary)));
    writeFile(dir / "hex", "\\x" + core::hexEncode(kCanary));
    writeFile(dir / "clean", "a short one");
    writeFile(dir / "identity.json", kCanary);
    EXPECT_THAT(secretsInFiles(canaries, dir.path(), {"identity.json"}),
                UnorderedElementsAre(HasSubstr("a/plain"), HasSubstr("a/b/json"), HasSubstr("/hex")));
    EXPECT_THAT(secretsInFiles(canaries, dir / "identity.json"), ElementsAre(HasSubstr("identity.json")));
}

TEST(Canaries, AreFoundInCommandLinesAndEnvironmentsOfAWholeTree) {
    Canaries canaries;
    canaries.add(kCanary);
    core::ProcessSpec spec;
    spec.program = "/bin/sh";
    spec.arguments = {"-c", "sleep 60 & wait", kCanary};
    spec.environment = {{"PATH", "/usr/bin:/bin"}, {"GIVEN", kCanary}};
    core::SystemProcessRunner runner;
    const auto shell = std::move(runner.start(spec)).value();
    const auto in = [&](const std::string& where) {
        return await([&] {
            const auto found = secretsInProcesses(canaries, shell->pid(), {"GIVEN"});
            return std::any_of(found.begin(), found.end(),
                               [&](const auto& one) { return one.find(where) != std::string::npos; });
        });
    };
    EXPECT_TRUE(in("command line of process " + std::to_string(shell->pid())));
    EXPECT_TRUE(in("GIVEN of process")) << "the child was not given it by the test";
    for (const auto& one : secretsInProcesses(canaries, shell->pid(), {"GIVEN"}))
        EXPECT_EQ(one.find("GIVEN of process " + std::to_string(shell->pid())), std::string::npos) << one;
}

TEST(Canaries, AreFoundInEveryColumnOfADatabase) {
    const TestDatabase database(core::db::Dialect::postgresql);
    const auto& cluster = TestCluster::instance();
    cluster.admin(
        "CREATE TABLE clean (a text); CREATE TABLE texts (a int, b text); CREATE TABLE bytes (a bytea)",
        database.name());
    cluster.admin(
        fmt::format("INSERT INTO texts VALUES (1, '{0}'); INSERT INTO bytes VALUES ('{0}')", kCanary),
        database.name());
    Canaries canaries;
    canaries.add(kCanary);
    EXPECT_THAT(secretsInTables(canaries, database.url()),
                UnorderedElementsAre(HasSubstr("the table texts"), HasSubstr("the table bytes")));
}

TEST(TrafficOfATest, WhatIsGivenOutIsGivenOutOnce) {
    Traffic traffic;
    const auto say = [&](const char* method, const char* path, const std::string& request,
                         const std::string& answer) {
        traffic.note(method, path, "", request, 200, answer);
        return traffic.complaints().size();
    };
    EXPECT_EQ(say("POST", "/api/v1/tokens", "{}", R"({"token":"a token of somebody"})"), 0U);
    EXPECT_EQ(say("GET", "/api/v1/tokens", "", R"({"items":[{"name":"x"}]})"), 0U);
    EXPECT_EQ(say("GET", "/api/v1/tokens", "", R"({"items":[{"token":"a token of somebody"}]})"), 1U);
    EXPECT_EQ(say("POST", "/api/v1/restic/repositories",
                  R"({"type":"s3","config":{"secret_access_key":"a key of S3"}})",
                  R"({"id":"1","config":{"secret_access_key_set":true}})"),
              1U);
    EXPECT_EQ(say("GET", "/api/v1/restic/repositories/1", "", R"({"note":"a key of S3"})"), 2U);
    EXPECT_EQ(say("GET", "/api/v1/restic/agents/2/tasks?wait=0", "", R"({"payload":"a key of S3"})"), 2U)
        << "an agent is given what it needs";
    traffic.note("GET", "/api/v1/auth/me", "Bearer a token that was typed", "", 200, "{}");
    EXPECT_EQ(say("GET", "/api/v1/audit", "", R"(["a token that was typed"])"), 3U);
    traffic.noteCommand("", "no a key of S3");
    EXPECT_EQ(traffic.complaints().size(), 4U);
}

class Proofs : public BackupSystemTest {
protected:
    /// What the end of the test would say.
    std::vector<std::string> complaints(const std::function<void()>& prove) {
        testing::TestPartResultArray parts;
        {
            const testing::ScopedFakeTestPartResultReporter reporter(
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &parts);
            prove();
        }
        std::vector<std::string> said;
        for (int i = 0; i < parts.size(); ++i)
            if (parts.GetTestPartResult(i).failed())
                said.emplace_back(parts.GetTestPartResult(i).message());
        return said;
    }
    void byHand(std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = "restic";
        spec.arguments = std::move(arguments);
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"RESTIC_REPOSITORY", repository_.string()},
                            {"RESTIC_PASSWORD", kRepositoryPassword}};
        spec.standardError = core::ProcessOutput::capture();
        const auto result = runner_.run(spec).value();
        EXPECT_TRUE(result.exit.ok()) << result.error;
    }
    std::vector<std::string> ofRepositories() {
        return complaints([this] { proveRepositories(); });
    }
};

TEST_F(Proofs, FindWhatResticHasAndNobodyTellsOf) {
    begin();
    ASSERT_EQ(outcome(backupNow()), "success");
    EXPECT_THAT(ofRepositories(), IsEmpty());

    const auto own = restic({"snapshots"}).array()->front().stringOr("id");
    byHand({"backup", source_.string()});
    EXPECT_THAT(ofRepositories(), ElementsAre(HasSubstr("which is told of 0 times")));
    byHand({"forget", own});
    EXPECT_THAT(
        ofRepositories(),
        UnorderedElementsAre(HasSubstr("which is told of 0 times"),
                             HasSubstr("told of is the snapshot " + own + ", which restic does not have"),
                             HasSubstr("web-01:nightly is green for the snapshot " + own)));
    exempt(Proof::snapshots, "they were made and removed by hand");
    exempt(Proof::green, "its snapshot was removed by hand");

    const auto lock = std::string(64, 'a');
    writeFile(repository_ / "locks" / lock, "");
    EXPECT_THAT(ofRepositories(), ElementsAre(HasSubstr("still has the lock " + lock)));
    std::filesystem::remove(repository_ / "locks" / lock);
}

TEST_F(Proofs, FindWhatASecretLeaves) {
    startBackend();
    registrationToken();
    EXPECT_THAT(complaints([this] { proveSecretsKept(); }), IsEmpty());
    writeFile(dir_ / "state/journal", kAdminPassword);
    writeFile(dir_ / "other.log", admin_);
    EXPECT_THAT(complaints([this] { proveSecretsKept(); }),
                UnorderedElementsAre(HasSubstr("state/journal"), HasSubstr("other.log")));
    for (const char* file : {"state/journal", "other.log"})
        std::filesystem::remove(dir_ / file);
}

} // namespace
} // namespace test
