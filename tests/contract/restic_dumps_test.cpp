#include "agents/agent_plugin_store.h"
#include "contract/restic_fixture.h"
#include "dumps/dump_store.h"

namespace test {
namespace {

using restic::AgentPluginStore;
using restic::DumpStore;
using restic::protocol::DumpResult;

class ResticDumps : public ResticParts {
protected:
    ResticDumps() {
        agentId = agent("web-01");
        const auto made = policy(tenant, draft("nightly"));
        link(tenant, agentId, made.id);
        target = here([&](Transaction& tx) {
            return restic::TargetStore::findForLink(tx, agentId, made.id).value().id;
        });
    }
    static DumpResult dump(const std::string& database, std::uint64_t bytes,
                           const std::string& state = "saved") {
        DumpResult result;
        result.plugin = "postgres";
        result.database = database;
        result.state = state;
        result.bytes = bytes;
        if (state == "saved")
            result.snapshotId = std::string(64, 'a');
        else
            result.error = restic::protocol::TaskError{"PluginFailed", "the server went away", ""};
        return result;
    }
    void record(const DumpResult& result) {
        clock.advance(1h);
        here([&](Transaction& tx) { DumpStore::record(tx, target, result, clock.now()); });
    }
    std::vector<restic::KnownDump> known() {
        return here([&](Transaction& tx) { return DumpStore::of(tx, target); });
    }

    Uuid agentId;
    Uuid target;
};

BOTH_DATABASES(ResticDumps);

TEST_P(ResticDumps, KeepsTheLastFiveSizesAndWhenTheLastOneWasSaved) {
    for (std::uint64_t i = 1; i <= 7; ++i)
        record(dump("shop", i * 1000));
    const auto savedAt = clock.now();
    record(dump("shop", 1, "failed"));
    const auto all = known();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].state, "failed");
    EXPECT_EQ(all[0].error, "the server went away");
    EXPECT_EQ(all[0].lastSavedAt, savedAt);
    EXPECT_EQ(all[0].lastTriedAt, savedAt + 1h);
    EXPECT_EQ(all[0].recentBytes, (std::vector<std::int64_t>{7000, 6000, 5000, 4000, 3000}));
    record(dump("shop", 8000));
    EXPECT_EQ(known()[0].error, std::nullopt) << "what is mended is not told of any more";
}

TEST_P(ResticDumps, ADatabaseThatIsNoLongerDumpedIsForgottenAndNotOneThatNobodyCouldLookFor) {
    record(dump("shop", 1000));
    record(dump("crm", 1000));
    here([&](Transaction& tx) { DumpStore::keepOnly(tx, target, {dump("shop", 1000)}); });
    ASSERT_EQ(known().size(), 1U);
    EXPECT_EQ(known()[0].database, "shop");
    DumpResult nothing = dump("", 0, "failed");
    nothing.database.reset();
    here([&](Transaction& tx) { DumpStore::keepOnly(tx, target, {nothing}); });
    EXPECT_EQ(known().size(), 1U) << "the plugin could not say what there is";
    here([&](Transaction& tx) { DumpStore::keepOnly(tx, target, {}); });
    EXPECT_TRUE(known().empty());
}

TEST_P(ResticDumps, LessThanHalfOfTheMedianIsDoubtful) {
    record(dump("shop", 1000000));
    record(dump("shop", 1000000));
    EXPECT_FALSE(restic::doubtAboutSize(dump("shop", 1), known())) << "two say nothing of what is usual";
    record(dump("shop", 20000));
    EXPECT_FALSE(restic::doubtAboutSize(dump("shop", 500000), known()));
    const auto doubt = restic::doubtAboutSize(dump("shop", 499999), known());
    ASSERT_TRUE(doubt);
    EXPECT_EQ(*doubt, "The dump of shop (postgres) has 488 KiB; the last ones had about 977 KiB.");
    EXPECT_FALSE(restic::doubtAboutSize(dump("crm", 1), known())) << "another database";
    auto reports = dump("shop", 1);
    reports.set = "reports";
    EXPECT_FALSE(restic::doubtAboutSize(reports, known())) << "another server";
}

TEST_P(ResticDumps, PluginsAreKeptUntilTheAgentTellsOfOthers) {
    EXPECT_TRUE(here([&](Transaction& tx) { return AgentPluginStore::isKnown(tx, "anything"); }))
        << "nobody has told of plugins yet";
    restic::protocol::AgentPlugins plugins;
    plugins.version = "one";
    plugins.items.emplace_back();
    plugins.items[0].name = "postgres";
    plugins.items[0].settingsSchema = core::json::Object{{"type", "object"}};
    here([&](Transaction& tx) { AgentPluginStore::record(tx, agentId, plugins, clock.now()); });
    plugins.version = "two";
    plugins.items[0].enabled = true;
    here([&](Transaction& tx) { AgentPluginStore::record(tx, agentId, plugins, clock.now()); });
    const auto found = here([&](Transaction& tx) { return AgentPluginStore::find(tx, agentId); });
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->plugins.items.at(0).enabled);
    EXPECT_EQ(here([&](Transaction& tx) { return AgentPluginStore::version(tx, agentId); }), "two");
    EXPECT_TRUE(here([&](Transaction& tx) { return AgentPluginStore::isKnown(tx, "postgres"); }));
    EXPECT_FALSE(here([&](Transaction& tx) { return AgentPluginStore::isKnown(tx, "oracle"); }));
    EXPECT_EQ(in(other, [&](Transaction& tx) { return AgentPluginStore::version(tx, agentId); }), "")
        << "another tenant sees nothing of it";
}

TEST_P(ResticDumps, OfEachAgentTheDumpThatWasNotTriedForLongestIsTriedBySchedule) {
    const auto store = repository(tenant, "store");
    worked(store, agentId);
    system([&](Transaction& tx) { // what else comes due meanwhile takes no place from it
        tx.execute("DELETE FROM restic_repository_schedules WHERE operation <> 'verify'");
        tx.execute("UPDATE restic_agents SET max_concurrent_tasks = 50");
    });
    restic::protocol::AgentPlugins plugins;
    plugins.version = "one";
    plugins.items.emplace_back();
    plugins.items[0].name = "postgres";
    plugins.items[0].enabled = true;
    plugins.items[0].capabilities = {"restore", "verify"};
    here([&](Transaction& tx) { AgentPluginStore::record(tx, agentId, plugins, clock.now()); });
    const auto save = [&](const std::string& database, char digit) {
        auto result = dump(database, 1000);
        result.snapshotId = std::string(64, digit);
        result.file = "/postgres/localhost/" + database + ".dump";
        record(result);
        restic::Snapshot snapshot;
        snapshot.id = Uuid::generate(clock.now());
        snapshot.repository = store;
        snapshot.target = target;
        snapshot.snapshotId = *result.snapshotId;
        snapshot.shortId = snapshot.snapshotId.substr(0, 8);
        snapshot.time = clock.now();
        snapshot.source = "agent_report";
        snapshot.dumps = restic::documentOf({result});
        snapshot.ownDump = true;
        here([&](Transaction& tx) { restic::SnapshotStore::insert(tx, snapshot, clock.now()); });
        return snapshot.id;
    };
    const auto shop = save("shop", 'a');
    const auto crm = save("crm", 'b');
    const auto trial = [&] {
        // The next slot of the schedule, whenever that is.
        clock.advance(24h * 8);
        host.scheduler.run();
        const auto rows = system([&](Transaction& tx) {
            return tx.query("SELECT id, parameters FROM restic_tasks WHERE type = 'verify_dump' AND status = "
                            "'queued'");
        });
        EXPECT_EQ(rows.size(), 1U);
        return rows.empty() ? Uuid() : rows[0].uuid(0);
    };
    const auto snapshotOf = [&](const Uuid& id) { return task(id).parameters.stringOr("snapshot"); };
    const auto first = trial();
    EXPECT_EQ(snapshotOf(first), crm.toString()) << "neither was ever tried: by name";
    const auto end = [&](const Uuid& id, const std::string& status) {
        restic::protocol::TaskStatusReport report;
        report.status = status;
        report.result = core::json::Object{{"outcome", status}};
        if (status == "failed")
            report.error = restic::protocol::TaskError{"PluginFailed", "rows are missing", ""};
        host.tasks.handOut(tenant, agentId, 50);
        host.tasks.report(tenant, agentId, id, report);
    };
    end(first, "success");
    EXPECT_TRUE(known()[0].verifiedAt);
    const auto second = trial();
    EXPECT_EQ(snapshotOf(second), shop.toString());
    end(second, "failed");
    EXPECT_EQ(status(second), "failed");
    EXPECT_EQ(known()[1].database, "shop");
    EXPECT_EQ(known()[1].verifyError, "rows are missing");
}

} // namespace
} // namespace test
