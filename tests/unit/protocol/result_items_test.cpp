#include <set>

#include <gtest/gtest.h>

#include "core/encoding.h"
#include "restic/protocol/result_items.h"
#include "restic/protocol/task_kinds.h"

namespace {
using restic::protocol::ResultItems;

TEST(ResultItems, TheDigestIsAChainThatAnyoneCanFollow) {
    ResultItems items;
    EXPECT_EQ(items.sha256, core::hexEncode(core::sha256("")));
    items.add("{}");
    EXPECT_EQ(items.count, 1);
    EXPECT_EQ(items.bytes, 3);
    EXPECT_EQ(items.sha256, core::hexEncode(core::sha256(core::hexEncode(core::sha256("")) + "{}")));
    auto other = items;
    items.add("a");
    items.add("b");
    other.add("b");
    other.add("a");
    EXPECT_EQ(items.bytes, other.bytes);
    EXPECT_NE(items.sha256, other.sha256) << "the order counts";
    ResultItems joined;
    joined.add("{}");
    joined.add("ab");
    EXPECT_NE(joined.sha256, items.sha256);
}

TEST(ResultItems, WhichKindsHaveSomeStandsInTheirDeclaration) {
    const std::set<std::string_view> hasItems{"snapshots", "ls", "find", "diff"};
    for (const auto* kind : restic::protocol::allKinds())
        EXPECT_EQ(kind->item != nullptr, hasItems.contains(kind->name)) << kind->name;
}

TEST(ResultItems, APartHasItsLimits) {
    using restic::protocol::ResultPart;
    namespace limits = restic::protocol::result_limits;
    const auto isTaken = [](std::size_t lines, std::size_t length) {
        const ResultPart part{1, 1, std::vector<std::string>(lines, std::string(length, 'x'))};
        return core::wire::parse<ResultPart>(core::wire::write(part)).ok();
    };
    EXPECT_TRUE(isTaken(limits::kPartItems, 1));
    EXPECT_FALSE(isTaken(limits::kPartItems + 1, 1));
    EXPECT_TRUE(isTaken(1, limits::kLineBytes));
    EXPECT_FALSE(isTaken(1, limits::kLineBytes + 1));
    EXPECT_FALSE(isTaken(0, 0));
}

} // namespace
