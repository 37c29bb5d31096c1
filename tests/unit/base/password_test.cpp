#include "auth/password.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace base {

TEST(Password, VerifiesWhatItHashed) {
    const PasswordHasher hasher(4);
    const auto hash = hasher.hash("correct horse");
    EXPECT_TRUE(hash.starts_with("$2b$04$")) << hash;
    EXPECT_TRUE(hasher.verify("correct horse", hash));
    EXPECT_FALSE(hasher.verify("correct horsf", hash));
    EXPECT_FALSE(hasher.verify("", hash));
    EXPECT_NE(hasher.hash("correct horse"), hash); // salted
}

TEST(Password, VerifiesWhatOthersHashed) {
    // From the test vectors of crypt_blowfish.
    const PasswordHasher hasher(4);
    const std::string hash = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    EXPECT_TRUE(hasher.verify("U*U", hash));
    EXPECT_FALSE(hasher.verify("U*V", hash));
}

TEST(Password, UnknownUserIsNeverRight) {
    const PasswordHasher hasher(4);
    EXPECT_FALSE(hasher.verify("anything at all", std::nullopt));
    EXPECT_FALSE(hasher.verify("anything at all", "not a hash"));
    EXPECT_FALSE(hasher.verify("anything at all", ""));
}

TEST(Password, UnknownUserTakesAsLong) {
    const PasswordHasher hasher(9);
    const auto hash = hasher.hash("correct horse");
    const auto took = [&](const std::optional<std::string>& against) {
        auto best = std::chrono::steady_clock::duration::max();
        for (int i = 0; i < 3; ++i) {
            const auto begun = std::chrono::steady_clock::now();
            EXPECT_FALSE(hasher.verify("wrong horse", against));
            best = std::min(best, std::chrono::steady_clock::now() - begun);
        }
        return std::chrono::duration<double>(best).count();
    };
    const double known = took(hash);
    const double unknown = took(std::nullopt);
    EXPECT_GT(unknown, known / 2);
    EXPECT_LT(unknown, known * 2);
}

TEST(Password, NeitherLongTailsNorNulAreIgnored) {
    const PasswordHasher hasher(4);
    const std::string longest(72, 'x');
    const auto hash = hasher.hash(longest);
    EXPECT_TRUE(hasher.verify(longest, hash));
    EXPECT_FALSE(hasher.verify(longest + "y", hash)); // bcrypt alone would say yes
    EXPECT_FALSE(hasher.verify(std::string("abcdefghij\0k", 12), hasher.hash("abcdefghij")));
}

TEST(Password, HasALengthInCharactersAndABoundInBytes) {
    EXPECT_EQ(PasswordHasher::problemWith("123456789"), "must have at least 10 characters");
    EXPECT_EQ(PasswordHasher::problemWith("1234567890"), std::nullopt);
    EXPECT_EQ(PasswordHasher::problemWith("äöüäöüäöü"), "must have at least 10 characters"); // 18 bytes
    EXPECT_EQ(PasswordHasher::problemWith("äöüäöüäöüä"), std::nullopt);
    EXPECT_EQ(PasswordHasher::problemWith(std::string(72, 'x')), std::nullopt);
    EXPECT_EQ(PasswordHasher::problemWith(std::string(73, 'x')), "must have at most 72 bytes");
    EXPECT_EQ(PasswordHasher::problemWith("abcdefghij\xff"), "must be text");
    try {
        requireGoodPassword("short", "/password");
        FAIL() << "nothing was thrown";
    } catch (const core::Error& error) {
        ASSERT_EQ(error.details().size(), 1U);
        EXPECT_EQ(error.details()[0].pointer, "/password");
    }
}

} // namespace base
