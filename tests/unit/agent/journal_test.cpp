#include "journal/journal.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "executor/task_log.h"
#include "files/file_tail.h"
#include "state/identity.h"

namespace {
using namespace agent;
using core::json::Object;

const core::Instant kNow = core::fromMicros(1'760'000'000'000'000);

class JournalTest : public testing::Test {
protected:
    void fill() {
        Journal journal(file_);
        EXPECT_TRUE(journal.accepted("a", 1, Object{{"type", "backup"}}, kNow));
        journal.starting("a", 1, kNow, "0.14.0", {"/gone"});
        journal.spawned("a", 1, {4711, 99, "boot"});
        EXPECT_TRUE(journal.accepted("b", 2, Object{}, kNow));
        journal.result("b", 2, Object{{"status", "success"}});
        EXPECT_TRUE(journal.accepted("c", 1, Object{}, kNow));
        journal.acknowledged("c", 1);
        EXPECT_TRUE(journal.accepted("d", 1, Object{}, kNow));
        journal.dropped("d", 1);
    }
    core::testkit::TempDir dir_;
    std::filesystem::path file_ = dir_ / "journal";
};

TEST_F(JournalTest, RemembersAcrossRestarts) {
    fill();
    for (int restart = 0; restart < 3; ++restart) {
        Journal journal(file_);
        EXPECT_EQ(journal.damaged(), 0U);
        const auto open = journal.open();
        ASSERT_EQ(open.size(), 2U);
        EXPECT_EQ(open[0].taskId, "a");
        EXPECT_EQ(core::json::Value(open[0].payload).stringOr("type"), "backup");
        EXPECT_TRUE(open[0].starting);
        EXPECT_EQ(open[0].startedAt, kNow);
        EXPECT_EQ(open[0].resticVersion, "0.14.0");
        EXPECT_EQ(open[0].missingSources, (std::vector<std::string>{"/gone"}));
        ASSERT_TRUE(open[0].spawned);
        EXPECT_EQ(open[0].spawned->pid, 4711);
        EXPECT_EQ(open[0].spawned->startTicks, 99U);
        EXPECT_EQ(open[0].spawned->bootId, "boot");
        EXPECT_FALSE(open[0].result);
        EXPECT_EQ(open[1].attempt, 2);
        ASSERT_TRUE(open[1].result);
    }
}

TEST_F(JournalTest, AClosedTaskIsNotAcceptedAgainButADroppedOneIs) {
    fill();
    Journal journal(file_);
    EXPECT_FALSE(journal.accepted("a", 1, {}, kNow));
    EXPECT_FALSE(journal.accepted("c", 1, {}, kNow));
    EXPECT_TRUE(journal.accepted("c", 2, {}, kNow));
    EXPECT_TRUE(journal.accepted("d", 1, {}, kNow));
}

TEST_F(JournalTest, EveryCutIsSurvived) {
    fill();
    const auto whole = core::testkit::readFile(file_);
    std::size_t before = 0;
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        core::testkit::writeFile(file_, whole.substr(0, length));
        Journal journal(file_);
        const bool atEnd = length == 0 || whole[length - 1] == '\n';
        EXPECT_EQ(journal.damaged(), atEnd ? 0U : 1U) << length;
        // What was complete before the cut is there.
        const auto records = static_cast<std::size_t>(
            std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length), '\n'));
        EXPECT_GE(records, before);
        before = records;
        if (records >= 3) {
            EXPECT_TRUE(journal.find("a", 1)->spawned);
        }
        // And what is written after it, too.
        EXPECT_TRUE(journal.accepted("after", 1, {}, kNow));
        EXPECT_TRUE(Journal(file_).find("after", 1));
    }
}

TEST_F(JournalTest, ADamagedRecordInTheMiddleIsSkipped) {
    fill();
    auto text = core::testkit::readFile(file_);
    const auto at = text.find("0.14.0");
    text[at] = '9';
    core::testkit::writeFile(file_, text);
    Journal journal(file_);
    EXPECT_EQ(journal.damaged(), 1U);
    EXPECT_FALSE(journal.find("a", 1)->starting);
    EXPECT_TRUE(journal.find("a", 1)->spawned);
    EXPECT_TRUE(journal.find("b", 2)->result);
}

TEST_F(JournalTest, PeekChangesNothing) {
    fill();
    const auto before = core::testkit::readFile(file_);
    EXPECT_EQ(Journal::peek(file_).size(), 2U);
    EXPECT_EQ(core::testkit::readFile(file_), before);
    EXPECT_TRUE(Journal::peek(dir_ / "none").empty());
}

TEST_F(JournalTest, RemembersABoundedNumberOfClosedTasks) {
    {
        Journal journal(file_);
        for (int i = 0; i < 300; ++i) {
            journal.accepted(std::to_string(i), 1, {}, kNow);
            journal.acknowledged(std::to_string(i), 1);
        }
    }
    Journal journal(file_);
    EXPECT_FALSE(journal.find("0", 1));
    EXPECT_TRUE(journal.find("299", 1));
    EXPECT_TRUE(journal.find("100", 1));
}

TEST_F(JournalTest, IsPrivate) {
    fill();
    struct stat info {};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(TaskLog, NumbersGoOnAfterARestart) {
    core::testkit::TempDir dir;
    {
        TaskLog log(dir / "log");
        log.append(kNow, core::LogLevel::info, "one", {10, 0});
        log.append(kNow, core::LogLevel::warn, "two", {10, 20});
        EXPECT_EQ(log.batch(100).firstSeq, 1);
        log.acknowledge(1);
        EXPECT_EQ(log.batch(100).firstSeq, 2);
    }
    // Cut in the middle of a record, as a crash may leave it.
    core::testkit::writeFile(dir / "log", core::testkit::readFile(dir / "log") + R"({"at_us":1,"lev)");
    TaskLog log(dir / "log");
    EXPECT_EQ(log.recovered().output, 10U);
    EXPECT_EQ(log.recovered().error, 20U);
    log.append(kNow, core::LogLevel::error, "three", {30, 20});
    const auto batch = log.batch(100);
    EXPECT_EQ(batch.firstSeq, 1);
    ASSERT_EQ(batch.lines.size(), 3U);
    EXPECT_EQ(batch.lines[2].message, "three");
    EXPECT_EQ(batch.lines[1].level, "warn");
    EXPECT_EQ(log.batch(2).lines.size(), 2U);
    log.acknowledge(3);
    EXPECT_EQ(log.pending(), 0U);
    TaskLog again(dir / "log");
    EXPECT_EQ(again.pending(), 3U);
}

TEST(TaskLog, IsBounded) {
    core::testkit::TempDir dir;
    TaskLog log(dir / "log");
    for (int i = 0; i < TaskLog::kMaxLines + 50; ++i)
        log.append(kNow, core::LogLevel::info, std::string(i == 0 ? 100000 : 1, 'x'), {});
    EXPECT_EQ(log.pending(), static_cast<std::size_t>(TaskLog::kMaxLines));
    EXPECT_EQ(log.batch(1).lines[0].message.size(), TaskLog::kMaxLength);
    EXPECT_NE(log.batch(TaskLog::kMaxLines).lines.back().message.find("longer"), std::string::npos);
}

TEST(TaskLog, HowItEndedHasRoomBehindTheLastLine) {
    core::testkit::TempDir dir;
    TaskLog log(dir / "log");
    for (int i = 0; i < TaskLog::kMaxLines + 50; ++i)
        log.append(kNow, core::LogLevel::info, "x", {});
    for (int i = 0; i < 2 * TaskLog::kReserve; ++i)
        log.append(kNow, core::LogLevel::error, "the outcome", {}, true);
    EXPECT_EQ(log.pending(), static_cast<std::size_t>(TaskLog::kMaxLines + TaskLog::kReserve));
    EXPECT_EQ(log.batch(100000).lines.back().message, "the outcome");
}

TEST(TaskLog, GoesBackToWhatTheServerLost) {
    core::testkit::TempDir dir;
    TaskLog log(dir / "log");
    for (const auto* text : {"one", "two", "three", "four"})
        log.append(kNow, core::LogLevel::info, text, {});
    log.acknowledge(3);
    log.resumeAfter(5); // it has more than we: nothing to go back to
    EXPECT_EQ(log.batch(10).firstSeq, 4);
    log.resumeAfter(1);
    const auto batch = log.batch(10);
    EXPECT_EQ(batch.firstSeq, 2);
    ASSERT_EQ(batch.lines.size(), 3U);
    EXPECT_EQ(batch.lines[0].message, "two");
    EXPECT_EQ(batch.lines[2].message, "four");
    log.replaceFirst("(left out)");
    EXPECT_EQ(log.batch(1).lines[0].message, "(left out)");
}

TEST(FileTail, BeginsBehindWhatAnotherProcessWrote) {
    core::testkit::TempDir dir;
    core::testkit::writeFile(dir / "out", "old\nnew\n" + std::string(100, 'x') + "\n");
    FileTail tail(dir / "out", 4, 10);
    std::vector<std::string> lines;
    tail.finish([&](std::string_view line, std::uint64_t) { lines.emplace_back(line); });
    EXPECT_EQ(lines, (std::vector<std::string>{"new", "xxxxxxxxxx [cut]"}));
}

TEST(FileTail, DeliversLinesOnceWithTheirOffsets) {
    core::testkit::TempDir dir;
    FileTail tail(dir / "out");
    std::vector<std::pair<std::string, std::uint64_t>> lines;
    const auto collect = [&](std::string_view line, std::uint64_t end) { lines.emplace_back(line, end); };
    EXPECT_FALSE(tail.poll(collect));
    std::ofstream out(dir / "out");
    out << "one\ntw" << std::flush;
    tail.poll(collect);
    EXPECT_EQ(lines, (std::vector<std::pair<std::string, std::uint64_t>>{{"one", 4}}));
    out << "o\nrest" << std::flush;
    tail.finish(collect);
    EXPECT_EQ(lines,
              (std::vector<std::pair<std::string, std::uint64_t>>{{"one", 4}, {"two", 8}, {"rest", 12}}));
}

TEST(Identity, IsStoredAndItsRotationComesInTime) {
    core::testkit::TempDir dir;
    EXPECT_FALSE(loadIdentity(dir / "identity.json"));
    Identity identity{"id", "token", "https://s", "web-01", "", kNow, kNow + std::chrono::hours(720)};
    saveIdentity(dir / "identity.json", identity);
    IdentityStore store(dir / "identity.json", *loadIdentity(dir / "identity.json"));
    EXPECT_EQ(rotationTime(store.get()), kNow + std::chrono::hours(480));
    // A year, seen from one rotation to the next: the token is always replaced before it ends.
    auto now = kNow;
    int rotations = 0;
    while (now < kNow + std::chrono::hours(24 * 365)) {
        now += std::chrono::minutes(30);
        ASSERT_LT(now, store.get().expiresAt);
        if (now >= rotationTime(store.get())) {
            store.replaceToken("token-" + std::to_string(++rotations), now, now + std::chrono::hours(720));
            EXPECT_EQ(loadIdentity(dir / "identity.json")->token, store.get().token);
        }
    }
    EXPECT_EQ(rotations, 18);
    core::testkit::writeFile(dir / "identity.json", "{");
    EXPECT_THROW(static_cast<void>(loadIdentity(dir / "identity.json")), core::Error);
}
} // namespace
