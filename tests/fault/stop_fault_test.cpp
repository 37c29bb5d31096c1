// F22: SIGTERM while clients keep sending.
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "fault/load.h"
#include "integration/system/system_fixture.h"
#include "support/raw_client.h"

namespace test {
namespace {

/// What clients were told, and what they were not.
class Record {
public:
    void acknowledged(const std::string& name) {
        const std::lock_guard lock(mutex_);
        acknowledged_.insert(name);
    }
    void unanswered() { ++unanswered_; }
    void failed(const std::string& what) {
        const std::lock_guard lock(mutex_);
        failures_.push_back(what);
    }
    std::multiset<std::string> acknowledged() {
        const std::lock_guard lock(mutex_);
        return acknowledged_;
    }
    std::vector<std::string> failures() {
        const std::lock_guard lock(mutex_);
        return failures_;
    }
    [[nodiscard]] int unansweredCount() const { return unanswered_; }

private:
    std::mutex mutex_;
    std::multiset<std::string> acknowledged_;
    std::vector<std::string> failures_;
    std::atomic<int> unanswered_{0};
};

class HostStops : public SystemTest {
protected:
    void begin() {
        killIfRunning();
        std::filesystem::remove_all(dir_ / "data");
        std::filesystem::remove(dir_ / "backend.log");
        configureHost("http:\n  rate_limit: 0\n");
        startBackend();
        token_ = apiToken("admin");
    }
    void killIfRunning() {
        if (backend_)
            killBackend();
    }
    [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(port_); }
    /// A change whose trace is a row of that name.
    [[nodiscard]] std::string create(const std::string& name, const std::string& fields = {}) const {
        const auto body = R"({"name":")" + name + R"("})";
        return "POST /api/v1/tokens HTTP/1.1\r\nHost: h\r\n" + bearer(token_) + fields +
               "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + body;
    }

    /// One connection after the other, on each of which `depth` changes at a time are asked for, until nobody
    /// listens. Between the answer to one and its end a connection has no more to say.
    void keepAsking(const std::string& prefix, std::size_t depth, Record& record) const {
        int number = 0;
        while (record.failures().empty()) {
            std::optional<RawClient> client;
            try {
                client.emplace(port());
            } catch (const std::runtime_error&) {
                return;
            }
            bool open = true;
            while (open) {
                std::vector<std::string> names;
                std::string requests;
                for (std::size_t i = 0; i < depth; ++i) {
                    names.push_back(prefix + std::to_string(number++));
                    requests += create(names.back());
                }
                open = askAll(*client, names, requests, record);
            }
        }
    }
    /// False when the connection has ended.
    static bool askAll(RawClient& client, const std::vector<std::string>& names, const std::string& requests,
                       Record& record) {
        std::size_t answered = 0;
        try {
            client.send(requests);
            for (; answered < names.size(); ++answered) {
                const auto response = client.response();
                if (response.status != 201) {
                    record.failed(names[answered] + ": " + response.body);
                    return false;
                }
                record.acknowledged(names[answered]);
                if (response.header("Connection") == "close") {
                    ++answered;
                    if (const auto more = client.rest(); !more.empty())
                        record.failed("behind the last answer: " + more);
                    break;
                }
            }
        } catch (const std::runtime_error& error) {
            // Of an answer either all arrives or nothing.
            const std::string what = error.what();
            if (what != "closed instead of an answer; got: " && what != "the server has closed")
                record.failed(what);
        }
        for (std::size_t i = answered; i < names.size(); ++i)
            record.unanswered();
        return answered == names.size() && !client.ended();
    }

    /// The names of all that was created.
    std::multiset<std::string> created() {
        std::multiset<std::string> names;
        std::string after;
        do {
            const auto page = get("/api/v1/tokens?limit=500" + after);
            for (const auto& item : *page.find("items")->array())
                if (const auto name = item.stringOr("name"); name != "of admin")
                    names.insert(name);
            const auto next = page.stringOr("next");
            after = next.empty() ? "" : "&after=" + next;
        } while (!after.empty());
        return names;
    }

    std::string token_;
};

TEST_F(HostStops, EveryAcceptedRequestIsAnsweredAndNoOtherIsActedUpon) {
    const int rounds = longTests() ? 100 : 5;
    std::mt19937 random(22);
    std::chrono::milliseconds longest{0};
    std::size_t answers = 0;
    int unanswered = 0;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        SCOPED_TRACE(round);
        ASSERT_NO_FATAL_FAILURE(begin());
        const auto agents = enrolAgents(api(), admin_, 20);
        std::vector<RawClient> parked;
        for (const auto& agent : agents) {
            parked.emplace_back(port());
            parked.back().get(agent.poll(60), bearer(agent.token));
        }
        ASSERT_TRUE(
            await([&] { return metric(api(), admin_, "ae_http_connections{state=\"parked\"}") == 20; }));
        std::vector<RawClient> uploads;
        for (int i = 0; i < 10; ++i) {
            uploads.emplace_back(port());
            const auto request = create("upload" + std::to_string(i), "Expect: 100-continue\r\n");
            uploads.back().send(request.substr(0, request.size() - 10));
            ASSERT_EQ(uploads.back().response().status, 100); // what came before has been read
        }

        Record record;
        std::vector<std::jthread> clients;
        for (int i = 0; i < 8; ++i)
            clients.emplace_back(
                [&, i] { keepAsking("r" + std::to_string(i) + "-", i % 2 == 0 ? 1 : 5, record); });
        const auto enough = 50 + random() % 400;
        ASSERT_TRUE(
            await([&] { return record.acknowledged().size() >= enough || !record.failures().empty(); }));

        const auto began = std::chrono::steady_clock::now();
        backend_->signal(SIGTERM);
        for (auto& client : parked) {
            const auto response = client.response();
            EXPECT_EQ(response.status, 200) << response.body;
            EXPECT_EQ(response.header("Connection"), "close");
            client.close();
        }
        for (int i = 0; i < 10; ++i) {
            auto& client = uploads[static_cast<std::size_t>(i)];
            const auto name = "upload" + std::to_string(i);
            const auto request = create(name);
            client.send(request.substr(request.size() - 10));
            const auto response = client.response();
            EXPECT_EQ(response.status, 201) << response.body;
            EXPECT_EQ(response.header("Connection"), "close");
            record.acknowledged(name);
            client.close();
        }
        for (auto& client : clients)
            client.join();
        const auto exit = backend_->wait(30s);
        ASSERT_TRUE(exit) << "the host does not end";
        EXPECT_TRUE(exit->ok()) << exit->code << ' ' << exit->signal;
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        longest = std::max(longest, took);
        EXPECT_LT(took, 8s) << "clients that read and close hold nothing up";
        EXPECT_EQ(record.failures(), std::vector<std::string>());

        ASSERT_NO_FATAL_FAILURE(startBackend());
        const auto told = record.acknowledged();
        EXPECT_EQ(created(), told);
        answers += told.size();
        unanswered += record.unansweredCount();
    }
    std::printf("%d stops: %zu changes acknowledged, %d not begun, the longest stop %lld ms\n", rounds,
                answers, unanswered, static_cast<long long>(longest.count()));
    EXPECT_GT(unanswered, 0) << "no stop came in the middle of anything";
}

TEST_F(HostStops, DoesNotWaitForThoseWhoDoNotGoOn) {
    ASSERT_NO_FATAL_FAILURE(begin());
    std::vector<RawClient> slow;
    for (int i = 0; i < 30; ++i) {
        slow.emplace_back(port(), 4096);
        const auto request = create("never");
        if (i % 3 == 0)
            slow.back().send(request.substr(0, 20));
        else if (i % 3 == 1)
            slow.back().send(request.substr(0, request.size() - 1));
        else // an answer that nobody takes
            for (int n = 0; n < 40; ++n)
                slow.back().get("/openapi.json");
    }
    ASSERT_TRUE(await([&] { return metric(api(), admin_, "ae_http_connections{state=\"other\"}") >= 30; }));
    const auto [exit, took] = stopBackend();
    EXPECT_TRUE(exit.ok());
    EXPECT_LE(took, 15s);
    ASSERT_NO_FATAL_FAILURE(startBackend());
    EXPECT_TRUE(created().empty());
}

} // namespace
} // namespace test
