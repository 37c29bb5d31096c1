#pragma once

#include <signal.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/db/open.h"
#include "core/module/module_abi.h"
#include "core/process.h"
#include "core/testing/temp_dir.h"
#include "core/time.h"
#include "core/uuid.h"
#include "integration/system/api_client.h"
#include "integration/system/proofs.h"
#include "support/await.h"
#include "support/far_schedules.h"
#include "support/test_database.h"

namespace test {

using namespace core::testkit;
using namespace std::chrono_literals;
using core::json::Array;
using core::json::Object;
using core::json::Value;

/// The real host on a database of its own, with an administrator and a second tenant. At its end every test
/// has kept each secret that it sent or was given where it belongs: see proveSecretsKept().
class SystemTest : public testing::Test {
protected:
    static constexpr auto kAdminEmail = "admin@example.com";
    static constexpr auto kAdminPassword = "canary-of-the-admin-1";
    static constexpr auto kRepositoryPassword = "canary-of-the-repository-2";

    void TearDown() override {
        const bool prove = !HasFailure() && !IsSkipped();
        if (prove)
            proveProcessesKeepSecrets();
        agent_.reset();
        backend_.reset();
        for (const int pid : orphans_)
            ::kill(pid, SIGKILL);
        if (prove)
            proveSecretsKept();
        if (HasFailure())
            std::fprintf(stderr, "--- the host's log\n%s\n--- the agent's log\n%s\n",
                         readFile(dir_ / "backend.log").c_str(), readFile(dir_ / "agent.log").c_str());
    }

    /// Before the first start: another database than the embedded one.
    void useDatabase(const std::string& url) { databaseUrl_ = url; }
    /// The same with a PostgreSQL of this test's own, which lives as long as the test.
    const TestDatabase& usePostgres() {
        useDatabase(databases_.emplace_back(core::db::Dialect::postgresql).url());
        return databases_.back();
    }

    core::ProcessSpec backendCommand(std::vector<std::string> arguments) const {
        core::ProcessSpec spec;
        spec.program = program_;
        spec.arguments = {"--data-dir", (dir_ / "data").string()};
        if (std::filesystem::exists(dir_ / "host.yaml"))
            spec.arguments.insert(spec.arguments.begin(), {"--config", (dir_ / "host.yaml").string()});
        spec.arguments.insert(spec.arguments.end(), arguments.begin(), arguments.end());
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"AE_HTTP_ADDR", "127.0.0.1:0"}, // not one that somebody of this machine may hold
                            {"AE_BOOTSTRAP_ADMIN_EMAIL", kAdminEmail},
                            {"AE_BOOTSTRAP_ADMIN_PASSWORD", kAdminPassword}};
        if (!databaseUrl_.empty())
            spec.environment["AE_DATABASE_URL"] = databaseUrl_;
        spec.environment.insert(environment_.begin(), environment_.end());
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = std::chrono::seconds(60);
        return spec;
    }
    core::ProcessResult backend(std::vector<std::string> arguments) {
        auto result = runner_.run(backendCommand(std::move(arguments))).value();
        traffic_->noteCommand(result.output, result.error);
        return result;
    }

    /// No running process shows a secret of this test to others of its machine.
    void proveProcessesKeepSecrets() {
        std::set<std::string> given;
        for (const auto& [name, value] : backendCommand({}).environment)
            given.insert(name);
        for (const auto* process : {backend_.get(), agent_.get()})
            if (process != nullptr)
                tell(secretsInProcesses(traffic_->canaries(), process->pid(), given));
        for (const int pid : orphans_)
            tell(secretsInProcesses(traffic_->canaries(), pid));
    }
    /// Neither the database nor a log, the host's or an agent's folder, an answer or what a command said
    /// holds a secret of this test. Keys, an agent's identity and the settings of its plugins are what they
    /// are.
    void proveSecretsKept() {
        addIdentities(*traffic_, dir_.path());
        tell(traffic_->complaints());
        for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
            const auto name = file.path().filename().string();
            if (name.starts_with("data") || name.starts_with("state") || name.ends_with(".log"))
                tell(secretsInFiles(traffic_->canaries(), file.path(), {"identity.json", "settings.json"}));
        }
        if (databaseUrl_.starts_with("postgresql:") && !exempt_.contains(Proof::tables))
            tell(secretsInTables(traffic_->canaries(), databaseUrl_));
    }
    static void tell(const std::vector<std::string>& complaints) {
        for (const auto& one : complaints)
            ADD_FAILURE() << one;
    }
    /// What the test's end cannot prove, and why.
    void exempt(Proof proof, const std::string& why) {
        exempt_.insert(proof);
        RecordProperty("exempt", why);
    }

    /// Copies a sample module into a folder; returns the configuration with which the host loads it.
    std::string laySample(const std::string& sample, const std::string& dependencies = "{}") const {
        namespace fs = std::filesystem;
        const auto folder = dir_ / "modules";
        fs::create_directories(folder);
        fs::copy_file(fs::path(AE_BUILD_DIR) / "tests/modules" / (sample + ".so"), folder / (sample + ".so"));
        writeFile(folder / (sample + ".json"),
                  fmt::format(R"({{"id":"{}","version":"1.0.0","abi":{},"dependencies":{}}})", sample,
                              core::kModuleAbi, dependencies));
        for (const auto& file : fs::directory_iterator(folder))
            fs::permissions(file, fs::perms(0644));
        return "module_path: [\"" + folder.string() + "\"]\n";
    }
    void configureHost(const std::string& more = {}) {
        writeFile(dir_ / "host.yaml", "auth:\n  bcrypt_cost: 10\n"
                                      "restic:\n  agents:\n    heartbeat_interval: 1s\n"
                                      "  tasks:\n    retry_backoff: 1s\n    lease: 10s\n" +
                                          more);
    }

    /// Waits until a host serves; nullopt if it ends instead. Its log begins at that byte of the file.
    static std::optional<int> servingPort(core::Process& host, const std::filesystem::path& file,
                                          std::size_t from = 0) {
        static const std::regex kServing(R"re("msg":"serving"[^\n]*"port":(\d+))re");
        std::optional<int> port;
        EXPECT_TRUE(await([&] {
            std::smatch found;
            const auto log = readFile(file).substr(from);
            if (std::regex_search(log, found, kServing))
                port = std::stoi(found[1]);
            return port || host.wait(0ms).has_value();
        })) << "the host neither serves nor ends";
        return port;
    }

    /// Starts it and waits until it serves; after the first start always at the same port. `addresses`: other
    /// ones, of which the first is plain.
    void startBackend(const std::string& addresses = {}) {
        if (!std::filesystem::exists(dir_ / "host.yaml"))
            configureHost();
        const auto before = readFile(dir_ / "backend.log").size();
        auto spec = backendCommand(
            {"--http-addr", addresses.empty() ? "127.0.0.1:" + std::to_string(port_) : addresses, "serve"});
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "backend.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "backend.log");
        backend_ = std::move(runner_.start(spec)).value();
        const auto port = servingPort(*backend_, dir_ / "backend.log", before);
        ASSERT_TRUE(port) << "the host does not start";
        port_ = *port;
        api_ = std::make_unique<ApiClient>(port_, traffic_);
        const auto login =
            api_->send("POST", "/api/v1/auth/login", "",
                       core::json::write(Object{{"email", kAdminEmail}, {"password", kAdminPassword}}));
        ASSERT_EQ(login.status, 200) << login.body;
        admin_ = login.json.stringOr("access_token");
    }
    void killBackend() {
        backend_->signal(SIGKILL);
        ASSERT_TRUE(backend_->wait(10s));
        backend_.reset();
    }
    /// A clean stop; returns how it ended and how long it took.
    std::pair<core::ProcessExit, std::chrono::milliseconds> stopBackend() {
        const auto began = std::chrono::steady_clock::now();
        backend_->signal(SIGTERM);
        const auto exit = backend_->wait(30s);
        EXPECT_TRUE(exit) << "the host does not end";
        backend_.reset();
        return {
            exit.value_or(core::ProcessExit{1, 0, false}),
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began)};
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    ApiClient& api() { return *api_; }

    // The admin's calls, each of which must succeed.
    Value get(const std::string& path) {
        const auto answer = api().get(path, admin_);
        EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
        return answer.json;
    }
    Value post(const std::string& path, const Object& body, int status) {
        const auto answer = api().post(path, admin_, body);
        EXPECT_EQ(answer.status, status) << path << ": " << answer.body;
        return answer.json;
    }
    std::string apiToken(const std::string& role) {
        return post("/api/v1/tokens", {{"name", "of " + role}, {"role", role}}, 201).stringOr("token");
    }
    std::string registrationToken() {
        return post("/api/v1/restic/agents/registration-tokens", {}, 201).stringOr("token");
    }
    std::string repository(const std::filesystem::path& path, const std::string& name,
                           const std::string& password = kRepositoryPassword) {
        return post("/api/v1/restic/repositories",
                    {{"name", name},
                     {"type", "local"},
                     {"url", path.string()},
                     {"maintenance", farMaintenance()},
                     {"password", password}},
                    201)
            .stringOr("id");
    }
    static Object policyBody(const std::string& name) {
        return {{"name", name},
                {"schedule", farSchedule()},
                {"include_paths", Array{"/etc"}},
                {"retention_rules", Object{{"keep_daily", 7}}}};
    }

    /// Makes the policy's next run due at that time. False if it has none, or while the database is away.
    virtual bool setNextRun(const std::string& policy, core::Instant at) {
        return setNextRun(*openDatabase(), policy, at);
    }
    /// The host's database, beside the host; null if there is none yet.
    std::unique_ptr<core::db::Database> openDatabase() {
        const auto file = dir_ / "data/ae-backend.db";
        if (databaseUrl_.empty() && !std::filesystem::exists(file))
            return nullptr;
        core::db::Options options;
        options.url = databaseUrl_.empty() ? "sqlite:" + file.string() : databaseUrl_;
        return core::db::open(options, clock_, databaseLog_.logger());
    }
    static bool setNextRun(core::db::Database& database, const std::string& policy, core::Instant at) {
        const auto changed =
            database.run(core::SystemContext("test"),
                         {{"UPDATE restic_agent_policy_links SET next_run_at_us = $1 WHERE policy_id = $2",
                           {at, *core::Uuid::parse(policy)}}},
                         true);
        return changed.at(0).affected == 1;
    }

    TempDir dir_;
    std::string program_ = AE_BUILD_DIR "/bin/ae-backend";
    std::map<std::string, std::string> environment_; ///< of the host, besides what every test gives it
    core::SystemProcessRunner runner_;
    const std::shared_ptr<Traffic> traffic_ = std::make_shared<Traffic>();
    std::set<Proof> exempt_;
    const core::SystemClock clock_;
    TestLog databaseLog_;
    std::list<TestDatabase> databases_;
    std::string databaseUrl_;
    int port_ = 0;
    std::unique_ptr<core::Process> backend_;
    std::unique_ptr<ApiClient> api_;
    std::string admin_;
    std::unique_ptr<core::Process> agent_;
    std::vector<int> orphans_;
};

} // namespace test
