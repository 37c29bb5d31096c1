#include "policies/retention_setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {
using testing::HasSubstr;

TEST(RetentionSetting, HasEachCountByItsName) {
    const auto keep = restic::parseRetention("last=1,hourly=2,daily=3,weekly=4,monthly=5,yearly=6").value();
    EXPECT_EQ(keep.keepLast, 1);
    EXPECT_EQ(keep.keepHourly, 2);
    EXPECT_EQ(keep.keepDaily, 3);
    EXPECT_EQ(keep.keepWeekly, 4);
    EXPECT_EQ(keep.keepMonthly, 5);
    EXPECT_EQ(keep.keepYearly, 6);
    EXPECT_FALSE(restic::parseRetention("daily=7").value().keepLast);
}

TEST(RetentionSetting, WhatCannotBeMeantIsRefusedWithItsPart) {
    for (const auto& [text, why] :
         std::vector<std::pair<std::string, std::string>>{{"", "keeps nothing"},
                                                          {"daily=0", "keeps nothing"},
                                                          {"daily", "\"daily\""},
                                                          {"dayly=7", "\"dayly=7\""},
                                                          {"daily=", "\"daily=\""},
                                                          {"daily=-1", "\"daily=-1\""},
                                                          {"daily=7x", "\"daily=7x\""},
                                                          {"daily=100001", "from 0 to 100000"},
                                                          {"daily=7, weekly=4", "\" weekly=4\""},
                                                          {"daily=7,daily=8", "twice"}}) {
        const auto read = restic::parseRetention(text);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().what(), HasSubstr(why)) << text;
    }
}

} // namespace
} // namespace test
