#include "field_rules.h"

#include <gtest/gtest.h>

#include "errors.h"
#include "restic/protocol/password_rule.h"
#include "restic/protocol/refusals.h"

namespace {
using namespace restic;

TEST(FieldRules, PatternsThatResticRefusesOrThatExcludeNothingAreRefused) {
    for (const auto* bad :
         {"[a",  "\\",          "a/\\",   "[]",     "[^]",          "[a-]",  "[-a]",        "x/[a/b]",
          "!",   "*.tmp,*.log", "/a, /b", "{a,b}",  "/srv/{x,y}/z", "$HOME", "$HOME/cache", "${HOME}/x",
          "~/x", "~",           " *.tmp", "*.tmp ", "a\tb",         "a\nb",  "[\\"})
        EXPECT_TRUE(checkPattern(bad)) << bad;
    for (const auto* good :
         {"*",       "/",       "**",        "*.tmp",   "/srv/**/cache", "[abc]",   "[^abc].txt", "[a-z]*",
          "[\\]]",   "a,b.txt", "\\{a,b\\}", "{a}",     "$RECYCLE.BIN",  "\\$HOME", "!/srv/keep", "file?",
          "[{]a,b}", "häß*",    "[ä-ö]",     "~backup", "a\\*b",         "[ ]x"})
        EXPECT_FALSE(checkPattern(good)) << good << ": " << checkPattern(good).value_or("");
}

TEST(FieldRules, TagsAreThoseThatResticKeepsAndNotOurOwn) {
    for (const auto* bad :
         {"a,b", " lead", "trail ", "\ttab", "policy:x", "task:0190", "a\x1b[m", "x\xc2\xa0"})
        EXPECT_TRUE(checkTag(bad)) << bad;
    for (const auto* good : {"nightly", "two words", "Policy:x", "my-task:1", "ü"})
        EXPECT_FALSE(checkTag(good)) << good;
}

TEST(FieldRules, PathsHaveNoControlCharacters) {
    for (const auto* bad : {"", "relative", "/a\tb", "/a\x1b[31m", "/a\nb", "/a\x7f"})
        EXPECT_TRUE(checkAbsolute(bad)) << bad;
    EXPECT_FALSE(checkAbsolute("/srv/with blank"));
}

TEST(FieldRules, APasswordOpensByHandAsItWasTyped) {
    using restic::protocol::changesInFile;
    for (const std::string bad : {"trail ", " lead", "end\n", "end\r", "end\t", "   ", "\xc2\xa0x",
                                  "x\xe3\x80\x80", "\xef\xbb\xbfx", "\xfe\xffx"}) {
        EXPECT_TRUE(changesInFile(bad)) << bad;
        ASSERT_TRUE(restic::protocol::checkRepositoryPassword(bad)) << bad;
        EXPECT_EQ(restic::protocol::checkRepositoryPassword(bad)->find(bad), std::string::npos)
            << "the message quotes the password";
    }
    EXPECT_TRUE(restic::protocol::checkRepositoryPassword(""));
    EXPECT_TRUE(restic::protocol::checkRepositoryPassword("two\nlines"));
    EXPECT_FALSE(changesInFile("two\nlines"));
    for (const auto* good : {"x", "correct horse", "ümläut", "{}\"'\\$", "\xe2\x82\xac"})
        EXPECT_FALSE(restic::protocol::checkRepositoryPassword(good)) << good;
}

// Agents act upon these names: both ends must mean the same.
TEST(Refusals, AreTheErrorsThatTheHostSends) {
    std::vector<const core::ErrorKind*> all(restic::errors::kAll.begin(), restic::errors::kAll.end());
    for (const auto* kind :
         {&core::errors::kInvalidToken, &core::errors::kValidation, &core::errors::kMalformed,
          &core::errors::kTooLarge, &core::errors::kUnsupportedMedia})
        all.push_back(kind);
    for (const auto& known : restic::protocol::kRefusals) {
        if (known.name == "TenantLimitReached")
            continue; // of the module base
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto* kind) { return kind->name == known.name; });
        ASSERT_NE(found, all.end()) << known.name;
        EXPECT_EQ((*found)->status, known.status) << known.name;
    }
}
} // namespace
