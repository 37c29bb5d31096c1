// F20: clients that send and take next to nothing, while others ask.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "fault/load.h"
#include "integration/system/system_fixture.h"
#include "support/raw_client.h"
#include "support/sanitized.h"

namespace test {
namespace {

/// How many of each kind.
struct Slow {
    std::size_t heads, bodies, readers;
};

class SlowClients : public SystemTest {
protected:
    static Slow wave() { return longTests() ? Slow{2000, 2000, 500} : Slow{200, 200, 50}; }

    void SetUp() override {
        configureHost(
            "database:\n  pool_size: 2\n"
            "http:\n  rate_limit: 0\n  header_timeout: 2s\n  read_timeout: 3s\n  write_timeout: 2s\n");
        startBackend();
    }
    [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(port_); }
    double others() { return metric(api(), admin_, "ae_http_connections{state=\"other\"}"); }

    double late() {
        return metric(api(), admin_, "ae_http_late_total{due=\"head\"}") +
               metric(api(), admin_, "ae_http_late_total{due=\"body\"}");
    }

    /// They come, stay until the host has had enough of each, and have gone.
    void endure() {
        const auto [heads, bodies, readers] = wave();
        const auto lateBefore = late();
        std::vector<RawClient> halfHeads, halfBodies, nonReaders;
        for (std::size_t i = 0; i < heads; ++i) {
            halfHeads.emplace_back(port());
            halfHeads.back().send("GET /api/v1/auth/me HTTP/1.1\r\nHost: h\r\nX-Slow: ");
        }
        for (std::size_t i = 0; i < bodies; ++i) {
            halfBodies.emplace_back(port());
            halfBodies.back().send("POST /api/v1/auth/login HTTP/1.1\r\nHost: h\r\n"
                                   "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
        }
        const std::string request = "GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n";
        for (std::size_t i = 0; i < readers; ++i) {
            nonReaders.emplace_back(port(), 4096);
            for (int n = 0; n < 40; ++n)
                nonReaders.back().send(request);
        }
        const auto all = static_cast<double>(heads + bodies + readers);
        EXPECT_GE(others(), all);

        // A byte now and then is no reason for more time.
        const std::jthread dripping([&](const std::stop_token& stop) {
            std::mutex mutex;
            std::condition_variable_any stopped;
            std::unique_lock lock(mutex);
            while (!stop.stop_requested()) {
                for (auto* group : {&halfHeads, &halfBodies})
                    for (auto& client : *group)
                        try {
                            client.send("x");
                        } catch (const std::runtime_error&) { // it has been ended
                        }
                stopped.wait_for(lock, stop, 500ms, [] { return false; });
            }
        });
        ASSERT_TRUE(await([&] { return others() < 20; }, 30s)) << "slow clients are not ended: " << others();
        EXPECT_GE(late() - lateBefore, static_cast<double>(heads + bodies));
        for (auto& client : halfHeads)
            EXPECT_EQ(client.response().status, 408);
        for (auto& client : halfBodies)
            EXPECT_EQ(client.response().status, 408);
    }
};

TEST_F(SlowClients, HoldNobodyUpAndAreEndedAndForgotten) {
    const auto idle = others();
    ProcessUse before;
    for (const bool first :
         {true, false}) { // what the process keeps for the next wave it has after the first
        std::atomic<int> answered{0};
        std::vector<std::jthread> healthy;
        for (int i = 0; i < 3; ++i)
            healthy.emplace_back([&](const std::stop_token& stop) {
                try {
                    RawClient client(port());
                    for (; !stop.stop_requested(); ++answered)
                        ASSERT_EQ(client.ask("/api/v1/auth/me", bearer(admin_)).status, 200);
                } catch (const std::runtime_error& error) {
                    ADD_FAILURE() << error.what();
                }
            });
        ASSERT_NO_FATAL_FAILURE(endure());
        healthy.clear();
        EXPECT_GT(answered, kSanitized ? 300 : 1000) << "the others have to wait for those that are slow";
        ASSERT_TRUE(await([&] { return others() <= idle; }));
        const auto after = useOf(backend_->pid());
        std::printf("%d healthy requests; then %.1f MiB resident\n", answered.load(),
                    after.residentBytes / (1U << 20U));
        if (first) {
            before = after;
            continue;
        }
        // The last question for a metric had a connection, too, of which the host learns the end in a moment;
        // the first figure may still hold it. A reader of the database that was first needed now has two
        // files.
        EXPECT_TRUE(await([&] { return useOf(backend_->pid()).descriptors <= before.descriptors + 2; }))
            << after.descriptors << " after the second wave, " << before.descriptors << " after the first";
        EXPECT_EQ(after.threads, before.threads);
        EXPECT_LT(after.residentBytes, before.residentBytes + (kSanitized ? 64.0 : 4.0) * (1U << 20U));
    }
}

} // namespace
} // namespace test
