#include "tasks/agent_waker.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>

#include "core/testing/test_log.h"
#include "core/time.h"
#include "http/park.h"
#include "support/await.h"

namespace restic {
namespace {

using core::Uuid;
using core::http::ParkedRequest;
using core::http::Response;
using core::http::detail::ParkState;

/// One parked poll and what it was answered.
class Poll {
public:
    Poll() {
        state_->deliver = [shared = shared_](Response response) {
            const std::lock_guard lock(shared->mutex);
            shared->answers.push_back(std::move(response));
        };
    }
    [[nodiscard]] ParkedRequest handle() const { return ParkedRequest(state_); }
    [[nodiscard]] std::vector<Response> answers() const {
        const std::lock_guard lock(shared_->mutex);
        return shared_->answers;
    }
    [[nodiscard]] bool awaitAnswer() const {
        return test::await([&] { return !answers().empty(); });
    }
    [[nodiscard]] std::string body() const {
        const auto all = answers();
        return all.empty() ? std::string("unanswered") : all.front().body;
    }
    /// What a connection does that has ended, or whose wait is over.
    [[nodiscard]] bool end() const { return state_->leaveWaiting(ParkState::Phase::over); }

private:
    struct Shared {
        mutable std::mutex mutex;
        std::vector<Response> answers;
    };
    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
    std::shared_ptr<ParkState> state_ = std::make_shared<ParkState>();
};

constexpr auto kNothing = R"({"items":[]})";

class AgentWakerTest : public testing::Test {
protected:
    core::testkit::TestLog log_;
    const Uuid tenant_ = Uuid::generate(core::SystemClock().now());
    const Uuid agent_ = Uuid::generate(core::SystemClock().now());
    const Uuid other_ = Uuid::generate(core::SystemClock().now());
    std::atomic<int> asked_{0};
    std::atomic<int> free_{-1};
    std::atomic<bool> broken_{false};
    AgentWaker waker_{[this](const Uuid& tenant, const Uuid&, int free) -> std::optional<Response> {
                          EXPECT_EQ(tenant, tenant_);
                          free_ = free;
                          if (broken_)
                              throw std::runtime_error("no database");
                          return Response::json("work " + std::to_string(++asked_));
                      },
                      log_.logger()};
};

TEST_F(AgentWakerTest, AWakeUpAnswersTheParkedPollOfThatAgentOnly) {
    const Poll mine;
    const Poll others;
    waker_.park(tenant_, agent_, 2, waker_.generation(agent_), mine.handle());
    waker_.park(tenant_, other_, 1, waker_.generation(other_), others.handle());
    EXPECT_EQ(waker_.parked(), 2U);
    waker_.wake(agent_);
    ASSERT_TRUE(mine.awaitAnswer());
    EXPECT_EQ(mine.body(), "work 1");
    EXPECT_EQ(free_, 2);
    EXPECT_TRUE(others.answers().empty());
    EXPECT_EQ(waker_.parked(), 1U);
    waker_.wake(other_);
    ASSERT_TRUE(others.awaitAnswer());
    EXPECT_EQ(mine.answers().size(), 1U);
}

TEST_F(AgentWakerTest, AWakeUpBetweenLookingAndParkingIsNotMissed) {
    const auto seen = waker_.generation(agent_);
    waker_.wake(agent_);
    const Poll poll;
    waker_.park(tenant_, agent_, 1, seen, poll.handle());
    ASSERT_TRUE(poll.awaitAnswer());
    EXPECT_EQ(poll.body(), "work 1");
}

TEST_F(AgentWakerTest, ANewerPollTakesThePlaceOfTheOlder) {
    const Poll older;
    const Poll newer;
    waker_.park(tenant_, agent_, 0, waker_.generation(agent_), older.handle());
    waker_.park(tenant_, agent_, 2, waker_.generation(agent_), newer.handle());
    ASSERT_EQ(older.answers().size(), 1U);
    EXPECT_EQ(older.body(), kNothing);
    EXPECT_EQ(older.answers().front().status, 200);
    EXPECT_EQ(waker_.parked(), 1U);
    EXPECT_EQ(asked_, 0) << "the older poll was given work";
    waker_.wake(agent_);
    ASSERT_TRUE(newer.awaitAnswer());
    EXPECT_EQ(newer.body(), "work 1");
    EXPECT_EQ(older.answers().size(), 1U);
}

TEST_F(AgentWakerTest, APollWhoseClientHasGoneIsGivenNothing) {
    const Poll gone;
    const Poll barrier;
    waker_.park(tenant_, agent_, 1, waker_.generation(agent_), gone.handle());
    ASSERT_TRUE(gone.end());
    waker_.wake(agent_);
    waker_.park(tenant_, other_, 1, waker_.generation(other_), barrier.handle());
    waker_.wake(other_); // after it the first wake-up has been worked on
    ASSERT_TRUE(barrier.awaitAnswer());
    EXPECT_TRUE(gone.answers().empty());
    EXPECT_EQ(asked_, 1) << "work was taken for a client that has gone";
}

TEST_F(AgentWakerTest, AReplacedPollThatIsOverStaysOver) {
    const Poll gone;
    const Poll newer;
    waker_.park(tenant_, agent_, 1, waker_.generation(agent_), gone.handle());
    ASSERT_TRUE(gone.end());
    waker_.park(tenant_, agent_, 1, waker_.generation(agent_), newer.handle());
    EXPECT_TRUE(gone.answers().empty());
    EXPECT_EQ(waker_.parked(), 1U);
}

TEST_F(AgentWakerTest, AFailureIsAnswered503AndLogged) {
    broken_ = true;
    const Poll poll;
    waker_.park(tenant_, agent_, 1, waker_.generation(agent_), poll.handle());
    waker_.wake(agent_);
    ASSERT_TRUE(poll.awaitAnswer());
    EXPECT_EQ(poll.answers().front().status, 503);
    EXPECT_NE(log_.text().find("no database"), std::string::npos);
    broken_ = false;
    const Poll next;
    waker_.park(tenant_, agent_, 1, waker_.generation(agent_), next.handle());
    waker_.wake(agent_);
    ASSERT_TRUE(next.awaitAnswer());
    EXPECT_EQ(next.body(), "work 1");
}

} // namespace
} // namespace restic
