#include "core/text.h"

#include <limits>

#include <gtest/gtest.h>

namespace core {
namespace {

TEST(Text, FormatsBytesInIecUnits) {
    EXPECT_EQ(formatBytes(0), "0 B");
    EXPECT_EQ(formatBytes(1023), "1023 B");
    EXPECT_EQ(formatBytes(1024), "1.00 KiB");
    EXPECT_EQ(formatBytes(13107200), "12.5 MiB");
    EXPECT_EQ(formatBytes(229780750336), "214 GiB");
    EXPECT_EQ(formatBytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

TEST(Text, PasswordsOfUrlsAreMasked) {
    EXPECT_EQ(withoutUrlPasswords("cannot open rest:https://ada:s3cret@host:8000/r?x, or http://b:c@d"),
              "cannot open rest:https://ada:***@host:8000/r?x, or http://b:***@d");
    EXPECT_EQ(withoutUrlPasswords("Get \"http://a:p@ss@h/\": refused"), "Get \"http://a:***@h/\": refused");
    EXPECT_EQ(withoutUrlPasswords("http://:only@h"), "http://:***@h");
    for (const char* harmless :
         {"", "://", "sftp://backup@host/x", "https://host:8000/a:b@c", "a@b:c", "http://"})
        EXPECT_EQ(withoutUrlPasswords(harmless), harmless);
}

TEST(Text, TheClosestWordIsTheOneThatWasMeant) {
    const std::vector<std::string> words{"serve", "user", "token", "migrate"};
    EXPECT_EQ(closest("sevre", words), "serve");
    EXPECT_EQ(closest("usr", words), "user");
    EXPECT_EQ(closest("migarte", words), "migrate");
    for (const char* far : {"", "zebra", "us", "mig"})
        EXPECT_EQ(closest(far, words), std::nullopt) << far;
}

TEST(Text, ANameCanBeSeen) {
    for (const char* blank : {"", " ", "\t\r\n", "\u00a0 ", "\u3000", "\u200b", "\u2060\u2800", "\u3164"})
        EXPECT_EQ(checkName(blank), "must not be blank") << blank;
    for (const char* name : {"a", " a ", "ä", "-", "नाम", "می‌خواهم", "🧑‍🚒"})
        EXPECT_EQ(checkName(name), std::nullopt) << name;
    EXPECT_EQ(checkNameOrNone(""), std::nullopt);
    EXPECT_EQ(checkNameOrNone("\u200b"), "must not be blank");
}

TEST(Text, ANameCommandsNothing) {
    for (const char* name :
         {"a\x1b[31m", "a\nb", "a\tb", "\x7f", "a\u0085", "a\u009b", "a\u202egpj", "\u202ab",
          "a\u2066b\u2069", "a\u200e", "a\u200f", "a\u061c", "a\u2028b", "a\u2029b", "\ufeff"})
        EXPECT_EQ(checkName(name), "must not contain control characters") << name;
    EXPECT_EQ(checkName(std::string("a\0b", 3)), "must not contain control characters");
    EXPECT_EQ(checkName("a\xff"), "must be UTF-8");
    EXPECT_EQ(checkName("\xe2\x80"), "must be UTF-8");
    EXPECT_EQ(checkNameOrNone("a\u202e"), "must not contain control characters");
}

TEST(Text, WhatOthersSayIsShownAndCommandsNothing) {
    EXPECT_EQ(printable("ü\tx\r\n"), "ü\\tx\\r\\n");
    EXPECT_EQ(printable("\x1b[31m\u009b\u202egpj\u2028\xff"), "\\x1b[31m\\x9b\\u202egpj\\u2028\\xff");
    EXPECT_EQ(printable("a\n\tb\x07", "\n\t"), "a\n\tb\\x07");
    EXPECT_EQ(printable("你好 🧑‍🚒"), "你好 🧑‍🚒");
}

} // namespace
} // namespace core
