#include "integration/system/maintained_fixture.h"

/// What a retention would remove is seen before it is saved, with each restic: a preview says what the forget
/// after it does.
namespace test {
namespace {

class RetentionPreviews : public MaintainedSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }

    Value done(const std::string& kind, const Object& retention) { return succeed(start(kind, retention)); }
    std::string start(const std::string& kind, const Object& retention) {
        lastTask_ = post("/api/v1/restic/tasks",
                         {{"type", kind},
                          {"agent_id", agentId_},
                          {"policy_id", policyId_},
                          {"parameters", Object{{"retention", retention}}}},
                         202)
                        .stringOr("id");
        return lastTask_;
    }
    auto save(const Object& retention, const Object& confirmation = {}) {
        auto body = policyBody("nightly");
        body.set("include_paths", Array{source_.string()});
        body.set("repository_id", repositoryId_);
        body.set("retention_rules", retention);
        for (const auto& [name, value] : confirmation.members())
            body.set(name, value);
        return api().send("PUT", "/api/v1/restic/policies/" + policyId_, admin_, body);
    }

    std::string lastTask_;
};
INSTANTIATE_TEST_SUITE_P(Restic, RetentionPreviews, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(RetentionPreviews, SaysWhatTheForgetThenRemovesAndAsksWhereItIsOverHalf) {
    exempt(Proof::snapshots, "most were saved by restic alone, as in years before");
    const Object wide{{"keep_last", 1000}, {"keep_daily", 400}};
    ASSERT_EQ(save(wide).status, 200);
    ASSERT_EQ(outcome(backupNow()), "success");
    const auto mine = "policy:" + policyId_;
    const auto today = std::chrono::floor<std::chrono::days>(core::SystemClock().now());
    const auto night = [&](int ago) { return core::Instant(today - std::chrono::days(ago)); };
    for (int ago = 365; ago > 0; ago -= ago > 24 ? 20 : 2)
        saveAt(night(ago), "web-01", {mine}, source_);
    saveAt(night(301), "web-01", {mine, "pinned"}, source_);
    saveAt(night(302), "web-01", {mine, "year-end"}, source_);
    std::set<std::string> tagged, foreign;
    for (const auto& one : shots())
        if (one.group.ends_with("pinned") || one.group.ends_with("year-end"))
            tagged.insert(one.id);
    ASSERT_EQ(tagged.size(), 2U);
    const auto ours = idsOf(shots());
    saveAt(night(350), "db-01", {mine}, source_);
    saveAt(night(351), "web-01", {}, source_);
    for (const auto& one : shots())
        if (!ours.contains(one.id))
            foreign.insert(one.id);

    // A retention that keeps less is asked about, by the real API.
    const Object strict{{"keep_last", 3}, {"keep_monthly", 2}, {"keep_tags", Array{"year-end"}}};
    auto refused = save(strict);
    EXPECT_EQ(refused.status, 409) << refused.body;
    EXPECT_NE(refused.body.find("RetentionNotConfirmed"), std::string::npos) << refused.body;
    const auto preview = done("preview_forget", strict);
    const auto task = lastTask_;
    EXPECT_TRUE(preview.booleanOr("over_half", false));
    refused = save(strict, {{"retention_previews", Array{task}}});
    EXPECT_EQ(refused.status, 409) << refused.body;
    EXPECT_NE(refused.body.find("would remove " + std::to_string(preview.integerOr("snapshots_removed")) +
                                " of " + std::to_string(ours.size()) + " snapshots of web-01 " +
                                source_.string()),
              std::string::npos)
        << refused.body;
    EXPECT_EQ(idsOf(shots()).size(), ours.size() + foreign.size()) << "it only looked";
    ASSERT_EQ(save(strict, {{"confirm_removal", true}}).status, 200);

    std::set<std::string> kept, removed;
    for (const auto& group : *preview.find("groups")->array()) {
        for (const auto& one : *group.find("kept_snapshots")->array()) {
            kept.insert(one.stringOr("id"));
            EXPECT_FALSE(one.find("reasons")->array()->empty());
        }
        for (const auto& one : *group.find("removed_snapshots")->array())
            removed.insert(one.stringOr("id"));
    }
    for (const auto& id : foreign)
        EXPECT_FALSE(kept.contains(id) || removed.contains(id)) << "a foreign one is in neither";
    // A forget by hand asks as a change of the policy does, and one of no policy always.
    auto hasty = api().send("POST", "/api/v1/restic/tasks", admin_,
                            Object{{"type", "forget"},
                                   {"agent_id", agentId_},
                                   {"policy_id", policyId_},
                                   {"parameters", Object{{"retention", Object{{"keep_last", 1}}}}}});
    EXPECT_EQ(hasty.status, 409) << hasty.body;
    hasty = api().send("POST", "/api/v1/restic/tasks", admin_,
                       Object{{"type", "forget"},
                              {"agent_id", agentId_},
                              {"repository_id", repositoryId_},
                              {"parameters", Object{{"retention", Object{{"keep_last", 100}}}}}});
    EXPECT_EQ(hasty.status, 409) << hasty.body;
    EXPECT_NE(hasty.body.find("RetentionNotConfirmed"), std::string::npos) << hasty.body;
    const auto forgot = done("forget", strict);
    std::set<std::string> gone;
    for (const auto& id : *forgot.find("removed_ids")->array())
        gone.insert(*id.string());
    EXPECT_EQ(gone, removed);
    auto left = kept;
    left.insert(foreign.begin(), foreign.end());
    EXPECT_EQ(idsOf(shots()), left);
    for (const auto& id : tagged)
        EXPECT_TRUE(left.contains(id));
    // What removes no more than half is saved by its preview.
    const Object less{{"keep_last", 3}, {"keep_monthly", 1}, {"keep_tags", Array{"year-end"}}};
    const auto small = done("preview_forget", less);
    EXPECT_FALSE(small.booleanOr("over_half", true));
    const auto saved = save(less, {{"retention_previews", Array{lastTask_}}});
    EXPECT_EQ(saved.status, 200) << saved.body;

    // One agent's own rules are asked about too.
    const auto sayAt = [&](const std::string& path, Object body) {
        return api().send("PUT", path, admin_, body);
    };
    const auto options = "/api/v1/restic/agents/" + agentId_ + "/policies/" + policyId_ + "/options";
    const Object last{{"retention_rules", Object{{"keep_last", 3}, {"keep_tags", Array{"year-end"}}}}};
    EXPECT_EQ(sayAt(options, last).status, 409);
    EXPECT_TRUE(get(options).find("options")->object()->empty()) << "nothing was kept of it";
    done("preview_forget", *last.find("retention_rules")->object());
    auto confirmed = last;
    confirmed.set("retention_previews", Array{lastTask_});
    EXPECT_EQ(sayAt(options, confirmed).status, 200);
    EXPECT_EQ(sayAt(options, {}).status, 200) << "the policy keeps more";
}

} // namespace
} // namespace test
