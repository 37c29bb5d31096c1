#include <sys/stat.h>

#include <set>

#include "integration/system/agent_fixture.h"
#include "support/slow_proxy.h"

/// A listing of more snapshots than any report holds, through the whole system.
namespace test {
namespace {

class Results : public BackupSystemTest {
protected:
    static constexpr int kMany = 20000;

    void SetUp() override {
        // The real restic's snapshots and many more.
        writeFile(
            dir_ / "many",
            "#!/bin/sh\ncase \"$1\" in snapshots) ;; *) exec restic \"$@\" ;; esac\n"
            "real=$(restic \"$@\") || exit $?\nprintf '%s' \"${real%]}\"\n"
            "exec awk 'BEGIN { for (i = 1; i <= " +
                std::to_string(kMany) +
                "; ++i) printf \",{\\\"id\\\":\\\"%08x%056d\\\",\\\"time\\\":\\\"2026-01-02T03:04:05Z\\\","
                "\\\"hostname\\\":\\\"web-01\\\",\\\"paths\\\":[\\\"/srv\\\"]}\", i, i; print \"]\" }'\n");
        ::chmod((dir_ / "many").c_str(), 0755);
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = (dir_ / "many").string();
        begin();
        for (int i = 0; i < 3; ++i) {
            writeFile(source_ / "changing.txt", std::to_string(i));
            ASSERT_EQ(outcome(backupNow()), "success");
        }
    }
    /// All pages of a list.
    std::vector<Value> all(const std::string& path) {
        std::vector<Value> items;
        std::string after;
        do {
            const auto page = get(path + "?limit=500" + (after.empty() ? "" : "&after=" + after));
            const auto& list = *page.find("items");
            items.insert(items.end(), list.array()->begin(), list.array()->end());
            after = page.stringOr("next");
        } while (!after.empty());
        return items;
    }
    std::size_t held(const std::string& id) { return all("/api/v1/restic/tasks/" + id + "/result").size(); }
};

TEST_F(Results, EachSnapshotOnceThoughAgentAndHostAreKilledHalfWay) {
    exempt(Proof::snapshots, "its restic makes most of them up");
    // Each time the answer to one part is held, so that the agent sends no further one.
    SlowProxy proxy(port_, "/result HTTP/1.1");
    agentEnvironment_["RESTIC_AGENT_ORCHESTRATOR_URL"] = "http://127.0.0.1:" + std::to_string(proxy.port());
    killAgentOnly();
    proxy.holdAt(1);
    startAgent();
    const auto id =
        post("/api/v1/restic/tasks", {{"type", "snapshots"}, {"repository_id", repositoryId_}}, 202)
            .stringOr("id");
    ASSERT_TRUE(await([&] { return held(id) > 0; }, 60s)) << core::json::write(task(id));
    killAgentOnly();
    const auto before = held(id);
    ASSERT_LT(before, static_cast<std::size_t>(kMany)) << "half way";
    EXPECT_EQ(task(id).stringOr("status"), "running");
    proxy.goOn();
    proxy.holdAt(2); // the first is what the server has already
    startAgent();
    ASSERT_TRUE(await([&] { return held(id) > before; }, 60s)) << core::json::write(task(id));
    killBackend();
    startBackend();
    EXPECT_LT(held(id), static_cast<std::size_t>(kMany)) << "half way once more";
    proxy.goOn();
    ASSERT_EQ(outcome(id), "success") << core::json::write(task(id));

    constexpr std::size_t kAll = kMany + 3;
    const auto ended = task(id);
    EXPECT_EQ(ended.find("result")->integerOr("count"), static_cast<std::int64_t>(kAll));
    EXPECT_EQ(ended.find("result_items")->integerOr("count"), static_cast<std::int64_t>(kAll));
    EXPECT_EQ(ended.find("result_items")->integerOr("refused", -1), 0);
    EXPECT_GT(ended.find("result_items")->integerOr("bytes"), kMany * 100);
    const auto items = all("/api/v1/restic/tasks/" + id + "/result");
    ASSERT_EQ(items.size(), kAll);
    std::set<std::string> listed;
    for (std::size_t i = 0; i < items.size(); ++i) {
        EXPECT_EQ(items[i].integerOr("item"), static_cast<std::int64_t>(i) + 1);
        listed.insert(items[i].find("value")->stringOr("id"));
    }
    EXPECT_EQ(listed.size(), kAll);
    std::set<std::string> known;
    const auto rows = all("/api/v1/restic/repositories/" + repositoryId_ + "/snapshots");
    for (const auto& row : rows)
        known.insert(row.stringOr("snapshot_id"));
    EXPECT_EQ(rows.size(), kAll) << "each once";
    EXPECT_EQ(known, listed);
    EXPECT_EQ(get("/api/v1/restic/status/web-01%3Anightly").integerOr("snapshot_count"), 3);
}

} // namespace
} // namespace test
