#include "restic/retention.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "core/testing/temp_dir.h"
#include "kinds/preview_forget.h"

namespace agent {
namespace {
using restic::protocol::ForgetTask;

std::vector<std::string> argumentsOf(const ForgetTask& task) {
    return forgetArguments(task, task, task, "keeper-01");
}
ForgetTask task() {
    ForgetTask made;
    made.retention.emplace().keepDaily = 7;
    made.retention->keepLast = 0;
    return made;
}
const auto kPolicy = core::Uuid::parse("0190b6f0-0000-7000-8000-000000000001").value();

TEST(Retention, KeepsToTheMachineThatIsNamedWhoeverDoesIt) {
    auto of = task();
    EXPECT_EQ(argumentsOf(of),
              (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", "--host=keeper-01",
                                        "--keep-daily=7", "--keep-tag=pinned"}));
    of.policyId = kPolicy;
    const auto tag = "--tag=policy:" + kPolicy.toString();
    EXPECT_EQ(argumentsOf(of), (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", tag,
                                                         "--keep-daily=7", "--keep-tag=pinned"}));
    of.host = "web-01";
    EXPECT_EQ(argumentsOf(of),
              (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", tag, "--host=web-01",
                                        "--keep-daily=7", "--keep-tag=pinned"}));
    of.policyId.reset();
    of.allHosts = true;
    EXPECT_EQ(argumentsOf(of),
              (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", "--host=web-01",
                                        "--keep-daily=7", "--keep-tag=pinned"}))
        << "a machine that is named is never widened";
}

TEST(Retention, KeepsWhatIsPinnedAndWhatItsTagsSay) {
    auto of = task();
    of.retention->keepTags = {"year-end", "pinned", "audit 2026"};
    EXPECT_EQ(argumentsOf(of),
              (std::vector<std::string>{"forget", "--json", "--group-by=host,paths", "--host=keeper-01",
                                        "--keep-daily=7", "--keep-tag=pinned", "--keep-tag=year-end",
                                        "--keep-tag=audit 2026"}));
    of.retention->keepDaily.reset();
    EXPECT_FALSE(keepsSomething(of.retention)) << "tags alone would remove everything else";
}

class Preview : public testing::Test {
protected:
    core::json::Value resultOf(const std::string& output) {
        const core::testkit::TempDir folder;
        core::testkit::writeFile(folder / "out", output);
        work_.document(0, folder / "out", 0);
        return work_.result({});
    }
    static std::string snapshot(char digit, int day) {
        return fmt::format(R"({{"id":"{}","time":"2026-01-{:02}T02:00:00Z"}})", std::string(64, digit), day);
    }

    restic::cli::NoItems none_;
    PreviewForget work_{task(), {"keeper-01", {}, none_}};
};

TEST_F(Preview, IsTheForgetItselfThatOnlyLooks) {
    auto expected = argumentsOf(task());
    expected.insert(expected.end(), {"--dry-run", "--no-lock"});
    EXPECT_EQ(work_.arguments(0), expected);
    EXPECT_TRUE(work_.arguments(1).empty());
    EXPECT_FALSE(work_.problem());
    restic::protocol::ForgetTask nothing;
    nothing.retention.emplace().keepTags = {"a"};
    EXPECT_TRUE(PreviewForget(nothing, {"keeper-01", {}, none_}).problem());
}

TEST_F(Preview, CountsAllAndListsTheNewest) {
    std::string removed;
    for (int i = 0; i < 150; ++i)
        removed += (i == 0 ? "" : ",") + snapshot('b', i % 28 + 1);
    // As restic 0.14 has it: the reasons name no snapshot by its id.
    const auto found = resultOf(
        R"([{"host":"web-01","paths":["/etc","/home"],"keep":[)" + snapshot('a', 3) + "," + snapshot('c', 9) +
        R"(],"remove":[)" + removed +
        R"(],"reasons":[{"snapshot":{},"matches":["daily snapshot"]},{"snapshot":{},"matches":["has tags [pinned]"]}]},
           {"host":"web-02","paths":null,"keep":[)" +
        snapshot('d', 1) + R"(],"remove":null,"reasons":null}])");
    EXPECT_TRUE(work_.complete(0));
    EXPECT_EQ(found.integerOr("snapshots_kept"), 3);
    EXPECT_EQ(found.integerOr("snapshots_removed"), 150);
    EXPECT_TRUE(*found.find("over_half")->boolean());
    const auto& groups = *found.find("groups")->array();
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].integerOr("removed"), 150);
    EXPECT_EQ(groups[0].find("removed_snapshots")->array()->size(), 100U);
    const auto& kept = *groups[0].find("kept_snapshots")->array();
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_EQ(kept[0].stringOr("id"), std::string(64, 'c')) << "the newest first";
    EXPECT_EQ(core::json::write(*kept[0].find("reasons")), R"(["has tags [pinned]"])");
    EXPECT_EQ(groups[1].integerOr("removed", -1), 0);
}

TEST_F(Preview, OfNothingIsNothingAndOfHalfAnOutputIsUnknown) {
    EXPECT_EQ(resultOf("").integerOr("snapshots_removed", -1), 0);
    EXPECT_EQ(resultOf(R"([{"host":"a","keep":[)" + snapshot('a', 1)).find("snapshots_removed"), nullptr);
    const auto half = resultOf(R"([{"host":"a","paths":["/a"],"keep":[)" + snapshot('a', 1) +
                               R"(],"remove":[)" + snapshot('b', 2) + "]}]");
    EXPECT_FALSE(*half.find("over_half")->boolean()) << "half is not over half";
}

} // namespace
} // namespace agent
