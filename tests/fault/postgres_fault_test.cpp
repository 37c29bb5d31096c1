// F4 to F7: PostgreSQL restarts, loses its sessions, stores a change without the host learning it, or answers
// nobody for a while.
#include <algorithm>
#include <thread>

#include "fault/host_fixture.h"
#include "fault/postgres_proxy.h"
#include "support/test_cluster.h"

namespace test {
namespace {

using core::db::Dialect;

/// Does something again and again beside the test, half of the time at most: on a busy machine the test needs
/// longer, too, between two faults to get anywhere.
class Meanwhile {
public:
    Meanwhile(std::chrono::milliseconds pause, std::function<void()> action)
        : thread_([pause, action = std::move(action)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  const auto began = std::chrono::steady_clock::now();
                  action();
                  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
                  std::this_thread::sleep_for(std::max<std::chrono::nanoseconds>(pause, took));
              }
          }) {}

private:
    std::jthread thread_;
};

class PostgresFails : public FaultyHost {
protected:
    std::unique_ptr<TestCluster> cluster_; // outlives the database in it
};

TEST_F(PostgresFails, ItsSessionsAreEndedAgainAndAgain) {
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        SCOPED_TRACE(seed);
        prepare(Dialect::postgresql, {});
        std::atomic<int> ended{0};
        {
            // The seed decides what is hit: the pause has nothing to do with the story's steps.
            const Meanwhile kill(std::chrono::milliseconds(15 + seed % 7), [&] {
                ended += std::stoi(TestCluster::instance().admin(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '" +
                    database().name() + "'"));
            });
            ASSERT_NO_FATAL_FAILURE(play(seed));
        }
        ASSERT_NO_FATAL_FAILURE(judge());
        EXPECT_GT(ended, 20);
        EXPECT_EQ(deaths(), 0);
    }
}

TEST_F(PostgresFails, ItStoresChangesWithoutSayingSo) {
    int lost = 0;
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        SCOPED_TRACE(seed);
        PostgresProxy proxy(dir_.path() / std::to_string(seed), TestCluster::instance().dir());
        auto database = std::make_unique<TestDatabase>(Dialect::postgresql);
        const auto url = "postgresql://ae_host@/" + database->name() +
                         "?host=" + (dir_.path() / std::to_string(seed)).string();
        prepare(std::move(database), url);
        proxy.loseEvery(static_cast<int>(2 + seed % 4));
        ASSERT_NO_FATAL_FAILURE(play(seed));
        proxy.loseEvery(0);
        ASSERT_NO_FATAL_FAILURE(judge());
        EXPECT_EQ(deaths(), 0);
        lost += proxy.lost();
        finish();
    }
    EXPECT_GT(lost, 10);
}

TEST_F(PostgresFails, ItRestarts) {
    cluster_ = std::make_unique<TestCluster>(TestCluster::instance().dir() + "-restarts");
    for (const char* how : {"fast", "immediate", "kill"})
        for (unsigned seed = 1; seed <= seeds(); ++seed) {
            SCOPED_TRACE(std::string(how) + " seed " + std::to_string(seed));
            auto database = std::make_unique<TestDatabase>(*cluster_);
            const auto url = database->url();
            prepare(std::move(database), url);
            std::atomic<int> restarts{0};
            {
                const Meanwhile restart(std::chrono::milliseconds(100 + 20 * seed), [&] {
                    if (restarts < 3) {
                        cluster_->restart(how);
                        ++restarts;
                    }
                });
                ASSERT_NO_FATAL_FAILURE(play(seed));
            }
            ASSERT_NO_FATAL_FAILURE(judge());
            EXPECT_GE(restarts, 1);
            EXPECT_EQ(deaths(), 0);
            finish();
        }
}

TEST_F(PostgresFails, ItAnswersNobodyForAWhile) {
    environment_["AE_HTTP_MAX_QUEUE_WAIT"] = "1s";
    prepare(Dialect::postgresql, {});
    ASSERT_NO_FATAL_FAILURE(play(1));
    std::jthread holder([&] {
        TestCluster::instance().admin("BEGIN; LOCK TABLE restic_policies IN ACCESS EXCLUSIVE MODE; "
                                      "SELECT pg_sleep(8); COMMIT",
                                      database().name());
    });
    ASSERT_TRUE(await([&] {
        return TestCluster::instance().admin("SELECT count(*) FROM pg_stat_activity WHERE wait_event = "
                                             "'PgSleep' AND datname = '" +
                                             database().name() + "'") == "1";
    }));
    // They take every thread for short requests and wait; whoever comes is not made to wait with them.
    std::atomic<int> good{0}, refused{0}, other{0}, done{0};
    std::vector<std::jthread> callers;
    for (int i = 0; i < 40; ++i)
        callers.emplace_back([&, client = api()]() mutable {
            const auto status = client.get("/api/v1/restic/policies", admin_).status;
            ++(status == 200 ? good : status == 503 ? refused : other);
            ++done;
        });
    // Whether the process lives is told meanwhile.
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(api().get("/health/live", "").status, 200);
    // When it has lasted as long as http.max_queue_wait, nobody is let in to wait as well.
    std::atomic<int> turnedAway{0}, served{0};
    std::vector<std::jthread> late;
    EXPECT_TRUE(await([&] {
        late.emplace_back([&, client = api()]() mutable {
            const auto answer = client.get("/openapi.json", "");
            EXPECT_TRUE(answer.status == 200 || answer.headers.contains("retry-after")) << answer.status;
            ++(answer.status == 503 ? turnedAway : served);
        });
        std::this_thread::sleep_for(50ms); // between two of them
        return turnedAway > 0;
    }));
    EXPECT_EQ(done, 0) << "the lock is gone too early for this test";
    EXPECT_EQ(api().get("/health/live", "").status, 200);
    EXPECT_EQ(served, 0);
    callers.clear();
    late.clear();
    holder.join();
    EXPECT_EQ(other, 0);
    EXPECT_EQ(refused, 0) << "who was let in was served";
    EXPECT_EQ(good, 40);
    ASSERT_NO_FATAL_FAILURE(judge());
}

} // namespace
} // namespace test
