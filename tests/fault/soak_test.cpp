// A host in everyday use, for an hour with --long (AE_SOAK_MINUTES: another time): what it holds must not
// grow.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "fault/load.h"
#include "integration/system/agent_fixture.h"
#include "integration/system/tls_fixture.h"
#include "support/trend.h"
#include "support/web_socket_client.h"

namespace test {
namespace {

/// Do one thing again and again, each on a thread of its own, until the end or until it fails.
class Habits {
public:
    void add(const std::string& name, std::chrono::milliseconds every, std::function<void(int)> once) {
        threads_.emplace_back([this, name, every, once = std::move(once)](const std::stop_token& stop) {
            std::mutex mutex;
            std::condition_variable_any stopped;
            std::unique_lock lock(mutex);
            int times = 0;
            try {
                for (; !stop.stop_requested(); ++times) {
                    once(times);
                    stopped.wait_for(lock, stop, every, [] { return false; });
                }
            } catch (const std::runtime_error& error) {
                ADD_FAILURE() << name << ", the " << times + 1 << "th time: " << error.what();
                failed_ = true;
            }
            std::printf("%6d %s\n", times, name.c_str());
        });
    }
    void end() { threads_.clear(); }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    std::atomic<bool> failed_{false};
    std::vector<std::jthread> threads_;
};

void expect(const RawResponse& response, int status) {
    if (response.status != status)
        throw std::runtime_error("answered " + std::to_string(response.status) + ": " + response.body);
}

class Soak : public WithTls<BackupSystemTest> {
protected:
    void SetUp() override {
        configureHost(laySample("gamma") + "http:\n  rate_limit: 0\n" + tlsSettings());
        begin(kBoth);
        findTlsPort();
        admin_ = apiToken("admin"); // a session's token would end meanwhile
        agents_ = enrolAgents(api(), admin_, 10);
    }

    void signIn() {
        const auto body = core::json::write(Object{{"email", kAdminEmail}, {"password", kAdminPassword}});
        RawClient client(static_cast<std::uint16_t>(port_));
        client.send("POST /api/v1/auth/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    "Content-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
        expect(client.response(), 200);
    }
    /// SQLite keeps up to 2 MiB of pages for each connection. That is no growth, but everyday use would take
    /// hours to fill it: the rows of so many sign-ins are more.
    void fillCaches() {
        std::vector<std::jthread> people;
        for (int i = 0; i < 8; ++i)
            people.emplace_back([this] {
                for (int times = 0; times < 400; ++times)
                    signIn();
            });
    }

    void addHabits(Habits& habits, std::chrono::seconds betweenBackups) {
        const auto plain = [this] { return static_cast<std::uint16_t>(port_); };
        habits.add("lists on a kept connection", 20ms,
                   [&, client = std::make_shared<RawClient>(plain())](int) {
                       expect(client->ask("/api/v1/restic/policies", bearer(admin_)), 200);
                   });
        habits.add("new connections", 50ms, [this, plain](int) {
            expect(RawClient(plain()).ask("/api/v1/auth/me", bearer(admin_)), 200);
        });
        habits.add("new connections with TLS", 100ms,
                   [this](int) { expect(TlsClient(tlsPort_).ask("/api/v1/auth/me", bearer(admin_)), 200); });
        habits.add("long polls, of which half are given up", 100ms,
                   [this, polls = std::make_shared<std::deque<TlsClient>>()](int times) {
                       const auto& agent = agents_[static_cast<std::size_t>(times) % agents_.size()];
                       if (polls->size() == agents_.size()) { // the one that came first
                           if (times % 2 == 0)
                               expect(polls->front().response(), 200);
                           polls->pop_front();
                       }
                       polls->emplace_back(tlsPort_);
                       polls->back().get(agent.poll(1), bearer(agent.token));
                   });
        habits.add("malformed heads", 100ms, [plain](int) {
            RawClient client(plain());
            client.send("GET / HTTP/1.1\r\nHost : h\r\n\r\n");
            expect(client.response(), 400);
        });
        habits.add("requests broken off", 100ms, [this, plain](int times) {
            const RawClient client(plain());
            const std::string request = "POST /api/v1/tokens HTTP/1.1\r\nHost: h\r\n" + bearer(admin_) +
                                        "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{";
            client.send(request.substr(0, static_cast<std::size_t>(times) % request.size() + 1));
        });
        habits.add("handshakes broken off", 100ms,
                   [this](int) { RawClient(tlsPort_).send(std::string("\x16\x03\x01\x02", 4)); });
        habits.add("sign-ins", 2000ms, [this](int) { signIn(); });
        habits.add("WebSockets, of which half are just left", 100ms, [plain](int times) {
            WebSocketClient<> client(plain());
            expect(client.open("/api/v1/gamma/echo"), 101);
            client.sendText("hello");
            if (client.nextText() != "hello")
                throw std::runtime_error("another echo");
            if (times % 2 == 0) {
                client.sendText("close");
                client.next();
            }
        });
        habits.add("pages", 100ms, [plain](int times) {
            RawClient client(plain());
            const auto page = client.ask("/", "Accept-Encoding: gzip\r\n");
            expect(page, 200);
            if (times % 2 == 0)
                expect(client.ask("/",
                                  "Accept-Encoding: gzip\r\nIf-None-Match: " + page.header("ETag") + "\r\n"),
                       304);
        });
        habits.add("backups", betweenBackups, [this](int times) {
            writeFile(source_ / "changing.txt", std::to_string(times));
            const auto id = backupNow();
            if (const auto ended = outcome(id); ended != "success")
                throw std::runtime_error("a backup ended as " + ended);
        });
    }

    std::vector<FakeAgent> agents_;
};

TEST_F(Soak, WhatTheHostHoldsDoesNotGrow) {
    const char* given = std::getenv("AE_SOAK_MINUTES");
    const std::chrono::seconds length =
        longTests() ? std::chrono::minutes(given != nullptr && *given != '\0' ? std::stoi(given) : 60) : 20s;
    const std::chrono::milliseconds every = longTests() ? 5000ms : 200ms;
    // How much growth, with 95 % certainty, is taken for noise: what was allocated stays with the process for
    // a while, the more so the shorter one looks.
    const double residentNoise = longTests() ? 0.01 : 0.2, countNoise = longTests() ? 1 : 5;

    if (longTests())
        fillCaches();
    Habits habits;
    addHabits(habits, longTests() ? 60s : 4s);
    const auto began = std::chrono::steady_clock::now();
    const auto warm = began + length * 3 / 10;
    std::vector<double> resident, descriptors, threads;
    auto next = warm;
    while (next < began + length && !habits.failed()) {
        std::this_thread::sleep_until(next); // the time is what is measured over
        next += every;
        const auto use = useOf(backend_->pid());
        resident.push_back(use.residentBytes / 1024);
        descriptors.push_back(use.descriptors);
        threads.push_back(use.threads);
    }
    habits.end();
    ASSERT_FALSE(HasFailure());
    const auto judge = [](const char* what, const std::vector<double>& samples, double noise) {
        const auto trend = trendOf(samples);
        std::printf("%s: %.1f, over the time %+.2f (%.2f to %.2f), %zu samples\n", what, trend.mean,
                    trend.growth, trend.least, trend.most, samples.size());
        EXPECT_LT(trend.least, noise) << what;
    };
    judge("resident KiB", resident, residentNoise * resident.front());
    judge("descriptors", descriptors, countNoise);
    judge("threads", threads, countNoise);

    const auto [exit, took] = stopBackend();
    EXPECT_TRUE(exit.ok());
    EXPECT_LT(took, 15s);
}

} // namespace
} // namespace test
