#include <csignal>
#include <fstream>
#include <numeric>
#include <sstream>

#include <gmock/gmock.h>

#include "integration/system/system_fixture.h"
#include "support/long_tests.h"
#include "support/raw_client.h"
#include "support/sanitized.h"

namespace test {
namespace {

using testing::IsEmpty;

/// Sends more and more, until an answer begins or the server closes.
class Pump : public RawClient {
public:
    using RawClient::RawClient;
    /// Returns how long the answer took.
    std::chrono::milliseconds send(std::string_view head, std::string_view endless, std::size_t most) const {
        const auto began = std::chrono::steady_clock::now();
        RawClient::send(head);
        std::size_t sent = 0, at = 0;
        for (;;) {
            pollfd entry{descriptor(), static_cast<short>(sent < most ? POLLIN | POLLOUT : POLLIN), 0};
            if (::poll(&entry, 1, static_cast<int>(patience.count())) <= 0)
                throw std::runtime_error("no answer in time");
            if ((entry.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
                return std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::steady_clock::now() - began);
            const auto some =
                ::send(descriptor(), endless.data() + at, endless.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += some > 0 ? static_cast<std::size_t>(some) : 0;
            at = (at + (some > 0 ? static_cast<std::size_t>(some) : 0)) % endless.size();
        }
    }
};

constexpr std::size_t kMostGrowth = (kSanitized ? 256U : 16U) << 20U;
constexpr auto kRefused = kSanitized ? 5s : 1s;
constexpr auto kSoon = kSanitized ? 30s : 5s; // a tenth of it, where no other test runs
constexpr int kFewestAnswers = kSanitized ? 3 : 20;
constexpr double kLateShare = kSanitized ? 0.3 : 0.75;

class HostileInput : public SystemTest {
protected:
    /// A line of /proc/PID/status, in bytes.
    std::size_t memory(const std::string& name) const {
        std::ifstream in("/proc/" + std::to_string(backend_->pid()) + "/status");
        for (std::string line; std::getline(in, line);)
            if (line.starts_with(name + ":"))
                return std::stoul(line.substr(name.size() + 1)) * 1024;
        ADD_FAILURE() << "no " << name;
        return 0;
    }
    /// From now on the peak is counted anew.
    void forgetPeak() const {
        std::ofstream("/proc/" + std::to_string(backend_->pid()) + "/clear_refs") << 5;
    }
    std::string post(const std::string& fields) const {
        return "POST /api/v1/restic/policies HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + admin_ +
               "\r\nContent-Type: application/json\r\n" + fields + "\r\n";
    }
    std::string withBody(const std::string& body, const std::string& fields = {}) const {
        return post(fields + "Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
    }
};

std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    while (times-- > 0)
        all += text;
    return all;
}

TEST_F(HostileInput, BigInputIsRefusedAtOnceAndCostsNoMemory) {
    startBackend();
    const std::string block(65536, 'x');
    const std::string bomb = runner_
                                 .run({.program = "/bin/sh",
                                       .arguments = {"-c", "head -c 200000000 /dev/zero | gzip"},
                                       .environment = {{"PATH", "/usr/bin:/bin"}},
                                       .standardOutput = core::ProcessOutput::capture()})
                                 .value()
                                 .output;
    ASSERT_GT(bomb.size(), 100000U);
    ASSERT_LT(bomb.size(), 1000000U);
    std::string fields, names = "{";
    for (int i = 0; i < 10000; ++i)
        fields += fmt::format("X-{}: v\r\n", i);
    for (int i = 0; i < 65000; ++i)
        names += fmt::format("\"n{}\":{},", i, i);
    names += "\"end\":0}";
    const auto whole = [](std::string text) { return std::pair{std::move(text), std::string()}; };
    struct Case {
        const char* name;
        std::pair<std::string, std::string> sent; ///< a beginning, and what follows again and again
        int status;
    };
    const Case cases[] = {
        {"a gigabyte that is declared", {post("Content-Length: 1000000000\r\n"), block}, 413},
        {"chunks without end", {post("Transfer-Encoding: chunked\r\n"), "10000\r\n" + block + "\r\n"}, 413},
        {"small chunks without end",
         {post("Transfer-Encoding: chunked\r\n"), repeat("1\r\nx\r\n", 10000)},
         413},
        {"ten thousand fields", whole("GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"), 431},
        {"fields without end", {"GET / HTTP/1.1\r\nHost: h\r\n", repeat("X-Field: value\r\n", 4096)}, 431},
        {"one field without end", {"GET / HTTP/1.1\r\nHost: h\r\nX: ", block}, 431},
        {"a line without end", {"GET /", block}, 431},
        {"a long target", whole("GET /" + block + " HTTP/1.1\r\nHost: h\r\n\r\n"), 414},
        {"a million brackets", whole(withBody(repeat("[", 1000000))), 400},
        {"a million nested objects", whole(withBody(repeat("{\"a\":", 200000))), 400},
        {"half a million nested arrays", whole(withBody(repeat("[", 500000) + repeat("]", 500000))), 400},
        {"sixty-five thousand names", whole(withBody(names)), 400},
        {"half a million numbers", whole(withBody("[" + repeat("0,", 500000) + "0]")), 400},
        {"a zip bomb", whole(withBody(bomb, "Content-Encoding: gzip\r\n")), 415},
        {"a zip bomb that does not say so", whole(withBody(bomb)), 400},
    };
    api().get("/api/v1/auth/me", admin_);
    const std::size_t before = memory("VmRSS");
    forgetPeak();
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        try {
            Pump client(static_cast<std::uint16_t>(port_));
            const auto took = client.send(c.sent.first, c.sent.second.empty() ? block : c.sent.second,
                                          c.sent.second.empty() ? 0 : 1U << 30U);
            const auto answer = client.response();
            EXPECT_EQ(answer.status, c.status) << answer.head << answer.body.substr(0, 300);
            EXPECT_LT(took, kRefused);
        } catch (const std::exception& e) {
            ADD_FAILURE() << e.what();
        }
    }
    const std::size_t peak = memory("VmHWM");
    EXPECT_LE(peak, before + kMostGrowth) << "grew by " << (peak - before) / 1024 << " KiB";
    EXPECT_EQ(api().get("/api/v1/auth/me", admin_).status, 200);
}

/// slowhttptest's four modes at once, each with some hundred connections, against short deadlines.
TEST_F(HostileInput, SlowClientsAreEndedByDeadlinesAndDelayNobody) {
    configureHost("http:\n  header_timeout: 1s\n  read_timeout: 1s\n  write_timeout: 1s\n");
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    const auto made = backend({"--json", "token", "create", "--role", "viewer", "--name", "all", "--system"});
    ASSERT_TRUE(made.exit.ok()) << made.error;
    const auto system = core::json::parse(made.output).value().stringOr("token");
    startBackend();
    // It ends earlier when no connection is left.
    const std::string connections = longTests() ? "1000" : "200", seconds = longTests() ? "60" : "15";

    struct Mode {
        std::string flag;
        std::vector<std::string> options;
        std::string due; ///< what the host waits for in vain
    };
    const Mode modes[] = {
        {"-H", {"-u", url() + "/", "-x", "24"}, "head"},
        {"-B",
         {"-u", url() + "/api/v1/auth/login", "-s", "4096", "-x", "10", "-f", "application/json"},
         "body"},
        {"-R", {"-u", url() + "/openapi.json", "-a", "1", "-b", "900"}, ""},
        // Ten times what the kernel's buffers do not take already.
        {"-X", {"-u", url() + "/swagger/swagger-ui-bundle.js", "-k", "10", "-n", "1", "-z", "16"}, "answer"},
    };
    std::vector<std::unique_ptr<core::Process>> running;
    for (const Mode& mode : modes) {
        core::ProcessSpec spec;
        spec.program = "/usr/bin/slowhttptest";
        spec.arguments = {
            mode.flag, "-c", connections, "-r", "200", "-i", "1",  "-l",
            seconds,   "-p", "5",         "-g", "-v",  "1",  "-o", (dir_ / ("slow" + mode.flag)).string()};
        spec.arguments.insert(spec.arguments.end(), mode.options.begin(), mode.options.end());
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / ("slow" + mode.flag + ".log"));
        spec.standardError = core::ProcessOutput::toFile(dir_ / ("slow" + mode.flag + ".log"));
        running.push_back(std::move(runner_.start(spec)).value());
    }
    // Beside them somebody works.
    std::chrono::milliseconds slowest{0};
    int answers = 0;
    const auto workOn = [&] {
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(api().get("/api/v1/auth/me", admin_).status, 200);
        slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - began));
        ++answers;
    };
    for (const auto& process : running)
        while (!process->wait(20ms))
            workOn();
    EXPECT_GE(answers, kFewestAnswers);
    EXPECT_LT(slowest, kSoon);

    const auto metrics = api().get("/metrics", system).body;
    for (const Mode& mode : modes) {
        SCOPED_TRACE(mode.flag);
        std::istringstream csv(readFile(dir_ / ("slow" + mode.flag + ".csv")));
        std::string line;
        ASSERT_TRUE(std::getline(csv, line)) << readFile(dir_ / ("slow" + mode.flag + ".log"));
        EXPECT_EQ(line, "Seconds,Closed,Pending,Connected,Service Available");
        int rows = 0;
        while (std::getline(csv, line)) {
            ++rows;
            EXPECT_NE(line.substr(line.rfind(',') + 1), "0") << "not available: " << line;
        }
        EXPECT_GE(rows, 1);
        if (mode.due.empty())
            continue;
        std::smatch late;
        ASSERT_TRUE(std::regex_search(
            metrics, late, std::regex("ae_http_late_total\\{due=\"" + mode.due + "\"\\} ([0-9]+)")))
            << metrics;
        EXPECT_GE(std::stoi(late[1]), static_cast<int>(std::stoi(connections) * kLateShare));
    }
}

} // namespace
} // namespace test
