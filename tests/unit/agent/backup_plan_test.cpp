#include "kinds/backup_plan.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/scripted_process.h"
#include "core/testing/temp_dir.h"
#include "core/wire.h"
#include "executor/reporter.h"
#include "metrics/metrics.h"
#include "restic/cli/command.h"
#include "restic/cli/probe.h"
#include "restic/task_repository.h"
#include "waiting/backoff.h"

namespace {
using namespace agent;
using namespace std::chrono_literals;
using restic::protocol::BackupTask;
using restic::protocol::TaskError;
using restic::protocol::TaskRepository;

class BackupPlanTest : public testing::Test {
protected:
    BackupPlanTest() {
        task_.taskId = *core::Uuid::parse("0190b6f0-0000-7000-8000-000000000001");
        task_.policyId = *core::Uuid::parse("0190b6f0-0000-7000-8000-000000000002");
        task_.type = "backup";
        task_.repository = TaskRepository{};
        task_.repository->type = "local";
        task_.repository->url = "/srv/repo";
        task_.repository->password = "correct horse";
        task_.sources = {dir_.path().string()};
    }
    std::variant<BackupPlan, TaskError>
    plan(std::optional<restic::cli::ResticVersion> version = restic::cli::ResticVersion{0, 14, 0}) {
        return planBackup(task_, {config_, "web-01", version}, policy_);
    }
    std::string error(std::optional<restic::cli::ResticVersion> version = restic::cli::ResticVersion{0, 14,
                                                                                                     0}) {
        const auto planned = plan(version);
        const auto* failed = std::get_if<TaskError>(&planned);
        return failed == nullptr ? "(none)" : failed->error + ": " + failed->message;
    }
    core::testkit::TempDir dir_;
    Config config_;
    restic::protocol::BackupTask task_;
    LocalPolicy policy_;
};

TEST_F(BackupPlanTest, BuildsTheCommandFromFields) {
    task_.tags = {"nightly", "nightly"};
    task_.exclude = {"*.log", "--json"};
    config_.backup.exclude = {"/tmp"};
    task_.limitUploadKib = 500;
    config_.restic.limitUploadKib = 100;
    const auto planned = plan();
    const auto& made = std::get<BackupPlan>(planned);
    EXPECT_EQ(made.arguments,
              (std::vector<std::string>{"backup", "--json", "--host=web-01", "--limit-upload=100",
                                        "--tag=policy:0190b6f0-0000-7000-8000-000000000002",
                                        "--tag=task:0190b6f0-0000-7000-8000-000000000001", "--tag=nightly",
                                        "--exclude=*.log", "--exclude=--json", "--exclude=/tmp", "--",
                                        dir_.path().string()}));
    EXPECT_EQ(made.timeout, 6h);
}

TEST_F(BackupPlanTest, TheCommandLineHoldsNoSecretAndItsEnvironmentLittle) {
    task_.repository->type = "s3";
    task_.repository->url = "s3:s3.example.com/bucket";
    task_.repository->environment = {{"AWS_SECRET_ACCESS_KEY", "k"}};
    const auto planned = plan();
    const auto& made = std::get<BackupPlan>(planned);
    const restic::cli::ResticCommands commands(
        config_.restic, "/state/cache",
        {{"PATH", "/usr/bin"}, {"HOME", "/root"}, {"SECRET_OF_THE_AGENT", "x"}});
    const auto command = commands.on(made.repository, made.arguments);
    EXPECT_EQ(command.spec.arguments[0], "backup");
    EXPECT_EQ(command.spec.arguments[1], "--password-file=/dev/fd/3");
    EXPECT_EQ(command.spec.environment,
              (std::map<std::string, std::string>{{"AWS_SECRET_ACCESS_KEY", "k"},
                                                  {"HOME", "/root"},
                                                  {"LC_ALL", "C"},
                                                  {"PATH", "/usr/bin"},
                                                  {"RESTIC_CACHE_DIR", "/state/cache"},
                                                  {"RESTIC_PROGRESS_FPS", "1"},
                                                  {"RESTIC_REPOSITORY", "s3:s3.example.com/bucket"}}));
    ASSERT_TRUE(command.secret);
    EXPECT_EQ(command.spec.inherited, (std::vector<int>{command.secret->fd()}));
    for (const auto& argument : command.spec.arguments)
        EXPECT_EQ(argument.find("correct horse"), std::string::npos);
}

TEST_F(BackupPlanTest, ResticRunsWithThePriorityAndTheMemoryOfTheConfiguration) {
    config_.restic.priority.nice = 15;
    config_.restic.memoryLimit = 512LL << 20;
    const auto planned = plan();
    const auto& made = std::get<BackupPlan>(planned);
    const restic::cli::ResticCommands commands(config_.restic, "/state/cache", {{"GOMEMLIMIT", "1"}});
    for (const auto& spec : {commands.on(made.repository, made.arguments).spec, commands.version()}) {
        EXPECT_EQ(spec.priority.nice, 15);
        EXPECT_EQ(spec.environment.at("GOMEMLIMIT"), "536870912");
    }
    config_.restic.memoryLimit = 0;
    EXPECT_FALSE(restic::cli::ResticCommands(config_.restic, "/c", {{"GOMEMLIMIT", "1"}})
                     .version()
                     .environment.contains("GOMEMLIMIT"));
}

TEST_F(BackupPlanTest, RefusesWhatCouldDoMoreThanABackup) {
    const auto original = task_;
    const auto with = [&](auto&& change) {
        task_ = original;
        change(task_);
        return error();
    };
    using testing::StartsWith;
    EXPECT_THAT(with([](auto& t) { t.sources = {"relative"}; }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.sources = {"--stdin"}; }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.sources = {}; }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.tags = {"a,b"}; }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) {
                    t.repository->environment = {{"LD_PRELOAD", "x"}};
                }),
                StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) {
                    t.repository->environment = {{"RESTIC_PASSWORD_COMMAND", "x"}};
                }),
                StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.repository->url = "rclone:remote:x"; }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) {
                    t.repository->type = "rclone";
                    t.repository->url = "rclone:remote:x";
                }),
                StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.repository->url = "relative/repo"; }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.repository->password.reset(); }), StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) { t.repository->passwordFile = "/etc/hostname"; }),
                StartsWith("InvalidTask"));
    EXPECT_THAT(with([](auto& t) {
                    t.repository->password.reset();
                    t.repository->passwordFile = "/no/such/file";
                }),
                StartsWith("AuthenticationFailed: The password file /no/such/file does not exist"));
    EXPECT_THAT(with([](auto& t) { t.repository->certFile = "/no/such/file"; }),
                StartsWith("CertificateError"));
    EXPECT_THAT(with([](auto& t) { t.repository.reset(); }), StartsWith("InvalidTask"));
    EXPECT_EQ(with([](auto&) {}), "(none)");
    config_.restic.allowBackends = {"rclone"};
    EXPECT_EQ(with([](auto& t) {
                  t.repository->type = "rclone";
                  t.repository->url = "rclone:remote:x";
              }),
              "(none)");
}

TEST_F(BackupPlanTest, AKindsFieldsAreItsEnvironment) {
    core::testkit::writeFile(dir_ / "token", "file-secret\r\n");
    task_.repository->type = "s3";
    task_.repository->url = "s3:minio.example.com/b";
    task_.repository->config = {{"endpoint", "minio.example.com"},
                                {"bucket", "bkt"},
                                {"region", "eu-central-1"},
                                {"session_token_file", (dir_ / "token").string()}};
    task_.repository->secrets = {{"secret_access_key", "vault-secret"}};
    const auto planned = plan();
    const auto& access = std::get<BackupPlan>(planned).repository;
    EXPECT_EQ(access.environment,
              (std::map<std::string, std::string>{{"AWS_DEFAULT_REGION", "eu-central-1"},
                                                  {"AWS_SECRET_ACCESS_KEY", "vault-secret"},
                                                  {"AWS_SESSION_TOKEN", "file-secret"}}));
    task_.repository->config.set("session_token_file", (dir_ / "none").string());
    EXPECT_THAT(error(), testing::StartsWith("AuthenticationFailed: The file "));
    task_.repository->config = {{"bukket", "b"}};
    EXPECT_THAT(error(), testing::StartsWith("InvalidTask: The repository's config/bukket "));
    EXPECT_EQ(error().find("vault-secret"), std::string::npos);
}

TEST_F(BackupPlanTest, AKeyForSshIsAFileInMemoryOfThisUserAlone) {
    task_.repository->type = "sftp";
    task_.repository->url = "sftp://u@h//p";
    task_.repository->config = {{"host", "h"}, {"user", "u"}, {"path", "/p"}};
    task_.repository->secrets = {
        {"key", "-----BEGIN PRIVATE KEY-----\nthe private key\n-----END PRIVATE KEY-----"}};
    const auto planned = plan();
    const auto& made = std::get<BackupPlan>(planned);
    const restic::cli::ResticCommands commands(config_.restic, "/state/cache", {});
    const auto command = commands.on(made.repository, made.arguments);
    std::string option;
    for (const auto& argument : command.spec.arguments) {
        EXPECT_EQ(argument.find("private"), std::string::npos);
        if (argument.starts_with("--option=sftp.command="))
            option = argument;
    }
    const auto begin = option.find("-i '") + 4;
    const std::filesystem::path path = option.substr(begin, option.find('\'', begin) - begin);
    EXPECT_EQ(core::testkit::readFile(path),
              "-----BEGIN PRIVATE KEY-----\nthe private key\n-----END PRIVATE KEY-----\n")
        << "as ssh takes it";
    EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms(077),
              std::filesystem::perms::none)
        << "ssh refuses a key that others may read";
}

TEST_F(BackupPlanTest, AnOptionWithQuotesAndCommasIsOneForRestic) {
    task_.repository->type = "sftp";
    task_.repository->url = "sftp://u@h//p";
    task_.repository->config = {{"host", "h"}, {"user", "u"}, {"path", "/p"}, {"known_hosts_file", "/a, b"}};
    const auto planned = plan();
    const auto& made = std::get<BackupPlan>(planned);
    const restic::cli::ResticCommands commands(config_.restic, "/state/cache", {});
    EXPECT_THAT(commands.on(made.repository, made.arguments).spec.arguments,
                testing::Contains(testing::MatchesRegex(
                    "--option=\"sftp.command=ssh -E /proc/[0-9]+/fd/[0-9]+ -oBatchMode=yes "
                    "-oStrictHostKeyChecking=yes '-oUserKnownHostsFile=\"\"/a, b\"\"' -l u h -s sftp\"")));
}

TEST_F(BackupPlanTest, AnOldResticGetsTheCredentialsOfARestServerInTheAddress) {
    task_.repository->type = "rest";
    task_.repository->url = "rest:https://backup.example.com/x/";
    task_.repository->config = {{"url", "https://backup.example.com/x"}, {"username", "ada"}};
    task_.repository->secrets = {{"password", "p:@/ss"}};
    const auto accessOf = [&](restic::cli::ResticVersion version) {
        const auto planned = plan(version);
        return std::get<BackupPlan>(planned).repository;
    };
    const auto now = accessOf({0, 16, 1});
    EXPECT_EQ(now.url, "rest:https://backup.example.com/x/");
    EXPECT_EQ(now.environment.at("RESTIC_REST_PASSWORD"), "p:@/ss");
    const auto old = accessOf({0, 14, 0});
    EXPECT_EQ(old.url, "rest:https://ada:p%3A%40%2Fss@backup.example.com/x/");
    EXPECT_TRUE(old.environment.empty());
}

TEST_F(BackupPlanTest, SomeMissingSourcesAreListedAllAreAnError) {
    task_.sources = {(dir_ / "no").string(), dir_.path().string()};
    const auto planned = plan();
    EXPECT_EQ(std::get<BackupPlan>(planned).missingSources,
              (std::vector<std::string>{(dir_ / "no").string()}));
    EXPECT_EQ(std::get<BackupPlan>(planned).arguments.back(), dir_.path().string());
    task_.sources = {(dir_ / "no").string()};
    EXPECT_THAT(error(), testing::StartsWith("SourceNotFound"));
}

TEST_F(BackupPlanTest, TheJournalsCopyHoldsNoSecret) {
    task_.repository->type = "rest";
    task_.repository->url = "rest:https://user:url-secret@host/";
    task_.repository->environment = {{"AWS_SECRET_ACCESS_KEY", "env-secret"}};
    task_.repository->secrets = {{"password", "vault-secret"}};
    const auto text = core::wire::write(withoutSecrets(task_));
    for (const auto* secret : {"correct horse", "url-secret", "env-secret", "vault-secret"})
        EXPECT_EQ(text.find(secret), std::string::npos) << secret;
    EXPECT_TRUE(core::wire::parse<BackupTask>(text).ok());
}

TEST_F(BackupPlanTest, AFullIdIsFoundOnlyIfItIsTheOnlyOne) {
    const std::string a = "7dbcd12d" + std::string(56, 'a');
    core::testkit::writeFile(dir_ / "snapshots" / a, "");
    EXPECT_EQ(restic::cli::fullSnapshotId(dir_.path(), "7dbcd12d"), a);
    EXPECT_FALSE(restic::cli::fullSnapshotId(dir_.path(), "7dbcd12e"));
    EXPECT_FALSE(restic::cli::fullSnapshotId(dir_.path(), "7d"));
    EXPECT_FALSE(restic::cli::fullSnapshotId(dir_ / "none", "7dbcd12d"));
    core::testkit::writeFile(dir_ / "snapshots" / ("7dbcd12d" + std::string(56, 'b')), "");
    EXPECT_FALSE(restic::cli::fullSnapshotId(dir_.path(), "7dbcd12d"));
}

TEST_F(BackupPlanTest, AFullIdIsFoundInTheCacheOnlyIfItIsTheOnlyOne) {
    const std::string a = "7dbcd12d" + std::string(56, 'a');
    core::testkit::writeFile(dir_ / "one/snapshots/7d" / a, "");
    core::testkit::writeFile(dir_ / "other/snapshots/7e" / ("7e" + std::string(62, 'a')), "");
    EXPECT_EQ(restic::cli::cachedSnapshotId(dir_.path(), "7dbcd12d"), a);
    EXPECT_FALSE(restic::cli::cachedSnapshotId(dir_.path(), "7dbcd12e"));
    EXPECT_FALSE(restic::cli::cachedSnapshotId(dir_.path(), "7d"));
    EXPECT_FALSE(restic::cli::cachedSnapshotId(dir_ / "none", "7dbcd12d"));
    core::testkit::writeFile(dir_ / "other/snapshots/7d" / a, "");
    EXPECT_EQ(restic::cli::cachedSnapshotId(dir_.path(), "7dbcd12d"), a) << "one snapshot in two folders";
    core::testkit::writeFile(dir_ / "other/snapshots/7d" / ("7dbcd12d" + std::string(56, 'b')), "");
    EXPECT_FALSE(restic::cli::cachedSnapshotId(dir_.path(), "7dbcd12d"));
}

TEST(ResticProbe, AsksOnceAndAgainOnlyWithoutAnAnswer) {
    Config config;
    const restic::cli::ResticCommands commands(config.restic, "/c", {});
    core::testkit::ScriptedProcessRunner runner;
    restic::cli::ResticProbe probe(runner, commands);
    runner.next({.startError = core::Error(core::errors::kProgramNotFound, "restic was not found")});
    EXPECT_FALSE(probe.version());
    EXPECT_EQ(probe.problem(), "restic was not found");
    runner.next({.exit = {1, 0, true}});
    EXPECT_FALSE(probe.version());
    runner.next({.output = "GNU bash, version 5"});
    EXPECT_FALSE(probe.version());
    EXPECT_NE(probe.problem().find("is not restic"), std::string::npos);
    runner.next({.output = "restic 0.14.0 compiled with go1.19.8 on linux/amd64\n"});
    EXPECT_EQ(probe.version(), (restic::cli::ResticVersion{0, 14, 0}));
    EXPECT_EQ(probe.version(), (restic::cli::ResticVersion{0, 14, 0}));
    EXPECT_EQ(runner.started().size(), 4U);
    EXPECT_EQ(probe.problem(), "");
}

TEST(Backoff, GrowsWithinItsBounds) {
    Backoff backoff(5s, 5min);
    auto limit = 5s;
    for (int i = 0; i < 50; ++i) {
        const auto delay = backoff.next();
        EXPECT_GE(delay, limit / 2);
        EXPECT_LE(delay, limit);
        limit = std::min<std::chrono::seconds>(limit * 2, 5min);
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), 5s);
}

TEST(Metrics, ReadsAProcFolder) {
    core::testkit::TempDir proc;
    core::testkit::writeFile(proc / "uptime", "864000.55 1000.0\n");
    core::testkit::writeFile(proc / "meminfo",
                             "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n");
    core::testkit::writeFile(proc / "stat", "cpu  100 0 100 700 100 0 0 0 0 0\n");
    core::testkit::writeFile(
        proc / "self/mounts",
        "proc /proc proc rw 0 0\n/dev/sda1 " + proc.path().string() +
            " ext4 rw 0 0\n/dev/sda1 /again\\040there ext4 rw 0 0\nserver:/x /mnt nfs rw 0 0\n");
    MetricsReader reader(proc.path());
    auto metrics = reader.read();
    EXPECT_EQ(metrics.uptimeSeconds, 864000);
    EXPECT_EQ(metrics.memoryTotalBytes, 1024000U);
    EXPECT_EQ(metrics.memoryUsedBytes, 600U * 1024U);
    EXPECT_FALSE(metrics.cpuPercent) << "there is nothing to compare with yet";
    ASSERT_EQ(metrics.disks.size(), 1U);
    EXPECT_EQ(metrics.disks[0].mountPath, proc.path().string());
    EXPECT_GT(metrics.disks[0].totalBytes, metrics.disks[0].freeBytes);
    core::testkit::writeFile(proc / "stat", "cpu  150 0 150 1000 200 0 0 0 0 0\n"); // 100 of 500 busy
    metrics = reader.read();
    ASSERT_TRUE(metrics.cpuPercent);
    EXPECT_DOUBLE_EQ(*metrics.cpuPercent, 20.0);

    MetricsReader nothing(proc / "none");
    metrics = nothing.read();
    EXPECT_FALSE(metrics.uptimeSeconds);
    EXPECT_FALSE(metrics.memoryTotalBytes);
    EXPECT_TRUE(metrics.disks.empty());
}
} // namespace
