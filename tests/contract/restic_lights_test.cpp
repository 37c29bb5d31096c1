#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/compliance_fixture.h"
#include "repositories/size_store.h"
#include "snapshots/snapshot_removal.h"

/// Each of the four lights by itself, and what stands behind it.
namespace test {
namespace {
using testing::HasSubstr;

class ResticLights : public ComplianceParts {};
BOTH_DATABASES(ResticLights);

TEST_P(ResticLights, ANewTargetAsksForNothingYet) {
    const auto lights = target().lights;
    EXPECT_EQ(lights.backup.state, "unknown");
    EXPECT_EQ(lights.retention.state, "none");
    EXPECT_EQ(lights.check.state, "none");
    EXPECT_EQ(lights.restoreTest.state, "none");
    EXPECT_EQ(target().status, "unknown");
    EXPECT_FALSE(target().error) << "that nothing was saved yet is no failure";
}

TEST_P(ResticLights, WhatNeverSavedAnythingIsBadOnceItWasDueTwice) {
    clock.advance(40h);
    EXPECT_EQ(target().status, "unknown");
    clock.advance(24h);
    EXPECT_EQ(target().lights.backup.state, "bad");
    EXPECT_EQ(target().error->error, "NoSnapshots");
}

TEST_P(ResticLights, ABackupIsProvedByItsSnapshotAndAFailureByItsRun) {
    backup('a');
    EXPECT_EQ(target().lights.backup.state, "ok");
    EXPECT_EQ(target().lights.backup.at, target().lastSnapshot);
    EXPECT_EQ(target().lights.backup.evidence->kind, "snapshot");
    EXPECT_EQ(target().lights.backup.evidence->id, std::string(64, 'a'));
    EXPECT_EQ(target().status, "healthy") << "what is not due yet is no trouble";
    const auto run = perform(ofPolicy(web, nightly), failed("InvalidCredentials"));
    EXPECT_EQ(target().lights.backup.state, "bad");
    EXPECT_EQ(target().lights.backup.reason, "BackupFailed");
    EXPECT_EQ(target().lights.backup.evidence->kind, "run");
    EXPECT_EQ(target().lights.backup.evidence->id, run.toString());
    EXPECT_TRUE(target().lights.backup.at) << "the last good one stays";
}

// A lock that nobody removes: backups go on, and for weeks nothing is thinned out.
TEST_P(ResticLights, RetentionThatFailsTurnsItsOwnLightAndNoOther) {
    backup('a');
    EXPECT_EQ(target().lights.retention.state, "unknown");
    const auto first = forget(good());
    EXPECT_EQ(target().lights.retention.state, "ok");
    EXPECT_EQ(target().lights.retention.evidence->id, first.toString());
    for (int day = 0; day < 6; ++day) {
        clock.advance(24h);
        backup(static_cast<char>('0' + day));
        check(good());
        const auto tried = forget(failed("PermissionDenied"));
        EXPECT_EQ(target().lights.retention.state, "warning");
        EXPECT_EQ(target().lights.retention.reason, "RetentionFailed");
        EXPECT_EQ(target().lights.retention.evidence->id, tried.toString());
        EXPECT_EQ(target().lights.backup.state, "ok");
        EXPECT_EQ(target().lights.check.state, "ok");
        EXPECT_EQ(target().status, "warning");
    }
    clock.advance(48h);
    backup('9');
    check(good());
    EXPECT_EQ(target().lights.retention.state, "bad");
    EXPECT_THAT(*target().lights.retention.message, HasSubstr("8 days ago"));
    EXPECT_EQ(target().status, "unhealthy");
    EXPECT_EQ(target().error->error, "RetentionFailed");
    forget(good());
    EXPECT_EQ(target().lights.retention.state, "ok");
    EXPECT_EQ(target().status, "healthy");
}

TEST_P(ResticLights, RetentionThatNobodyDoesIsOverdue) {
    backup('a');
    forget(good());
    clock.advance(72h);
    backup('b');
    EXPECT_EQ(target().lights.retention.state, "warning");
    EXPECT_EQ(target().lights.retention.reason, "RetentionOverdue");
    clock.advance(6 * 24h);
    EXPECT_EQ(target().lights.retention.state, "bad");
}

TEST_P(ResticLights, RetentionThatIsHeldSaysWhy) {
    backup('a');
    forget(good());
    perform(ofPolicy(web, nightly), failed("SourceNotFound"));
    EXPECT_EQ(target().lights.retention.state, "warning");
    EXPECT_EQ(target().lights.retention.reason, "RetentionHeld");
    EXPECT_THAT(*target().lights.retention.message, HasSubstr("it went wrong"));
    backup('c');
    EXPECT_EQ(target().lights.retention.state, "ok");
}

TEST_P(ResticLights, AForgetThatWasHeldIsNoneThatFailed) {
    backup('a');
    forget(good());
    perform(ofPolicy(web, nightly), failed("SourceNotFound"));
    auto request = ofPolicy(web, nightly);
    request.type = "forget";
    request.target = target().id;
    const auto id = host.tasks.create(tenant, request).id;
    host.tasks.handOut(tenant, web, 50);
    EXPECT_EQ(status(id), "failed");
    EXPECT_EQ(task(id).error.stringOr("error"), "RetentionHeld");
    EXPECT_EQ(target().lights.retention.reason, "RetentionHeld");
    backup('c');
    EXPECT_EQ(target().lights.retention.state, "ok");
}

// Somebody removed all snapshots in the repository: that is not "not yet".
TEST_P(ResticLights, WhoseSnapshotsAreAllGoneIsBad) {
    backup('a');
    forget(good());
    ASSERT_EQ(target().status, "healthy");
    here([&](Transaction& tx) { restic::recordRemoved(tx, store, {std::string(64, 'a')}, clock.now()); });
    EXPECT_FALSE(target().lastSnapshot);
    EXPECT_EQ(target().status, "unhealthy");
    EXPECT_EQ(target().lights.backup.state, "bad");
    EXPECT_EQ(target().lights.backup.reason, "NoSnapshots");
    EXPECT_EQ(violations(), std::vector<std::string>{"no_recent_backup critical"});
    backup('b');
    EXPECT_EQ(target().status, "healthy");
}

TEST_P(ResticLights, LessThanHalfOfTheUsualHoldsBackWhatRemoves) {
    const auto sized = [&](char digit, std::int64_t bytes) {
        auto report = done(digit);
        report.result->set("total_bytes_processed", bytes);
        perform(ofPolicy(web, nightly), report);
        clock.advance(1s);
    };
    for (const char digit : {'1', '2', '3'})
        sized(digit, 30'000'000);
    sized('4', 15'000'001);
    EXPECT_EQ(target().lights.retention.state, "unknown");
    sized('5', 10'000'000);
    EXPECT_EQ(target().lights.backup.state, "ok") << "it may be right";
    EXPECT_EQ(target().lights.retention.reason, "RetentionHeld");
    EXPECT_THAT(*target().lights.retention.message,
                HasSubstr("9.54 MiB, less than half of the usual 28.6 MiB"));
    sized('6', 10'000'000);
    EXPECT_EQ(target().lights.retention.reason, "RetentionHeld");
    sized('7', 10'000'000);
    EXPECT_EQ(target().lights.retention.state, "unknown") << "it is the usual by now";
}

TEST_P(ResticLights, WithoutAScheduleNothingIsOverdue) {
    here([&](Transaction& tx) {
        for (const auto& operation : restic::MaintenancePlan::kOperations)
            restic::ScheduleStore::erase(tx, store, operation.name);
    });
    backup('a');
    EXPECT_EQ(target().lights.retention.state, "none");
    EXPECT_EQ(target().lights.check.state, "none");
    forget(good());
    clock.advance(90 * 24h);
    EXPECT_EQ(target().lights.retention.state, "ok");
}

TEST_P(ResticLights, ACheckThatIsLateOrCouldNotLookIsAWarningAndDamageIsBad) {
    backup('a');
    EXPECT_EQ(target().lights.check.state, "unknown");
    const auto looked = check(good());
    EXPECT_EQ(target().lights.check.state, "ok");
    EXPECT_EQ(target().lights.check.evidence->id, looked.toString());
    check(said("cancelled"));
    EXPECT_EQ(target().lights.check.state, "ok") << "who was stopped found nothing";
    check(failed("AuthenticationFailed"));
    EXPECT_EQ(target().lights.check.state, "warning");
    EXPECT_EQ(target().lights.check.reason, "CheckFailed");
    const auto found = check(failed("RepositoryCorrupted"));
    EXPECT_EQ(target().lights.check.state, "bad");
    EXPECT_EQ(target().lights.check.reason, "RepositoryCorrupted");
    EXPECT_EQ(target().lights.check.evidence->id, found.toString());
    EXPECT_EQ(target().lights.retention.reason, "RetentionHeld") << "nothing is removed from it";
    EXPECT_EQ(target().lights.backup.state, "ok");
    check(good());
    EXPECT_EQ(target().lights.check.state, "ok");
    clock.advance(16 * 24h); // two Saturdays and more
    EXPECT_EQ(target().lights.check.reason, "CheckOverdue");
    EXPECT_EQ(target().lights.check.state, "warning");
    clock.advance(30 * 24h);
    EXPECT_EQ(target().lights.check.state, "bad");
}

TEST_P(ResticLights, BesideThemStandsWhatTheRepositoryTakesUp) {
    EXPECT_FALSE(target().repositoryBytes) << "unknown is not 0";
    const auto count = [&](std::int64_t bytes) {
        here([&](Transaction& tx) { restic::SizeStore::record(tx, store, bytes, clock.now()); });
    };
    count(100);
    EXPECT_EQ(target().repositoryBytes, 100);
    clock.advance(24h);
    count(90);
    EXPECT_EQ(target().repositoryBytes, 90) << "the last count";
}

TEST_P(ResticLights, WhoRestsHasNone) {
    backup('a');
    here([&](Transaction& tx) { host.policies.unlink(tx, web, nightly); });
    const auto rests = target();
    EXPECT_EQ(rests.status, "disabled");
    EXPECT_EQ(rests.lights.backup.state, "none");
    EXPECT_FALSE(rests.error);
}

} // namespace
} // namespace test
