#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/system/agent_fixture.h"
#include "support/certificates.h"

/// The test of a repository before anybody adds it: by a real agent, with nothing left, whoever dies
/// meanwhile.
namespace test {
namespace {

/// Takes connections and never says a word.
class SilentServer {
public:
    SilentServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(fd_, 16), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~SilentServer() { ::close(fd_); }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

private:
    int fd_;
    int port_ = 0;
};

class Unsaved : public BackupSystemTest {
protected:
    void SetUp() override {
        startBackend();
        enroll();
        startAgent();
        ASSERT_TRUE(await([&] { return agent("status") == "online"; }));
    }
    std::string agent(const std::string& field) {
        return get("/api/v1/restic/agents/" + agentId_).stringOr(field);
    }
    Object onDisk() const {
        return {{"name", "new"},
                {"type", "local"},
                {"config", Object{{"path", repository_.string()}}},
                {"agent_id", agentId_},
                {"password", kRepositoryPassword}};
    }
    Object onServer(const std::string& url) const {
        return {{"name", "new"},
                {"type", "rest"},
                {"config", Object{{"url", url}, {"username", "somebody"}, {"password", "canary-of-rest-7"}}},
                {"agent_id", agentId_},
                {"password", kRepositoryPassword}};
    }
    std::string startTest(const Object& body) {
        return post("/api/v1/restic/repositories/test", body, 202).stringOr("id");
    }
    std::int64_t count(const std::string& table) {
        return openDatabase()
            ->run(core::SystemContext("test"), {{"SELECT count(*) FROM " + table}}, false)
            .at(0)
            .rows[0]
            .integer(0);
    }
    void expectNothingLeft() {
        EXPECT_EQ(count("secrets WHERE owner_table = 'restic_tasks'"), 0);
        EXPECT_EQ(count("restic_repositories"), 0);
        EXPECT_EQ(count("restic_repository_places"), 0);
        EXPECT_EQ(count("restic_repository_maintenance"), 0);
    }
    std::string errorOf(const std::string& id) {
        const auto ended = task(id);
        return ended.find("error") != nullptr ? ended.find("error")->stringOr("error") : "";
    }
};

TEST_F(Unsaved, IsTestedByARealAgentAndLeavesNothing) {
    auto body = onDisk();
    const auto nothing = succeed(startTest(body));
    EXPECT_EQ(nothing.booleanOr("found", !false), false);
    EXPECT_FALSE(std::filesystem::exists(repository_)) << "a test changes nothing";

    writeFile(dir_ / "password", kRepositoryPassword);
    ASSERT_TRUE(runTool("restic", {"init", "--repo", repository_.string(), "--password-file",
                                   (dir_ / "password").string()})
                    .exit.ok());
    const auto id = startTest(body);
    const auto found = succeed(id);
    EXPECT_EQ(found.booleanOr("found", !true), true);
    EXPECT_EQ(found.stringOr("repository_id"), restic({"cat", "config"}).stringOr("id"));

    body.set("password", "canary-that-opens-nothing");
    const auto wrong = startTest(body);
    EXPECT_EQ(outcome(wrong), "failed");
    EXPECT_EQ(errorOf(wrong), "AuthenticationFailed");
    expectNothingLeft();
    EXPECT_EQ(api().post("/api/v1/restic/tasks/" + id + "/retry", admin_, Object{}).status, 409);
    const auto audit = get("/api/v1/audit?action=restic.repository.tested");
    EXPECT_EQ(audit.find("items")->array()->size(), 3U);
}

TEST_F(Unsaved, OfAFolderSaysWhatIsMissingAboveItAndWhereNoneCanBe) {
    auto body = onDisk();
    const auto at = [&](const std::filesystem::path& path) {
        body.set("config", Object{{"path", path.string()}});
        return startTest(body);
    };
    EXPECT_EQ(succeed(at(dir_ / "new")).find("missing_folder"), nullptr) << "the folder above is there";
    EXPECT_EQ(succeed(at(dir_ / "not mounted/backups/new")).stringOr("missing_folder"),
              (dir_ / "not mounted").string());
    std::filesystem::create_symlink(dir_ / "nowhere", dir_ / "dangling");
    const auto behindLink = at(dir_ / "dangling/new");
    EXPECT_EQ(outcome(behindLink), "failed");
    EXPECT_NE(task(behindLink).find("error")->stringOr("message").find("leads nowhere"), std::string::npos)
        << core::json::write(task(behindLink));
    writeFile(dir_ / "file", "x");
    const auto id = at(dir_ / "file/new");
    EXPECT_EQ(outcome(id), "failed");
    EXPECT_EQ(errorOf(id), "RepositoryNotFound");
    EXPECT_NE(task(id).find("error")->stringOr("message").find("Not a directory"), std::string::npos)
        << core::json::write(task(id));
    expectNothingLeft();
}

TEST_F(Unsaved, IsRefusedWithTheFieldsThatAreWrong) {
    auto body = onServer("http://127.0.0.1:1/");
    body.set("agent_id", Value());
    auto answer = api().post("/api/v1/restic/repositories/test", admin_, body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.pointers(), (std::vector<std::string>{"/agent_id"})) << answer.body;
    body = onServer("nowhere");
    body.set("password", Value());
    answer = api().post("/api/v1/restic/repositories/test", admin_, body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.pointers(), (std::vector<std::string>{"/config/url", "/password"})) << answer.body;
    EXPECT_EQ(count("restic_tasks"), 0);
    expectNothingLeft();
}

TEST_F(Unsaved, NeedsAnAgentThatIsThere) {
    auto body = onDisk();
    body.set("agent_id", "0190f3a0-0000-7000-8000-000000000000");
    EXPECT_EQ(api().post("/api/v1/restic/repositories/test", admin_, body).error(), "AgentNotFound");
    killAgentOnly();
    openDatabase()->run(core::SystemContext("test"), {{"UPDATE restic_agents SET status = 'offline'"}}, true);
    const auto answer = api().post("/api/v1/restic/repositories/test", admin_, onDisk());
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.error(), "AgentOffline");
    EXPECT_EQ(count("restic_tasks"), 0);
    expectNothingLeft();
}

TEST_F(Unsaved, LeavesNothingWhereTheHostDiesBeforeItIsFetched) {
    killAgentOnly(); // nobody has noticed yet
    const auto id = startTest(onServer("http://127.0.0.1:1/"));
    EXPECT_EQ(count("secrets WHERE owner_table = 'restic_tasks'"), 1);
    killBackend();
    startBackend();
    EXPECT_EQ(task(id).stringOr("status"), "queued");
    openDatabase()->run(core::SystemContext("test"), {{"UPDATE restic_tasks SET unsaved_until_us = 1"}},
                        true);
    EXPECT_EQ(outcome(id), "failed");
    EXPECT_EQ(errorOf(id), "TaskTimeout");
    expectNothingLeft();
}

TEST_F(Unsaved, GoesOnWhereTheHostDiesAndTheAgentComesBack) {
    killAgentOnly();
    const auto id = startTest(onDisk());
    killBackend();
    startBackend();
    startAgent();
    EXPECT_FALSE(succeed(id).booleanOr("found", true));
    expectNothingLeft();
}

TEST_F(Unsaved, LeavesNothingWhereTheAgentDiesWithIt) {
    auto silent = std::make_unique<SilentServer>();
    const auto id = startTest(onServer(silent->url()));
    ASSERT_TRUE(awaitStatus(id, "running"));
    agent_->signal(SIGKILL);
    ASSERT_TRUE(agent_->wait(10s));
    silent.reset(); // whoever is given it again ends it soon
    startAgent();
    EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
    expectNothingLeft();
}

} // namespace
} // namespace test
