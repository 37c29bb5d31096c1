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

TEST(Text, BlankIsWhatNobodySees) {
    for (const char* blank : {"", " ", "\t\r\n", "\xC2\xA0 ", "\xE3\x80\x80"})
        EXPECT_EQ(checkNotBlank(blank), "must not be blank");
    for (const char* name : {"a", " a ", "\xC3\xA4", "-"})
        EXPECT_EQ(checkNotBlank(name), std::nullopt) << name;
}

} // namespace
} // namespace core
