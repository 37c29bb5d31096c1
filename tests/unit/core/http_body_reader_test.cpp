#include <gtest/gtest.h>

#include "http/body_reader.h"

namespace core::http {
namespace {

using Progress = BodyReader::Progress;

Head withLength(std::uint64_t length) {
    Head head;
    head.contentLength = length;
    return head;
}
Head withChunks() {
    Head head;
    head.chunked = true;
    return head;
}

TEST(BodyReader, TakesTheDeclaredLengthAndNoMore) {
    const std::string text = "hello, next";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        BodyReader reader(withLength(5), 100);
        std::string buffer = text.substr(0, cut);
        Progress progress = reader.feed(buffer);
        ASSERT_EQ(progress, cut < 5 ? Progress::incomplete : Progress::complete) << cut;
        if (progress == Progress::incomplete) {
            EXPECT_TRUE(buffer.empty());
            buffer = text.substr(cut);
            progress = reader.feed(buffer);
        } else {
            buffer += text.substr(cut);
        }
        ASSERT_EQ(progress, Progress::complete) << cut;
        EXPECT_EQ(reader.body(), "hello");
        EXPECT_EQ(buffer, ", next") << cut;
    }
}

TEST(BodyReader, NoLengthIsNoBody) {
    BodyReader reader(Head{}, 100);
    std::string buffer = "GET /";
    EXPECT_EQ(reader.feed(buffer), Progress::complete);
    EXPECT_EQ(reader.body(), "");
    EXPECT_EQ(buffer, "GET /");
}

TEST(BodyReader, RefusesADeclaredLengthOverTheLimitBeforeItReads) {
    BodyReader reader(withLength(101), 100);
    EXPECT_TRUE(reader.declaredTooLarge());
    std::string buffer;
    EXPECT_EQ(reader.feed(buffer), Progress::tooLarge);
    BodyReader exact(withLength(100), 100);
    EXPECT_FALSE(exact.declaredTooLarge());
    buffer = std::string(100, 'x');
    EXPECT_EQ(exact.feed(buffer), Progress::complete);
}

TEST(BodyReader, ReadsChunksHoweverTheyArrive) {
    const std::string text = "5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Trailer: y\r\n\r\n";
    const std::string rest = "GET / HTTP/1.1\r\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        BodyReader reader(withChunks(), 15);
        std::string buffer = text.substr(0, cut);
        if (cut < text.size()) {
            ASSERT_EQ(reader.feed(buffer), Progress::incomplete) << cut;
            buffer += text.substr(cut);
        }
        buffer += rest;
        ASSERT_EQ(reader.feed(buffer), Progress::complete) << cut;
        EXPECT_EQ(reader.body(), "hello0123456789") << cut;
        EXPECT_EQ(buffer, rest) << cut;
    }
    BodyReader reader(withChunks(), 15);
    std::string buffer;
    for (std::size_t i = 0; i < text.size(); ++i) {
        buffer += text[i];
        ASSERT_EQ(reader.feed(buffer), i + 1 < text.size() ? Progress::incomplete : Progress::complete) << i;
    }
    EXPECT_EQ(reader.body(), "hello0123456789");
}

TEST(BodyReader, RefusesMalformedChunks) {
    const char* const cases[] = {
        "5;name=value\r\nhello\r\n", // an extension
        "5 \r\nhello\r\n",
        " 5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "-5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        "\r\nhello\r\n",
        "g\r\nhello\r\n",
        "5\nhello\r\n",
        "5\r\r\nhello\r\n",
        "5\r\nhello\n",
        "5\r\nhelloX\r\n",
        "5\r\nhello0\r\n\r\n",
        "000000005\r\nhello\r\n",
        "fffffffffffffffff\r\n",
        "0\r\n\n",
        "0\r\nno trailer\r\n\r\n",
        "0\r\nX: a\rY: b\r\n\r\n",
        "0\r\nX : a\r\n\r\n",
        "0\r\nX: a\r\n b\r\n\r\n",
    };
    for (const char* text : cases) {
        BodyReader reader(withChunks(), 100);
        std::string buffer = text;
        EXPECT_EQ(reader.feed(buffer), Progress::malformed) << text;
    }
    BodyReader endless(withChunks(), 100);
    std::string buffer(2000, '0');
    EXPECT_EQ(endless.feed(buffer), Progress::malformed);
    BodyReader trailers(withChunks(), 100);
    buffer = "0\r\n" + std::string(1000, 'a') + "\r\n" + std::string(1000, 'a') + "\r\n";
    EXPECT_EQ(trailers.feed(buffer), Progress::malformed);
}

TEST(BodyReader, RefusesChunksOverTheLimitInSum) {
    BodyReader reader(withChunks(), 9);
    std::string buffer = "5\r\nhello\r\n5\r\n";
    EXPECT_EQ(reader.feed(buffer), Progress::tooLarge);
    BodyReader huge(withChunks(), 9);
    buffer = "ffffffff\r\n";
    EXPECT_EQ(huge.feed(buffer), Progress::tooLarge);
}

} // namespace
} // namespace core::http
