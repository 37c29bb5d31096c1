#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <set>

#include "agent_fixture.h"
#include "support/restics.h"

/// Each kind of task that cares for a repository, with each restic: the results are the same, whatever restic
/// says in its own way.
namespace test {
namespace {
using namespace std::chrono_literals;
using core::json::Array;
using core::json::Object;
using core::json::Value;

class KindsTest : public AgentTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override {
        AgentTest::SetUp();
        program_ = GetParam().program;
        ASSERT_TRUE(program_ == "restic" || std::filesystem::exists(program_))
            << program_ << " is missing: scripts/restics.sh fetches it";
        configure("  binary: " + program_ + "\n");
    }

    core::ProcessSpec resticSpec(std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = program_;
        spec.arguments = std::move(arguments);
        spec.environment = kEnvironment;
        spec.environment["RESTIC_REPOSITORY"] = repository_.string();
        spec.environment["RESTIC_PASSWORD"] = kPassword;
        spec.environment["RESTIC_CACHE_DIR"] = (dir_ / "cache").string();
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        return spec;
    }

    core::json::Value run(Object payload) {
        task_ = newId();
        payload.set("task_id", task_);
        server_.sendTask(payload);
        auto result = server_.awaitResult(task_);
        EXPECT_TRUE(result);
        return result.value_or(Value());
    }
    Object taskOf(const std::string& kind, Object parameters = {}) {
        Object payload{{"task_id", ""},
                       {"attempt", 1},
                       {"type", kind},
                       {"repository", repositoryObject()},
                       {"timeout_seconds", 300}};
        for (const auto& [name, value] : parameters.members())
            payload.set(name, value);
        return payload;
    }
    Value succeed(const Object& payload) {
        const auto report = run(payload);
        EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
        EXPECT_EQ(report.find("error"), nullptr);
        const auto* result = report.find("result");
        return result != nullptr ? *result : Value();
    }
    Value fail(const Object& payload, const std::string& error) {
        const auto report = run(payload);
        EXPECT_EQ(report.stringOr("status"), "failed");
        EXPECT_EQ(field(report, "error", "error"), error) << core::json::write(report);
        return report;
    }

    std::vector<std::string> backups(int count) {
        std::vector<std::string> ids;
        for (int i = 0; i < count; ++i) {
            writeFile(source_ / "changing.txt",
                      std::string(200000, static_cast<char>('a' + i)) + std::to_string(i));
            ids.push_back(succeed(backup("")).stringOr("snapshot_id"));
        }
        return ids;
    }
    std::vector<std::string> listed() {
        std::vector<std::string> ids;
        auto spec = resticSpec({"snapshots", "--json"});
        const auto all = core::json::parse(runner_.run(spec).value().output).value();
        for (const auto& one : *all.array())
            ids.push_back(one.stringOr("id"));
        return ids;
    }
    static std::vector<std::string> textsOf(const Value& result, std::string_view name) {
        std::vector<std::string> out;
        if (const auto* list = result.find(name); list != nullptr && list->array() != nullptr)
            for (const auto& one : *list->array())
                out.push_back(one.string() != nullptr ? *one.string() : one.stringOr("id"));
        return out;
    }
    static Array objectsOf(const Value& result, std::string_view name) {
        const auto* list = result.find(name);
        return list != nullptr && list->array() != nullptr ? *list->array() : Array();
    }
    /// A restic that holds a lock until it is let go: it waits for its input.
    std::unique_ptr<core::Process> holdLock() {
        const auto before = locks();
        const auto input = dir_ / "input";
        if (input_ < 0) {
            ::mkfifo(input.c_str(), 0600);
            input_ = ::open(input.c_str(), O_RDWR | O_CLOEXEC);
        }
        auto spec = resticSpec({});
        spec.program = "/bin/sh";
        spec.arguments = {"-c", "exec \"$0\" backup --stdin --host=other <\"$1\"", program_, input.string()};
        auto process = std::move(runner_.start(spec)).value();
        EXPECT_TRUE(await([&] { return locks() > before; }));
        return process;
    }
    /// A lock whose process is gone.
    void leaveLock() {
        auto holder = holdLock();
        holder->signal(SIGKILL);
        holder->wait(10s);
        ASSERT_GT(locks(), 0U);
    }

    void TearDown() override {
        AgentTest::TearDown();
        if (input_ >= 0)
            ::close(input_);
    }

    std::string program_;
    std::string task_;
    int input_ = -1;
};
INSTANTIATE_TEST_SUITE_P(Restic, KindsTest, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(KindsTest, InitCreatesWhatIsNotThereAndLeavesWhatIs) {
    enrollAndStart();
    const auto first = succeed(taskOf("init"));
    EXPECT_TRUE(first.booleanOr("created"));
    EXPECT_EQ(first.stringOr("repository_id").size(), 64U);
    const auto second = succeed(taskOf("init"));
    EXPECT_FALSE(second.booleanOr("created", true));
    EXPECT_EQ(second.stringOr("repository_id"), first.stringOr("repository_id"));
    auto wrong = taskOf("init");
    wrong.set("repository", repositoryObject("not the password"));
    fail(wrong, "AuthenticationFailed");
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, SnapshotsAndStatsTellWhatTheRepositoryHas) {
    enrollAndStart();
    succeed(taskOf("init"));
    EXPECT_EQ(succeed(taskOf("snapshots")).integerOr("count", -1), 0);
    const auto ids = backups(3);
    const auto result = succeed(taskOf("snapshots"));
    EXPECT_EQ(result.integerOr("count"), 3);
    const auto items = server_.items(task_);
    ASSERT_EQ(items.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(items[i].stringOr("id"), ids[i]) << "in restic's order";
    const auto& newest = items.back();
    EXPECT_EQ(newest.stringOr("hostname"), "web-01");
    EXPECT_EQ(textsOf(newest, "paths"), std::vector{source_.string()});
    EXPECT_EQ(newest.find("tags")->array()->size(), 3U);

    const auto raw = succeed(taskOf("stats"));
    EXPECT_EQ(raw.stringOr("mode"), "raw-data");
    EXPECT_GT(raw.integerOr("total_size"), 0);
    EXPECT_EQ(raw.integerOr("snapshots_count"), 3);
    const auto restored = succeed(taskOf("stats", {{"mode", "restore-size"}}));
    EXPECT_EQ(restored.integerOr("total_size"), 3 * (200001 + 3 + 3));
    EXPECT_GE(restored.integerOr("total_file_count"), 3 * 3);
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, CheckTellsSoundFromDamaged) {
    makeLargeSource(1000000);
    enrollAndStart();
    succeed(taskOf("init"));
    backups(2);
    const auto sound = succeed(taskOf("check", {{"check_unused", true}}));
    EXPECT_EQ(sound.integerOr("error_count", -1), 0);
    EXPECT_EQ(succeed(taskOf("check", {{"read_data", true}})).integerOr("error_count", -1), 0);
    EXPECT_EQ(succeed(taskOf("check", {{"read_data_subset", "1/2"}})).integerOr("error_count", -1), 0);
    EXPECT_TRUE(textsOf(sound, "errors").empty());

    // The largest is one of data: for a missing one of trees restic 0.14 asks again for many minutes.
    std::filesystem::path pack;
    std::uintmax_t largest = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(repository_ / "data"))
        if (entry.is_regular_file() && entry.file_size() > largest) {
            pack = entry.path();
            largest = entry.file_size();
        }
    std::filesystem::remove(pack);
    const auto report = fail(taskOf("check"), "RepositoryCorrupted");
    ASSERT_NE(report.find("result"), nullptr);
    const auto& damaged = *report.find("result");
    // One pack is gone, and that is all that is said of it.
    EXPECT_EQ(damaged.integerOr("error_count"), 1) << core::json::write(report);
    ASSERT_EQ(textsOf(damaged, "errors").size(), 1U) << core::json::write(report);
    EXPECT_EQ(textsOf(damaged, "damaged_packs"), std::vector<std::string>{pack.filename().string()});
    bool named = false;
    for (const auto& error : textsOf(damaged, "errors"))
        named = named || error.find(pack.filename().string().substr(0, 8)) != std::string::npos;
    EXPECT_TRUE(named) << "the errors name the pack: " << core::json::write(damaged);
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, CheckDoesNotTakeAWrongPasswordOrALockForDamage) {
    enrollAndStart();
    succeed(taskOf("init"));
    backups(1);
    auto wrong = taskOf("check");
    wrong.set("repository", repositoryObject("not the password"));
    EXPECT_EQ(fail(wrong, "AuthenticationFailed").find("result")->find("error_count"), nullptr);
    const auto holder = holdLock();
    const auto locked = fail(taskOf("check"), "RepositoryLocked");
    EXPECT_NE(field(locked, "result", "lock_holder").find("PID "), std::string::npos);
    EXPECT_EQ(locked.find("result")->find("error_count"), nullptr);
    EXPECT_EQ(locks(), 1U) << "a lock whose holder lives stays";
    holder->signal(SIGKILL);
    exempt(AgentProof::locks, "its holder is killed, and nothing comes after it");
}

TEST_P(KindsTest, ForgetRemovesWhatThePolicyNoLongerKeepsAndNothingElse) {
    enrollAndStart();
    succeed(taskOf("init"));
    const auto ids = backups(3);
    auto foreign = backup("");
    foreign.set("policy_id", newId());
    const auto other = succeed(foreign).stringOr("snapshot_id");
    auto forget = taskOf("forget", {{"policy_id", policy_}, {"retention", Object{{"keep_last", 1}}}});
    const auto result = succeed(forget);
    EXPECT_EQ(result.integerOr("snapshots_removed"), 2);
    EXPECT_EQ(result.integerOr("snapshots_kept"), 1);
    auto removed = textsOf(result, "removed_ids");
    std::sort(removed.begin(), removed.end());
    std::vector<std::string> expected{ids[0], ids[1]};
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(removed, expected);
    EXPECT_EQ(listed(), (std::vector{ids[2], other}));
    const auto again = succeed(forget);
    EXPECT_EQ(again.integerOr("snapshots_removed", -1), 0);
    // No snapshot matches: restic says nothing at all.
    forget.set("policy_id", newId());
    EXPECT_EQ(succeed(forget).integerOr("snapshots_kept", -1), 0);
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, ARetentionThatKeepsNothingIsNeverCarriedOut) {
    enrollAndStart();
    succeed(taskOf("init"));
    const auto ids = backups(1);
    fail(taskOf("forget", {{"policy_id", policy_}}), "InvalidTask");
    fail(taskOf("forget", {{"retention", Object{}}}), "InvalidTask");
    fail(taskOf("forget", {{"retention", Object{{"keep_last", 0}, {"keep_daily", 0}}}}), "InvalidTask");
    // A prune without one is a prune.
    succeed(taskOf("prune", {{"retention", Object{{"keep_last", 0}}}}));
    EXPECT_EQ(listed(), ids);
}

TEST_P(KindsTest, PruneWithARetentionForgetsFirstAndTellsWhatItFreed) {
    enrollAndStart();
    succeed(taskOf("init"));
    const auto ids = backups(3);
    const auto result =
        succeed(taskOf("prune", {{"policy_id", policy_}, {"retention", Object{{"keep_last", 1}}}}));
    EXPECT_EQ(result.integerOr("snapshots_removed"), 2);
    EXPECT_EQ(result.integerOr("snapshots_kept"), 1);
    EXPECT_GT(result.integerOr("bytes_reclaimed"), 0);
    EXPECT_GT(result.integerOr("bytes_remaining"), 0);
    EXPECT_EQ(listed(), std::vector{ids[2]});
    const auto second = succeed(taskOf("prune"));
    EXPECT_EQ(second.find("snapshots_removed"), nullptr);
    EXPECT_EQ(second.integerOr("bytes_reclaimed", -1), 0);
    EXPECT_EQ(succeed(taskOf("check", {{"read_data", true}})).integerOr("error_count", -1), 0);
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, UnlockRemovesWhatNobodyHoldsAndNamesWhoHoldsTheRest) {
    exempt(AgentProof::locks, "the lock of who lives stays");
    enrollAndStart();
    succeed(taskOf("init"));
    auto nothing = succeed(taskOf("unlock"));
    EXPECT_EQ(nothing.integerOr("lock_count", -1), 0);
    leaveLock();
    succeed(taskOf("unlock"));
    EXPECT_EQ(locks(), 0U);
    leaveLock();
    const auto holder = holdLock();
    const auto result = succeed(taskOf("unlock"));
    EXPECT_EQ(locks(), 1U);
    EXPECT_EQ(result.integerOr("lock_count"), 1);
    const auto left = objectsOf(result, "locks");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_GT(left[0].integerOr("pid"), 1);
    holder->signal(SIGKILL);
}

TEST_P(KindsTest, LocksTellsWhoHoldsTheRepositoryAndChangesNothing) {
    exempt(AgentProof::locks, "what is told of stays");
    enrollAndStart();
    succeed(taskOf("init"));
    const auto free = succeed(taskOf("locks"));
    EXPECT_EQ(free.integerOr("lock_count", -1), 0);
    EXPECT_TRUE(objectsOf(free, "locks").empty());
    leaveLock();
    const auto holder = holdLock();
    const auto result = succeed(taskOf("locks"));
    EXPECT_EQ(locks(), 2U);
    EXPECT_EQ(result.integerOr("lock_count"), 2);
    const auto told = objectsOf(result, "locks");
    ASSERT_EQ(told.size(), 2U);
    std::array<char, 256> hostname{};
    ASSERT_EQ(::gethostname(hostname.data(), hostname.size() - 1), 0);
    std::set<std::string> ids;
    std::set<std::int64_t> holders;
    for (const auto& lock : told) {
        ids.insert(lock.stringOr("id"));
        holders.insert(lock.integerOr("pid"));
        EXPECT_EQ(lock.stringOr("hostname"), hostname.data());
        EXPECT_FALSE(lock.stringOr("username").empty());
        const auto renewed = core::parseInstant(lock.stringOr("time"));
        ASSERT_TRUE(renewed);
        EXPECT_LT(std::chrono::system_clock::now() - *renewed, 5min);
        EXPECT_TRUE(std::filesystem::exists(repository_ / "locks" / lock.stringOr("id")));
    }
    EXPECT_EQ(ids.size(), 2U);
    EXPECT_TRUE(holders.contains(holder->pid()));
    holder->signal(SIGKILL);
}

TEST_P(KindsTest, ALockThatNobodyHoldsIsRemovedOnceAndSaid) {
    enrollAndStart();
    succeed(taskOf("init"));
    backups(1);
    leaveLock();
    const auto report = run(taskOf("check"));
    EXPECT_EQ(report.stringOr("status"), "success") << core::json::write(report);
    const auto* notices = report.find("result")->find("notices");
    ASSERT_NE(notices, nullptr);
    EXPECT_EQ(notices->array()->front().stringOr("code"), "StaleLockRemoved");
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, AKilledAgentsPruneGoesOnAndItsForgetIsNotLost) {
    initRepository();
    // The prune waits until the agent was killed and has come back.
    const auto gate = dir_ / "gate";
    const auto reached = dir_ / "reached";
    writeFile(dir_ / "wrapper", "#!/bin/sh\nif [ \"$1\" = prune ]; then : >" + reached.string() +
                                    "; while [ ! -e " + gate.string() + " ]; do sleep 0.05; done; fi\nexec " +
                                    program_ + " \"$@\"\n");
    ::chmod((dir_ / "wrapper").c_str(), 0755);
    configure("  binary: " + (dir_ / "wrapper").string() + "\n");
    enrollAndStart();
    backups(3);
    auto payload = taskOf("prune", {{"policy_id", policy_}, {"retention", Object{{"keep_last", 1}}}});
    task_ = newId();
    payload.set("task_id", task_);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return std::filesystem::exists(reached); }));
    killAgent();
    startAgent();
    ASSERT_TRUE(await([&] { return readFile(dir_ / "agent.log").find("was adopted") != std::string::npos; }));
    writeFile(gate, "");
    const auto report = server_.awaitResult(task_);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "success") << core::json::write(*report);
    EXPECT_EQ(report->find("result")->integerOr("snapshots_removed"), 2);
    EXPECT_GT(report->find("result")->integerOr("bytes_reclaimed"), 0);
    EXPECT_EQ(listed().size(), 1U);
    EXPECT_FALSE(server_.logNumbersBroken());
    EXPECT_EQ(locks(), 0U);
}

TEST_P(KindsTest, ACancelledPruneLeavesNoLock) {
    initRepository();
    const auto reached = dir_ / "reached";
    // A restic that takes its time, as one on a slow storage.
    writeFile(dir_ / "wrapper", "#!/bin/sh\nif [ \"$1\" = prune ]; then : >" + reached.string() +
                                    "; sleep 1000 | exec " + program_ +
                                    " --password-file=\"${2#--password-file=}\" backup --stdin; fi\nexec " +
                                    program_ + " \"$@\"\n");
    ::chmod((dir_ / "wrapper").c_str(), 0755);
    configure("  binary: " + (dir_ / "wrapper").string() + "\n");
    enrollAndStart();
    auto payload = taskOf("prune");
    task_ = newId();
    payload.set("task_id", task_);
    server_.sendTask(payload);
    ASSERT_TRUE(await([&] { return std::filesystem::exists(reached) && locks() > 0; }));
    server_.sendCancel(task_);
    const auto report = server_.awaitResult(task_);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "cancelled") << core::json::write(*report);
    EXPECT_EQ(locks(), 0U);
}

} // namespace
} // namespace test
