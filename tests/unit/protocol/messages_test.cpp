#include <set>

#include <gtest/gtest.h>

#include "core/json.h"
#include "core/wire.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/backup_task.h"
#include "restic/protocol/envelope.h"
#include "restic/protocol/task_errors.h"

namespace {
using namespace restic::protocol;
namespace wire = core::wire;

std::vector<std::string> pointers(const core::Error& error) {
    std::vector<std::string> out;
    for (const auto& problem : error.details())
        out.push_back(problem.pointer);
    return out;
}

TEST(Messages, HeartbeatNeedsOnlyVersionAndOs) {
    const auto least = wire::parse<HeartbeatRequest>(R"({"version":"1.2.3","os":"linux"})");
    ASSERT_TRUE(least.ok());
    EXPECT_EQ(least.value().version, "1.2.3");
    EXPECT_FALSE(least.value().openTasks);

    const auto none = wire::parse<HeartbeatRequest>(R"({"cpuPercent":1.5})");
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(pointers(none.error()), (std::vector<std::string>{"/version", "/os"}));
}

TEST(Messages, HeartbeatOfSeed004IsUnderstood) {
    const auto read = wire::parse<HeartbeatRequest>(
        R"({"version":"1.2.3","os":"linux","uptimeSeconds":864000,"disks":[{"mountPath":"/","freeBytes":50000000000,)"
        R"("totalBytes":100000000000}],"lastBackupStatus":"success"})");
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value().uptimeSeconds, 864000);
    ASSERT_EQ(read.value().disks.size(), 1U);
    EXPECT_EQ(read.value().disks[0].freeBytes, 50000000000U);
    EXPECT_EQ(read.value().lastBackupStatus, "success");
}

TEST(Messages, UnknownFieldsAreIgnored) {
    EXPECT_TRUE(
        wire::parse<HeartbeatRequest>(R"({"version":"1","os":"linux","fromTheFuture":{"a":[1]}})").ok());
    EXPECT_TRUE(wire::parse<TaskStatusReport>(R"({"attempt":1,"status":"running","mood":"good"})").ok());
}

TEST(Messages, RegistrationKeepsItsPublishedNames) {
    RegisterRequest request{"web-01", "linux", "amd64", "1.0.0", std::nullopt, std::nullopt, {}};
    EXPECT_EQ(wire::write(request), R"({"hostname":"web-01","os":"linux","arch":"amd64","version":"1.0.0"})");
    request.ip = "10.0.0.1";
    EXPECT_NE(wire::write(request).find(R"("ip":"10.0.0.1")"), std::string::npos);
}

TEST(Messages, ATaskSurvivesTheWire) {
    BackupTask task;
    task.taskId = *core::Uuid::parse("0190b6f0-0000-7000-8000-000000000001");
    task.attempt = 3;
    task.type = "backup";
    task.repository = TaskRepository{.id = *core::Uuid::parse("0190b6f0-0000-7000-8000-000000000002"),
                                     .type = "local",
                                     .url = "/srv/repo",
                                     .password = "correct horse",
                                     .passwordFile = {},
                                     .newPassword = {},
                                     .config = core::json::Object{{"path", "/srv/repo"}},
                                     .secrets = {{"secret_access_key", "s"}},
                                     .environment = {{"AWS_ACCESS_KEY_ID", "k"}},
                                     .certFile = {}};
    task.sources = {"/home", "/etc"};
    task.tags = {"daily"};
    task.retention = Retention{.keepLast = 3,
                               .keepHourly = {},
                               .keepDaily = 7,
                               .keepWeekly = {},
                               .keepMonthly = {},
                               .keepYearly = {}};
    task.initIfMissing = true;

    const auto text =
        wire::write(TaskPoll{{Envelope{"m1", "request", "backup", *wire::toJson(task).object()}}});
    const auto poll = wire::parse<TaskPoll>(text);
    ASSERT_TRUE(poll.ok());
    ASSERT_EQ(poll.value().items.size(), 1U);
    const auto back = wire::read<BackupTask>(poll.value().items[0].payload);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value().taskId, task.taskId);
    EXPECT_EQ(back.value().attempt, 3);
    EXPECT_EQ(back.value().repository->password, "correct horse");
    EXPECT_EQ(back.value().repository->environment.at("AWS_ACCESS_KEY_ID"), "k");
    EXPECT_EQ(back.value().sources, task.sources);
    EXPECT_EQ(back.value().retention->keepDaily, 7);
    EXPECT_TRUE(back.value().initIfMissing);
    EXPECT_FALSE(back.value().limitUploadKib);
    EXPECT_EQ(wire::write(back.value()), wire::write(task));
}

TEST(Messages, AStatusReportNamesAKnownState) {
    const auto report = wire::parse<TaskStatusReport>(R"({"attempt":0,"status":"queued"})");
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(pointers(report.error()), (std::vector<std::string>{"/attempt", "/status"}));
}

TEST(Messages, AResultKeepsUnknownFiguresApartFromZero) {
    BackupResult result;
    result.outcome = "failed";
    result.filesNew = 0;
    const auto text = wire::write(result);
    EXPECT_NE(text.find(R"("files_new":0)"), std::string::npos);
    EXPECT_EQ(text.find("files_changed"), std::string::npos);
    const auto back = wire::parse<BackupResult>(text);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value().filesNew, 0U);
    EXPECT_FALSE(back.value().filesChanged);
}

TEST(Messages, EmptyLogBatchesAndLevelsUnknownAreRefused) {
    EXPECT_FALSE(wire::parse<LogBatch>(R"({"attempt":1,"first_seq":1,"lines":[]})").ok());
    EXPECT_FALSE(
        wire::parse<LogBatch>(
            R"({"attempt":1,"first_seq":1,"lines":[{"timestamp":"2026-01-01T00:00:00Z","level":"loud","message":"x"}]})")
            .ok());
    EXPECT_TRUE(
        wire::parse<LogBatch>(
            R"({"attempt":1,"first_seq":1,"lines":[{"timestamp":"2026-01-01T00:00:00Z","level":"info","message":"x"}]})")
            .ok());
}

TEST(Messages, TaskErrorsHaveDistinctNamesAndAdvice) {
    std::set<std::string_view> names;
    for (const auto* kind : task_errors::kAll) {
        EXPECT_TRUE(names.insert(kind->name).second) << kind->name;
        const auto error = task_errors::make(*kind);
        EXPECT_FALSE(error.message.empty());
        EXPECT_FALSE(error.hint.empty());
        EXPECT_EQ(task_errors::find(kind->name), kind);
    }
    EXPECT_EQ(task_errors::find("SomethingNewer"), nullptr);
    EXPECT_EQ(task_errors::find("RepositoryDamaged"), &task_errors::kRepositoryCorrupted);
    EXPECT_EQ(task_errors::make(task_errors::kRepositoryCorrupted).hint.find("check"), std::string::npos)
        << "what a check has found is not mended by a check";
}

TEST(Messages, EachTaskErrorSaysWhetherASecondTryCanMendIt) {
    std::set<std::string_view> again;
    for (const auto* kind : task_errors::kAll)
        if (kind->remedy == Remedy::retry)
            again.insert(kind->name);
    EXPECT_EQ(again, (std::set<std::string_view>{"RepositoryLocked", "NetworkError", "NetworkTimeout",
                                                 "NetworkUnreachable", "BackendUnavailable", "CommandFailed",
                                                 "Interrupted", "AgentFailure"}));
}
} // namespace
