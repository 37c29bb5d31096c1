#include <gmock/gmock.h>

#include "restic/cli/lock_list.h"

namespace test {
namespace {

TEST(LockList, LooksAtTheFirstTwentyAndCountsAll) {
    restic::cli::LockList list;
    EXPECT_EQ(list.arguments(0).front(), "list");
    list.text(0, "a word of restic's");
    for (int i = 0; i < 25; ++i)
        list.text(0, std::string(62, 'a') + std::to_string(10 + i));
    EXPECT_THAT(list.arguments(1),
                testing::ElementsAre("cat", "lock", std::string(62, 'a') + "10", "--no-lock"));
    EXPECT_FALSE(list.arguments(20).empty());
    EXPECT_TRUE(list.arguments(21).empty());
}

TEST(LockList, OnlyAFileThatIsNotThereIsALockThatWentAway) {
    const auto isGone = [](int step, const char* errors) {
        core::ProcessExit exit;
        exit.known = true;
        exit.code = 1;
        return restic::cli::LockList::isGone(step, exit, errors);
    };
    constexpr auto kGone = "open /srv/repo/locks/abc: no such file or directory";
    EXPECT_TRUE(isGone(1, kGone));
    EXPECT_TRUE(isGone(2, "Load(<lock/abc>, 0, 0) failed: file does not exist"));
    EXPECT_FALSE(isGone(0, kGone)) << "the list itself";
    EXPECT_FALSE(isGone(1, "dial tcp 10.0.0.1:443: connect: connection refused"));
    EXPECT_FALSE(isGone(1, "open /srv/repo/locks/abc: permission denied"));
    EXPECT_FALSE(isGone(1, "wrong password or no key found"));
}

} // namespace
} // namespace test
