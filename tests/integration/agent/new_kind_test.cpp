#include <thread>

#include "core/testing/test_log.h"
#include "integration/agent/agent_fixture.h"
#include "kinds/kinds.h"
#include "kinds/work_of.h"
#include "service/agent_service.h"
#include "support/toy_task.h"

/// What a new kind of task takes on the agent: its declaration and one class.
namespace test {
namespace {

/// Counts what the program writes, one line for each number.
class Count : public restic::cli::ResticWork {
public:
    Count(const toy::CountTask& task, const restic::cli::WorkContext& /*context*/) : upTo_(task.upTo) {}
    std::vector<std::string> arguments(int step) override {
        return step == 0 ? std::vector<std::string>{"count", std::to_string(upTo_)}
                         : std::vector<std::string>{};
    }
    void text(std::string_view line) override { result_.reached = std::stoll(std::string(line)); }
    [[nodiscard]] bool complete(int /*step*/) const override { return result_.reached == upTo_; }
    core::json::Object result(restic::protocol::TaskResult common) override {
        static_cast<restic::protocol::TaskResult&>(result_) = std::move(common);
        return *core::wire::toJson(result_).object();
    }
    [[nodiscard]] std::string summary() const override { return "counted"; }

private:
    std::int64_t upTo_;
    toy::CountResult result_;
};

const agent::KindOfWork* findCount(std::string_view kind) noexcept {
    static const auto kCount = agent::commandsOf<toy::CountTask, Count>(toy::kCount);
    return kind == toy::kCount.name ? &kCount : agent::findWork(kind);
}

TEST_F(AgentTest, ANewKindIsItsDeclarationAndItsCommands) {
    // Whatever else the agent says beside the command and its number.
    writeFile(dir_ / "counter", R"(#!/bin/sh
case "$1" in
version) exec restic version ;;
count) for word; do case "$word" in [0-9]*) seq "$word" ;; esac; done ;;
*) exit 1 ;;
esac
)");
    std::filesystem::permissions(dir_ / "counter", std::filesystem::perms(0755));
    initRepository();
    ASSERT_TRUE(enroll().exit.ok());
    const auto config = agent::parseConfig(
        "agent:\n  retry_backoff: 20ms\nrestic:\n  binary: " + (dir_ / "counter").string() + "\n", "test",
        {});
    TestLog log;
    agent::StateDir state(state_);
    ASSERT_TRUE(state.lock());
    agent::IdentityStore identity(state.identity(), agent::loadIdentity(state.identity()).value());
    const core::SystemClock clock;
    const agent::Environment environment(kEnvironment.begin(), kEnvironment.end());
    agent::AgentService service(config, state, identity, runner_, clock, environment, log.logger(),
                                findCount);
    const std::jthread running([&](const std::stop_token& stop) { service.run(stop); });

    const auto id = newId();
    server_.sendTask({{"task_id", id},
                      {"attempt", 1},
                      {"type", "count"},
                      {"repository", repositoryObject()},
                      {"up_to", 7},
                      {"timeout_seconds", 60}});
    const auto report = server_.awaitResult(id);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->stringOr("status"), "success") << core::json::write(*report);
    EXPECT_EQ(report->find("result")->integerOr("reached"), 7);
}

} // namespace
} // namespace test
