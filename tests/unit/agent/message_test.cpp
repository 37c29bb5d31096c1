#include "restic/cli/json_message.h"

#include <gtest/gtest.h>

#include "core/line_splitter.h"
#include "kinds/backup_verdict.h"
#include "restic/cli/backup_output.h"
#include "restic/cli/snapshots.h"

namespace {
using namespace agent;
using namespace restic::cli;
using restic::protocol::TaskState;

const std::string kId(64, 'a');

std::string summary(const std::string& more = {}) {
    return R"({"message_type":"summary","files_new":2,"total_files_processed":2,)" + more +
           R"("snapshot_id":")" + kId + R"("})";
}

/// What becomes of one line of restic's standard output.
restic::cli::BackupOutput outputOf(const std::string& line) {
    restic::cli::BackupOutput output([](core::LogLevel, const std::string&) {});
    core::LineSplitter splitter(restic::cli::json::kMaxLine);
    const auto take = [&](std::string_view text) { output.outputLine(text); };
    splitter.feed(line + "\n", take);
    return output;
}

TEST(ResticMessages, ASummaryIsReadHoweverItLooks) {
    for (const auto& line :
         {summary(), "  \t" + summary(), "\xef\xbb\xbf" + summary(), summary() + "\r",
          summary("\"note\":\"" + std::string(300000, 'x') + "\","),
          summary("\"data_added\":99999999999999999999,"),
          summary("\"data_added\":" + std::string(400, '9') + ","), summary("\"other\":\"\xff\xfe\","),
          summary("\"other\":\"a\\u0000b\","), summary("\"other\":\"raw \x01 control\","),
          summary("\"other\":{\"a\":[1,2,{\"b\":null}]},")}) {
        const auto output = outputOf(line);
        ASSERT_TRUE(output.summary()) << line.substr(0, 200);
        EXPECT_EQ(output.summary()->snapshotId, kId);
        EXPECT_EQ(output.summary()->filesNew, 2U);
        EXPECT_EQ(judgeBackup({0, 0, true}, output, restic::cli::StopReason::none).state, TaskState::success);
    }
    // Broken beyond repair: what can still be recognised counts.
    const auto broken =
        outputOf(R"({"message_type":"summary","files_new":oops,"snapshot_id":")" + kId + "\"}");
    ASSERT_TRUE(broken.summary());
    EXPECT_EQ(broken.summary()->snapshotId, kId);
}

TEST(ResticMessages, FiguresOfAnySizeAreRead) {
    const auto status =
        outputOf(R"({"message_type":"status","total_bytes":9223372036854775808,"bytes_done":7})");
    ASSERT_TRUE(status.progress());
    EXPECT_EQ(status.progress()->totalBytes, 9223372036854775807U);
    EXPECT_EQ(status.progress()->bytesDone, 7U);
    EXPECT_EQ(outputOf(R"({"message_type":"status","total_files":-3})").progress()->totalFiles, 0U);
}

TEST(ResticMessages, AnErrorLineCountsHoweverLongAndBroken) {
    restic::cli::BackupOutput output([](core::LogLevel, const std::string&) {});
    output.errorLine(R"({"message_type":"error","error":{},"during":"archival","item":"/)" +
                     std::string(200000, 'x') + "\"}");
    EXPECT_EQ(output.unreadCount(), 1U);
    // Cut in the middle of the name.
    output.errorLine(R"({"message_type":"error","error":{},"during":"archival","item":"/cut-here)" +
                     std::string(core::LineSplitter::kCutMarker));
    ASSERT_EQ(output.unreadCount(), 2U);
    EXPECT_EQ(output.unread()[1].path, "/cut-here");
    // Two names that differ in bytes that are no UTF-8.
    output.errorLine("{\"message_type\":\"error\",\"error\":{},\"item\":\"/b\xff\"}");
    output.errorLine("{\"message_type\":\"error\",\"error\":{},\"item\":\"/b\xfe\"}");
    ASSERT_EQ(output.unreadCount(), 4U);
    EXPECT_EQ(output.unread()[2].path, "/b\\xff");
    EXPECT_EQ(output.unread()[3].path, "/b\\xfe");
}

TEST(ResticMessages, EachNameIsOneLineOfTheLog) {
    std::vector<std::string> log;
    restic::cli::BackupOutput output([&](core::LogLevel, const std::string& line) { log.push_back(line); });
    output.errorLine(R"({"message_type":"error","error":{},"item":"/a\nb\r\u001b[31m\u0007\u202egpj"})");
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0], "/a\\nb\\r\\x1b[31m\\x07\\u202egpj: could not be read");
}

TEST(ResticMessages, MissingUnreadableAndVanishedAreThreeThings) {
    restic::cli::BackupOutput output([](core::LogLevel, const std::string&) {},
                                     [](const std::string& path) -> std::optional<int> {
                                         if (path == "/home/gone")
                                             return ENOENT;
                                         return path == "/home/shut" ? std::optional(EACCES) : std::nullopt;
                                     });
    output.setSources({"/home", "/srv/gone"});
    const auto error = [&](const std::string& item, const std::string& what) {
        output.errorLine(R"({"message_type":"error","error":)" + what + R"(,"item":")" + item + "\"}");
    };
    error("/home/gone", "{}");
    error("/home/old", R"({"Op":"lstat","Path":"/home/old","Err":2})");
    error("/home/new", R"({"message":"lstat /home/new: no such file or directory"})");
    EXPECT_EQ(output.vanishedCount(), 3U);
    EXPECT_FALSE(output.incomplete());
    error("/home/shut", "{}");
    error("/srv/gone", R"({"Op":"lstat","Path":"/srv/gone","Err":2})");
    EXPECT_EQ(output.unreadCount(), 2U);
    EXPECT_EQ(output.unread()[0].message, "Permission denied");
    EXPECT_EQ(output.missing(), (std::vector<std::string>{"/srv/gone"}));
    EXPECT_TRUE(output.incomplete());
}

TEST(ResticMessages, VanishedFilesAloneAreNoWarning) {
    restic::cli::BackupOutput output([](core::LogLevel, const std::string&) {});
    output.errorLine(R"({"message_type":"error","error":{"Op":"lstat","Err":2},"item":"/home/old"})");
    output.errorLine("Warning: at least one source file could not be read");
    output.outputLine(summary());
    EXPECT_EQ(judgeBackup({3, 0, true}, output, restic::cli::StopReason::none).state, TaskState::success);
    output.errorLine(R"({"message_type":"error","error":{"Op":"open","Err":13},"item":"/home/shut"})");
    EXPECT_EQ(judgeBackup({3, 0, true}, output, restic::cli::StopReason::none).state, TaskState::warning);
}

TEST(ResticMessages, ManyFilesAreCountedOnceEach) {
    std::size_t lines = 0;
    restic::cli::BackupOutput output([&](core::LogLevel, const std::string&) { ++lines; });
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 30000; ++i)
            output.errorLine(R"({"message_type":"error","error":{},"item":"/f)" + std::to_string(i) + "\"}");
    EXPECT_EQ(output.unreadCount(), 30000U);
    EXPECT_FALSE(output.countsAreMinimum());
    EXPECT_EQ(lines, restic::cli::BackupOutput::kMaxUnreadLines + 1)
        << "the log has room for more than names";
    for (std::size_t i = 0; i < restic::cli::BackupOutput::kMaxRemembered; ++i)
        output.errorLine(R"({"message_type":"error","error":{},"item":"/g)" + std::to_string(i) + "\"}");
    EXPECT_TRUE(output.countsAreMinimum());
    EXPECT_EQ(output.unreadCount(), restic::cli::BackupOutput::kMaxRemembered);
}

TEST(ResticMessages, AFailureIsSaidPlainly) {
    const restic::cli::BackupOutput silent([](core::LogLevel, const std::string&) {});
    EXPECT_EQ(judgeBackup({0, 9, true}, silent, restic::cli::StopReason::none).error->message,
              "restic was ended from outside, by signal 9 (Killed); out of memory, the kernel does that");
    restic::cli::BackupOutput crash([](core::LogLevel, const std::string&) {});
    crash.errorLine("SIGABRT: abort");
    for (int i = 0; i < 2000; ++i)
        crash.errorLine("\tgithub.com/restic/restic/internal/archiver.(*Archiver).Save(0xc000123, 0x1)");
    EXPECT_EQ(judgeBackup({2, 0, true}, crash, restic::cli::StopReason::none).error->message,
              "restic crashed: SIGABRT: abort");
    EXPECT_EQ(restic::cli::failureMessage(
                  {1, 0, true}, "List: Decode: invalid character '<' looking for beginning of value")
                  .find("A web page answers"),
              0U);
    EXPECT_EQ(restic::cli::failureMessage({12, 0, true}, "Fatal: wrong password; invalid character '<'")
                  .find("web page"),
              std::string::npos)
        << "another cause is named as what it is";
    EXPECT_NE(restic::cli::failureMessage({1, 0, true},
                                          "Fatal: Resolving password failed: /dev/fd/3: no such device")
                  .find("sudo"),
              std::string::npos);
    const std::string locked =
        "Fatal: unable to create lock in backend: repository is already locked exclusively by "
        "PID 17 on db-02 by backup (UID 0, GID 0)\nlock was created at 2026-01-02 03:04:05 "
        "(31m2s ago)\nstorage ID abcd1234";
    EXPECT_NE(restic::cli::failureMessage({1, 0, true}, locked)
                  .find("PID 17 on db-02 by backup, since 2026-01-02 03:04:05 (31m2s"),
              std::string::npos);
}

TEST(ResticMessages, SnapshotsOfAllVersionsAreRead) {
    const auto old = restic::cli::readSnapshots(R"([{"time":"2026-01-02T03:04:05.123456789+01:00","tree":")" +
                                                kId + R"(","paths":["/a"],"tags":["task:x"],"id":")" + kId +
                                                R"(","short_id":"aaaaaaaa"}])");
    ASSERT_TRUE(old);
    ASSERT_EQ(old->size(), 1U);
    EXPECT_EQ(old->front().id, kId);
    EXPECT_EQ(old->front().tree, kId);
    EXPECT_TRUE(old->front().time);
    EXPECT_FALSE(old->front().summary);
    const auto recent =
        restic::cli::readSnapshots("repository opened\n[{\"id\":\"" + kId +
                                   R"(","summary":{"files_new":3,"total_bytes_processed":9}}])");
    ASSERT_TRUE(recent);
    EXPECT_EQ(recent->front().summary->filesNew, 3U);
    EXPECT_EQ(restic::cli::readSnapshots("[]")->size(), 0U);
    for (const auto* text : {"", "null", "{}", "Fatal: x", "[{"})
        EXPECT_FALSE(restic::cli::readSnapshots(text)) << text;
    EXPECT_EQ(restic::cli::readSnapshots(R"([{"id":"../../x"}])")->size(), 0U);
}
} // namespace
