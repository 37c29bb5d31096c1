#include "restic/cli/backup_output.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/line_splitter.h"
#include "core/testing/temp_dir.h"
#include "kinds/backup_verdict.h"
#include "restic/cli/version.h"
#include "restic/protocol/task_errors.h"

namespace {
using namespace agent;
using namespace restic::cli;
using restic::protocol::TaskState;

struct Replay {
    std::vector<std::string> log;
    restic::cli::BackupOutput output{
        [this](core::LogLevel, const std::string& line) { log.push_back(line); }};
    core::ProcessExit exit;

    explicit Replay(const std::string& name) {
        const auto base = std::string(AE_SOURCE_DIR) + "/tests/data/restic/" + name;
        core::LineSplitter out;
        core::LineSplitter err;
        const auto outLine = [&](std::string_view line) { output.outputLine(line); };
        const auto errLine = [&](std::string_view line) { output.errorLine(line); };
        out.feed(core::testkit::readFile(base + ".stdout"), outLine);
        out.finish(outLine);
        err.feed(core::testkit::readFile(base + ".stderr"), errLine);
        err.finish(errLine);
        exit.code = std::stoi(core::testkit::readFile(base + ".exit"));
    }
    [[nodiscard]] restic::cli::Verdict
    judge(restic::cli::StopReason stopped = restic::cli::StopReason::none) const {
        return judgeBackup(exit, output, stopped);
    }
};

struct Case {
    const char* recording;
    TaskState state;
    const char* outcome;
    const char* error;
};

void PrintTo(const Case& value, std::ostream* out) {
    *out << value.recording;
}

class Classification : public testing::TestWithParam<Case> {};

TEST_P(Classification, IsAsDocumented) {
    const auto& expected = GetParam();
    const Replay replay(expected.recording);
    const auto verdict = replay.judge();
    EXPECT_EQ(verdict.state, expected.state) << toText(verdict.state);
    EXPECT_EQ(verdict.outcome, expected.outcome);
    EXPECT_EQ(verdict.error ? verdict.error->error : "", expected.error);
    if (verdict.error) {
        EXPECT_FALSE(verdict.error->message.empty());
        EXPECT_FALSE(verdict.error->hint.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Recordings, Classification,
    testing::Values(Case{"0.14.0/success", TaskState::success, "success", ""},
                    Case{"0.14.0/unread", TaskState::warning, "warning", ""},
                    Case{"0.14.0/missing_one", TaskState::warning, "warning", ""},
                    Case{"0.14.0/missing_all", TaskState::failed, "source_missing", "SourceNotFound"},
                    Case{"0.14.0/no_repository", TaskState::failed, "no_repository", "RepositoryNotFound"},
                    Case{"0.14.0/wrong_password", TaskState::failed, "bad_password", "AuthenticationFailed"},
                    Case{"0.14.0/locked", TaskState::failed, "locked", "RepositoryLocked"},
                    Case{"0.14.0/net", TaskState::failed, "failed", "BackendUnavailable"},
                    Case{"0.14.0/dns", TaskState::failed, "failed", "NetworkError"},
                    Case{"0.14.0/bad_flag", TaskState::failed, "failed", "CommandFailed"},
                    Case{"0.14.0/cancelled", TaskState::failed, "failed", "Interrupted"},
                    Case{"0.16.4/success", TaskState::success, "success", ""},
                    Case{"0.16.4/locked", TaskState::failed, "locked", "RepositoryLocked"},
                    Case{"0.17.0/unread", TaskState::warning, "warning", ""},
                    Case{"0.17.0/no_repository", TaskState::failed, "no_repository", "RepositoryNotFound"},
                    Case{"0.17.0/wrong_password", TaskState::failed, "bad_password", "AuthenticationFailed"},
                    Case{"0.17.0/skip_unchanged", TaskState::success, "success", ""},
                    Case{"0.17.1/unread", TaskState::warning, "warning", ""},
                    Case{"0.17.1/wrong_password", TaskState::failed, "bad_password", "AuthenticationFailed"},
                    Case{"0.18.1/success", TaskState::success, "success", ""},
                    Case{"0.18.1/locked", TaskState::failed, "locked", "RepositoryLocked"},
                    Case{"0.19.1/missing_one", TaskState::warning, "warning", ""},
                    Case{"future/success", TaskState::success, "success", ""},
                    Case{"future/unknown_code", TaskState::failed, "failed", "CommandFailed"}),
    [](const auto& one) {
        std::string name = one.param.recording;
        for (auto& c : name)
            if (!std::isalnum(static_cast<unsigned char>(c)))
                c = '_';
        return name;
    });

TEST(BackupOutput, ReadsTheSummaryOfEachVersion) {
    const Replay old("0.14.0/success");
    ASSERT_TRUE(old.output.summary());
    EXPECT_EQ(old.output.summary()->filesNew, 3U);
    EXPECT_EQ(old.output.summary()->totalBytesProcessed, 9000000U);
    EXPECT_EQ(old.output.summary()->snapshotId.size(), 8U);
    EXPECT_FALSE(old.output.summary()->dataAddedPacked) << "0.14 does not know it, which is not zero";
    EXPECT_FALSE(old.output.summary()->start);

    const Replay recent("0.18.1/success");
    ASSERT_TRUE(recent.output.summary());
    EXPECT_EQ(recent.output.summary()->snapshotId.size(), 64U);
    EXPECT_EQ(recent.output.summary()->dataAddedPacked, 1000U);
    ASSERT_TRUE(recent.output.summary()->start);
    EXPECT_EQ(core::formatInstant(*recent.output.summary()->start), "2026-01-02T02:04:05.123Z");

    EXPECT_EQ(Replay("0.17.0/skip_unchanged").output.summary()->snapshotId, "");
}

TEST(BackupOutput, ReadsProgress) {
    const Replay replay("0.16.4/success");
    ASSERT_TRUE(replay.output.progress());
    EXPECT_DOUBLE_EQ(replay.output.progress()->percentDone, 25);
    EXPECT_EQ(replay.output.progress()->totalFiles, 400U);
    EXPECT_EQ(replay.output.progress()->secondsRemaining, 6);
    EXPECT_EQ(replay.output.progress()->currentFiles, (std::vector<std::string>{"/home/a", "/home/b"}));
    EXPECT_EQ(replay.output.progressCount(), 1U);
}

TEST(BackupOutput, NamesUnreadFilesInAllShapesOfTheError) {
    const Replay old("0.14.0/unread");
    ASSERT_EQ(old.output.unread().size(), 1U);
    EXPECT_EQ(old.output.unread()[0].path, "/proc/1/mem");
    EXPECT_EQ(old.output.unread()[0].message, "open: Permission denied");
    EXPECT_EQ(Replay("0.17.0/unread").output.unread().at(0).message, "could not be read");
    EXPECT_EQ(Replay("0.17.1/unread").output.unread().at(0).message, "open /home/private: permission denied");
    EXPECT_EQ(Replay("0.14.0/missing_one").output.unread().at(0).path, "/nope");
    EXPECT_EQ(Replay("0.19.1/missing_one").output.unread().at(0).path, "/nope");
}

TEST(BackupOutput, CountsAllUnreadFilesAndKeepsAHundred) {
    int lines = 0;
    restic::cli::BackupOutput output([&](core::LogLevel, const std::string&) { ++lines; });
    for (int round = 0; round < 2; ++round) // once while scanning, once while reading
        for (int i = 0; i < 250; ++i)
            output.errorLine(
                fmt::format(R"({{"message_type":"error","error":{{}},"during":"scan","item":"/f{}"}})", i));
    EXPECT_EQ(output.unreadCount(), 250U);
    EXPECT_EQ(output.unread().size(), restic::cli::BackupOutput::kMaxUnread);
    EXPECT_EQ(lines, 250);
}

TEST(BackupOutput, SurvivesWhatItDoesNotUnderstand) {
    restic::cli::BackupOutput output([](core::LogLevel, const std::string&) {});
    for (const auto* line :
         {"", "{", "{}", "[]", "null", "{\"message_type\":\"status\",\"percent_done\":\"x\"}",
          "{\"message_type\":\"summary\",\"files_new\":-1,\"snapshot_id\":\"../../etc\"}",
          "{\"message_type\":\"error\"}", "{\"message_type\":\"status\",\"percent_done\":7e300}",
          "\x1b[2K\x01\xff"}) {
        output.outputLine(line);
        output.errorLine(line);
    }
    ASSERT_TRUE(output.summary());
    EXPECT_FALSE(output.summary()->filesNew);
    EXPECT_EQ(output.summary()->snapshotId, "");
    EXPECT_EQ(output.progress()->percentDone, 100);
}

TEST(BackupOutput, KeepsTerminalControlOutOfTheLog) {
    const Replay replay("0.14.0/cancelled");
    EXPECT_NE(std::find(replay.log.begin(), replay.log.end(), "signal interrupt received, cleaning up"),
              replay.log.end());
}

TEST(Verdict, ACancelIsOneOnlyIfWeAsked) {
    const Replay replay("0.14.0/cancelled");
    EXPECT_EQ(replay.judge(restic::cli::StopReason::cancelled).state, TaskState::cancelled);
    EXPECT_EQ(replay.judge(restic::cli::StopReason::timedOut).error->error, "CommandTimeout");
    EXPECT_EQ(replay.judge().state, TaskState::failed);
    EXPECT_EQ(Replay("0.18.1/cancelled").judge(restic::cli::StopReason::cancelled).state,
              TaskState::cancelled);
}

TEST(Verdict, ACancelThatCameTooLateKeepsItsSnapshot) {
    EXPECT_EQ(Replay("0.14.0/success").judge(restic::cli::StopReason::cancelled).state, TaskState::success);
    EXPECT_EQ(Replay("0.14.0/unread").judge(restic::cli::StopReason::timedOut).state, TaskState::warning);
}

TEST(Verdict, WithoutASummaryNothingIsASuccess) {
    const restic::cli::BackupOutput output([](core::LogLevel, const std::string&) {});
    EXPECT_EQ(judgeBackup({0, 0, true}, output, restic::cli::StopReason::none).error->error, "CommandFailed");
    EXPECT_EQ(judgeBackup({3, 0, true}, output, restic::cli::StopReason::none).state, TaskState::failed);
    EXPECT_EQ(judgeBackup({0, 9, true}, output, restic::cli::StopReason::none).error->error, "Interrupted");
    EXPECT_EQ(judgeBackup({0, 0, false}, output, restic::cli::StopReason::none).error->error, "Interrupted");
}

TEST(Verdict, AnAdoptedRunIsJudgedByItsFiles) {
    auto replay = Replay("0.14.0/success");
    replay.exit.known = false;
    EXPECT_EQ(replay.judge().state, TaskState::success);
    auto unread = Replay("0.14.0/unread");
    unread.exit.known = false;
    EXPECT_EQ(unread.judge().state, TaskState::warning);
    auto locked = Replay("0.14.0/locked");
    locked.exit.known = false;
    EXPECT_EQ(locked.judge().error->error, "RepositoryLocked");
}

TEST(Verdict, ASummaryWithAFailureCodeIsNoSuccess) {
    auto replay = Replay("0.14.0/success");
    replay.exit.code = 1;
    EXPECT_EQ(replay.judge().state, TaskState::failed);
    replay.exit = {0, 9, true};
    EXPECT_EQ(replay.judge().state, TaskState::failed);
}

TEST(Verdict, CausesAreFoundInTheText) {
    const core::ProcessExit one{1, 0, true};
    const std::vector<std::pair<std::string, std::string>> table{
        {"Fatal: unable to open config file: stat /r/config: permission denied\nIs there a repository at the "
         "following location?\n/r",
         "PermissionDenied"},
        {"Fatal: unable to open config file: client.Head: x509: certificate signed by unknown authority\nIs "
         "there a repository at the following location?",
         "CertificateError"},
        {"Fatal: unable to open config file: client.Head: Head \"https://s/a/config\": local error: tls: bad "
         "record MAC\nIs there a repository at the following location?",
         "NetworkError"},
        {"Fatal: unable to open config file: Stat: The specified key does not exist.\nIs there a repository "
         "at the following location?",
         "RepositoryNotFound"},
        {"Fatal: unable to open config file: Stat: The access key ID you provided does not exist in our "
         "records.",
         "InvalidCredentials"},
        {"Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized",
         "InvalidCredentials"},
        {"Fatal: unable to open config file: blob.GetProperties: storage: service returned error: "
         "StatusCode=403, ErrorCode=403 Server failed to authenticate the request.\nIs there a repository at "
         "the following location?",
         "InvalidCredentials"},
        {"Fatal: unable to open repository at azure:c:/: NewBasicClient: azure: malformed storage account "
         "key: illegal base64 data at input byte 0",
         "InvalidCredentials"},
        {"Fatal: unable to open config file: service.Objects.Get: Get \"https://s/\": oauth2: cannot fetch "
         "token: 400 Bad Request\nResponse: {\"error\":\"invalid_grant\"}\nIs there a repository at the "
         "following location?",
         "InvalidCredentials"},
        {"Fatal: unable to open config file: Get \"https://s/\": private key should be a PEM or plain PKCS1 "
         "or PKCS8\nIs there a repository at the following location?",
         "InvalidCredentials"},
        {"Fatal: unable to open repository at gs:b:/: getStorageClient: google: error getting credentials "
         "using GOOGLE_APPLICATION_CREDENTIALS environment variable: unexpected end of JSON input",
         "InvalidCredentials"},
        {"Fatal: unable to open config file: service.Objects.Get: googleapi: Error 401: Invalid "
         "Credentials\nIs there a repository at the following location?",
         "InvalidCredentials"},
        {"Fatal: unable to open repository: unable to start the sftp session, error: EOF",
         "BackendUnavailable"},
        {"backup@host: Permission denied (publickey,password).\nFatal: unable to start the sftp session",
         "SSHKeyInvalid"},
        {"subprocess ssh: Load key \"/etc/restic/id\": invalid format\nFatal: unable to start the sftp "
         "session",
         "SSHKeyInvalid"},
        {"Fatal: unable to open config file: Stat: The specified bucket does not exist\nIs there a "
         "repository at "
         "the following location?",
         "BucketNotFound"},
        {"Fatal: unable to open config file: Head \"https://s3/\": dial tcp 10.0.0.1:443: i/o timeout",
         "NetworkTimeout"},
        {"Fatal: unable to open config file: Get: context deadline exceeded", "NetworkTimeout"},
        {"ssh: connect to host b port 22: Connection timed out", "NetworkTimeout"},
        {"ssh: connect to host b port 22: No route to host", "NetworkUnreachable"},
        {"Fatal: dial tcp [::1]:443: connect: network is unreachable", "NetworkUnreachable"},
        {"Fatal: dial tcp 10.0.0.1:8000: connect: connection refused", "BackendUnavailable"},
        {"Fatal: unexpected HTTP response (503): 503 Service Unavailable", "BackendUnavailable"},
        {"Fatal: dial tcp: lookup s3.example.com: no such host", "NetworkError"},
        {"Save(<data/1>) failed: write /r/data/1: disk quota exceeded", "QuotaExceeded"},
        {"Fatal: unexpected HTTP response (507): 507 Insufficient Storage", "QuotaExceeded"},
        {"Fatal: fork/exec /usr/bin/ssh: cannot allocate memory", "OutOfMemory"},
        {"Fatal: unable to save snapshot: write /r/data/x: no space left on device", "OutOfDiskSpace"},
        {"Fatal: mkdir /r: read-only file system", "PermissionDenied"},
        {"Fatal: repository contains errors", "RepositoryCorrupted"},
        {"Fatal: parsing repository location failed: invalid backend\nIf the repository is in a local "
         "directory, you need to add a `local:` prefix",
         "BackendUnsupported"},
        {"Fatal: unable to open config file: client.Head: Head \"http://s/a/config\": EOF\nIs there a "
         "repository "
         "at the following location?",
         "NetworkError"},
        {"Fatal: unable to open config file: Head \"https://h:1/config\": http: server gave HTTP response to "
         "HTTPS "
         "client\nIs there a repository at the following location?\nrest:https://h:1/",
         "BackendUnavailable"},
        {"Fatal: unable to open config file: negative content length\nIs there a repository at the following "
         "location?",
         "BackendUnavailable"},
        {"Fatal: invalid character '<' looking for beginning of value", "BackendUnavailable"},
        {"Fatal: something new", "CommandFailed"},
        {"Fatal: packs from index missing in repo", "RepositoryCorrupted"},
        {"Fatal: pack size does not match calculated size from index", "RepositoryCorrupted"},
        {"Fatal: index is not complete", "RepositoryCorrupted"},
        {"config file has zero size, invalid repository?", "RepositoryCorrupted"},
        {"", "CommandFailed"},
    };
    for (const auto& [text, kind] : table)
        EXPECT_EQ(restic::cli::classifyFailure(one, text).name, kind) << text;
    // The code wins over the text.
    EXPECT_EQ(restic::cli::classifyFailure({12, 0, true}, "repository is already locked").name,
              "AuthenticationFailed");
    EXPECT_EQ(restic::cli::classifyFailure({11, 0, true}, "").name, "RepositoryLocked");
    EXPECT_EQ(restic::cli::classifyFailure({10, 0, true}, "dial tcp").name, "RepositoryNotFound");
    EXPECT_EQ(restic::cli::classifyFailure({10, 0, true},
                                           "googleapi: Error 404: The specified bucket does not exist.")
                  .name,
              "BucketNotFound");
}

TEST(Verdict, ACrashForWantOfMemoryIsSaidToBeOne) {
    const auto error =
        restic::cli::judgeFailure({2, 0, true}, "fatal error: runtime: out of memory\n\ngoroutine 1:\n",
                                  restic::cli::StopReason::none)
            .error;
    ASSERT_TRUE(error);
    EXPECT_EQ(error->error, "OutOfMemory");
    EXPECT_EQ(
        restic::cli::judgeFailure({2, 0, true}, "panic: index out of range\n", restic::cli::StopReason::none)
            .error->error,
        "CommandFailed");
}

TEST(Verdict, ARepositoryIsAbsentOnlyIfResticSaysSo) {
    const core::ProcessExit one{1, 0, true};
    EXPECT_TRUE(restic::cli::saysRepositoryIsAbsent({10, 0, true}, ""));
    EXPECT_TRUE(restic::cli::saysRepositoryIsAbsent(
        one,
        "Fatal: unable to open config file: service.Objects.Get: storage: object doesn't exist\nIs there "
        "a repository at the following location?"));
    const Replay none("0.14.0/no_repository");
    EXPECT_TRUE(restic::cli::saysRepositoryIsAbsent(none.exit, none.output.errorText()));
    for (const auto* name : {"0.14.0/net", "0.14.0/dns", "0.14.0/wrong_password", "0.14.0/locked"}) {
        const Replay other(name);
        EXPECT_FALSE(restic::cli::saysRepositoryIsAbsent(other.exit, other.output.errorText())) << name;
    }
    EXPECT_TRUE(restic::cli::saysRepositoryIsAbsent(
        one, "Fatal: unable to open config file: Stat: The specified bucket does "
             "not exist"));
    EXPECT_FALSE(
        restic::cli::saysRepositoryIsAbsent(one, "Fatal: unable to open config file: stat: input/output "
                                                 "error\nIs there a repository at the following location?"));
}

TEST(Verdict, TheHolderOfALockIsNamed) {
    EXPECT_EQ(restic::cli::lockHolder(Replay("0.16.4/locked").output.errorText()),
              "PID 17 on db-02 by backup");
    EXPECT_EQ(restic::cli::lockHolder(Replay("0.18.1/locked").output.errorText()),
              "PID 17 on db-02 by backup");
    EXPECT_EQ(restic::cli::lockHolder("nothing"), std::nullopt);
}

TEST(ResticVersion, IsReadFromTextAndJson) {
    const auto base = std::string(AE_SOURCE_DIR) + "/tests/data/restic/";
    EXPECT_EQ(restic::cli::parseResticVersion(core::testkit::readFile(base + "0.14.0/version.stdout")),
              (restic::cli::ResticVersion{0, 14, 0}));
    EXPECT_EQ(restic::cli::parseResticVersion(core::testkit::readFile(base + "0.17.1/version.stdout")),
              (restic::cli::ResticVersion{0, 17, 1}));
    EXPECT_EQ(restic::cli::parseResticVersion("restic 0.18.0-dev (compiled manually) compiled with go1.24"),
              (restic::cli::ResticVersion{0, 18, 0}));
    for (const auto* text : {"", "restic", "restic x.y.z", "restic 1.2", "borg 1.2.3", "{}", "{"})
        EXPECT_FALSE(restic::cli::parseResticVersion(text)) << text;
    EXPECT_TRUE((restic::cli::ResticVersion{0, 17, 0}).hasExitCodes());
    EXPECT_FALSE((restic::cli::ResticVersion{0, 16, 4}).hasExitCodes());
}
} // namespace
