#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "integration/system/agent_fixture.h"
#include "support/restics.h"

/// What cares for repositories, as people start it and see it: through the API of the real host, by a real
/// agent, with each restic.
namespace test {
namespace {

class Maintenance : public BackupSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override {
        ASSERT_TRUE(GetParam().program == "restic" || std::filesystem::exists(GetParam().program))
            << GetParam().program << " is missing: scripts/restics.sh fetches it";
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = GetParam().program;
        begin();
    }
    void TearDown() override {
        if (input_ >= 0)
            ::close(input_);
        BackupSystemTest::TearDown();
    }

    std::string start(const std::string& kind, const Object& parameters = {}) {
        Object body{{"type", kind}, {"repository_id", repositoryId_}};
        if (!parameters.empty())
            body.set("parameters", parameters);
        if (parameters.find("retention") != nullptr)
            body.set("confirm_removal", true);
        return post("/api/v1/restic/tasks", body, 202).stringOr("id");
    }
    Value view() { return get("/api/v1/restic/repositories/" + repositoryId_); }
    Value locksTold() { return get("/api/v1/restic/repositories/" + repositoryId_ + "/locks"); }
    Value target() { return get("/api/v1/restic/status/web-01%3Anightly"); }
    static std::vector<std::string> words(const Value& list, std::string_view field) {
        std::vector<std::string> all;
        for (const auto& one : *list.array())
            all.push_back(field.empty() ? *one.string() : one.stringOr(field));
        return all;
    }
    std::set<std::string> shownSnapshots() {
        const auto all = words(*get("/api/v1/restic/snapshots").find("items"), "short_id");
        return {all.begin(), all.end()};
    }
    std::set<std::string> realSnapshots() {
        const auto all = words(restic({"snapshots"}), "short_id");
        return {all.begin(), all.end()};
    }
    void backUp(int times) {
        for (int i = 0; i < times; ++i) {
            writeFile(source_ / "changing.txt", std::string(300000, static_cast<char>('a' + i)) +
                                                    core::Uuid::generate(core::Instant{}).toString());
            ASSERT_EQ(outcome(backupNow()), "success");
        }
    }
    /// What restic still writes has another name.
    bool locked() const {
        for (const auto& file : std::filesystem::directory_iterator(repository_ / "locks"))
            if (file.path().filename().string().size() == 64)
                return true;
        return false;
    }
    /// The lock of a restic that was killed.
    void leaveLock() {
        const auto fifo = dir_ / "input";
        ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        input_ = ::open(fifo.c_str(), O_RDWR | O_CLOEXEC);
        core::ProcessSpec spec;
        spec.program = "/bin/sh";
        spec.arguments = {"-c", R"(exec "$0" backup --stdin --host=other <"$1")", GetParam().program,
                          fifo.string()};
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"RESTIC_REPOSITORY", repository_.string()},
                            {"RESTIC_PASSWORD", kRepositoryPassword},
                            {"RESTIC_CACHE_DIR", (dir_ / "cache").string()}};
        auto holder = std::move(runner_.start(spec)).value();
        ASSERT_TRUE(await([&] { return locked(); }));
        holder->signal(SIGKILL);
        ASSERT_TRUE(holder->wait(10s));
        ASSERT_TRUE(locked());
    }
    int input_ = -1;
};
INSTANTIATE_TEST_SUITE_P(Restic, Maintenance, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(Maintenance, ItsResultsStandBesideTheRepository) {
    EXPECT_TRUE(view().find("maintenance")->find("last")->array()->empty());
    backUp(3);
    const auto check = start("check");
    const auto checked = succeed(check);
    EXPECT_EQ(checked.stringOr("outcome"), "success");
    EXPECT_EQ(checked.integerOr("error_count", -1), 0);
    EXPECT_EQ(succeed(start("snapshots")).integerOr("count"), 3);
    const auto stats = succeed(start("stats"));
    EXPECT_EQ(stats.stringOr("mode"), "raw-data");
    EXPECT_GT(stats.integerOr("total_size"), 0);

    ASSERT_EQ(shownSnapshots(), realSnapshots());
    ASSERT_EQ(target().integerOr("snapshot_count"), 3);
    const auto pruned = succeed(start("prune", {{"retention", Object{{"keep_last", 1}}}}));
    EXPECT_EQ(pruned.integerOr("snapshots_kept"), 1);
    EXPECT_EQ(pruned.integerOr("snapshots_removed"), 2);
    EXPECT_EQ(pruned.find("removed_ids")->array()->size(), 2U);
    EXPECT_GT(pruned.integerOr("bytes_reclaimed"), 0);
    EXPECT_GT(pruned.integerOr("bytes_remaining"), 0);
    EXPECT_EQ(shownSnapshots().size(), 1U);
    EXPECT_EQ(shownSnapshots(), realSnapshots());
    EXPECT_EQ(target().integerOr("snapshot_count"), 1);
    EXPECT_TRUE(realSnapshots().contains(target().stringOr("latest_snapshot_id").substr(0, 8)));

    const auto one = view();
    const auto& maintenance = *one.find("maintenance")->find("last");
    EXPECT_EQ(words(maintenance, "kind"), (std::vector<std::string>{"check", "prune", "snapshots", "stats"}));
    for (const auto& last : *maintenance.array()) {
        const auto of = task(last.stringOr("task_id"));
        EXPECT_EQ(of.stringOr("type"), last.stringOr("kind"));
        EXPECT_EQ(last.stringOr("status"), "success");
        EXPECT_EQ(last.stringOr("ended_at"), of.stringOr("completed_at"));
        EXPECT_EQ(last.stringOr("agent_id"), agentId_);
        EXPECT_EQ(last.find("result")->stringOr("outcome"), "success");
    }
    EXPECT_EQ(maintenance.array()->at(0).stringOr("task_id"), check);
    EXPECT_EQ(maintenance.array()->at(1).find("result")->integerOr("snapshots_removed"), 2);
    const auto list = get("/api/v1/restic/repositories");
    EXPECT_EQ(*list.find("items")->array()->front().find("maintenance")->find("last"), maintenance);
    // The next one takes its place.
    const auto again = start("check");
    succeed(again);
    EXPECT_EQ(view().find("maintenance")->find("last")->array()->at(0).stringOr("task_id"), again);
    EXPECT_FALSE(locked());
}

TEST_P(Maintenance, UnlockRemovesTheLockOfWhoIsGone) {
    backUp(1);
    leaveLock();
    const auto answer =
        api().send("POST", "/api/v1/restic/repositories/" + repositoryId_ + "/unlock", "Bearer " + admin_);
    ASSERT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(answer.json.stringOr("status"), "queued");
    const auto result = succeed(answer.id());
    EXPECT_EQ(result.integerOr("locks_removed", 1), 1) << "restic 0.14 does not count";
    EXPECT_EQ(result.integerOr("lock_count", -1), 0);
    EXPECT_EQ(result.find("locks"), nullptr);
    EXPECT_FALSE(locked());
    EXPECT_EQ(words(*view().find("maintenance")->find("last"), "kind"), std::vector<std::string>{"unlock"});
    EXPECT_EQ(locksTold().integerOr("count", -1), 0) << "an unlock has looked too";
    EXPECT_EQ(locksTold().stringOr("task_id"), answer.id());
    const auto audit = get("/api/v1/audit?action=restic.repository.unlocked");
    ASSERT_EQ(audit.find("items")->array()->size(), 1U);
    const auto& entry = audit.find("items")->array()->front();
    EXPECT_EQ(entry.stringOr("object_type"), "repository");
    EXPECT_EQ(entry.stringOr("object_id"), repositoryId_);
    EXPECT_EQ(entry.find("after")->stringOr("id"), answer.id());
}

TEST_P(Maintenance, WhoHoldsItIsTold) {
    backUp(1);
    EXPECT_TRUE(locksTold().find("read_at")->isNull());
    leaveLock();
    const auto looked = start("locks");
    succeed(looked);
    EXPECT_TRUE(locked()) << "looking changes nothing";
    const auto told = locksTold();
    EXPECT_EQ(told.stringOr("task_id"), looked);
    EXPECT_EQ(told.integerOr("count"), 1);
    const auto locks = *told.find("locks")->array();
    ASSERT_EQ(locks.size(), 1U);
    const auto& lock = locks.front();
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(repository_) / "locks" / lock.stringOr("id")));
    EXPECT_GT(lock.integerOr("pid"), 1);
    EXPECT_FALSE(lock.stringOr("hostname").empty());
    EXPECT_FALSE(lock.stringOr("username").empty());
    EXPECT_FALSE(lock.booleanOr("exclusive", true));
    EXPECT_FALSE(lock.booleanOr("stale", true)) << "it was renewed a moment ago";
    succeed(start("unlock"));
}

TEST_P(Maintenance, WhatItTakesUpIsKept) {
    backUp(1);
    const auto sizes = [&] {
        return *get("/api/v1/restic/repositories/" + repositoryId_ + "/sizes?days=7").find("items")->array();
    };
    EXPECT_TRUE(sizes().empty());
    const auto result = succeed(start("stats"));
    const auto kept = sizes();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept.front().integerOr("size_bytes"), result.integerOr("total_size", -1));
    EXPECT_GT(kept.front().integerOr("size_bytes"), 0);
}

TEST_P(Maintenance, WhatWaitsIsShownWithWhy) {
    const auto backup = slowBackup();
    const auto check = start("check");
    const auto open = view();
    ASSERT_EQ(open.find("open_tasks")->array()->size(), 1U) << "backups are not among them";
    const auto& waits = open.find("open_tasks")->array()->front();
    EXPECT_EQ(waits.stringOr("id"), check);
    EXPECT_EQ(waits.stringOr("type"), "check");
    EXPECT_EQ(waits.stringOr("status"), "queued");
    EXPECT_EQ(waits.stringOr("agent_id"), agentId_);
    const auto waiting = task(check);
    ASSERT_NE(waiting.find("waiting"), nullptr) << core::json::write(waiting);
    EXPECT_EQ(waiting.find("waiting")->stringOr("code"), "others_work");
    EXPECT_EQ(words(*waiting.find("waiting")->find("tasks"), "id"), std::vector<std::string>{backup});
    EXPECT_EQ(outcome(backup), "success");
    succeed(check);
    EXPECT_EQ(task(check).find("waiting"), nullptr);
    EXPECT_TRUE(view().find("open_tasks")->array()->empty());
}

TEST_P(Maintenance, WithoutSomebodyToDoItItIsRefused) {
    const auto lonely = repository(dir_ / "lonely", "lonely");
    const auto answer =
        api().send("POST", "/api/v1/restic/repositories/" + lonely + "/unlock", "Bearer " + admin_);
    EXPECT_EQ(answer.status, 409) << answer.body;
    EXPECT_EQ(answer.error(), "RepositoryUnreachable");
}

class TasksByHand : public BackupSystemTest {};

TEST_F(TasksByHand, TheCommandLineStartsShowsAndCancelsThem) {
    // A command is another process: the agent learns of the task at its next poll.
    agentEnvironment_["RESTIC_AGENT_LONG_POLL_TIMEOUT"] = "1s";
    begin();
    ASSERT_EQ(outcome(backupNow()), "success");
    const auto name = get("/api/v1/restic/repositories/" + repositoryId_).stringOr("name");
    const auto started = backend({"--json", "task", "start", "check", "--repository", name});
    ASSERT_EQ(started.exit.code, 0) << started.output << started.error;
    const auto id = core::json::parse(started.output).value().stringOr("id");
    EXPECT_EQ(outcome(id), "success");
    const auto shown = backend({"task", "show", id});
    EXPECT_NE(shown.output.find("status:     success"), std::string::npos) << shown.output << shown.error;
    EXPECT_NE(shown.output.find(repositoryId_), std::string::npos) << shown.output;
    const auto listed =
        core::json::parse(backend({"--json", "task", "list", "--kind", "check"}).output).value();
    EXPECT_EQ(listed.find("items")->array()->size(), 1U);
    const auto newest = core::json::parse(backend({"--json", "task", "list", "--limit", "1"}).output).value();
    EXPECT_EQ(newest.find("items")->array()->size(), 1U) << "of two tasks";
    const auto wrong =
        backend({"task", "start", "check", "--repository", name, "--parameters", R"({"x":1})"});
    EXPECT_NE(wrong.error.find("parameters/x is not a known field"), std::string::npos) << wrong.error;
    EXPECT_EQ(backend({"task", "list", "--status", "bogus"}).exit.code, 2);
    const auto late = backend({"task", "cancel", id});
    EXPECT_EQ(late.exit.code, 1) << "it has ended";
    EXPECT_NE(late.error.find("ended"), std::string::npos) << late.error;
    const auto audit = get("/api/v1/audit?action=restic.task.created");
    EXPECT_NE(core::json::write(audit).find("command line"), std::string::npos);

    EXPECT_EQ(backend({"task", "start", "frobnicate", "--repository", name}).exit.code, 2);
    const auto nowhere = backend({"task", "start", "check", "--repository", "elsewhere"});
    EXPECT_EQ(nowhere.exit.code, 1);
    EXPECT_NE(nowhere.error.find("There is no repository \"elsewhere\"."), std::string::npos)
        << nowhere.error;
    EXPECT_EQ(
        backend({"task", "start", "stats", "--repository", name, "--parameters", R"({"mode":7})"}).exit.code,
        2);
    EXPECT_EQ(backend({"task", "start", "stats"}).exit.code, 2) << "on what?";
}

} // namespace
} // namespace test
