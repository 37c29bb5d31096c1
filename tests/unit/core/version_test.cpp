#include <gtest/gtest.h>

#include "module/version.h"

namespace core {
namespace module {
namespace {

TEST(Version, ReadsOneToThreeParts) {
    EXPECT_EQ(Version::parse("1.2.3"), (Version{1, 2, 3}));
    EXPECT_EQ(Version::parse("1.2"), (Version{1, 2, 0}));
    EXPECT_EQ(Version::parse("7"), (Version{7, 0, 0}));
    for (const char* text :
         {"", ".", "1.", "1..2", "1.2.3.4", "v1", "-1", "+1", "1.2.3-rc1", " 1", "1 ", "99999999999"})
        EXPECT_FALSE(Version::parse(text)) << text;
    EXPECT_LT(*Version::parse("1.9"), *Version::parse("1.10"));
}

TEST(VersionRange, Contains) {
    struct Case {
        const char* range;
        const char* in;
        const char* out;
    };
    for (const Case& c : {Case{"[1.0,2.0)", "1.0", "2.0"},
                          {"[1.0,2.0)", "1.99.9", "0.9"},
                          {"(1.0,2.0]", "2.0", "1.0"},
                          {"[1.0,)", "99", "0.9.9"},
                          {"(,2.0]", "0.0.1", "2.0.1"},
                          {"[1.2.3,1.2.3]", "1.2.3", "1.2.4"},
                          {"[ 1.0 , 2.0 )", "1.5", "3"}}) {
        const auto range = VersionRange::parse(c.range);
        ASSERT_TRUE(range) << c.range;
        EXPECT_TRUE(range->contains(*Version::parse(c.in))) << c.range << c.in;
        EXPECT_FALSE(range->contains(*Version::parse(c.out))) << c.range << c.out;
    }
    for (const char* text :
         {"", "1.0", "[1.0]", "[1.0,2.0", "1.0,2.0)", "[a,b)", "[1.0;2.0)", "[1,2,3)", "[]"})
        EXPECT_FALSE(VersionRange::parse(text)) << text;
}

} // namespace
} // namespace module
} // namespace core
