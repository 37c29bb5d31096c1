#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/encoding.h"
#include "core/error.h"
#include "core/testing/temp_dir.h"
#include "vault/gcm.h"
#include "vault/keys.h"

namespace base {

TEST(Gcm, OpensWithAllTheSamePartsOnly) {
    const std::string key(32, 'k');
    const std::string nonce(12, 'n');
    const auto sealed = gcm::seal(key, nonce, "place", "secret");
    EXPECT_EQ(sealed.size(), 6U + 16U);
    EXPECT_EQ(gcm::open(key, nonce, "place", sealed), "secret");
    EXPECT_EQ(gcm::open(std::string(32, 'x'), nonce, "place", sealed), std::nullopt);
    EXPECT_EQ(gcm::open(key, std::string(12, 'x'), "place", sealed), std::nullopt);
    EXPECT_EQ(gcm::open(key, nonce, "other", sealed), std::nullopt);
    EXPECT_EQ(gcm::open(key, nonce, "place", sealed.substr(1)), std::nullopt);
    EXPECT_EQ(gcm::open(key, nonce, "place", ""), std::nullopt);
    EXPECT_EQ(gcm::open("short", nonce, "place", sealed), std::nullopt);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_EQ(gcm::open(key, nonce, "place", changed), std::nullopt) << i;
    }
    EXPECT_EQ(gcm::open(key, nonce, "", gcm::seal(key, nonce, "", "")), "");
}

TEST(Gcm, IsAes256Gcm) {
    // Test case 16 of the GCM specification.
    const auto key = *core::hexDecode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto nonce = *core::hexDecode("cafebabefacedbaddecaf888");
    const auto plain = *core::hexDecode(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e"
        "2449a6b525b16aedf5aa0de657ba637b39");
    const auto additional = *core::hexDecode("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    EXPECT_EQ(core::hexEncode(gcm::seal(key, nonce, additional, plain)),
              "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10568288"
              "38c5f61e6393ba7a0a"
              "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

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
