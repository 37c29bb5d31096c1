#include <fstream>

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "core/json.h"
#include "core/testing/temp_dir.h"
#include "core/wire.h"
#include "kinds/diff.h"
#include "kinds/find.h"
#include "kinds/ls.h"
#include "restic/cli/output_lines.h"
#include "restic/find_output.h"
#include "restic/protocol/task_errors.h"

/// What is made of the words of restic 0.14 and 0.19 of ls, find and diff.
namespace agent {
namespace {
namespace protocol = restic::protocol;
using core::json::Value;

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

class Kept final : public restic::cli::ResultItems {
public:
    void begin() override { all.clear(); }
    bool append(const core::json::Object& item) override {
        all.emplace_back(item);
        return true;
    }
    std::vector<Value> all;
};

class LookWork : public testing::Test {
protected:
    void out(restic::cli::ResticWork& work, const std::string& line) {
        restic::cli::OutputLines(work).output(line);
    }
    /// "" for what is judged as everywhere.
    static std::string ends(restic::cli::ResticWork& work, int code, const std::string& errors = {}) {
        const auto verdict = work.judge(0, {code, 0, true}, errors);
        return !verdict         ? ""
               : verdict->error ? verdict->error->error + ": " + verdict->error->message
                                : verdict->outcome;
    }
    static Value result(restic::cli::ResticWork& work) {
        protocol::TaskResult common;
        common.outcome = "success";
        return work.result(common);
    }
    /// All that restic writes, in one look or byte by byte.
    void finds(Find& find, const std::string& text, std::size_t step = 0) {
        const auto file = dir_.path() / "out";
        std::ofstream(file, std::ios::trunc).close();
        for (std::size_t at = 0; step > 0 && at < text.size(); at += step) {
            std::ofstream(file, std::ios::app) << text.substr(at, step);
            find.looked(file, 0);
        }
        if (step == 0)
            std::ofstream(file, std::ios::app) << text;
        find.document(0, file, 0);
    }

    Kept items_;
    restic::cli::WorkContext context_{"web-01", {}, items_};
    core::testkit::TempDir dir_;
};

protocol::LsTask lsOf(const std::string& path) {
    protocol::LsTask task;
    task.snapshotId = kId;
    task.path = path;
    return task;
}

const std::string kOldSnapshot =
    R"({"time":"2026-11-29T12:42:49.563656908Z","id":"aa","short_id":"a","struct_type":"snapshot"})";
const std::string kNewSnapshot =
    R"({"time":"2026-11-29T12:42:49.563656908Z","id":"aa","message_type":"snapshot","struct_type":"snapshot"})";

TEST_F(LookWork, AFolderIsWhatStandsBehindItself) {
    for (const bool old : {true, false}) {
        Ls ls(lsOf("/src"), context_);
        EXPECT_EQ(ls.arguments(0),
                  (std::vector<std::string>{"ls", "--json", "--no-lock", "--", kId, "/src"}));
        EXPECT_TRUE(ls.arguments(1).empty());
        const std::string end =
            old ? R"("struct_type":"node"})" : R"("inode":7,"message_type":"node","struct_type":"node"})";
        out(ls, old ? kOldSnapshot : kNewSnapshot);
        out(ls,
            R"({"name":"src","type":"dir","path":"/src","uid":0,"gid":0,"mode":2147484141,"permissions":"drwxr-xr-x","mtime":"2026-11-29T12:42:49.544761658Z",)" +
                end);
        out(ls,
            R"({"name":"-x","type":"file","path":"/src/-x","uid":7,"gid":8,"size":3,"mode":420,"permissions":"-rw-r--r--","mtime":"2026-11-29T13:42:49.5+01:00",)" +
                end);
        out(ls,
            R"({"name":"new\nline","type":"file","path":"/src/new\nline","uid":0,"gid":0,"size":0,"mode":420,"permissions":"-rw-r--r--","mtime":"2026-11-29T12:42:49Z",)" +
                end);
        out(ls,
            R"({"name":"b\ufffdad","type":"symlink","path":"/src/b\ufffdad","uid":0,"gid":0,"permissions":"Lrwxrwxrwx","mtime":"2026-11-29T12:42:49Z",)" +
                end);
        out(ls,
            R"({"name":"sub","type":"dir","path":"/src/sub","uid":0,"gid":0,"permissions":"drwxr-xr-x","mtime":"2026-11-29T12:42:49Z",)" +
                end);
        EXPECT_EQ(ends(ls, 0), "");
        EXPECT_EQ(result(ls).integerOr("entries"), 4);
        ASSERT_EQ(items_.all.size(), 4U);
        EXPECT_EQ(
            core::json::write(items_.all[0]),
            R"({"name":"-x","type":"file","size":3,"mode":"-rw-r--r--","uid":7,"gid":8,"mtime":"2026-11-29T12:42:49.500Z"})");
        EXPECT_EQ(items_.all[1].integerOr("size", -1), 0) << "an empty file has a size";
        EXPECT_EQ(items_.all[1].stringOr("name_base64"), core::base64UrlEncode("new\nline"));
        EXPECT_EQ(items_.all[2].stringOr("name"), "b\xef\xbf\xbd"
                                                  "ad");
        EXPECT_EQ(items_.all[2].find("size"), nullptr);
        EXPECT_EQ(items_.all[3].find("name_base64"), nullptr);
    }
}

TEST_F(LookWork, AFolderThatIsEmptyIsThereAndOneThatResticDoesNotNameIsNot) {
    Ls empty(lsOf("/src"), context_);
    empty.arguments(0);
    out(empty, kNewSnapshot);
    out(empty, R"({"name":"src","type":"dir","path":"/src","struct_type":"node"})");
    EXPECT_EQ(ends(empty, 0), "");
    EXPECT_TRUE(items_.all.empty());

    Ls absent(lsOf("/nope\n"), context_);
    absent.arguments(0);
    out(absent, kNewSnapshot);
    EXPECT_EQ(ends(absent, 0), "NotInSnapshot: The snapshot aaaaaaaa has no /nope\\n");

    Ls top(lsOf("/"), context_);
    top.arguments(0);
    out(top, kNewSnapshot);
    EXPECT_EQ(ends(top, 0), "") << "a snapshot of nothing";

    Ls file(lsOf("/src/one"), context_);
    file.arguments(0);
    out(file, kNewSnapshot);
    out(file, R"({"name":"one","type":"file","path":"/src/one","size":1,"struct_type":"node"})");
    EXPECT_EQ(ends(file, 0), "");
    ASSERT_EQ(items_.all.size(), 1U);
    EXPECT_EQ(items_.all[0].stringOr("name"), "one");
}

TEST_F(LookWork, ASnapshotThatIsGoneIsNamed) {
    const std::string gone = "NotInSnapshot: The snapshot aaaaaaaa is no longer in the repository";
    Ls ls(lsOf("/"), context_);
    ls.arguments(0);
    EXPECT_EQ(ends(ls, 0), gone) << "so does 0.14";
    EXPECT_EQ(ends(ls, 1,
                   "failed to load snapshot " + kId.substr(0, 8) + ": open /r/snapshots/" + kId +
                       ": no such file or directory"),
              gone);
    EXPECT_EQ(ends(ls, 1, "failed to load snapshot " + kId.substr(0, 8) + ": connection refused"), "");
    EXPECT_EQ(ends(ls, 1, "Fatal: no matching ID found for prefix \"" + kId + "\""), gone);
}

protocol::FindTask findOf(const std::string& pattern) {
    protocol::FindTask task;
    task.pattern = pattern;
    return task;
}
std::string hit(const std::string& path) {
    return R"({"path":")" + path +
           R"(","permissions":"-rw-r--r--","type":"file","mode":420,"mtime":"2026-11-29T12:42:49Z","user":"r}oot[","size":2,"links":1})";
}

TEST_F(LookWork, ASearchSaysToResticWhatWasAskedFor) {
    auto task = findOf("-[a]*");
    EXPECT_EQ(Find(task, context_).arguments(0),
              (std::vector<std::string>{"find", "--json", "--no-lock", "--", "-\\[a]\\*"}));
    task.glob = true;
    task.ignoreCase = true;
    task.host = "web-01";
    task.tags = {"policy:x"};
    task.paths = {"/home"};
    task.snapshotIds = {kId, kOther};
    ::setenv("TZ", "Europe/Berlin", 1);
    ::tzset();
    task.oldest = core::parseInstant("2026-07-01T00:00:00Z");
    task.newest = core::parseInstant("2026-12-01T00:00:00Z");
    const auto said = Find(task, context_).arguments(0);
    ::unsetenv("TZ");
    ::tzset();
    EXPECT_EQ(said, (std::vector<std::string>{"find", "--json", "--no-lock", "--ignore-case", "--host=web-01",
                                              "--tag=policy:x", "--path=/home", "--snapshot=" + kId,
                                              "--snapshot=" + kOther, "--oldest=2026-07-01 02:00:00",
                                              "--newest=2026-12-01 01:00:00", "--", "-[a]*"}));
}

TEST_F(LookWork, EachHitHasItsSnapshotHoweverItComes) {
    const auto text = "created a cache\n[{\"matches\":[" + hit("/a\\\"}]") + "," + hit("/b\\ufffd") +
                      "],\"hits\":2,\"snapshot\":\"" + kId + "\"},{\"matches\":[" + hit("/a") +
                      "],\"hits\":1,\"snapshot\":\"" + kOther + "\"}]\n";
    for (const std::size_t step : {0U, 1U, 7U, 1000U}) {
        Find find(findOf("a"), context_);
        find.arguments(0);
        finds(find, text, step);
        EXPECT_TRUE(find.complete(0));
        EXPECT_FALSE(find.hasEnough());
        ASSERT_EQ(items_.all.size(), 3U) << step;
        EXPECT_EQ(
            core::json::write(items_.all[0]),
            R"({"snapshot_id":")" + kId +
                R"(","path":"/a\"}]","type":"file","size":2,"mode":"-rw-r--r--","mtime":"2026-11-29T12:42:49.000Z"})");
        EXPECT_EQ(items_.all[1].stringOr("snapshot_id"), kId);
        EXPECT_EQ(items_.all[2].stringOr("snapshot_id"), kOther);
        EXPECT_EQ(result(find).integerOr("hits"), 3);
        EXPECT_EQ(result(find).integerOr("snapshots"), 2);
    }
    Find none(findOf("a"), context_);
    none.arguments(0);
    finds(none, "[]\n");
    EXPECT_TRUE(none.complete(0));
    EXPECT_EQ(result(none).integerOr("hits", -1), 0);
    EXPECT_NE(ends(none, 1, "syntax error in pattern").find("InvalidTask"), std::string::npos);
}

TEST_F(LookWork, ASearchEndsAtItsLimit) {
    std::string many = "[{\"matches\":[";
    for (int i = 0; i <= 10'000; ++i)
        many += (i == 0 ? "" : ",") + hit("/" + std::to_string(i));
    Find find(findOf("a"), context_);
    find.arguments(0);
    const auto file = dir_.path() / "out";
    std::ofstream(file) << many;
    find.looked(file, 0);
    EXPECT_FALSE(find.hasEnough()) << "which snapshot that is comes behind";
    EXPECT_TRUE(items_.all.empty());
    std::ofstream(file, std::ios::app) << "],\"hits\":10001,\"snapshot\":\"" + kId + "\"},{\"matches\":[";
    find.looked(file, 0);
    EXPECT_TRUE(find.hasEnough());
    find.document(0, file, 0);
    EXPECT_EQ(ends(find, 130), "success") << "it was ended for that";
    EXPECT_EQ(items_.all.size(), 10'000U);
    EXPECT_EQ(items_.all.back().stringOr("snapshot_id"), kId);
    EXPECT_EQ(result(find).booleanOr("truncated"), true);
    EXPECT_EQ(result(find).integerOr("hits"), 10'000);

    // Where restic was ended before it said which, the one that was asked for is known.
    auto one = findOf("a");
    one.snapshotIds = {kOther};
    Find again(one, context_);
    again.arguments(0);
    finds(again, many);
    ASSERT_EQ(items_.all.size(), 10'000U);
    EXPECT_EQ(items_.all.front().stringOr("snapshot_id"), kOther);
}

protocol::DiffTask diffOf(std::optional<std::string> path = {}) {
    protocol::DiffTask task;
    task.from = kId;
    task.to = kOther;
    task.path = std::move(path);
    return task;
}
const std::string kStatistics =
    R"({"message_type":"statistics","source_snapshot":"a","target_snapshot":"b","changed_files":1,"added":{"files":1,"dirs":2,"others":3,"data_blobs":2,"tree_blobs":1,"bytes":1046},"removed":{"files":0,"dirs":0,"others":0,"data_blobs":1,"tree_blobs":1,"bytes":689}})";
std::string change(const std::string& path, const std::string& modifier = "M") {
    return R"({"message_type":"change","path":")" + path + R"(","modifier":")" + modifier + R"("})";
}

TEST_F(LookWork, AComparisonIsLinesAndWhatTheyCome) {
    auto task = diffOf();
    task.metadata = true;
    Diff diff(task, context_);
    EXPECT_EQ(diff.arguments(0),
              (std::vector<std::string>{"diff", "--json", "--no-lock", "--metadata", "--", kId, kOther}));
    out(diff, change("/src/", "U"));
    out(diff, change("/src/fifo", "TU"));
    out(diff, kStatistics);
    EXPECT_TRUE(diff.complete(0));
    EXPECT_EQ(ends(diff, 0), "");
    ASSERT_EQ(items_.all.size(), 2U);
    EXPECT_EQ(core::json::write(items_.all[1]), R"({"path":"/src/fifo","modifier":"TU"})");
    const auto said = result(diff);
    EXPECT_EQ(said.integerOr("changes"), 2);
    EXPECT_EQ(said.integerOr("changed_files"), 1);
    EXPECT_EQ(core::json::write(*said.find("added")), R"({"files":1,"dirs":2,"others":3,"bytes":1046})");
    EXPECT_EQ(said.find("removed")->integerOr("bytes"), 689);
}

TEST_F(LookWork, OfAFolderOnlyWhatIsInIt) {
    Diff diff(diffOf("/src/sub"), context_);
    diff.setVersion({0, 16, 0});
    EXPECT_EQ(diff.arguments(0).back(), kOther + ":/src/sub");
    out(diff, change("/1"));
    EXPECT_EQ(items_.all.at(0).stringOr("path"), "/src/sub/1");
    EXPECT_EQ(ends(diff, 1, "path src: not found"),
              "NotInSnapshot: One of the snapshots aaaaaaaa and bbbbbbbb has no folder /src/sub");
    EXPECT_EQ(ends(diff, 1, "connection refused"), "");

    Diff old(diffOf("/src/sub"), context_);
    old.setVersion({0, 14, 0});
    EXPECT_EQ(old.arguments(0).back(), kOther);
    for (const auto* path : {"/src/1", "/src/sub/", "/src/sub/1", "/src/subway"})
        out(old, change(path));
    out(old, kStatistics);
    ASSERT_EQ(items_.all.size(), 2U);
    EXPECT_EQ(items_.all[1].stringOr("path"), "/src/sub/1");
    EXPECT_EQ(result(old).find("added"), nullptr) << "that is of all";

    Diff top(diffOf("/"), context_);
    EXPECT_EQ(top.arguments(0).back(), kOther);
}

TEST_F(LookWork, AComparisonEndsAtItsLimit) {
    Diff diff(diffOf(), context_);
    diff.arguments(0);
    const auto document = core::json::parse(change("/a")).value();
    for (int i = 0; i < 100'000; ++i)
        diff.message(document);
    EXPECT_FALSE(diff.hasEnough());
    diff.message(document);
    EXPECT_TRUE(diff.hasEnough());
    EXPECT_EQ(ends(diff, 130), "success");
    EXPECT_EQ(items_.all.size(), 100'000U);
    EXPECT_EQ(result(diff).booleanOr("truncated"), true);
    EXPECT_EQ(result(diff).find("changed_files"), nullptr);
}

} // namespace
} // namespace agent
