#include "core/gcm.h"

#include <gtest/gtest.h>

#include "core/encoding.h"

namespace core {

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
    const auto key = *hexDecode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto nonce = *hexDecode("cafebabefacedbaddecaf888");
    const auto plain =
        *hexDecode("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e"
                   "2449a6b525b16aedf5aa0de657ba637b39");
    const auto additional = *hexDecode("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    EXPECT_EQ(hexEncode(gcm::seal(key, nonce, additional, plain)),
              "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10568288"
              "38c5f61e6393ba7a0a"
              "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

} // namespace core
