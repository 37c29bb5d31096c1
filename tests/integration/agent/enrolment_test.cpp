#include <sys/stat.h>

#include "agent_fixture.h"

namespace test {
namespace {
using namespace std::chrono_literals;

TEST_F(AgentTest, EnrolmentStoresAPrivateIdentity) {
    const auto result = enroll();
    ASSERT_TRUE(result.exit.ok()) << result.error;
    EXPECT_NE(result.output.find("web-01"), std::string::npos);
    EXPECT_EQ(result.output.find(server_.agentToken()), std::string::npos);
    struct stat info {};
    ASSERT_EQ(::stat((state_ / "identity.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_NE(readFile(state_ / "identity.json").find(server_.agentToken()), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(state_ / "enrolment.json"));
    EXPECT_EQ(server_.agents(), 1);
}

TEST_F(AgentTest, ALostAnswerCostsNothing) {
    server_.addRegistrationToken("one-time-token");
    server_.loseNextRegistrationAnswer();
    const std::vector<std::string> arguments{"enroll",         "--server",   server_.url(), "--token",
                                             "one-time-token", "--hostname", "web-01"};
    auto result = agentCommand(arguments);
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.error.find("run the same command again"), std::string::npos) << result.error;
    EXPECT_TRUE(std::filesystem::exists(state_ / "enrolment.json"));
    EXPECT_EQ(readFile(state_ / "enrolment.json").find("one-time-token"), std::string::npos);
    result = agentCommand(arguments);
    EXPECT_TRUE(result.exit.ok()) << result.error;
    EXPECT_EQ(server_.agents(), 1);
}

TEST_F(AgentTest, EnrolmentFailuresAreClearSentences) {
    auto result = agentCommand({"enroll", "--server", server_.url(), "--token", "spent-token"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.error.find("wrong, spent or expired"), std::string::npos) << result.error;
    EXPECT_EQ(result.error.find("spent-token"), std::string::npos);

    server_.refuseRegistration(409, "AgentAlreadyExists");
    result = agentCommand({"enroll", "--server", server_.url(), "--token", "t", "--hostname", "web-01"});
    EXPECT_NE(result.error.find("--hostname"), std::string::npos) << result.error;
    EXPECT_NE(result.error.find("web-01"), std::string::npos);

    result = agentCommand({"enroll", "--server", "http://127.0.0.1:1", "--token", "t"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.error.find("refuses connections"), std::string::npos) << result.error;

    result = agentCommand({"enroll", "--server", "ftp://host", "--token", "t"});
    EXPECT_EQ(result.exit.code, 1);
    result = agentCommand({"enroll"});
    EXPECT_NE(result.error.find("--server"), std::string::npos) << result.error;
    result = agentCommand({"enroll", "--bogus"});
    EXPECT_EQ(result.exit.code, 2);
}

TEST_F(AgentTest, RunEnrolsWithTheConfiguredToken) {
    auto result = agentCommand({"run"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.error.find("restic-agent enroll"), std::string::npos);
    server_.addRegistrationToken("from-the-file");
    writeFile(dir_ / "config.yaml",
              "orchestrator: {url: \"" + server_.url() +
                  "\", token: from-the-file}\nagent: {hostname: db-02, id: server-01}\n");
    startAgent();
    EXPECT_TRUE(await([&] { return !server_.heartbeats().empty(); }));
    EXPECT_NE(server_.lastRegistration().find(R"("hostname":"db-02")"), std::string::npos);
    EXPECT_NE(server_.lastRegistration().find(R"("label":"server-01")"), std::string::npos);
}

TEST_F(AgentTest, TheTokenIsRotatedBeforeItEnds) {
    server_.setTokenLife(3s);
    enrollAndStart();
    const auto first = server_.agentToken();
    ASSERT_TRUE(await([&] { return server_.rotations() >= 2; }));
    EXPECT_NE(server_.agentToken(), first);
    const auto beats = server_.heartbeats().size();
    EXPECT_TRUE(await([&] { return server_.heartbeats().size() > beats; }));
    EXPECT_TRUE(await(
        [&] { return readFile(state_ / "identity.json").find(server_.agentToken()) != std::string::npos; }));
}

TEST_F(AgentTest, A401IsAnsweredByOneRotationAndThenByAdvice) {
    enrollAndStart();
    ASSERT_TRUE(await([&] { return !server_.heartbeats().empty(); }));
    server_.expireToken();
    ASSERT_TRUE(await([&] { return server_.rotations() == 1; }));
    const auto beats = server_.heartbeats().size();
    ASSERT_TRUE(await([&] { return server_.heartbeats().size() > beats; }));
    EXPECT_EQ(server_.rotations(), 1);
    server_.revokeToken();
    const auto exit = agent_->wait(30s);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 1);
    EXPECT_NE(readFile(dir_ / "agent.log").find("restic-agent enroll"), std::string::npos);
}

TEST_F(AgentTest, ACopiedStateFolderDoesNotRun) {
    ASSERT_TRUE(enroll().exit.ok());
    auto identity = core::json::parse(readFile(state_ / "identity.json")).value();
    if (identity.stringOr("machine_id").empty() && identity.stringOr("hardware_id").empty())
        FAIL()
            << "this machine has neither a machine id nor a hardware id: systemd-machine-id-setup makes one";
    for (const auto* mark : {"machine_id", "hardware_id"})
        if (!identity.stringOr(mark).empty())
            identity.object()->set(mark, "of another machine");
    writeFile(state_ / "identity.json", core::json::write(identity));
    const auto result = agentCommand({"run"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.error.find("enrolled on another machine"), std::string::npos) << result.error;
    EXPECT_TRUE(server_.heartbeats().empty()) << "the copy spoke in the original's name";
    writeFile(dir_ / "config.yaml", "agent: {heartbeat_interval: 200ms, bind_to_machine: false}\n");
    startAgent();
    EXPECT_TRUE(await([&] { return !server_.heartbeats().empty(); }));
}

TEST_F(AgentTest, StatusSaysHowThingsStand) {
    auto result = agentCommand({"status"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.output.find("Not enrolled"), std::string::npos);
    enrollAndStart();
    ASSERT_TRUE(await([&] { return std::filesystem::exists(state_ / "status.json"); }));
    result = agentCommand({"status", "--json"});
    EXPECT_TRUE(result.exit.ok()) << result.output << result.error;
    auto status = core::json::parse(result.output).value();
    EXPECT_TRUE(status.booleanOr("running"));
    EXPECT_TRUE(status.booleanOr("enrolled"));
    EXPECT_EQ(status.stringOr("hostname"), "web-01");
    EXPECT_EQ(status.find("live")->integerOr("pid"), agent_->pid());
    result = agentCommand({"run"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.error.find("Another agent runs"), std::string::npos);
    stopAgent();
    status = core::json::parse(agentCommand({"status", "--json"}).output).value();
    EXPECT_FALSE(status.booleanOr("running", true));
}

TEST_F(AgentTest, StatusFailsWhereThereIsNoRestic) {
    configure("  binary: /opt/no/restic\n");
    enrollAndStart();
    ASSERT_TRUE(await([&] { return std::filesystem::exists(state_ / "status.json"); }));
    const auto result = agentCommand({"status"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.output.find("Running (pid "), std::string::npos) << "nothing else is wrong";
    EXPECT_NE(result.output.find("restic: cannot be used"), std::string::npos) << result.output;
    EXPECT_EQ(agentCommand({"status", "--json"}).exit.code, 1);
    EXPECT_EQ(agentCommand({"status", "--jsn"}).exit.code, 2);
}

TEST_F(AgentTest, DoctorFindsWhatIsWrong) {
    auto result = agentCommand({"doctor", "--json"});
    EXPECT_EQ(result.exit.code, 1);
    ASSERT_TRUE(enroll().exit.ok());
    result = agentCommand({"doctor", "--json"});
    EXPECT_TRUE(result.exit.ok()) << result.output;
    const auto report = core::json::parse(result.output).value();
    std::vector<std::string> names;
    for (const auto& check : *report.find("checks")->array()) {
        names.push_back(check.stringOr("name"));
        EXPECT_TRUE(check.booleanOr("ok")) << check.stringOr("message");
    }
    EXPECT_EQ(names, (std::vector<std::string>{"config", "state", "identity", "server", "clock", "restic"}));
    server_.setDown(true);
    configure("  binary: /opt/no/restic\nagnt: {}\n");
    result = agentCommand({"doctor"});
    EXPECT_EQ(result.exit.code, 1);
    EXPECT_NE(result.output.find("agnt"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("503"), std::string::npos);
}

TEST_F(AgentTest, DoctorSaysWhichStoragesResticWasBuiltWithout) {
    ASSERT_TRUE(enroll().exit.ok());
    // restic's own words, of one without Azure and one without anything.
    const auto restic = [&](const std::string& options) {
        writeFile(dir_ / "restic",
                  "#!/bin/sh\ncase $1 in\nversion) echo restic 0.19.1 compiled with go1.26;;\n"
                  "options) printf '" +
                      options + "';;\nesac\n");
        std::filesystem::permissions(dir_ / "restic", std::filesystem::perms::owner_all);
    };
    const auto doctor = [&](const std::string& more) {
        configure("  binary: " + (dir_ / "restic").string() + "\n" + more);
        return agentCommand({"doctor"});
    };
    std::string all = "All Extended Options:\\n";
    for (const auto* name : {"b2", "gs", "local", "rclone", "rest", "s3", "sftp", "swift"})
        all += std::string("  ") + name + ".connections   set a limit\\n";
    restic(all);
    writeFile(dir_ / "password", "x");
    const std::string needs = "repository:\n  password_file: " + (dir_ / "password").string() + "\n  type: ";
    auto said = doctor("");
    EXPECT_TRUE(said.exit.ok()) << said.output;
    EXPECT_NE(said.output.find("built without azure\n"), std::string::npos) << said.output;
    said = doctor(needs + "azure\n  config: {account_name: ada, container: backups}\n");
    EXPECT_EQ(said.exit.code, 1);
    EXPECT_NE(said.output.find("restic.binary"), std::string::npos) << "what to do: " << said.output;
    EXPECT_TRUE(doctor(needs + "s3\n  config: {bucket: backups}\n").exit.ok());
    said = doctor(needs + "rclone\n  config: {remote: backups}\n");
    EXPECT_NE(said.output.find("Add rclone to restic.allow_backends"), std::string::npos) << said.output;
    said = doctor(needs + "sftp\n  config: {host: h, user: u, path: /p, key_file: /no/such/key}\n");
    EXPECT_NE(said.output.find("/no/such/key: "), std::string::npos) << said.output;
    restic("");
    EXPECT_EQ(doctor("").output.find("built without"), std::string::npos) << "one that does not say";
}

TEST_F(AgentTest, VersionAndHelpNeedNothing) {
    const auto version = agentCommand({"--version"});
    EXPECT_TRUE(version.exit.ok());
    EXPECT_TRUE(version.output.starts_with("restic-agent "));
    const auto help = agentCommand({"enroll", "--help"});
    EXPECT_TRUE(help.exit.ok());
    EXPECT_NE(help.output.find("Example:"), std::string::npos);
}
} // namespace
} // namespace test
