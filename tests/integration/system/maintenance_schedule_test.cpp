#include <map>
#include <set>

#include "integration/system/agent_fixture.h"
#include "support/restics.h"

/// What cares for a repository by itself: the real host's schedule, a real agent and each restic.
namespace test {
namespace {

class MaintenanceBySchedule : public BackupSystemTest, public testing::WithParamInterface<Restic> {
protected:
    struct Shot {
        std::string id;
        core::Instant at;
        std::string group;
    };

    void SetUp() override {
        ASSERT_TRUE(GetParam().program == "restic" || std::filesystem::exists(GetParam().program))
            << GetParam().program << " is missing: scripts/restics.sh fetches it";
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = GetParam().program;
        agentEnvironment_["TZ"] = "UTC"; // days of restic's rules are those of its machine
        begin();
    }

    /// A snapshot as the agent of that machine would have made it at that time.
    void saveAt(core::Instant at, const std::string& host, const std::vector<std::string>& tags,
                const std::filesystem::path& path) {
        core::ProcessSpec spec;
        spec.program = GetParam().program;
        spec.arguments = {"backup", "--host=" + host,
                          "--time=" + core::formatInstant(at).substr(0, 10) + " 02:00:00"};
        for (const auto& tag : tags)
            spec.arguments.push_back("--tag=" + tag);
        spec.arguments.push_back(path.string());
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", "/tmp"},
                            {"TZ", "UTC"},
                            {"RESTIC_REPOSITORY", repository_.string()},
                            {"RESTIC_PASSWORD", kRepositoryPassword},
                            {"RESTIC_CACHE_DIR", (dir_ / "cache").string()}};
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = 60s;
        const auto result = runner_.run(spec).value();
        ASSERT_TRUE(result.exit.ok()) << result.error;
    }
    /// What the repository has, newest first.
    std::vector<Shot> shots() {
        std::vector<Shot> all;
        const auto list = restic({"snapshots"});
        for (const auto& one : *list.array()) {
            std::string group = one.stringOr("hostname");
            for (const auto* field : {"paths", "tags"})
                if (const auto* words = one.find(field); words != nullptr && words->array() != nullptr)
                    for (const auto& word : *words->array())
                        if (!word.string()->starts_with("task:")) // each has one of its own
                            group += " " + *word.string();
            const auto time = core::parseInstant(one.stringOr("time").substr(0, 19) + "Z");
            all.push_back({one.stringOr("id"), time.value(), group});
        }
        std::sort(all.begin(), all.end(), [](const Shot& a, const Shot& b) { return a.at > b.at; });
        return all;
    }
    static std::set<std::string> idsOf(const std::vector<Shot>& shots) {
        std::set<std::string> ids;
        for (const auto& one : shots)
            ids.insert(one.id);
        return ids;
    }
    /// The rules, worked out here: the newest of each of the last so many days and weeks, and the last ones.
    static std::set<std::string> keptBy(const std::vector<Shot>& shots, int last, int daily, int weekly) {
        std::set<std::string> kept;
        std::optional<std::int64_t> day, week;
        for (const auto& one : shots) {
            const auto onDay = std::chrono::floor<std::chrono::days>(one.at).time_since_epoch().count();
            const auto inWeek = (onDay + 3) / 7; // the first of January 1970 was a Thursday
            if (last-- > 0)
                kept.insert(one.id);
            if (daily > 0 && day != onDay) {
                --daily;
                day = onDay;
                kept.insert(one.id);
            }
            if (weekly > 0 && week != inWeek) {
                --weekly;
                week = inWeek;
                kept.insert(one.id);
            }
        }
        return kept;
    }
    /// The task that the operation's schedule makes, as if its time had passed while nobody looked.
    Value bySchedule(const std::string& operation) {
        const auto database = openDatabase();
        const auto changed = database->run(
            core::SystemContext("test"),
            {{"UPDATE restic_repository_schedules SET next_run_at_us = 1000000 WHERE operation = $1",
              {operation}}},
            true);
        EXPECT_EQ(changed.at(0).affected, 1) << operation;
        std::string id;
        EXPECT_TRUE(await([&] {
            const auto found = get("/api/v1/restic/tasks?type=" + operation);
            for (const auto& one : *found.find("items")->array())
                id = one.stringOr("id");
            return !id.empty();
        })) << operation;
        EXPECT_EQ(outcome(id), "success") << core::json::write(task(id));
        return task(id);
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, MaintenanceBySchedule, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(MaintenanceBySchedule, AMonthOfNightsIsThinnedOutAsTheRulesSay) {
    auto changed = policyBody("nightly");
    changed.set("include_paths", Array{source_.string()});
    changed.set("repository_id", repositoryId_);
    changed.set("retention_rules", Object{{"keep_last", 3}, {"keep_daily", 7}, {"keep_weekly", 4}});
    const auto put = api().send("PUT", "/api/v1/restic/policies/" + policyId_, admin_, changed);
    ASSERT_EQ(put.status, 200) << put.body;
    ASSERT_EQ(outcome(backupNow()), "success");
    const auto mine = "policy:" + policyId_;
    const auto today = std::chrono::floor<std::chrono::days>(core::SystemClock().now());
    const auto night = [&](int ago) { return core::Instant(today - std::chrono::days(ago)); };
    for (int ago = 1; ago <= 31; ++ago)
        saveAt(night(ago), "web-01", {mine}, source_);
    // What nobody asked to thin out: another machine's, by hand, and of paths that the policy no longer has.
    std::set<std::string> others;
    const auto before = idsOf(shots());
    for (int ago = 40; ago < 43; ++ago) {
        saveAt(night(ago), "db-01", {mine}, source_);
        saveAt(night(ago), "web-01", {}, source_);
        saveAt(night(ago), "web-01", {mine}, source_ / "deep");
    }
    const auto all = shots();
    ASSERT_EQ(all.size(), 32U + 9U);
    std::vector<Shot> nights;
    for (const auto& one : all)
        if (before.contains(one.id))
            nights.push_back(one);
        else
            others.insert(one.id);
    ASSERT_EQ(nights.size(), 32U);
    succeed(post("/api/v1/restic/tasks", {{"type", "snapshots"}, {"repository_id", repositoryId_}}, 202)
                .stringOr("id"));

    const auto forgot = bySchedule("forget");
    auto expected = keptBy(nights, 3, 7, 4);
    EXPECT_GE(expected.size(), 9U);
    EXPECT_LE(expected.size(), 11U);
    expected.insert(others.begin(), others.end());
    EXPECT_EQ(idsOf(shots()), expected);
    EXPECT_EQ(forgot.stringOr("policy_id"), policyId_);
    EXPECT_EQ(forgot.find("result")->integerOr("snapshots_removed"),
              static_cast<std::int64_t>(all.size() - expected.size()));

    EXPECT_GT(bySchedule("prune").find("result")->integerOr("bytes_remaining"), 0);
    EXPECT_EQ(idsOf(shots()), expected) << "a prune removes no snapshot";
    EXPECT_EQ(bySchedule("check").find("parameters")->stringOr("read_data_subset"), "1/12");
    const auto seen = get("/api/v1/restic/repositories/" + repositoryId_);
    const auto& plan = *seen.find("maintenance");
    for (const auto* operation : {"forget", "prune", "check"}) {
        EXPECT_FALSE(plan.find("next_runs")->stringOr(operation).empty()) << operation;
        EXPECT_TRUE(plan.find("problems")->find(operation)->isNull()) << operation;
    }
}

} // namespace
} // namespace test
