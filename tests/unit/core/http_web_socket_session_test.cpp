#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/test_log.h"
#include "http/web_socket_session.h"

namespace core::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A session with an executor that works when it is told to, and may be full.
class Session : public testing::Test {
protected:
    std::shared_ptr<WebSocketSession> make(WebSocketSession::Limits limits = {1000, 1000}) {
        return std::make_shared<WebSocketSession>(
            Upgrade{
                [this](const WebSocket&) { seen.emplace_back("opened"); },
                [this](const WebSocket&, const WebSocketMessage& message) { seen.push_back(message.data); },
                [this](const WebSocketEnd& end) { seen.push_back("closed " + std::to_string(end.code)); }},
            limits,
            [this](std::function<void()> task) {
                if (full)
                    return false;
                tasks.push_back(std::move(task));
                return true;
            },
            [this] { ++wakes; }, logger);
    }
    void work() {
        while (!tasks.empty()) {
            const auto task = std::move(tasks.front());
            tasks.pop_front();
            task();
        }
    }

    testkit::TestLog log;
    Logger logger = log.logger();
    std::deque<std::function<void()>> tasks;
    bool full = false;
    int wakes = 0;
    std::vector<std::string> seen;
};

TEST_F(Session, TheFunctionsAreCalledInOrder) {
    const auto session = make();
    EXPECT_TRUE(session->opened());
    EXPECT_TRUE(session->received({{"a"}, {"b"}}));
    EXPECT_TRUE(session->ended({1000}));
    EXPECT_TRUE(session->received({{"too late"}}));
    EXPECT_TRUE(session->ended({1001}));
    EXPECT_EQ(tasks.size(), 1U) << "one at a time";
    work();
    EXPECT_THAT(seen, ElementsAre("opened", "a", "b", "closed 1000"));
}

TEST_F(Session, NothingIsLostWhereTheExecutorTakesNothing) {
    const auto session = make();
    full = true;
    EXPECT_FALSE(session->opened());
    EXPECT_FALSE(session->schedule());
    EXPECT_FALSE(session->ended({1006}));
    full = false;
    EXPECT_TRUE(session->schedule());
    EXPECT_TRUE(session->schedule());
    EXPECT_EQ(tasks.size(), 1U);
    work();
    EXPECT_THAT(seen, ElementsAre("opened", "closed 1006"));
}

TEST_F(Session, WhatIsLeftWhenThereIsNoExecutorAnyMoreIsCalledByTheCaller) {
    const auto session = make();
    full = true;
    EXPECT_FALSE(session->opened());
    EXPECT_FALSE(session->ended({1001}));
    session->finish();
    EXPECT_THAT(seen, ElementsAre("opened", "closed 1001"));
    session->finish();
    EXPECT_EQ(seen.size(), 2U);
}

TEST_F(Session, ATaskThatHasDoneMuchLetsOthersGoOn) {
    const auto session = make({1U << 20U, 1000});
    EXPECT_TRUE(session->opened());
    EXPECT_TRUE(session->received(std::vector<WebSocketMessage>(100, {"m"})));
    const auto first = std::move(tasks.front());
    tasks.clear();
    first();
    EXPECT_LT(seen.size(), 101U);
    EXPECT_EQ(tasks.size(), 1U);
    full = true; // from here on it goes on by itself
    work();
    EXPECT_EQ(seen.size(), 101U);
}

TEST_F(Session, WhoWasNeverOpenedIsNotClosed) {
    const auto session = make();
    EXPECT_TRUE(session->ended({1006}));
    work();
    EXPECT_THAT(seen, IsEmpty());
}

TEST_F(Session, TheLoopIsToldOnceUntilItLooks) {
    const auto session = make();
    EXPECT_EQ(session->send({"a"}), WebSocket::Sent::queued);
    EXPECT_EQ(session->send({"b"}), WebSocket::Sent::queued);
    session->close({1000});
    EXPECT_EQ(wakes, 1);
    EXPECT_FALSE(session->wantsToClose()) << "first what is queued";
    session->look();
    EXPECT_EQ(session->next(), WebSocketMessage{"a"});
    EXPECT_EQ(session->next(), WebSocketMessage{"b"});
    EXPECT_EQ(session->next(), std::nullopt);
    EXPECT_EQ(session->wantsToClose(), WebSocketEnd{1000});
    EXPECT_EQ(session->send({"c"}), WebSocket::Sent::closed);
}

TEST_F(Session, EmptyMessagesFillAQueueToo) {
    const auto session = make();
    int queued = 0;
    while (session->send({""}) == WebSocket::Sent::queued && queued < 1000)
        ++queued;
    EXPECT_LT(queued, 20);
    EXPECT_EQ(session->send({""}), WebSocket::Sent::full);
    EXPECT_TRUE(session->next());
    EXPECT_EQ(session->send({""}), WebSocket::Sent::queued);
}

TEST_F(Session, AMessageLargerThanTheQueueGoesAlone) {
    const auto session = make();
    EXPECT_EQ(session->send({std::string(5000, 'x')}), WebSocket::Sent::queued);
    EXPECT_EQ(session->send({"y"}), WebSocket::Sent::full);
}

TEST_F(Session, TheLoopIsToldWhenABusyInboxHasRoomAgain) {
    const auto session = make();
    EXPECT_TRUE(session->opened());
    EXPECT_TRUE(session->received({{std::string(2000, 'x')}}));
    EXPECT_TRUE(session->busy());
    EXPECT_EQ(wakes, 0);
    work();
    EXPECT_FALSE(session->busy());
    EXPECT_EQ(wakes, 1);
}

} // namespace
} // namespace core::http
