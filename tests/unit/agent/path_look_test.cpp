#include "files/path_look.h"

#include <gtest/gtest.h>

#include <latch>

#include "core/testing/temp_dir.h"
#include "kinds/source_notices.h"
#include "restic/protocol/notices.h"
#include "waiting/patience.h"

namespace {
using namespace agent;
using namespace std::chrono_literals;
namespace notices = restic::protocol::notices;

std::vector<std::string> codes(const core::testkit::TempDir& dir, const std::vector<std::string>& names,
                               std::optional<std::uint64_t> files, bool excludes = false) {
    std::vector<std::pair<std::string, PathLook>> looks;
    for (const auto& name : names)
        looks.emplace_back((dir / name).string(), lookAt((dir / name).string()));
    std::vector<std::string> out;
    for (const auto& notice : noticesAbout(looks, files, excludes)) {
        EXPECT_FALSE(notice.message.empty());
        EXPECT_TRUE(notices::warns(notice.code));
        out.push_back(notice.code);
    }
    return out;
}

TEST(PathLook, ASuccessThatSavedNothingHasItsReasons) {
    core::testkit::TempDir dir;
    core::testkit::writeFile(dir / "full/file", "x");
    std::filesystem::create_directories(dir / "empty/lost+found");
    std::filesystem::create_symlink(dir / "full", dir / "link");
    std::filesystem::create_symlink(dir / "nowhere", dir / "dangling");
    using Codes = std::vector<std::string>;
    EXPECT_EQ(codes(dir, {"full"}, 1), Codes{});
    EXPECT_EQ(codes(dir, {"full"}, std::nullopt), Codes{}) << "not known is not nothing";
    EXPECT_EQ(codes(dir, {"full", "link"}, 1), (Codes{"SourceIsLink"}));
    EXPECT_EQ(codes(dir, {"dangling"}, 0), (Codes{"SourceIsLink", "NothingSaved"}));
    EXPECT_EQ(codes(dir, {"empty"}, 0, true), (Codes{"SourceEmpty", "NothingSaved"}));
    EXPECT_EQ(codes(dir, {"full"}, 0), (Codes{"NothingSaved"}));
    EXPECT_EQ(codes(dir, {"full"}, 0, true), (Codes{"EverythingExcluded"}));
    EXPECT_EQ(lookAt((dir / "link").string()).link, (dir / "full").string());
}

TEST(PathLook, OnlyWhatIsNotThereIsMissing) {
    core::testkit::TempDir dir;
    core::testkit::writeFile(dir / "file", "x");
    EXPECT_TRUE(lookAt((dir / "none").string()).missing());
    EXPECT_TRUE(lookAt((dir / "file/below").string()).missing());
    EXPECT_TRUE(lookAt((dir / std::string(300, 'x')).string()).missing());
    EXPECT_EQ(lookAt((dir / std::string(300, 'x')).string()).error, ENAMETOOLONG);
    EXPECT_FALSE(lookAt((dir / "file").string()).missing());
    PathLook forbidden;
    forbidden.error = EACCES;
    EXPECT_FALSE(forbidden.missing());
}

TEST(Patience, LeavesWhatDoesNotComeBack) {
    auto release = std::make_shared<std::latch>(1);
    auto left = std::make_shared<std::latch>(1);
    EXPECT_EQ(patiently(
                  [release, left] {
                      release->wait();
                      left->count_down();
                      return 1;
                  },
                  10ms),
              std::nullopt);
    release->count_down();
    left->wait();
    EXPECT_EQ(patiently([] { return 2; }, 60s), 2);
    EXPECT_THROW(static_cast<void>(patiently([]() -> int { throw std::runtime_error("x"); }, 60s)),
                 std::runtime_error);
}
} // namespace
