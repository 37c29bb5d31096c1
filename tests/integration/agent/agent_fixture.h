#pragma once

#include <signal.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "core/process.h"
#include "core/testing/temp_dir.h"
#include "core/uuid.h"
#include "support/await.h"
#include "support/fake_server.h"
#include "support/repository_on_disk.h"

namespace test {

using namespace core::testkit;

/// What is asked at the end of every test. A test that cannot have one of them says why: AgentTest::exempt().
enum class AgentProof {
    snapshots, ///< restic lists what the agent told of, and nothing else
    locks,     ///< no lock is left
};

/// A real restic-agent against the fake server, with a real restic and a repository on disk. At its end every
/// test asks restic whether it has what the agent told of, and has kept the secrets that the agent was given.
class AgentTest : public testing::Test {
protected:
    static constexpr auto kPassword = "correct-horse-battery";
    static inline const std::map<std::string, std::string> kEnvironment{
        {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}, {"LC_ALL", "C"}};

    void SetUp() override {
        source_ = dir_ / "source";
        repository_ = dir_ / "repository";
        state_ = dir_ / "state";
        writeFile(source_ / "one.txt", "one");
        writeFile(source_ / "deep/two.txt", "two");
        configure();
    }

    void TearDown() override {
        const bool prove = !HasFailure() && !IsSkipped();
        if (prove && agent_)
            tell(secretsInProcesses(server_.canaries(), agent_->pid()));
        if (prove)
            proveRepository();
        agent_.reset();
        // What a killed agent left behind would keep the folder busy.
        for (const int pid : orphans_)
            ::kill(pid, SIGKILL);
        if (prove)
            proveSecretsKept();
        if (HasFailure())
            std::fprintf(stderr, "--- the agent's log\n%s\n", readFile(dir_ / "agent.log").c_str());
    }

    /// Restic has the snapshots that the agent told of and no lock.
    void proveRepository() {
        const RepositoryOnDisk repository(repository_, password_);
        if (!repository.exists())
            return;
        const auto told = server_.snapshotsToldOf();
        if (!exempt_.contains(AgentProof::snapshots))
            tell(RepositoryOnDisk::differences(repository.snapshots(), {told.begin(), told.end()}));
        if (!exempt_.contains(AgentProof::locks)) {
            EXPECT_EQ(repository.locks(), std::vector<std::string>());
        }
    }
    /// The agent has written no secret that it was given but into its identity, and has told nobody.
    void proveSecretsKept() {
        tell(secretsInFiles(server_.canaries(), state_, {"identity.json"}));
        tell(secretsInFiles(server_.canaries(), dir_ / "agent.log"));
        for (const auto& secret : server_.canaries().in(server_.everythingSaid()))
            ADD_FAILURE() << "the agent told the secret \"" << secret << '"';
    }
    static void tell(const std::vector<std::string>& complaints) {
        for (const auto& one : complaints)
            ADD_FAILURE() << one;
    }
    /// What the test's end cannot prove, and why.
    void exempt(AgentProof proof, const std::string& why) {
        exempt_.insert(proof);
        RecordProperty("exempt", why);
    }

    void configure(const std::string& more = {}) {
        writeFile(dir_ / "config.yaml", "agent:\n"
                                        "  heartbeat_interval: 200ms\n"
                                        "  retry_backoff: 20ms\n"
                                        "  retry_max_backoff: 200ms\n"
                                        "  log_format: text\n"
                                        "restic:\n"
                                        "  stream_interval: 100ms\n" +
                                            more);
    }

    core::ProcessSpec command(std::vector<std::string> arguments) const {
        core::ProcessSpec spec;
        spec.program = std::string(AE_BUILD_DIR) + "/bin/restic-agent";
        spec.arguments = std::move(arguments);
        for (const auto& [name, value] :
             {std::pair{"--config", dir_ / "config.yaml"}, {"--state-dir", state_}}) {
            spec.arguments.emplace_back(name);
            spec.arguments.push_back(value.string());
        }
        spec.environment = kEnvironment;
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        return spec;
    }

    core::ProcessResult agentCommand(std::vector<std::string> arguments) {
        return runner_.run(command(std::move(arguments))).value();
    }

    core::ProcessResult enroll() {
        server_.addRegistrationToken("one-time-token");
        return agentCommand(
            {"enroll", "--server", server_.url(), "--token", "one-time-token", "--hostname", "web-01"});
    }

    void startAgent() {
        auto spec = command({"run"});
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "agent.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "agent.log");
        agent_ = std::move(runner_.start(spec)).value();
    }

    void enrollAndStart() {
        const auto result = enroll();
        ASSERT_TRUE(result.exit.ok()) << result.error;
        startAgent();
    }

    core::ProcessExit stopAgent() {
        agent_->signal(SIGTERM);
        const auto exit = agent_->wait(std::chrono::seconds(30));
        EXPECT_TRUE(exit) << "the agent does not end";
        agent_.reset();
        return exit.value_or(core::ProcessExit{});
    }

    /// As a machine does that loses its power; what the agent started lives on.
    void killAgent() {
        agent_->signal(SIGKILL);
        EXPECT_TRUE(agent_->wait(std::chrono::seconds(10)));
    }

    core::ProcessResult restic(std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = "restic";
        spec.arguments = std::move(arguments);
        spec.environment = kEnvironment;
        spec.environment["RESTIC_REPOSITORY"] = repository_.string();
        spec.environment["RESTIC_PASSWORD"] = kPassword;
        spec.environment["RESTIC_CACHE_DIR"] = (dir_ / "cache").string();
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        return runner_.run(spec).value();
    }

    void initRepository() {
        const auto result = restic({"init"});
        ASSERT_TRUE(result.exit.ok()) << result.error;
    }

    std::string newId() { return core::Uuid::generate(core::SystemClock().now()).toString(); }

    core::json::Object repositoryObject(const std::string& password = kPassword) {
        return {{"id", newId()}, {"type", "local"}, {"url", repository_.string()}, {"password", password}};
    }

    core::json::Object backup(const std::string& taskId, int attempt = 1) {
        return {{"task_id", taskId},
                {"attempt", attempt},
                {"type", "backup"},
                {"policy_id", policy_},
                {"repository", repositoryObject()},
                {"sources", core::json::Array{source_.string()}},
                {"tags", core::json::Array{"nightly"}},
                {"timeout_seconds", 600}};
    }

    /// What the agent reports of a task that it is sent now.
    core::json::Value resultOf(const core::json::Object& task) {
        server_.sendTask(task);
        const auto result =
            server_.awaitResult(core::json::Value(task).stringOr("task_id"), std::chrono::seconds(90));
        return result ? *result : core::json::Value();
    }
    static core::json::Array dumpsOf(const core::json::Value& report) {
        const auto* result = report.find("result");
        const auto* dumps = result == nullptr ? nullptr : result->find("dumps");
        return dumps == nullptr || dumps->array() == nullptr ? core::json::Array() : *dumps->array();
    }

    /// So much random data that a limited upload takes long.
    void makeLargeSource(std::size_t bytes) {
        std::string data(bytes, '\0');
        std::ifstream("/dev/urandom", std::ios::binary)
            .read(data.data(), static_cast<std::streamsize>(bytes));
        writeFile(source_ / "large.bin", data);
    }

    /// The restic process that works on a task, by its tag.
    static std::optional<int> resticPid(const std::string& taskId) {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
            const auto name = entry.path().filename().string();
            if (name.find_first_not_of("0123456789") != std::string::npos)
                continue;
            const auto line = readFile(entry.path() / "cmdline");
            if (line.find("--tag=task:" + taskId) != std::string::npos &&
                core::processStartTicks(std::stoi(name)))
                return std::stoi(name);
        }
        return std::nullopt;
    }

    /// Finished lock files: restic writes them under another name first.
    std::size_t locks() const {
        std::size_t count = 0;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(repository_ / "locks", ignored))
            count += entry.path().filename().string().size() == 64 ? 1 : 0;
        return count;
    }

    static std::string field(const core::json::Value& report, std::string_view part, std::string_view name) {
        const auto* value = report.find(part);
        return value == nullptr ? std::string() : value->stringOr(name);
    }

    std::size_t taskFolders() const {
        std::size_t count = 0;
        std::error_code ignored;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator(state_ / "tasks", ignored))
            ++count;
        return count;
    }

    TempDir dir_;
    FakeServer server_;
    core::SystemProcessRunner runner_;
    std::filesystem::path source_;
    std::filesystem::path repository_;
    std::filesystem::path state_;
    std::string policy_ = newId();
    std::string password_ = kPassword; ///< with which the repository opens
    std::set<AgentProof> exempt_;
    std::unique_ptr<core::Process> agent_;
    std::vector<int> orphans_;
};

} // namespace test
