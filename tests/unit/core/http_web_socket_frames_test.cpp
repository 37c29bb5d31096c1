#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/web_socket_frames.h"
#include "support/web_socket_client.h"

namespace core::http {
namespace {

using test::closePayload;
using test::Frame;
using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;

class Frames : public testing::Test {
protected:
    void feed(std::string_view bytes) { frames.feed(bytes, received); }
    std::string take() { return std::exchange(frames.out(), {}); }

    WebSocketFrames frames{{1000, 2000}};
    std::vector<WebSocketMessage> received;
};

TEST_F(Frames, WhatIsSaidIsFramedAsTheRfcHasIt) {
    frames.send({"Hello"});
    EXPECT_EQ(take(), std::string("\x81\x05Hello"));
    frames.send({std::string(256, 'x'), false});
    EXPECT_EQ(take(), std::string("\x82\x7e\x01\x00", 4) + std::string(256, 'x'));
    frames.ping();
    EXPECT_EQ(take(), std::string("\x89\x00", 2));
    frames.close({1000, "bye"});
    EXPECT_EQ(take(), std::string("\x88\x05\x03\xe8"
                                  "bye"));
    frames.send({"later"});
    frames.close({1001, ""});
    EXPECT_THAT(take(), IsEmpty()) << "nothing follows a close";
    EXPECT_TRUE(frames.closing());
    EXPECT_FALSE(frames.over()) << "the client has not answered";
    EXPECT_EQ(frames.end(), (WebSocketEnd{1000, "bye"}));
    feed(Frame{.opcode = Frame::close, .payload = closePayload(1000)}.bytes());
    EXPECT_TRUE(frames.over());
}

TEST_F(Frames, EverySplitGivesTheSame) {
    const std::string bytes = Frame{.payload = "one"}.bytes() +
                              Frame{.payload = "t\xc3", .last = false}.bytes() +
                              Frame{.opcode = Frame::ping, .payload = "p"}.bytes() +
                              Frame{.opcode = Frame::continuation, .payload = "\xb6"}.bytes() +
                              Frame{.opcode = Frame::binary, .payload = std::string(300, '\xff')}.bytes() +
                              Frame{.opcode = Frame::close, .payload = closePayload(4000, "so")}.bytes();
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
        WebSocketFrames split({1000, 2000});
        std::vector<WebSocketMessage> got;
        split.feed(std::string_view(bytes).substr(0, at), got);
        split.feed(std::string_view(bytes).substr(at), got);
        ASSERT_THAT(got, ElementsAre(WebSocketMessage{"one"}, WebSocketMessage{"t\xc3\xb6"},
                                     WebSocketMessage{std::string(300, '\xff'), false}))
            << at;
        ASSERT_TRUE(split.over());
        ASSERT_EQ(split.end(), (WebSocketEnd{4000, "so"})) << at;
        // A ping that is still unanswered when the close is read stays so.
        const std::string close("\x88\x04\x0f\xa0so");
        ASSERT_THAT(split.out(), AnyOf(close, "\x8a\x01p" + close)) << at;
    }
}

TEST_F(Frames, ManySmallPiecesOfAMessageCostNoMoreThanTheMessage) {
    feed(Frame{.payload = "", .last = false}.bytes());
    for (int i = 0; i < 2000; ++i)
        feed(Frame{.opcode = Frame::continuation, .payload = "x", .last = false}.bytes());
    feed(Frame{.opcode = Frame::continuation, .payload = ""}.bytes());
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(received[0].data.size(), 2000U);
}

TEST_F(Frames, NothingIsReadAfterTheEnd) {
    feed(Frame{.opcode = Frame::close, .payload = closePayload(1000)}.bytes() +
         Frame{.payload = "late"}.bytes());
    feed(Frame{.payload = "later"}.bytes());
    EXPECT_THAT(received, IsEmpty());
    EXPECT_TRUE(frames.over());
}

TEST_F(Frames, AMessageThatIsTooLargeIsNotHandedOverInPart) {
    feed(Frame{.payload = std::string(1000, 'x'), .last = false}.bytes());
    feed(Frame{.opcode = Frame::continuation, .payload = std::string(1000, 'x'), .last = false}.bytes());
    EXPECT_FALSE(frames.over());
    feed(Frame{.opcode = Frame::continuation, .payload = "y"}.bytes());
    EXPECT_TRUE(frames.over());
    EXPECT_THAT(received, IsEmpty());
    EXPECT_EQ(frames.end().code, 1009);
}

TEST_F(Frames, AnEndWithoutAWordIsNoEnd) {
    EXPECT_EQ(frames.end().code, 1006);
    feed(Frame{.opcode = Frame::close}.bytes());
    EXPECT_EQ(frames.end(), (WebSocketEnd{1005, ""}));
    EXPECT_EQ(take(), std::string("\x88\x00", 2));
}

} // namespace
} // namespace core::http
