#include "dumps/dump_names.h"

#include <set>

#include <gtest/gtest.h>

#include "core/encoding.h"

namespace agent {
namespace {

DumpItem item(const std::string& name, const std::string& extension = "dump") {
    DumpItem one;
    one.name = name;
    one.extension = extension;
    return one;
}

TEST(DumpNames, WhatHasAMeaningInPathsAndTagsIsEncodedAndComesBack) {
    for (const std::string name : {"shop", "a/b", "a,b", " a ", "..", ".hidden", "100%", "ümlaut", "a\nb",
                                   "a\\b", "-x", "%2F", "quote\"'`", "tab\t"})
        EXPECT_EQ(decodedName(encodedName(name)), name) << encodedName(name);
    EXPECT_EQ(encodedName("a/b, c"), "a%2Fb%2C c");
    EXPECT_EQ(encodedName(".."), "%2E.");
    EXPECT_EQ(encodedName(" a "), "%20a%20") << "restic takes blanks at the ends of tags away";
    for (const char c : encodedName(std::string("\x01\x1f\x7f,/%\\", 7)))
        EXPECT_TRUE(c >= ' ' && c != ',' && c != '/') << c;
}

TEST(DumpNames, TwoNamesNeverBecomeOne) {
    std::set<std::string> seen;
    for (const std::string name : {"a/b", "a%2Fb", "a%252Fb", "a b", "a%20b", " a", "%20a", ".a", "%2Ea"})
        EXPECT_TRUE(seen.insert(encodedName(name)).second) << name;
}

TEST(DumpNames, ThePathIsTheSameEachTimeAndFlatWhereResticCannotMakeFolders) {
    EXPECT_EQ(dumpFile({"postgres", {}, "db-01"}, item("shop"), {0, 14, 0}), "/postgres/db-01/shop.dump");
    EXPECT_EQ(dumpFile({"postgres", {}, "db-01:5433"}, item("a/b"), {0, 19, 1}),
              "/postgres/db-01:5433/a%2Fb.dump");
    EXPECT_EQ(dumpFile({"postgres", {}, "db-01"}, item("shop"), {0, 18, 0}), "/postgres_db-01_shop.dump");
    EXPECT_EQ(dumpFile({"postgres", {}, "db-01"}, item("shop"), {0, 18, 1}), "/postgres/db-01/shop.dump");
    EXPECT_EQ(dumpFile({"x", {}, "../../etc"}, item("passwd", "../sh"), {0, 14, 0}),
              "/x/%2E.%2F..%2Fetc/passwd.%2E.%2Fsh")
        << "nothing leads out of it";
}

/// Two servers may be called the same, and two sets may dump one database in two ways.
TEST(DumpNames, NamedSettingsHaveAPathOfTheirOwn) {
    EXPECT_EQ(dumpFile({"mysql", "reports", "localhost"}, item("blog"), {0, 14, 0}),
              "/mysql/localhost,reports/blog.dump");
    std::set<std::string> seen;
    for (const auto& place : {DumpPlace{"x", {}, "a"},
                              {"x", "b", "a"},
                              {"x", {}, "a,b"},
                              {"x", "a,b", ""},
                              {"x", "b", "a,"},
                              {"x", {}, "a/b"}}) {
        EXPECT_TRUE(seen.insert(dumpFile(place, item("shop"), {0, 14, 0})).second);
        EXPECT_TRUE(seen.insert("disk" + stagedFile(place, item("shop"))).second);
    }
}

TEST(DumpNames, OnTheDiskNoPartIsTooLongAndTwoAreNeverOne) {
    std::string longest(400, 'n');
    const auto one = stagedFile({"x", {}, "db"}, item(longest));
    EXPECT_LE(one.substr(one.rfind('/') + 1).size(), 255U);
    EXPECT_TRUE(one.ends_with(".dump"));
    longest.back() = 'm';
    EXPECT_NE(stagedFile({"x", {}, "db"}, item(longest)), one);
    std::string umlauts;
    for (int i = 0; i < 200; ++i)
        umlauts += "ü";
    const auto cut = stagedFile({"x", {}, umlauts}, item("a"));
    EXPECT_TRUE(core::isUtf8(cut));
}

TEST(DumpNames, ItemsOfAProbeAreReadAndWhatHasNoNameIsLeftOut) {
    const auto answer =
        core::json::parse(R"({"items":[{"name":"shop","extension":"sql","oid":7},{"name":""},{},3,
        {"name":"files","kind":"files"}]})");
    ASSERT_TRUE(answer);
    const auto items = itemsOf(*answer.value().object());
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].extension, "sql");
    EXPECT_FALSE(items[0].files);
    EXPECT_EQ(core::json::Value(items[0].document).integerOr("oid"), 7)
        << "what the plugin knows comes back to it";
    EXPECT_TRUE(items[1].files);
    EXPECT_TRUE(itemsOf({}).empty());
}

} // namespace
} // namespace agent
