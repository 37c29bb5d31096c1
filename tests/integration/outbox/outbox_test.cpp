// Real hosts that die between the commit of a fact and the acknowledgement of its delivery.
#include <sstream>

#include <csignal>

#include <gmock/gmock.h>

#include "contract/db_fixture.h"
#include "core/module/module_abi.h"
#include "integration/system/system_fixture.h"
#include "support/raw_client.h"

namespace test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

/// SQLite: the host is started again. PostgreSQL: a second host takes over.
class OutboxTest : public SystemTest, public testing::WithParamInterface<core::db::Dialect> {
protected:
    void SetUp() override {
        fs::create_directories(dir_ / "modules");
        fs::copy_file(AE_BUILD_DIR "/tests/modules/probe.so", dir_ / "modules/probe.so");
        writeFile(dir_ / "modules/probe.json",
                  R"({"id":"probe","version":"1.0.0","abi":)" + std::to_string(core::kModuleAbi) + "}");
        for (const char* file : {"modules/probe.so", "modules/probe.json"})
            fs::permissions(dir_ / file, fs::perms(0755));
        environment_["AE_MODULE_PATH"] = (dir_ / "modules").string();
        environment_["PROBE_DIR"] = dir_.path().string();
        if (GetParam() == core::db::Dialect::postgresql) {
            database_ = std::make_unique<TestDatabase>(GetParam());
            useDatabase(database_->url());
        }
        configureHost("hosts:\n  lease: 2s\n");
        startBackend();
        if (database_)
            startSecond();
    }
    void TearDown() override {
        for (const char* file : {"hang_before", "hang_after", "hang_after_commit"})
            fs::remove(dir_ / file);
        second_.reset();
        if (HasFailure())
            std::fprintf(stderr, "--- the second host's log\n%s\n--- trace\n%s\n",
                         readFile(dir_ / "second.log").c_str(), readFile(dir_ / "trace").c_str());
        SystemTest::TearDown();
        database_.reset();
    }
    void startSecond() {
        fs::create_directories(dir_ / "data2");
        fs::copy(dir_ / "data/keys", dir_ / "data2/keys");
        auto spec = backendCommand({"--http-addr", "127.0.0.1:0", "serve"});
        spec.arguments.at(3) = (dir_ / "data2").string();
        spec.standardOutput = core::ProcessOutput::toFile(dir_ / "second.log");
        spec.standardError = core::ProcessOutput::toFile(dir_ / "second.log");
        second_ = std::move(runner_.start(spec)).value();
        ASSERT_TRUE(await(
            [&] { return readFile(dir_ / "second.log").find(R"("msg":"serving")") != std::string::npos; }));
    }
    /// Asks the first host to note a number and does not wait for the answer.
    RawClient note(int number) const {
        RawClient client(static_cast<std::uint16_t>(port_));
        client.patience = 30s;
        const auto body = core::json::write(Object{{"number", number}});
        client.send("POST /api/v1/probe/notes HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    "Content-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
        return client;
    }
    struct Trace {
        int number = 0;
        int attempt = 0;
        int pid = 0;
    };
    std::vector<Trace> traced(const std::string& what) const {
        std::istringstream in(readFile(dir_ / "trace"));
        std::vector<Trace> all;
        std::string word;
        for (Trace one; in >> word >> one.number >> one.attempt >> one.pid;)
            if (word == what)
                all.push_back(one);
        return all;
    }
    bool awaitGot(std::size_t count) {
        return await([&] { return traced("got").size() >= count; }, 40s);
    }
    /// kill -9 for the first host; another process goes on.
    void killAndGoOn(std::initializer_list<const char*> unblock) {
        killBackend();
        for (const char* file : unblock)
            fs::remove(dir_ / file);
        if (!database_)
            startBackend();
    }
    int pidOfTheOther() const { return second_ ? second_->pid() : backend_->pid(); }

    std::unique_ptr<TestDatabase> database_;
    std::unique_ptr<core::Process> second_;
};

TEST_P(OutboxTest, AHostThatDiesBetweenCommitAndDeliveryLosesNothing) {
    writeFile(dir_ / "hang_after_commit", "");
    writeFile(dir_ / "hang_before", ""); // nor may the regular look deliver it
    const auto client = note(1);
    ASSERT_TRUE(await([&] { return traced("committed").size() == 1; }));
    ASSERT_TRUE(traced("got").empty());
    killAndGoOn({"hang_after_commit", "hang_before"});
    ASSERT_TRUE(awaitGot(1));
    EXPECT_EQ(traced("got")[0].number, 1);
    EXPECT_EQ(traced("got")[0].pid, pidOfTheOther());
    EXPECT_TRUE(traced("ordinary").empty()); // those live in the process
}

TEST_P(OutboxTest, AHostThatDiesBeforeItAcknowledgesDeliversAgainAndInOrder) {
    writeFile(dir_ / "hang_after", "");
    const auto first = note(1);
    ASSERT_TRUE(awaitGot(1));
    const auto second = note(2);
    ASSERT_TRUE(await([&] { return traced("ordinary").size() == 2; }));
    const int dead = backend_->pid();
    killAndGoOn({"hang_after"});
    ASSERT_TRUE(awaitGot(3));
    const auto got = traced("got");
    std::vector<int> numbers, attempts, pids;
    for (const auto& one : got) {
        numbers.push_back(one.number);
        attempts.push_back(one.attempt);
        pids.push_back(one.pid);
    }
    EXPECT_THAT(numbers, ElementsAre(1, 1, 2));
    EXPECT_THAT(attempts, ElementsAre(1, 2, 1));
    EXPECT_THAT(pids, ElementsAre(dead, pidOfTheOther(), pidOfTheOther()));
}

TEST_P(OutboxTest, AfterACleanStopEachIsDeliveredOnce) {
    ASSERT_EQ(note(1).response().status, 204);
    ASSERT_TRUE(awaitGot(1));
    EXPECT_EQ(traced("got")[0].pid, backend_->pid());
    EXPECT_TRUE(stopBackend().first.ok());
    startBackend();
    ASSERT_EQ(note(2).response().status, 204);
    ASSERT_TRUE(awaitGot(2));
    // Wherever it was delivered, the acknowledgement follows at once; what comes next shows it.
    ASSERT_EQ(note(3).response().status, 204);
    ASSERT_TRUE(awaitGot(3));
    std::vector<int> numbers;
    for (const auto& one : traced("got"))
        numbers.push_back(one.number);
    EXPECT_THAT(numbers, ElementsAre(1, 2, 3));
}

INSTANTIATE_TEST_SUITE_P(Db, OutboxTest,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         dialectName);

} // namespace
} // namespace test
