#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "agent_fixture.h"

namespace test {
namespace {
using namespace std::chrono_literals;

TEST_F(AgentTest, ABackupSucceedsAndItsSnapshotIsNamedInFull) {
    initRepository();
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("exclude", core::json::Array{"*.bin"});
    writeFile(source_ / "skipped.bin", "not wanted");
    server_.sendTask(payload);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");
    EXPECT_EQ(result->integerOr("attempt"), 1);
    EXPECT_EQ(result->find("error"), nullptr);
    const auto id = field(*result, "result", "snapshot_id");
    EXPECT_EQ(id.size(), 64U);
    EXPECT_EQ(field(*result, "result", "short_id"), id.substr(0, 8));
    EXPECT_EQ(field(*result, "result", "restic_version"), "0.14.0");
    EXPECT_EQ(field(*result, "result", "hostname"), "web-01");
    EXPECT_EQ(result->find("result")->integerOr("files_new", -1), 2);
    EXPECT_EQ(result->find("result")->integerOr("exit_code", -1), 0);
    EXPECT_GT(result->find("result")->integerOr("data_added"), 0);

    const auto listed = core::json::parse(restic({"snapshots", "--json"}).output).value();
    ASSERT_EQ(listed.array()->size(), 1U);
    const auto& snapshot = listed.array()->front();
    EXPECT_EQ(snapshot.stringOr("id"), id);
    EXPECT_EQ(snapshot.stringOr("hostname"), "web-01");
    EXPECT_EQ(core::json::write(*snapshot.find("tags")),
              core::json::write(core::json::Array{"policy:" + policy_, "task:" + task, "nightly"}));
    EXPECT_EQ(locks(), 0U);

    EXPECT_EQ(server_.reports(task).front().stringOr("status"), "running");
    EXPECT_TRUE(await([&] { return taskFolders() == 0; })) << "files of an acknowledged task stay";
    EXPECT_FALSE(server_.logLines(task).empty());
    EXPECT_FALSE(server_.logNumbersBroken());
    EXPECT_TRUE(await([&] {
        return !server_.heartbeats().empty() &&
               server_.heartbeats().back().stringOr("lastBackupStatus") == "success";
    }));
    EXPECT_EQ(stopAgent().code, 0);
}

TEST_F(AgentTest, APatternWithADollarMeansWhatWasTyped) {
    initRepository();
    // Patterns are arguments of restic, which takes variables for their value in files of patterns only.
    configure("backup:\n  exclude: [\"$own\"]\n");
    for (const char* file : {"$RECYCLE.BIN/old.txt", ".BIN/kept.txt", "$$/money.txt", "$/kept.txt",
                             "a$PATH/x.txt", "$own", "own"})
        writeFile(source_ / file, "x");
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("exclude", core::json::Array{"$RECYCLE.BIN", "$$", "a$PATH"});
    server_.sendTask(payload);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    ASSERT_EQ(result->stringOr("status"), "success") << core::json::write(*result);
    const auto saved = restic({"ls", field(*result, "result", "snapshot_id")}).output;
    const auto has = [&](const std::string& file) {
        return saved.find((source_ / file).string() + "\n") != std::string::npos;
    };
    for (const char* file : {".BIN/kept.txt", "$/kept.txt", "own", "one.txt"})
        EXPECT_TRUE(has(file)) << file << '\n' << saved;
    for (const char* file : {"$RECYCLE.BIN", "$$", "a$PATH", "$own"})
        EXPECT_FALSE(has(file)) << file << '\n' << saved;
}

TEST_F(AgentTest, NoSecretIsOnDiskInArgumentsOrInTheLog) {
    initRepository();
    makeLargeSource(3000000);
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 300);
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(task)).has_value(); }));
    const auto proc = std::filesystem::path("/proc") / std::to_string(*pid);
    EXPECT_EQ(readFile(proc / "cmdline").find(kPassword), std::string::npos);
    const auto environment = readFile(proc / "environ");
    EXPECT_EQ(environment.find(kPassword), std::string::npos);
    EXPECT_NE(environment.find("RESTIC_PROGRESS_FPS=1"), std::string::npos);
    EXPECT_NE(environment.find("LC_ALL=C"), std::string::npos);
    EXPECT_NE(environment.find("RESTIC_CACHE_DIR=" + state_.string()), std::string::npos);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state_)) {
        if (!entry.is_regular_file())
            continue;
        EXPECT_EQ(readFile(entry.path()).find(kPassword), std::string::npos) << entry.path();
        if (entry.path().string().find("/cache/") == std::string::npos) {
            struct stat info {};
            ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
            EXPECT_EQ(info.st_mode & 0077, 0U) << entry.path();
        }
    }
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");
    // Several seconds of work at one message a second: there was progress, within its bounds, not a flood.
    int progress = 0;
    for (const auto& report : server_.reports(task))
        if (const auto* value = report.find("progress")) {
            ++progress;
            EXPECT_GE(value->numberOr("percent_done", -1), 0);
            EXPECT_LE(value->numberOr("percent_done", 101), 100);
        }
    EXPECT_GE(progress, 1);
    EXPECT_LE(progress, 60);
    EXPECT_EQ(readFile(dir_ / "agent.log").find(kPassword), std::string::npos);
    EXPECT_EQ(readFile(dir_ / "agent.log").find(server_.agentToken()), std::string::npos);
}

TEST_F(AgentTest, ExitCode3IsAWarningWithItsSnapshotAndTheUnreadFiles) {
    initRepository();
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    // Nobody may read this one, not even root.
    payload.set("sources", core::json::Array{source_.string(), "/proc/1/mem", (dir_ / "gone").string()});
    server_.sendTask(payload);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "warning");
    EXPECT_EQ(field(*result, "result", "outcome"), "warning");
    EXPECT_EQ(result->find("result")->integerOr("exit_code"), 3);
    EXPECT_EQ(field(*result, "result", "snapshot_id").size(), 64U);
    EXPECT_EQ(result->find("result")->integerOr("unread_count"), 2);
    const auto& unread = *result->find("result")->find("unread_items")->array();
    ASSERT_EQ(unread.size(), 2U);
    EXPECT_EQ(unread[0].stringOr("path"), (dir_ / "gone").string());
    EXPECT_EQ(unread[0].stringOr("message"), "does not exist");
    EXPECT_EQ(unread[1].stringOr("path"), "/proc/1/mem");
    EXPECT_NE(unread[1].stringOr("message").find("ermission denied"), std::string::npos);
}

TEST_F(AgentTest, FailuresHaveTheirNamesAndAdvice) {
    enrollAndStart();
    const auto run = [&](core::json::Object payload) {
        const auto task = newId();
        payload.set("task_id", task);
        server_.sendTask(payload);
        auto result = server_.awaitResult(task);
        EXPECT_TRUE(result);
        return result.value_or(core::json::Value());
    };
    auto result = run(backup(""));
    EXPECT_EQ(result.stringOr("status"), "failed");
    EXPECT_EQ(field(result, "error", "error"), "RepositoryNotFound");
    EXPECT_EQ(field(result, "result", "outcome"), "no_repository");
    EXPECT_FALSE(std::filesystem::exists(repository_)) << "a repository is never created unasked";

    initRepository();
    auto payload = backup("");
    payload.set("repository", repositoryObject("not the password"));
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "AuthenticationFailed");
    EXPECT_EQ(field(result, "result", "outcome"), "bad_password");
    EXPECT_FALSE(field(result, "error", "hint").empty());

    payload = backup("");
    payload.set("sources", core::json::Array{(dir_ / "nowhere").string()});
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "SourceNotFound");
    EXPECT_EQ(field(result, "result", "outcome"), "source_missing");
    EXPECT_NE(field(result, "error", "message").find("nowhere"), std::string::npos);

    payload = backup("");
    payload.set("tags", core::json::Array{"a,b"});
    EXPECT_EQ(field(run(payload), "error", "error"), "InvalidTask");

    payload = backup("");
    auto repository = repositoryObject();
    repository.set("environment", core::json::Object{{"LD_PRELOAD", "/tmp/evil.so"}});
    payload.set("repository", repository);
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "InvalidTask");
    EXPECT_NE(field(result, "error", "message").find("LD_PRELOAD"), std::string::npos);

    payload = backup("");
    payload.set("type", "teleport");
    EXPECT_EQ(field(run(payload), "error", "error"), "UnsupportedTask");

    payload = backup("");
    payload.set("sources", 7);
    result = run(payload);
    EXPECT_EQ(field(result, "error", "error"), "InvalidTask");
    EXPECT_NE(field(result, "error", "message").find("/sources"), std::string::npos);
}

/// State T in /proc.
bool isStopped(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto name = text.rfind(") ");
    return name != std::string::npos && text.substr(name + 2, 1) == "T";
}

TEST_F(AgentTest, ALockedRepositoryNamesItsHolder) {
    exempt(AgentProof::locks, "its holder stands still");
    initRepository();
    // A check that is stopped while it holds the exclusive lock.
    core::ProcessSpec spec;
    spec.program = "restic";
    spec.arguments = {"check"};
    spec.environment = kEnvironment;
    spec.environment["RESTIC_REPOSITORY"] = repository_.string();
    spec.environment["RESTIC_PASSWORD"] = kPassword;
    spec.environment["RESTIC_CACHE_DIR"] = (dir_ / "cache").string();
    std::unique_ptr<core::Process> holder;
    // On a busy machine the check may be over before it is stopped.
    ASSERT_TRUE(await([&] {
        holder = std::move(runner_.start(spec)).value();
        if (!await([&] { return locks() == 1; }))
            return false;
        holder->signal(SIGSTOP);
        // The signal takes effect in its own time; only what stands still keeps its lock.
        return await([&] { return isStopped(holder->pid()) || holder->wait(0ms).has_value(); }) &&
               isStopped(holder->pid()) && locks() == 1;
    }));
    enrollAndStart();
    const auto task = newId();
    server_.sendTask(backup(task));
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(field(*result, "error", "error"), "RepositoryLocked");
    EXPECT_EQ(field(*result, "result", "outcome"), "locked");
    EXPECT_NE(field(*result, "result", "lock_holder").find("PID " + std::to_string(holder->pid())),
              std::string::npos);
}

TEST_F(AgentTest, TheRepositoryIsCreatedWhenTheServerSaysSo) {
    enrollAndStart();
    for (const bool created : {true, false}) {
        const auto task = newId();
        auto payload = backup(task);
        payload.set("init_if_missing", true);
        server_.sendTask(payload);
        const auto result = server_.awaitResult(task);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->stringOr("status"), "success") << core::json::write(*result);
        EXPECT_EQ(result->find("result")->booleanOr("repository_created"), created);
        const auto lines = server_.logLines(task);
        const bool logged = std::any_of(lines.begin(), lines.end(), [](const auto& line) {
            return line.find("restic init") != std::string::npos;
        });
        EXPECT_EQ(logged, created);
    }
}

TEST_F(AgentTest, CancelInterruptsResticAndLeavesNoLock) {
    initRepository();
    makeLargeSource(20000000);
    configure("  limit_upload_kib: 1000\n"); // the agent's own setting
    enrollAndStart();
    const auto task = newId();
    server_.sendTask(backup(task));
    ASSERT_TRUE(await([&] { return server_.reports(task).size() > 1; })) << "no progress";
    const auto pid = resticPid(task);
    ASSERT_TRUE(pid);
    server_.sendCancel(task);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "cancelled");
    EXPECT_EQ(result->find("result")->integerOr("exit_code"), 130);
    EXPECT_FALSE(core::processStartTicks(*pid));
    EXPECT_EQ(locks(), 0U);
}

TEST_F(AgentTest, ACancelReachesAnAgentThatIsFullAndFreesAPlace) {
    initRepository();
    makeLargeSource(20000000);
    writeFile(dir_ / "config.yaml", "agent: {heartbeat_interval: 200ms, retry_backoff: 20ms, log_format: "
                                    "text, max_concurrent_tasks: 1}\nrestic: {interrupt_grace: 1s}\n");
    enrollAndStart();
    const auto slow = newId();
    auto payload = backup(slow);
    payload.set("limit_upload_kib", 100);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return locks() == 1; }));
    ASSERT_TRUE(await([&] { return server_.polls().back() == 0; })) << "one poll stays parked";
    const auto second = newId();
    auto small = backup(second);
    small.set("sources", core::json::Array{(source_ / "one.txt").string()});
    server_.sendTask(small);
    server_.sendCancel(slow);
    ASSERT_TRUE(server_.awaitResult(slow));
    EXPECT_EQ(server_.awaitResult(slow)->stringOr("status"), "cancelled");
    const auto result = server_.awaitResult(second, 25s); // well before the parked poll's half minute
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "success");
}

TEST_F(AgentTest, TheTimeLimitEndsATask) {
    initRepository();
    makeLargeSource(20000000);
    configure("  interrupt_grace: 1s\n");
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.set("limit_upload_kib", 100);
    payload.set("timeout_seconds", 5); // time to open the repository, also on a slow machine
    server_.sendTask(payload);
    std::optional<int> pid;
    ASSERT_TRUE(await([&] { return (pid = resticPid(task)).has_value() && locks() == 1; }));
    // It hangs, on a dead disk, say: asked to end it does not, and its lock stays.
    ASSERT_EQ(::kill(*pid, SIGSTOP), 0);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->stringOr("status"), "failed");
    EXPECT_EQ(field(*result, "error", "error"), "CommandTimeout");
    EXPECT_EQ(locks(), 0U);
    const auto lines = server_.logLines(task);
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const auto& line) {
        return line.find("restic unlock") != std::string::npos;
    })) << testing::PrintToString(lines);
}

TEST_F(AgentTest, LocalConfigurationAddsSourcesExcludesAndARepository) {
    initRepository();
    writeFile(dir_ / "extra/file.txt", "extra");
    writeFile(dir_ / "secrets/repo-password", kPassword);
    writeFile(source_ / "x.tmp", "temporary");
    configure("  config_dir: " + (dir_ / "secrets").string() +
              "\nbackup:\n  sources:\n    - path: " + (dir_ / "extra").string() +
              "\n      policy: daily\n    - path: /etc\n      policy: other\n  exclude:\n    - "
              "\"*.tmp\"\nrepository:\n  url: " +
              repository_.string() + "\n  password_file: repo-password\n");
    enrollAndStart();
    const auto task = newId();
    auto payload = backup(task);
    payload.erase("repository");
    payload.set("policy_name", "daily");
    server_.sendTask(payload);
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    ASSERT_EQ(result->stringOr("status"), "success") << core::json::write(*result);
    const auto listing = restic({"ls", "latest"}).output;
    EXPECT_NE(listing.find("/extra/file.txt"), std::string::npos);
    EXPECT_EQ(listing.find("x.tmp"), std::string::npos);
    EXPECT_EQ(listing.find("/etc/hostname"), std::string::npos);
}

TEST_F(AgentTest, AMissingResticIsSaidInHeartbeatAndTask) {
    configure("  binary: /opt/no/restic\n");
    enrollAndStart();
    ASSERT_TRUE(await([&] { return !server_.heartbeats().empty(); }));
    const auto beat = server_.heartbeats().front();
    EXPECT_EQ(beat.find("resticVersion"), nullptr);
    ASSERT_NE(beat.find("problems"), nullptr);
    const auto task = newId();
    server_.sendTask(backup(task));
    const auto result = server_.awaitResult(task);
    ASSERT_TRUE(result);
    EXPECT_EQ(field(*result, "error", "error"), "ResticNotFound");
}

TEST_F(AgentTest, HeartbeatsCarryRealFigures) {
    enrollAndStart();
    ASSERT_TRUE(await([&] { return server_.heartbeats().size() >= 3; }));
    const auto beat = server_.heartbeats().back();
    EXPECT_EQ(beat.stringOr("os"), "linux");
    EXPECT_EQ(beat.stringOr("resticVersion"), "0.14.0");
    EXPECT_GT(beat.integerOr("uptimeSeconds"), 0);
    EXPECT_GT(beat.integerOr("memoryTotalBytes"), beat.integerOr("memoryUsedBytes"));
    EXPECT_GE(beat.numberOr("cpuPercent", -1), 0);
    EXPECT_LE(beat.numberOr("cpuPercent", 101), 100);
    EXPECT_GT(beat.numberOr("latencyMs"), 0);
    ASSERT_NE(beat.find("openTasks"), nullptr);
    EXPECT_EQ(beat.find("openTasks")->array()->size(), 0U);
}
} // namespace
} // namespace test
