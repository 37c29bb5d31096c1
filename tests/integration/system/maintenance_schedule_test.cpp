#include "integration/system/maintained_fixture.h"

/// What cares for a repository by itself: the real host's schedule, a real agent and each restic.
namespace test {
namespace {

class MaintenanceBySchedule : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }
    /// The task that the operation's schedule makes, as if its time had passed while nobody looked.
    Value bySchedule(const std::string& operation) {
        makeDue(operation, core::Instant(1s));
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
    const Rules rules{.last = 3, .daily = 7, .weekly = 4};
    changed.set("retention_rules", rules.toJson());
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
    auto expected = keptBy(nights, rules);
    EXPECT_GE(expected.size(), 9U);
    EXPECT_LE(expected.size(), 11U);
    expected.insert(others.begin(), others.end());
    EXPECT_EQ(idsOf(shots()), expected);
    EXPECT_EQ(forgot.stringOr("policy_id"), policyId_);
    EXPECT_EQ(forgot.find("result")->integerOr("snapshots_removed"),
              static_cast<std::int64_t>(all.size() - expected.size()));

    EXPECT_GT(bySchedule("prune").find("result")->integerOr("bytes_remaining"), 0);
    EXPECT_EQ(idsOf(shots()), expected) << "a prune removes no snapshot";
    const auto checked = bySchedule("check");
    EXPECT_EQ(checked.find("parameters")->stringOr("read_data_subset"), "1/12");
    EXPECT_EQ(checked.find("result")->stringOr("data_read"), "1/12");
    const auto seen = get("/api/v1/restic/repositories/" + repositoryId_);
    const auto& plan = *seen.find("maintenance");
    for (const auto* operation : {"forget", "prune", "check"}) {
        EXPECT_FALSE(plan.find("next_runs")->stringOr(operation).empty()) << operation;
        EXPECT_TRUE(plan.find("problems")->find(operation)->isNull()) << operation;
    }
}

} // namespace
} // namespace test
