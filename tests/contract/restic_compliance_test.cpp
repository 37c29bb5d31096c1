#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/compliance_fixture.h"

namespace test {
namespace {
using restic::ComplianceStore;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ResticCompliance : public ComplianceParts {
protected:
    std::vector<restic::ComplianceDay> days() {
        return here([&](Transaction& tx) { return ComplianceStore::days(tx, "2000-01-01", "2100-01-01"); });
    }
    void limitAge(std::int64_t hours) {
        here([&](Transaction& tx) {
            auto changed = host.policies.get(tx, nightly);
            changed.maxAgeHours = hours;
            changed.own = {};
            host.policies.update(tx, nightly, changed);
        });
    }
    std::vector<restic::events::PolicyViolation> told() { return bus.of<restic::events::PolicyViolation>(); }
};
BOTH_DATABASES(ResticCompliance);

TEST_P(ResticCompliance, WhoHasWhatIsPromisedComplies) {
    backup('a');
    forget(good());
    clock.advance(5h);
    const auto found = report();
    EXPECT_TRUE(found.compliant);
    EXPECT_EQ(found.snapshotAgeSeconds, 5 * 3600);
    EXPECT_EQ(found.retentionStatus, "ok");
    EXPECT_TRUE(found.nextBackup);
    EXPECT_EQ(found.policy, nightly);
}

TEST_P(ResticCompliance, EachViolationBeginsAndGoesAway) {
    // By its schedule, without a word of anybody.
    clock.advance(72h);
    EXPECT_THAT(violations(), ElementsAre("no_recent_backup critical"));
    backup('a');
    EXPECT_THAT(violations(), IsEmpty());
    clock.advance(72h);
    EXPECT_THAT(violations(), testing::Contains("no_recent_backup warning"));
    clock.advance(7 * 24h);
    EXPECT_THAT(violations(), testing::Contains("no_recent_backup critical"));
    // By its policy's own limit.
    limitAge(30);
    backup('b');
    forget(good());
    clock.advance(31h);
    EXPECT_THAT(violations(), testing::Contains("snapshot_too_old warning"));
    clock.advance(30h);
    EXPECT_THAT(violations(), testing::Contains("snapshot_too_old critical"));
    backup('c');
    forget(good());
    EXPECT_THAT(violations(), IsEmpty());
    // A failure, and one that lasts until it is too old.
    perform(ofPolicy(web, nightly), failed("InvalidCredentials"));
    EXPECT_THAT(violations(), UnorderedElementsAre("backup_failed warning", "retention_violated info"));
    clock.advance(31h);
    EXPECT_THAT(violations(), testing::IsSupersetOf({"snapshot_too_old warning", "backup_failed critical"}));
    backup('d');
    EXPECT_THAT(violations(), IsEmpty());
    // Retention: held is to know, failed is a warning, for long is critical.
    forget(failed("PermissionDenied"));
    EXPECT_THAT(violations(), ElementsAre("retention_violated warning"));
    EXPECT_EQ(report().retentionStatus, "violated");
    clock.advance(10 * 24h);
    backup('e');
    EXPECT_THAT(violations(), ElementsAre("retention_violated critical"));
    EXPECT_FALSE(report().compliant);
    forget(good());
    EXPECT_THAT(violations(), IsEmpty());
}

TEST_P(ResticCompliance, WhatIsOnlyToBeKnownDoesNotFailIt) {
    backup('a');
    forget(good());
    perform(ofPolicy(web, nightly), failed("SourceNotFound"));
    EXPECT_FALSE(report().compliant);
    auto partly = done('b', 1, "warning");
    perform(ofPolicy(web, nightly), partly);
    const auto found = report();
    for (const auto& one : found.violations)
        EXPECT_EQ(one.severity, "info") << one.type << ": " << one.description;
    EXPECT_TRUE(found.compliant);
}

TEST_P(ResticCompliance, AViolationIsToldOnceAndItsTimeStays) {
    clock.advance(72h);
    evaluator.run();
    const auto since = clock.now();
    ASSERT_EQ(told().size(), 1U);
    EXPECT_EQ(told().at(0).type, "no_recent_backup");
    EXPECT_EQ(told().at(0).policy, nightly);
    clock.advance(1h);
    evaluator.run();
    EXPECT_EQ(told().size(), 1U);
    EXPECT_EQ(report().violations.at(0).timestamp, since);
    backup('a');
    evaluator.run();
    EXPECT_EQ(rows("restic_policy_violations WHERE ended_at_us IS NOT NULL"), 1);
    clock.advance(72h);
    evaluator.run();
    EXPECT_GE(told().size(), 2U) << "it is another one";
}

TEST_P(ResticCompliance, ADayIsAsBadAsItsWorstHour) {
    backup('a');
    evaluator.run();
    perform(ofPolicy(web, nightly), failed("InvalidCredentials"));
    evaluator.run();
    backup('b');
    evaluator.run();
    ASSERT_EQ(days().size(), 1U);
    EXPECT_EQ(days().at(0).status, "unhealthy");
    EXPECT_FALSE(days().at(0).compliant);
    EXPECT_THAT(days().at(0).violations, HasSubstr("backup_failed"));
    clock.advance(24h);
    backup('c');
    evaluator.run();
    ASSERT_EQ(days().size(), 2U);
    EXPECT_EQ(days().at(1).status, "healthy");
    EXPECT_TRUE(days().at(1).compliant);
}

TEST_P(ResticCompliance, TheZoneOfThePolicySaysWhatDayItIs) {
    here([&](Transaction& tx) {
        auto changed = host.policies.get(tx, nightly);
        changed.timezone = "Pacific/Kiritimati"; // 14 hours ahead
        changed.own = {};
        host.policies.update(tx, nightly, changed);
    });
    backup('a');
    while (core::formatInstant(clock.now()).substr(11, 2) != "11")
        clock.advance(1h);
    evaluator.run();
    ASSERT_EQ(days().size(), 1U);
    EXPECT_EQ(days().at(0).day, core::formatInstant(clock.now() + 24h).substr(0, 10));
}

TEST_P(ResticCompliance, WhatIsOldGoesAndTheRestStays) {
    backup('a');
    evaluator.run();
    clock.advance(500 * 24h);
    evaluator.run();
    ASSERT_EQ(days().size(), 1U);
    EXPECT_EQ(days().at(0).day, core::formatInstant(clock.now()).substr(0, 10));
}

TEST_P(ResticCompliance, EachTenantHasItsOwn) {
    clock.advance(72h);
    evaluator.run();
    EXPECT_TRUE(in(other, [&](Transaction& tx) { return compliance.evaluateAll(tx); }).empty());
    EXPECT_TRUE(in(other, [&](Transaction& tx) { return ComplianceStore::open(tx); }).empty());
    EXPECT_TRUE(in(other, [&](Transaction& tx) {
                    return ComplianceStore::days(tx, "2000-01-01", "2100-01-01");
                }).empty());
}

TEST_P(ResticCompliance, ADoubtMakesOneCheckADay) {
    evaluator.setDoubt([this](Transaction& tx, const Uuid& repository, const std::string& why) {
        doubts.request(tx, repository, why);
    });
    const auto checks = [&] {
        return here([](Transaction& tx) {
            return restic::TaskStore::list(tx, {.type = "check"}, {100, {}});
        });
    };
    backup('a');
    evaluator.run();
    EXPECT_EQ(checks().size(), 0U) << "nothing is in doubt";
    auto request = manual(web, store);
    request.type = "check";
    request.parameters = core::json::Object{{"read_data_subset", "3/12"}};
    perform(request, failed("RepositoryCorrupted"));
    evaluator.run();
    EXPECT_EQ(checks().size(), 1U) << "it was looked at just now";
    clock.advance(25h);
    evaluator.run();
    evaluator.run();
    const auto made = checks();
    ASSERT_EQ(made.size(), 2U) << "one, which waits";
    EXPECT_EQ(made.at(0).agent, web);
    EXPECT_EQ(made.at(0).metadata.stringOr("doubt"), "RepositoryCorrupted");
    EXPECT_EQ(made.at(0).parameters.stringOr("read_data_subset"), "3/12")
        << "another part would disprove nothing";
    work(good());
    clock.advance(25h);
    backup('b');
    evaluator.run();
    EXPECT_EQ(checks().size(), 2U) << "what was disproved is no doubt";
}

TEST_P(ResticCompliance, ATableKeepsToItsCells) {
    auto found = report();
    found.targetName = "=cmd|' /C calc'!A1";
    found.policyName = "a \"quoted\", name";
    const auto table = restic::asCsv({found});
    EXPECT_THAT(table, HasSubstr("\r\n'=cmd|' /C calc'!A1,\"a \"\"quoted\"\", name\",true,"));
}

TEST_P(ResticCompliance, AMonthsPageShowsEachDayAndNoMarkup) {
    backup('a');
    evaluator.run();
    auto found = report();
    found.targetName = "<script>alert(1)</script>";
    const auto month = core::formatInstant(clock.now()).substr(0, 7);
    const auto page = restic::asPage(month, {{found, days()}}, "de", clock.now());
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
    EXPECT_THAT(page, testing::Not(HasSubstr("<script>")));
    EXPECT_THAT(page, HasSubstr("1 von 1 haben an jedem betrachteten Tag"));
    EXPECT_THAT(page, HasSubstr("✓"));
    EXPECT_THAT(page, HasSubstr("1/1"));
    auto unknown = days();
    unknown.at(0).status = "unknown";
    const auto silent = restic::asPage(month, {{found, unknown}}, "de", clock.now());
    EXPECT_EQ(silent.find("✓", silent.find("class=\"days\"")), std::string::npos)
        << "nothing is known of that day";
    EXPECT_THAT(silent, HasSubstr("0/0"));
    EXPECT_THAT(silent, HasSubstr("0 von 1 haben"));
    EXPECT_THAT(page, HasSubstr("<title>Sicherungen im Monat " + month + "</title>"));
}

} // namespace
} // namespace test
