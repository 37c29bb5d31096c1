// F28: the host's memory is at its end.
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault/failing_allocations.h"
#include "fault/host_fixture.h"

namespace test {
namespace {

class MemoryFails : public FaultyHost, public testing::WithParamInterface<core::db::Dialect> {
protected:
    void SetUp() override {
        const auto file = dir_ / "allocations";
        writeFile(file, std::string(sizeof(FailingAllocations), '\0'));
        const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        void* mapped = ::mmap(nullptr, sizeof(FailingAllocations), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
        ASSERT_NE(mapped, MAP_FAILED) << std::strerror(errno);
        control_ = new (mapped) FailingAllocations();
        environment_[kFailingAllocations] = file.string();
        environment_["AE_HTTP_RATE_LIMIT"] = "0"; // each request is asked as often as it allocates
        environment_["LD_PRELOAD"] = AE_BUILD_DIR "/tests/fault/failing_allocations.so";
        environment_["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0";
        mayHangUp_ = true; // there may be no memory for an answer
        prepare(GetParam(), {});
    }
    void TearDown() override {
        FaultyHost::TearDown();
        ::munmap(control_, sizeof(FailingAllocations));
    }
    FailingAllocations* control_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Db, MemoryFails,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(MemoryFails, AgainAndAgainAndNothingIsLost) {
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        SCOPED_TRACE(seed);
        prepare(GetParam(), {});
        // A handler makes some hundred, and a new connection to PostgreSQL some thousand: where each of those
        // failed, nothing would go on.
        const int most = GetParam() == core::db::Dialect::postgresql ? 2000 : 500;
        control_->every = most + 2 * (seed % 50);
        ASSERT_NO_FATAL_FAILURE(play(seed));
        control_->every = 0;
        ASSERT_NO_FATAL_FAILURE(judge());
        EXPECT_GT(control_->failed.exchange(0), 0);
        EXPECT_EQ(deaths(), 0);
        finish();
    }
}

TEST_P(MemoryFails, WhereverItIsNeededInARequest) {
    const auto login = Object{{"email", kAdminEmail}, {"password", kAdminPassword}};
    const auto signIn = api().send("POST", "/api/v1/auth/login", "", core::json::write(login));
    ASSERT_EQ(signIn.status, 200) << signIn.body;
    const auto admin = "Bearer " + signIn.json.stringOr("access_token");
    admin_ = signIn.json.stringOr("access_token");
    const auto registered =
        api().post("/api/v1/restic/agents/register", registrationToken(),
                   {{"hostname", "web-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}});
    ASSERT_EQ(registered.status, 201) << registered.body;
    const auto agent = registered.json.stringOr("agentId");
    const auto agentToken = "Bearer " + registered.json.stringOr("token");
    const auto store = repository("/srv/store", "store");
    const std::string restic = "/api/v1/restic/";
    const Object backup{{"type", "backup"},
                        {"agent_id", agent},
                        {"repository_id", store},
                        {"parameters", Object{{"sources", Array{"/etc"}}}}};
    struct Question {
        std::string method, path, credentials;
        Value body;
    };
    const std::vector<Question> questions{
        {"GET", "/api/v1/modules", admin, {}},
        {"POST", "/api/v1/auth/login", "", login},
        {"GET", restic + "status", admin, {}},
        {"GET", restic + "tasks?limit=5", admin, {}},
        {"POST", restic + "agents/registration-tokens", admin, Object{}},
        {"POST", restic + "tasks", admin, backup},
        {"GET", restic + "agents/" + agent + "/tasks?wait=0&free=0", agentToken, {}},
        {"POST", restic + "agents/" + agent + "/heartbeat", agentToken,
         Object{{"version", "1"}, {"os", "linux"}, {"openTasks", Array{}}}},
        {"GET", restic + "nothing", admin, {}}};
    for (const auto& question : questions) {
        SCOPED_TRACE(question.method + " " + question.path);
        const auto ask = [&]() -> int {
            try {
                return api()
                    .send(question.method, question.path, question.credentials,
                          question.body.isNull() ? std::nullopt
                                                 : std::optional(core::json::write(question.body)))
                    .status;
            } catch (const std::runtime_error&) {
                return 0; // there was no memory for an answer
            }
        };
        const int expected = ask();
        std::int64_t at = 1;
        for (bool needed = true; needed; ++at) {
            const auto before = control_->failed.load();
            control_->countdown = at;
            const int status = ask();
            control_->countdown = 0;
            needed = control_->failed.load() != before;
            EXPECT_TRUE(status == 0 || status == 503 || status == expected) << status << " at " << at;
            ASSERT_FALSE(backend_->wait(0ms)) << "the host has died at allocation " << at;
            ASSERT_LT(at, 5000);
        }
        EXPECT_GT(at, 10) << "nothing failed";
        // A connection to the database that could not be set up is tried again after a moment.
        EXPECT_TRUE(await([&] { return ask() == expected; }));
    }
    // Each task is there whole.
    std::set<std::string> runs, tasks;
    for (const auto& [list, ids] : {std::pair{"tasks", &tasks}, {"backup-runs", &runs}}) {
        std::string after;
        do {
            const auto page = get(restic + list + "?limit=500" + after);
            for (const auto& one : *page.find("items")->array())
                ids->insert(one.stringOr("id"));
            after = page.stringOr("next").empty() ? "" : "&after=" + page.stringOr("next");
        } while (!after.empty());
    }
    EXPECT_EQ(runs, tasks);
}

} // namespace
} // namespace test
