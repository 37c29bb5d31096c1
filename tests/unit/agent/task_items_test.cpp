#include <fstream>

#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "executor/task_items.h"

namespace {
using agent::TaskItems;
using core::json::Object;
using restic::protocol::ResultItems;
namespace limits = restic::protocol::result_limits;

class TaskItemsTest : public testing::Test {
protected:
    static void write(TaskItems& items, int count, std::size_t length = 10) {
        items.begin();
        for (int number = 1; number <= count; ++number)
            EXPECT_TRUE(items.append({{"number", number}, {"text", std::string(length, 'x')}}));
    }
    /// All that is sent, acknowledged part by part.
    static std::vector<std::string> sendAll(TaskItems& items, std::size_t most = limits::kPartItems) {
        std::vector<std::string> all;
        for (;;) {
            const auto part = items.part(most);
            if (part.lines.empty())
                return all;
            EXPECT_EQ(part.firstItem, items.sent() + 1);
            std::size_t bytes = 0;
            for (const auto& line : part.lines)
                bytes += line.size() + 1;
            EXPECT_LE(bytes, limits::kPartBytes);
            EXPECT_LE(part.lines.size(), most);
            all.insert(all.end(), part.lines.begin(), part.lines.end());
            EXPECT_TRUE(items.goBehind(part.firstItem + static_cast<std::int64_t>(part.lines.size()) - 1));
        }
    }
    core::testkit::TempDir dir_;
    std::filesystem::path file_ = dir_ / "items";
};

TEST_F(TaskItemsTest, PartsAreWholeLinesNumberedWithoutGaps) {
    TaskItems items(file_);
    write(items, 2500, 300);
    const auto written = items.finish();
    ASSERT_TRUE(written);
    const auto sent = sendAll(items);
    ASSERT_EQ(sent.size(), 2500U);
    ResultItems counted;
    for (const auto& line : sent)
        counted.add(line);
    EXPECT_EQ(counted, *written) << "count, bytes and digest of what was sent";
    EXPECT_EQ(static_cast<std::uintmax_t>(written->bytes), std::filesystem::file_size(file_));
}

TEST_F(TaskItemsTest, APartThatWasNotAcknowledgedIsSentAgain) {
    TaskItems items(file_);
    write(items, 5);
    static_cast<void>(items.finish());
    const auto first = items.part(2);
    EXPECT_EQ(items.part(2).lines, first.lines);
    EXPECT_TRUE(items.goBehind(1));
    EXPECT_EQ(items.part(2).firstItem, 2);
    EXPECT_TRUE(items.goBehind(4));
    EXPECT_TRUE(items.goBehind(0)) << "the server has lost some";
    EXPECT_EQ(items.part(9).lines.size(), 5U);
    EXPECT_FALSE(items.goBehind(6)) << "there are not so many";
}

TEST_F(TaskItemsTest, TheNextRunOfTheAgentGoesOnWhereTheServerIs) {
    {
        TaskItems items(file_);
        write(items, 7);
        static_cast<void>(items.finish());
        items.goBehind(3);
    }
    TaskItems again(file_);
    EXPECT_EQ(again.part(1).firstItem, 1) << "it does not know yet";
    EXPECT_TRUE(again.goBehind(5));
    EXPECT_EQ(sendAll(again).size(), 2U);
}

TEST_F(TaskItemsTest, WhatWasWrittenBeforeTheEndIsWrittenAnew) {
    {
        TaskItems killed(file_);
        write(killed, 9000);
    }
    TaskItems items(file_);
    write(items, 3);
    EXPECT_EQ(items.finish()->count, 3);
    EXPECT_EQ(sendAll(items).size(), 3U);
}

TEST_F(TaskItemsTest, ALineThatWasCutIsNoItem) {
    std::ofstream(file_) << "{\"number\":1}\n{\"numb";
    TaskItems items(file_);
    EXPECT_EQ(sendAll(items).size(), 1U);
}

TEST_F(TaskItemsTest, ATooLongItemIsLeftOutAndSaid) {
    TaskItems items(file_);
    items.begin();
    EXPECT_FALSE(items.append({{"text", std::string(limits::kLineBytes, 'x')}}));
    EXPECT_TRUE(items.append({{"text", "y"}}));
    EXPECT_EQ(items.finish()->count, 1);
    EXPECT_FALSE(items.tooMany());
}

TEST_F(TaskItemsTest, AResultWithoutItemsHasNone) {
    TaskItems items(file_);
    EXPECT_FALSE(items.finish());
    items.begin();
    EXPECT_EQ(items.finish(), ResultItems());
}

} // namespace
