#pragma once

#include <fstream>

#include "integration/system/system_fixture.h"

namespace test {

/// The real host with a real agent, a real restic and a repository on disk. At its end every test asks restic
/// whether it has what the host tells of: see proveRepositories().
class BackupSystemTest : public SystemTest {
protected:
    void TearDown() override {
        if (!HasFailure() && !IsSkipped())
            proveRepositories();
        SystemTest::TearDown();
    }

    /// Of each repository that was registered and that somebody can read: restic lists what the host tells of
    /// and nothing else, no lock is left, and whoever is green has a snapshot there.
    void proveRepositories() {
        const auto database = openDatabase();
        if (!database)
            return;
        const auto atWork = [&] {
            return database->run(core::SystemContext("test"),
                                 {{"SELECT id FROM restic_tasks WHERE status IN ('assigned', 'running')"}},
                                 false);
        };
        if (agent_) {
            ASSERT_TRUE(await([&] { return atWork().at(0).rows.empty(); }, 60s)) << "work goes on";
        }
        const RepositoryProof proof(traffic_->repositories());
        if (!exempt_.contains(Proof::snapshots))
            tell(proof.snapshots(*database));
        if (!exempt_.contains(Proof::locks))
            tell(proof.locks());
        if (exempt_.contains(Proof::green))
            return;
        if (!backend_) {
            // In plain, also where it has a certificate.
            ASSERT_NO_FATAL_FAILURE(startBackend("http://127.0.0.1:" + std::to_string(port_)));
        }
        tell(proof.green(*database, get("/api/v1/restic/status")));
    }

    /// `addresses`: as of startBackend().
    void begin(const std::string& addresses = {}) {
        writeFile(source_ / "one.txt", "one");
        writeFile(source_ / "deep/two.txt", "two two");
        startBackend(addresses);
        enroll();
        startAgent();
        repositoryId_ = repository(repository_, "store");
        auto body = policyBody("nightly");
        body.set("include_paths", Array{source_.string()});
        body.set("repository_id", repositoryId_);
        policyId_ = post("/api/v1/restic/policies", body, 201).stringOr("id");
        const auto linked = api().send("PUT", "/api/v1/restic/agents/" + agentId_ + "/policies/" + policyId_,
                                       "Bearer " + admin_);
        ASSERT_EQ(linked.status, 204) << linked.body;
    }

    core::ProcessSpec agentCommand(std::vector<std::string> arguments) const {
        core::ProcessSpec spec;
        spec.program = std::string(AE_BUILD_DIR) + "/bin/restic-agent";
        spec.arguments = std::move(arguments);
        for (const auto& [name, value] :
             {std::pair{"--config", dir_ / "agent.yaml"}, {"--state-dir", dir_ / "state"}}) {
            spec.arguments.emplace_back(name);
            spec.arguments.push_back(value.string());
        }
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}, {"LC_ALL", "C"}};
        for (const auto& [name, value] : agentEnvironment_)
            spec.environment[name] = value;
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        return spec;
    }
    void enroll() {
        writeFile(dir_ / "agent.yaml", "agent:\n  heartbeat_interval: 500ms\n  retry_backoff: 100ms\n"
                                       "  retry_max_backoff: 500ms\nrestic:\n  stream_interval: 200ms\n");
        registration_ = registrationToken();
        const auto result = runner_
                                .run(agentCommand({"enroll", "--server", url(), "--token", registration_,
                                                   "--hostname", "web-01"}))
                                .value();
        ASSERT_TRUE(result.exit.ok()) << result.error;
        const auto agents = get("/api/v1/restic/agents");
        ASSERT_EQ(agents.find("items")->array()->size(), 1U);
        agentId_ = agents.find("items")->array()->front().stringOr("id");
    }
    void startAgent() {
        auto spec = agentCommand({"run"});
        if (!agentWrapper_.empty()) {
            spec.arguments.insert(spec.arguments.begin(), spec.program);
            spec.arguments.insert(spec.arguments.begin(), agentWrapper_.begin() + 1, agentWrapper_.end());
            spec.program = agentWrapper_.front();
        }
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "agent.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "agent.log");
        agent_ = std::move(runner_.start(spec)).value();
    }
    /// kill(2) of the agent alone: its restic goes on, as the service unit has it.
    void killAgentOnly() {
        ::kill(agent_->pid(), SIGKILL);
        agent_->detach();
        ASSERT_TRUE(await([&] { return !core::processStartTicks(agent_->pid()); }));
        agent_.reset();
    }

    std::string backupNow(const Object& parameters = {}) {
        Object body{{"type", "backup"}, {"agent_id", agentId_}, {"policy_id", policyId_}};
        if (!parameters.empty())
            body.set("parameters", parameters);
        return post("/api/v1/restic/tasks", body, 202).stringOr("id");
    }
    Value task(const std::string& id) { return get("/api/v1/restic/tasks/" + id); }
    Value run(const std::string& id) { return get("/api/v1/restic/backup-runs/" + id); }
    bool awaitStatus(const std::string& id, const std::string& status,
                     std::chrono::milliseconds limit = std::chrono::seconds(60)) {
        return await([&] { return task(id).stringOr("status") == status; }, limit);
    }
    /// The task's terminal state.
    std::string outcome(const std::string& id, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
        std::string status;
        await(
            [&] {
                status = task(id).stringOr("status");
                return status == "success" || status == "warning" || status == "failed" ||
                       status == "cancelled";
            },
            limit);
        return status;
    }

    /// The result of a task that must succeed.
    Value succeed(const std::string& id) {
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        const auto ended = task(id);
        const auto* result = ended.find("result");
        return result != nullptr ? *result : Value();
    }

    Value restic(std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = "restic";
        spec.arguments = std::move(arguments);
        spec.arguments.emplace_back("--json");
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"RESTIC_REPOSITORY", repository_.string()},
                            {"RESTIC_PASSWORD", kRepositoryPassword},
                            {"RESTIC_CACHE_DIR", (dir_ / "cache").string()}};
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        const auto result = runner_.run(spec).value();
        EXPECT_TRUE(result.exit.ok()) << result.error;
        return core::json::parse(result.output).value();
    }
    /// So much random data that a limited upload takes long.
    void makeLargeSource(std::size_t bytes) {
        std::string data(bytes, '\0');
        std::ifstream("/dev/urandom", std::ios::binary)
            .read(data.data(), static_cast<std::streamsize>(bytes));
        writeFile(source_ / "large.bin", data);
    }
    static std::optional<int> resticPid(const std::string& taskId) {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
            const auto name = entry.path().filename().string();
            if (name.find_first_not_of("0123456789") != std::string::npos)
                continue;
            if (readFile(entry.path() / "cmdline").find("--tag=task:" + taskId) != std::string::npos &&
                core::processStartTicks(std::stoi(name)))
                return std::stoi(name);
        }
        return std::nullopt;
    }
    /// A backup that is under way and takes several seconds yet.
    std::string slowBackup() {
        makeLargeSource(4'000'000);
        const auto id = backupNow({{"limit_upload_kib", 400}});
        EXPECT_TRUE(awaitStatus(id, "running"));
        std::optional<int> pid;
        EXPECT_TRUE(await([&] { return (pid = resticPid(id)).has_value(); }));
        if (pid) {
            orphans_.push_back(*pid);
            tell(secretsInProcesses(traffic_->canaries(), *pid));
        }
        return id;
    }

    const std::filesystem::path source_ = dir_ / "source";
    const std::filesystem::path repository_ = dir_ / "repository";
    std::map<std::string, std::string> agentEnvironment_;
    std::vector<std::string> agentWrapper_; ///< what becomes the running agent: a program and its arguments
    std::string registration_, agentId_, repositoryId_, policyId_;
};

} // namespace test
