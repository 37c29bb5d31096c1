#include "contract/restic_fixture.h"
#include "policies/retention_confirmation.h"
#include "repositories/maintenance_store.h"
#include "tasks/retention_previews.h"

/// What a retention removes is seen, or said, before it is saved.
namespace test {
namespace {
using core::json::Array;
using core::json::Object;

class ResticRetention : public ResticParts {
protected:
    void SetUp() override {
        auto wanted = draft("nightly");
        wanted.repository = store;
        wanted.retention.keepTags = {"year-end"};
        nightly = policy(tenant, wanted);
        link(tenant, web, nightly.id);
        worked(store, web);
    }
    /// A backup that ended with a snapshot.
    void backup(const Uuid& agentId, char digit) {
        const auto id = host.tasks.create(tenant, ofPolicy(agentId, nightly.id)).id;
        host.tasks.handOut(tenant, agentId, 10);
        host.tasks.report(tenant, agentId, id, done(digit));
    }
    restic::Task asked(const std::string& kind, const Uuid& agentId, Object parameters = {}) {
        auto request = ofPolicy(agentId, nightly.id);
        request.type = kind;
        request.parameters = std::move(parameters);
        return host.tasks.create(tenant, request);
    }
    Object given(const Uuid& agentId) {
        const auto poll = host.tasks.handOut(tenant, agentId, 10);
        return poll.items.empty() ? Object() : poll.items.back().payload;
    }
    /// A preview of the machine's snapshots that ended well.
    Uuid preview(const Uuid& agentId, Object retention, int kept, int removed) {
        const auto id = asked("preview_forget", agentId, {{"retention", std::move(retention)}}).id;
        given(agentId);
        auto report = said("success");
        report.result = Object{
            {"outcome", "success"},
            {"snapshots_kept", kept},
            {"snapshots_removed", removed},
            {"over_half", removed > kept},
            {"groups",
             Array{Object{
                 {"host", "web-01"}, {"paths", Array{"/home"}}, {"kept", kept}, {"removed", removed}}}}};
        host.tasks.report(tenant, agentId, id, report);
        EXPECT_EQ(status(id), "success");
        return id;
    }
    /// Why a change is not saved; "" if it is.
    std::string refusal(const restic::protocol::Retention& after, const restic::Confirmation& said = {}) {
        return refusalOf([&](Transaction& tx) { confirmation.require(tx, nightly, after, said); });
    }
    std::string refusalOf(const std::function<void(Transaction&)>& change) {
        try {
            here(change);
            return "";
        } catch (const core::Error& error) {
            EXPECT_EQ(error.name(), "RetentionNotConfirmed");
            return error.what();
        }
    }
    bool saysOf(const std::string& part, const restic::protocol::Retention& after,
                const std::vector<Uuid>& tried = {}) {
        const auto why = refusal(after, {false, tried});
        EXPECT_NE(why.find(part), std::string::npos) << why;
        return !why.empty();
    }

    const restic::TaskPreviews previews;
    const restic::RetentionConfirmation confirmation{clock, previews};
    const Object kStrict{{"keep_daily", 3}, {"keep_tags", Array{"year-end"}}};
    const restic::protocol::Retention strict = [] {
        restic::protocol::Retention keep;
        keep.keepDaily = 3;
        keep.keepTags = {"year-end"};
        return keep;
    }();
    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");
    restic::Policy nightly;
};
BOTH_DATABASES(ResticRetention);

TEST_P(ResticRetention, OneThatKeepsLessIsConfirmedFirst) {
    EXPECT_EQ(refusal(strict), "") << "there is nothing that it could remove";
    backup(web, 'a');
    EXPECT_TRUE(saysOf("nobody has seen", strict));
    EXPECT_EQ(refusal(strict, {true, {}}), "") << "who says so need not look";
    // What keeps as much is not asked about; nor is a pin, which is kept whatever is said.
    EXPECT_EQ(refusal(nightly.retention), "");
    auto more = nightly.retention;
    more.keepLast = 3;
    more.keepTags.push_back("audit");
    EXPECT_EQ(refusal(more), "");
    auto noTag = nightly.retention;
    noTag.keepTags.clear();
    EXPECT_TRUE(saysOf("nobody has seen", noTag));
    noTag.keepTags = {"pinned"};
    EXPECT_TRUE(saysOf("nobody has seen", noTag));

    const auto good = preview(web, kStrict, 3, 2);
    EXPECT_EQ(refusal(strict, {false, {good}}), "");
    EXPECT_FALSE(in(other, [&](Transaction& tx) { return previews.find(tx, good); })) << "of another tenant";
    auto otherwise = strict;
    otherwise.keepDaily = 2;
    EXPECT_TRUE(saysOf("of another retention", otherwise, {good}));
    const auto bad = preview(web, kStrict, 2, 12);
    EXPECT_TRUE(saysOf("would remove 12 of 14 snapshots of web-01 /home", strict, {good, bad}));
    EXPECT_TRUE(saysOf("no preview that succeeded", strict, {asked("preview_forget", web).id}));
    const auto mail = agent("mail-01");
    link(tenant, mail, nightly.id);
    worked(store, mail);
    EXPECT_EQ(refusal(strict, {false, {good}}), "") << "mail-01 has nothing yet";
    backup(mail, 'b');
    EXPECT_TRUE(saysOf("no preview for mail-01:nightly", strict, {good}));
    EXPECT_EQ(refusal(strict, {false, {good, preview(mail, kStrict, 1, 0)}}), "");
    // What is kept for one agent alone is no matter of the policy's.
    restic::PolicyOptions own;
    own.retentionRules.emplace().keepLast = 1;
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, mail, nightly.id, own); });
    EXPECT_EQ(refusal(strict, {false, {good}}), "");
    clock.advance(24h + 1min);
    EXPECT_TRUE(saysOf("older than a day", strict, {good}));
}

TEST_P(ResticRetention, OneAgentsRulesAndTheTenantsAreConfirmedToo) {
    backup(web, 'a');
    restic::PolicyOptions own;
    own.retentionRules.emplace().keepDaily = 3;
    own.retentionRules->keepTags = {"year-end"};
    struct Undone {};
    const auto tried = [&](const std::function<void(Transaction&)>& change) {
        try {
            return refusalOf([&](Transaction& tx) {
                change(tx);
                throw Undone{};
            });
        } catch (const Undone&) {
            return std::string();
        }
    };
    const auto ofAgent = [&](const Uuid& agentId, const restic::Confirmation& said) {
        return tried([&](Transaction& tx) {
            const auto change = host.policies.setLinkOptions(tx, agentId, nightly.id, own);
            confirmation.requireOf(tx, agentId, change.before, change.after.retention, said);
        });
    };
    EXPECT_NE(ofAgent(web, {}).find("nobody has seen"), std::string::npos);
    const auto mail = agent("mail-01");
    link(tenant, mail, nightly.id);
    worked(store, mail);
    EXPECT_EQ(ofAgent(mail, {}), "") << "mail-01 has nothing yet";
    const auto good = preview(web, kStrict, 3, 2);
    EXPECT_EQ(ofAgent(web, {false, {good}}), "") << "another agent's is no matter of it";
    backup(mail, 'b');
    EXPECT_NE(ofAgent(mail, {false, {good}}).find("no preview for mail-01:nightly"), std::string::npos);
    // Rules of its own that end are a change too.
    own.retentionRules.emplace().keepDaily = 400;
    here([&](Transaction& tx) { host.policies.setLinkOptions(tx, web, nightly.id, own); });
    own = {};
    EXPECT_NE(ofAgent(web, {}).find("nobody has seen"), std::string::npos);
    EXPECT_EQ(ofAgent(web, {true, {}}), "");

    // Of the tenant's, each policy is asked about that goes by them, and has snapshots.
    auto second = draft("weekly");
    second.repository = store;
    for (const auto& id : {nightly.id, policy(tenant, second).id})
        here([&](Transaction& tx) {
            auto plain = host.policies.get(tx, id);
            plain.own = Object();
            host.policies.update(tx, id, plain);
        });
    restic::PolicyOptions tenants;
    tenants.retentionRules.emplace().keepDaily = 3;
    const auto ofTenant = [&](const restic::Confirmation& said) {
        return tried([&](Transaction& tx) {
            for (const auto& [before, after] : host.policies.setDefaults(tx, tenants, "ada"))
                confirmation.require(tx, before, after.retention, said);
        });
    };
    EXPECT_NE(ofTenant({}).find("\"nightly\""), std::string::npos);
    EXPECT_EQ(ofTenant({true, {}}), "");
    EXPECT_NE(ofTenant({false, {good}}).find("of another retention"), std::string::npos);
    EXPECT_EQ(ofTenant({false, {preview(mail, {{"keep_daily", 3}}, 1, 0)}}), "")
        << "web-01 has rules of its own";
}

TEST_P(ResticRetention, APreviewIsOfWhatAForgetRemovesAndLeavesNoTrace) {
    backup(web, 'a');
    asked("preview_forget", web, {{"retention", kStrict}});
    const auto payload = given(web);
    EXPECT_EQ(core::json::Value(payload).stringOr("host"), "web-01");
    EXPECT_EQ(core::json::write(*payload.find("retention")), core::json::write(kStrict));
    // A doubtful backup holds back what removes, and not who only looks.
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_targets SET retention_held = 'it saved nothing' WHERE tenant_id = $1",
                   {tx.tenant()});
    });
    preview(web, kStrict, 1, 0);
    EXPECT_TRUE(here([&](Transaction& tx) { return restic::MaintenanceStore::of(tx, {store}); }).empty());
    const auto forget = asked("forget", web).id;
    EXPECT_TRUE(given(web).empty());
    EXPECT_EQ(status(forget), "failed");
    EXPECT_EQ(snapshots().size(), 1U);
    // Who asks with another retention does not get the answer to the first.
    const auto first = asked("preview_forget", web, {{"retention", kStrict}}).id;
    EXPECT_EQ(asked("preview_forget", web, {{"retention", kStrict}}).id, first);
    const auto second = asked("preview_forget", web, {{"retention", Object{{"keep_last", 9}}}}).id;
    EXPECT_NE(second, first);
    EXPECT_EQ(status(first), "cancelled");
    EXPECT_THROW(asked("preview_forget", web, {{"retention", Object{{"keep_tags", Array{"a"}}}}}),
                 core::Error)
        << "tags alone keep nothing of the rest";
    EXPECT_THROW(
        asked("preview_forget", web, {{"retention", Object{{"keep_last", 1}, {"keep_tags", Array{"a,b"}}}}}),
        core::Error);
}

TEST_P(ResticRetention, AnOldAgentRemovesNothingThatTagsKeep) {
    setMetadata(tenant, web, Object{{"ownRepository", true}, {"features", Array{"forget_host"}}});
    const auto errorOf = [&](const std::string& kind, Object parameters) {
        const auto id = asked(kind, web, std::move(parameters)).id;
        EXPECT_TRUE(given(web).empty());
        return task(id).error.stringOr("message");
    };
    const auto old = "The agent on web-01 is too old to keep snapshots by their tags; update it.";
    EXPECT_EQ(errorOf("forget", {}), old);
    EXPECT_EQ(errorOf("prune", {{"retention", kStrict}}), old);
    const Object plain{{"retention", Object{{"keep_daily", 7}}}};
    const auto id = asked("forget", web, plain).id;
    EXPECT_FALSE(given(web).empty()) << "what has no tags it does as ever";
    auto report = said("success");
    report.result = Object{{"outcome", "success"}};
    host.tasks.report(tenant, web, id, report);
    const auto made = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    host.tasks.handOut(tenant, web, 10);
    auto saved = done('a');
    saved.result->set("tags", Array{"pinned"});
    host.tasks.report(tenant, web, made, saved);
    EXPECT_EQ(errorOf("forget", plain), old) << "it would remove what is pinned";
}

} // namespace
} // namespace test
