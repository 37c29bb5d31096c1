#include "agent_fixture.h"

namespace test {
namespace {
using namespace std::chrono_literals;

/// What may stand between an agent and its server, and answer in the server's place.
struct Stranger {
    const char* name;
    int status;
    const char* body;
    const char* type;
};

void PrintTo(const Stranger& value, std::ostream* out) {
    *out << value.name;
}

class StrangerTest : public AgentTest, public testing::WithParamInterface<Stranger> {};

TEST_P(StrangerTest, CostsNothingWhileABackupRunsAndAfterIt) {
    const auto& stranger = GetParam();
    initRepository();
    makeLargeSource(3000000);
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 600);
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(task)).has_value() && !server_.reports(task).empty(); }));
    server_.intrude(stranger.status, stranger.body, stranger.type);
    // Its reports, log lines and heartbeats all meet the stranger, and restic ends meanwhile.
    ASSERT_TRUE(await([&] { return !core::processStartTicks(*pid) && server_.intrusions() > 6; }));
    ASSERT_TRUE(await([&] { return readFile(state_ / "journal").find("\"result\"") != std::string::npos; }));
    ASSERT_FALSE(agent_->wait(0ms)) << "the agent has ended";
    server_.intrude(0, "");
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success") << core::json::write(*result);
    EXPECT_EQ(result->integerOr("attempt"), 1);
    EXPECT_EQ(field(*result, "result", "snapshot_id").size(), 64U);
    const auto lines = server_.logLines(task);
    EXPECT_TRUE(
        std::any_of(lines.begin(), lines.end(),
                    [](const auto& line) { return line.find("restic finished") != std::string::npos; }))
        << "log lines were dropped: " << testing::PrintToString(lines);
    EXPECT_FALSE(server_.logNumbersBroken());
    EXPECT_EQ(core::json::parse(restic({"snapshots", "--json"}).output).value().array()->size(), 1U);
    // One that was tried against the stranger may arrive when the server is back.
    EXPECT_LE(server_.rotations(), 1);
    EXPECT_TRUE(await([&] { return taskFolders() == 0; }));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, StrangerTest,
    testing::Values(Stranger{"PlainNotFound", 404, "404 page not found", "text/plain"},
                    Stranger{"AnotherApi", 404, R"({"error":"NotFound","message":"no such bucket"})",
                             "application/json"},
                    Stranger{"Forbidden", 403, "<html>Forbidden</html>", "text/html"},
                    Stranger{"TooLarge", 413, "<html>Request Entity Too Large</html>", "text/html"},
                    Stranger{"BasicSignIn", 401, "<html>Authorization Required</html>", "text/html"},
                    Stranger{"Moved", 301, "", "text/html"},
                    Stranger{"Conflict", 409, R"({"code":"StaleAttempt"})", "application/json"},
                    Stranger{"ForeignSuccess", 200, "<html>Welcome to nginx!</html>", "text/html"},
                    Stranger{"HostWithoutModule", 401, R"({"error":"InvalidToken","message":"not valid"})",
                             "application/json"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(AgentTest, ALineThatTheServerRefusesCostsItsTextOnly) {
    initRepository();
    writeFile(source_ / "forbidden.txt", "x");
    ::chmod((source_ / "forbidden.txt").c_str(), 0);
    enrollAndStart();
    server_.refuseLogLinesWith("restic finished");
    const auto task = newId();
    server_.sendTask(backup(task));
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    const auto lines = server_.logLines(task);
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const auto& line) {
        return line.find("did not take") != std::string::npos;
    })) << testing::PrintToString(lines);
    EXPECT_FALSE(server_.logNumbersBroken());
    EXPECT_TRUE(await([&] { return taskFolders() == 0; }));
}

TEST_F(AgentTest, AResultThatTheServerRefusesIsSentWithLessInItAndHoldsNobodyUp) {
    exempt(AgentProof::snapshots, "of the second one the server takes no result at all");
    initRepository();
    enrollAndStart();
    server_.refuseResultsWith("paths");
    const auto task = newId();
    server_.sendTask(backup(task));
    auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");
    EXPECT_EQ(field(*result, "result", "snapshot_id").size(), 64U) << "the snapshot is no detail";
    EXPECT_EQ(result->find("result")->find("paths"), nullptr);

    server_.refuseResultsWith("outcome");
    const auto bare = newId();
    server_.sendTask(backup(bare));
    result = server_.awaitResult(bare);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->find("result"), nullptr);
}

TEST_F(AgentTest, AResultGoesAheadOfALogThatDoesNotGetThrough) {
    initRepository();
    enrollAndStart();
    server_.setLogsDown(true);
    const auto task = newId();
    server_.sendTask(backup(task));
    ASSERT_TRUE(server_.awaitResult(task)) << "the log holds the result back";
    server_.setLogsDown(false);
    EXPECT_TRUE(await([&] { return taskFolders() == 0; }));
    EXPECT_FALSE(server_.logLines(task).empty()) << "the log was given up";
}

TEST_F(AgentTest, ALogThatTheServerHasLostIsSentAgain) {
    initRepository();
    makeLargeSource(3000000);
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 500);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return !server_.logLines(task).empty(); }));
    const auto first = server_.logLines(task).front();
    server_.forgetLog(task);
    ASSERT_TRUE(server_.awaitResult(task));
    EXPECT_TRUE(await([&] { return taskFolders() == 0; }));
    ASSERT_FALSE(server_.logLines(task).empty());
    EXPECT_EQ(server_.logLines(task).front(), first);
    EXPECT_FALSE(server_.logNumbersBroken());
}

} // namespace
} // namespace test
