#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/encoding.h"
#include "core/error.h"
#include "core/testing/temp_dir.h"
#include "vault/keys.h"

namespace base {

TEST(Keys, AreReadFromHexAndBase64) {
    const std::string key(32, '\x5a');
    EXPECT_EQ(parseEncryptionKey(core::hexEncode(key)), key);
    EXPECT_EQ(parseEncryptionKey(core::base64UrlEncode(key)), key);
    EXPECT_EQ(parseEncryptionKey("WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo="), key);
    for (const std::string wrong : {"", "short", "WlpaWlo=", "zz"})
        try {
            parseEncryptionKey(wrong);
            FAIL() << wrong;
        } catch (const core::Error& error) {
            EXPECT_NE(std::string(error.what()).find("32 bytes as base64 or hex"), std::string::npos);
        }
}

class KeptKeys : public testing::Test {
protected:
    core::testkit::TempDir dir;
    const std::filesystem::path& folder = dir.path();
};

TEST_F(KeptKeys, AreMadeOnceAndPrivate) {
    const auto first = keepKey(folder / "keys", "k");
    EXPECT_TRUE(first.made);
    EXPECT_EQ(first.bytes.size(), 32U);
    struct stat info {};
    ASSERT_EQ(::stat(first.file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600);
    const auto second = keepKey(folder / "keys", "k");
    EXPECT_FALSE(second.made);
    EXPECT_EQ(second.bytes, first.bytes);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "keys"), {}), 1);
}

TEST_F(KeptKeys, AreTheSameForAllWhoMakeThemAtOnce) {
    std::vector<std::string> got(8);
    {
        std::vector<std::jthread> threads;
        for (auto& key : got)
            threads.emplace_back([&] { key = keepKey(folder / "keys", "k").bytes; });
    }
    for (const auto& key : got)
        EXPECT_EQ(key, got.front());
}

TEST_F(KeptKeys, AreRefusedWhenDamagedOrOpenToOthers) {
    const auto key = keepKey(folder, "k");
    ::chmod(key.file.c_str(), 0644);
    EXPECT_THROW(keepKey(folder, "k"), core::Error);
    ::chmod(key.file.c_str(), 0600);
    EXPECT_NO_THROW(keepKey(folder, "k"));
    std::ofstream(key.file) << "nonsense\n";
    EXPECT_THROW(keepKey(folder, "k"), core::Error);
}

} // namespace base
