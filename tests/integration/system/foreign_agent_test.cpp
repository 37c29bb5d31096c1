// An agent of somebody else: what it says is shown, and commands nothing.
#include <fmt/format.h>

#include "core/text.h"
#include "integration/system/system_fixture.h"
#include "support/test_cluster.h"

namespace test {
namespace {

constexpr const char* kRestic = "/api/v1/restic/";
/// Erases a terminal's screen, sets its title, turns a name round, rings.
constexpr const char* kEvil = "\x1b[2J\x1b]0;x\x07 gpj\u202eexe.\u2066 \u009b31m";

class ForeignAgent : public SystemTest, public testing::WithParamInterface<core::db::Dialect> {
protected:
    void SetUp() override {
        if (GetParam() == core::db::Dialect::postgresql) {
            database_ = std::make_unique<TestDatabase>(GetParam());
            useDatabase(database_->url());
        }
        startBackend();
        const auto registration =
            post(fmt::format("{}agents/registration-tokens", kRestic), {}, 201).stringOr("token");
        const auto enrolled =
            say("agents/register", registration,
                {{"hostname", "web-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}});
        ASSERT_EQ(enrolled.status, 201) << enrolled.body;
        agent_ = enrolled.json.stringOr("agentId");
        token_ = enrolled.json.stringOr("token");
    }
    void TearDown() override {
        SystemTest::TearDown();
        database_.reset();
    }
    ApiAnswer say(const std::string& path, const std::string& token, const Object& body) {
        return api().send("POST", kRestic + path, "Bearer " + token, core::json::write(Value(body)));
    }
    std::string handedOut(const std::string& task) {
        const auto polled =
            api().get(fmt::format("{}agents/{}/tasks?wait=5&free=1", kRestic, agent_), token_);
        EXPECT_EQ(polled.status, 200) << polled.body;
        const auto* items = polled.json.find("items")->array();
        EXPECT_EQ(items->size(), 1U);
        return items->empty() ? "" : items->front().find("payload")->stringOr("task_id", task);
    }
    /// Every text in it, names of members too, could be printed as it is.
    static void expectPrintable(const Value& value, const std::string& where) {
        if (const auto* text = value.string()) {
            EXPECT_EQ(core::printable(*text, "\n\t"), *text) << where;
        }
        if (const auto* items = value.array())
            for (const auto& item : *items)
                expectPrintable(item, where);
        if (const auto* object = value.object())
            for (const auto& [name, member] : object->members()) {
                EXPECT_EQ(core::printable(name), name) << where;
                expectPrintable(member, where + "/" + name);
            }
    }
    std::string agent_, token_;

private:
    std::unique_ptr<TestDatabase> database_;
};
INSTANTIATE_TEST_SUITE_P(Db, ForeignAgent,
                         testing::Values(core::db::Dialect::sqlite, core::db::Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == core::db::Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(ForeignAgent, NothingThatItSaysCommandsATerminalOrAPage) {
    const auto heartbeat =
        say("agents/" + agent_ + "/heartbeat", token_,
            {{"version", kEvil},
             {"os", kEvil},
             {"resticVersion", kEvil},
             {"availablePlugins", Array{kEvil}},
             {"problems", Array{kEvil}},
             {"disks",
              Array{Object{{"mountPath", std::string("/") + kEvil}, {"totalBytes", 10}, {"freeBytes", 5}}}},
             {"openTasks", Array{}}});
    ASSERT_EQ(heartbeat.status, 200) << heartbeat.body;
    const auto store = repository("/srv/backup", "store");
    const auto task = post(fmt::format("{}tasks", kRestic),
                           {{"type", "backup"},
                            {"agent_id", agent_},
                            {"repository_id", store},
                            {"parameters", Object{{"sources", Array{"/etc"}}}}},
                           202)
                          .stringOr("id");
    ASSERT_EQ(handedOut(task), task);
    const auto tell = [&](const char* what, const Object& body) {
        const auto answer = say(fmt::format("tasks/{}/{}", task, what), token_, body);
        EXPECT_EQ(answer.status, 200) << answer.body;
    };
    tell("status", {{"attempt", 1},
                    {"status", "running"},
                    {"progress", Object{{"percent_done", 1}, {"current_files", Array{kEvil}}}}});
    tell("logs", {{"attempt", 1},
                  {"first_seq", 1},
                  {"lines", Array{Object{{"timestamp", "2026-01-05T10:00:00Z"},
                                         {"level", "info"},
                                         {"message", std::string("kept\n\tas it is ") + kEvil}}}}});
    expectPrintable(get(fmt::format("{}tasks/{}", kRestic, task)), "a running task");
    tell("status", {{"attempt", 1},
                    {"status", "success"},
                    {"result", Object{{"outcome", "success"},
                                      {"snapshot_id", std::string(64, 'a')},
                                      {"restic_version", kEvil},
                                      {"notices", Array{Object{{"code", kEvil}, {"message", kEvil}}}},
                                      {"unread_items", Array{Object{{"path", kEvil}, {"message", kEvil}}}},
                                      {"unread_count", 1},
                                      {"missing_sources", Array{kEvil}},
                                      {"paths", Array{kEvil}},
                                      {"tags", Array{kEvil}},
                                      {"hostname", kEvil},
                                      {"username", kEvil},
                                      {"stderr_tail", kEvil}}}});
    for (const auto& path :
         {"agents/" + agent_, "tasks/" + task, "tasks/" + task + "/logs", std::string("backup-runs"),
          "backup-runs/" + task, std::string("snapshots"), std::string("status")})
        expectPrintable(get(kRestic + path), path);
    const auto* lines = get(fmt::format("{}tasks/{}/logs", kRestic, task)).find("items");
    ASSERT_NE(lines, nullptr);
}

} // namespace
} // namespace test
