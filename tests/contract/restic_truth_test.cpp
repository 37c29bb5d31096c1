#include "contract/restic_fixture.h"

namespace test {
namespace {

/// What a backup that calls itself a success is worth.
class ResticTruth : public ResticParts {
protected:
    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");
    restic::Policy nightly = [this] {
        auto wanted = draft("nightly");
        wanted.repository = store;
        wanted.minSizeBytes = 1000;
        return policy(tenant, wanted);
    }();
    ResticTruth() { link(tenant, web, nightly.id); }

    restic::protocol::TaskStatusReport saved(char digit, std::int64_t files, std::int64_t bytes,
                                             core::microseconds ahead = {}) {
        auto report = done(digit);
        report.result->set("total_files_processed", files);
        report.result->set("total_bytes_processed", bytes);
        report.result->set("time", core::formatInstant(clock.now() + ahead));
        report.result->set("ended_at", core::formatInstant(clock.now() + ahead));
        return report;
    }
    Uuid backup(const restic::protocol::TaskStatusReport& outcome) {
        const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
        host.tasks.handOut(tenant, web, 5);
        host.tasks.report(tenant, web, id, said("running"));
        host.tasks.report(tenant, web, id, outcome);
        return id;
    }
    restic::TargetStatus target() { return host.status.get(tenant, "web-01:nightly", {}); }
    std::string problem() { return target().error ? target().error->message : ""; }
};
BOTH_DATABASES(ResticTruth);

TEST_P(ResticTruth, ASuccessThatSavedNothingIsAWarning) {
    backup(saved('a', 1200, 5000));
    EXPECT_EQ(target().status, "healthy");
    const auto empty = backup(saved('b', 0, 0));
    EXPECT_EQ(run(empty).status, "warning");
    EXPECT_EQ(status(empty), "warning");
    EXPECT_EQ(target().status, "warning");
    EXPECT_NE(problem().find("1200 files"), std::string::npos) << problem();
    backup(saved('c', 0, 0));
    EXPECT_EQ(target().status, "warning") << "the second time as well";
    backup(saved('d', 1190, 5000));
    EXPECT_EQ(target().status, "healthy");
}

TEST_P(ResticTruth, ANewTargetWithoutAFileIsNotGreen) {
    backup(saved('a', 0, 0));
    EXPECT_EQ(target().status, "warning");
}

TEST_P(ResticTruth, MuchLessThanTheLastTimeIsAWarningOnce) {
    backup(saved('a', 1200, 5000));
    backup(saved('b', 1, 5000));
    EXPECT_EQ(target().status, "warning");
    EXPECT_NE(problem().find("Only 1 file "), std::string::npos) << problem();
    backup(saved('c', 1, 5000));
    EXPECT_EQ(target().status, "healthy") << "somebody cleaned up";
    backup(saved('d', 19, 5000));
    backup(saved('e', 1, 5000));
    EXPECT_EQ(target().status, "healthy") << "of so few files a tenth says nothing";
}

TEST_P(ResticTruth, ARunThatSavedNothingIsNoMeasureForTheNext) {
    backup(saved('a', 1200, 5000));
    for (const char digit : {'b', 'c'}) {
        backup(saved(digit, 0, 0));
        EXPECT_NE(problem().find("1200 files"), std::string::npos) << problem();
    }
    backup(saved('d', 20, 5000));
    EXPECT_EQ(target().status, "warning");
    EXPECT_NE(problem().find("Only 20 files were saved; the last run had 1200 files"), std::string::npos)
        << problem();
}

TEST_P(ResticTruth, ASuccessThatTellsOfTroubleIsAWarning) {
    const auto with = [&](const std::string& name, core::json::Value value) {
        auto report = saved('a', 12, 5000);
        report.result->set(name, std::move(value));
        backup(report);
        EXPECT_EQ(target().status, "warning") << name;
        return problem();
    };
    EXPECT_NE(with("unread_count", 5).find("5 files could not be read"), std::string::npos);
    EXPECT_NE(with("unread_items", core::json::Array{core::json::Object{{"path", "/x"}}}).find("1 file "),
              std::string::npos);
    EXPECT_NE(with("missing_sources", core::json::Array{"/x"}).find("/x does not exist"), std::string::npos);
    EXPECT_NE(with("exit_code", 3).find("exit code 3"), std::string::npos);
    backup(saved('b', 12, 5000));
    EXPECT_EQ(target().status, "healthy");
}

TEST_P(ResticTruth, DamageThatTheLastCheckFoundIsNotGreen) {
    const auto check = [&](restic::protocol::TaskStatusReport outcome, core::json::Object parameters = {}) {
        auto request = manual(web, store);
        request.type = "check";
        request.parameters = std::move(parameters);
        const auto id = host.tasks.create(tenant, request).id;
        host.tasks.handOut(tenant, web, 5);
        if (!outcome.result)
            outcome.result = core::json::Object{{"outcome", outcome.status}};
        host.tasks.report(tenant, web, id, outcome);
        EXPECT_EQ(status(id), outcome.status);
    };
    backup(saved('a', 1200, 5000));
    check(failed("RepositoryCorrupted"));
    EXPECT_EQ(target().status, "unhealthy");
    EXPECT_EQ(target().error->error, "RepositoryCorrupted");
    EXPECT_EQ(problem(), "it went wrong");
    backup(saved('b', 1200, 5000));
    EXPECT_EQ(target().status, "unhealthy") << "a good backup mends nothing";
    check(said("success"));
    EXPECT_EQ(target().status, "healthy");
    check(failed("AuthenticationFailed"));
    EXPECT_EQ(target().error->error, "CheckFailed") << "which says nothing of the data";
    EXPECT_EQ(target().status, "warning");
    check(failed("RepositoryNotFound"));
    EXPECT_EQ(target().error->error, "RepositoryNotFound");
    check(failed("InvalidCredentials"));
    EXPECT_EQ(target().error->error, "RepositoryNotFound") << "who could not look disproves nothing";
    check(said("success"));
    EXPECT_EQ(target().status, "healthy");
    // What was found in the data is disproved by reading as much of it.
    check(failed("RepositoryCorrupted"), {{"read_data_subset", "3/12"}});
    check(said("success"));
    check(said("success"), {{"read_data_subset", "4/12"}});
    EXPECT_EQ(target().status, "unhealthy");
    check(said("success"), {{"read_data_subset", "3/12"}});
    EXPECT_EQ(target().status, "healthy");
    check(failed("RepositoryCorrupted"), {{"read_data_subset", "3/12"}});
    check(failed("RepositoryCorrupted"), {{"read_data_subset", "4/12"}});
    check(said("success"), {{"read_data_subset", "4/12"}});
    EXPECT_EQ(target().status, "unhealthy") << "the other part is damaged still";
    check(failed("RepositoryCorrupted"), {{"read_data_subset", "5%"}});
    check(said("success"), {{"read_data_subset", "5%"}});
    EXPECT_EQ(target().status, "unhealthy") << "by chance another part was read";
    check(said("success"), {{"read_data", true}});
    EXPECT_EQ(target().status, "healthy");
}

TEST_P(ResticTruth, LessThanThePolicyExpectsIsAWarning) {
    backup(saved('a', 12, 999));
    EXPECT_EQ(target().status, "warning");
    EXPECT_NE(problem().find("at least 1000 B"), std::string::npos) << problem();
    backup(saved('b', 12, 1000));
    EXPECT_EQ(target().status, "healthy");
}

TEST_P(ResticTruth, ASnapshotFromTheFutureDoesNotHideWhatFailsAfterwards) {
    backup(saved('a', 12, 5000, 48h));
    EXPECT_EQ(target().snapshotAgeHours, 0) << "never negative";
    EXPECT_EQ(target().status, "warning");
    EXPECT_NE(problem().find("48 hours ahead"), std::string::npos) << problem();
    clock.advance(30h);
    backup(saved('b', 12, 5000));
    EXPECT_EQ(target().latestSnapshotId, std::string(64, 'b')) << "the newest is what came last";
    EXPECT_EQ(target().lights.backup.state, "ok");
    clock.advance(72h);
    EXPECT_EQ(target().status, "unhealthy");
    EXPECT_EQ(target().error->error, "SnapshotTooOld");
}

TEST_P(ResticTruth, WhatTheAgentRemarksIsTheReasonOfAWarning) {
    auto report = saved('a', 12, 5000);
    report.status = "warning";
    report.result->set("outcome", "warning");
    report.result->set(
        "notices",
        core::json::Array{core::json::Object{{"code", "SourceIsLink"}, {"message", "/data is a link."}},
                          core::json::Object{{"code", "FilesVanished"}, {"message", "3 are gone."}}});
    const auto id = backup(report);
    EXPECT_EQ(run(id).errorMessage, "/data is a link.");
    EXPECT_EQ(problem(), "/data is a link.");
}

TEST_P(ResticTruth, ASuccessWithoutASnapshotIsAWarningAndNoFirstSuccess) {
    auto unproven = done('a');
    unproven.result = core::json::Object{
        {"outcome", "success"}, {"total_files_processed", 12}, {"total_bytes_processed", 5000}};
    const auto id = backup(unproven);
    EXPECT_EQ(status(id), "warning");
    EXPECT_EQ(run(id).status, "warning");
    EXPECT_NE(run(id).errorMessage.value_or("").find("named no snapshot"), std::string::npos);
    EXPECT_NE(target().status, "healthy");
    EXPECT_TRUE(snapshots().empty());
    const auto hasWorked = [&] {
        return here([&](Transaction& tx) {
            return restic::PlaceStore::firstSuccess(
                       tx, restic::placeOf(restic::RepositoryStore::find(tx, store).value(), web))
                .has_value();
        });
    };
    EXPECT_FALSE(hasWorked());
    backup(saved('b', 12, 5000));
    EXPECT_EQ(target().status, "healthy");
    EXPECT_TRUE(hasWorked());
    backup(unproven);
    EXPECT_EQ(target().status, "warning") << "an older snapshot does not make it green";
}

TEST_P(ResticTruth, ATargetThatFailedNamesTheErrorOfItsTask) {
    backup(failed("AuthenticationFailed"));
    ASSERT_TRUE(target().error);
    EXPECT_EQ(target().error->error, "BackupFailed");
    EXPECT_EQ(target().error->cause, "AuthenticationFailed");
    backup(saved('a', 12, 5000));
    EXPECT_FALSE(target().error);
}

TEST_P(ResticTruth, ASnapshotOfEightDigitsIsRecordedAndCompletedLater) {
    auto brief = saved('a', 12, 5000);
    brief.result->set("snapshot_id", nullptr);
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    host.tasks.handOut(tenant, web, 5);
    host.tasks.report(tenant, web, id, brief);
    ASSERT_EQ(snapshots().size(), 1U);
    EXPECT_EQ(snapshots()[0].snapshotId, "aaaaaaaa");
    EXPECT_EQ(target().status, "healthy") << "the snapshot is there";
    host.tasks.report(tenant, web, id, brief);
    EXPECT_EQ(snapshots().size(), 1U);
    host.tasks.report(tenant, web, id, saved('a', 12, 5000));
    ASSERT_EQ(snapshots().size(), 1U);
    EXPECT_EQ(snapshots()[0].snapshotId, std::string(64, 'a'));
    host.tasks.report(tenant, web, id, brief);
    EXPECT_EQ(snapshots()[0].snapshotId, std::string(64, 'a')) << "what is known is not forgotten";
    EXPECT_EQ(target().snapshotCount, 1);
}

TEST_P(ResticTruth, TheEventOfABackupSaysWhoseItWasAndWhatWentWrong) {
    backup(failed("AuthenticationFailed"));
    const auto events = bus.of("restic.backup.completed");
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].stringOr("agent_hostname"), "web-01");
    EXPECT_EQ(events[0].stringOr("target_name"), "web-01:nightly");
    EXPECT_EQ(events[0].stringOr("policy_name"), "nightly");
    EXPECT_EQ(events[0].stringOr("error"), "AuthenticationFailed");
    EXPECT_EQ(events[0].stringOr("message"), "it went wrong");
    backup(failed("NetworkError"));
    EXPECT_EQ(bus.of("restic.backup.completed").size(), 1U) << "a try that is made again is no end";
}

TEST_P(ResticTruth, WhatContradictsItselfIsRefusedAndChangesNothing) {
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    host.tasks.handOut(tenant, web, 5);
    const auto refused = [&](restic::protocol::TaskStatusReport report) {
        const auto error = errorOf([&] { host.tasks.report(tenant, web, id, report); });
        EXPECT_EQ(error.name(), "ValidationError");
        return error.details().empty() ? "" : error.details()[0].pointer;
    };
    const auto with = [&](const std::string& name, core::json::Value value) {
        auto report = done('a');
        report.result->set(name, std::move(value));
        return report;
    };
    auto bare = said("success");
    bare.result.reset();
    EXPECT_EQ(refused(bare), "/result");
    EXPECT_EQ(refused(with("outcome", "failed")), "/result/outcome");
    EXPECT_EQ(refused(with("outcome", "fantastic")), "/result/outcome");
    for (const std::string& snapshot :
         {std::string("../../etc/passwd"), std::string("--repo=/x"), std::string(), std::string(64, 'z'),
          std::string(63, 'a'), std::string(64, 'A')})
        EXPECT_EQ(refused(with("snapshot_id", snapshot)), "/result/snapshot_id") << snapshot;
    EXPECT_EQ(refused(with("short_id", "abc")), "/result/short_id");
    EXPECT_EQ(refused(with("short_id", std::string(8, 'b'))), "/result/short_id");
    auto backwards = with("started_at", "2026-01-02T03:04:05Z");
    backwards.result->set("ended_at", "2026-01-02T03:04:04Z");
    EXPECT_EQ(refused(backwards), "/result/ended_at");
    EXPECT_EQ(refused(with("duration_seconds", -1)), "/result/duration_seconds");
    EXPECT_EQ(refused(with("duration_seconds", 1e308)), "/result/duration_seconds");
    EXPECT_EQ(refused(with("files_new", -1)), "/result/files_new");
    EXPECT_EQ(refused(with("total_bytes_processed", 1e19)), "/result/total_bytes_processed");
    EXPECT_EQ(status(id), "assigned");
    EXPECT_TRUE(snapshots().empty());
    EXPECT_EQ(host.tasks.report(tenant, web, id, done('a')).ack.status, "success");
}

TEST_P(ResticTruth, NumbersBeyondAllLimitsCanBeReadAgain) {
    // Unknown fields are kept as they came; PostgreSQL writes these out in full.
    auto report = done('a');
    report.result->set("novelty", core::json::Array{1e19, -1e22, 1e308, 5e-324, 0.1});
    const auto id = backup(report);
    const auto stored = task(id);
    const auto* kept = stored.result.find("novelty");
    ASSERT_NE(kept, nullptr);
    EXPECT_EQ(kept->array()->size(), 5U);
    EXPECT_EQ((*kept->array())[0].number(), 1e19);
    EXPECT_EQ((*kept->array())[2].number(), 1e308);
    EXPECT_EQ(here([](Transaction& tx) { return restic::TaskStore::list(tx, {}, {}); }).size(), 1U);
}

TEST_P(ResticTruth, LogsHaveAnEndAndSaySo) {
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    host.tasks.handOut(tenant, web, 5);
    std::int64_t sent = 0;
    const auto send = [&](int lines, std::size_t size) {
        restic::protocol::LogBatch batch;
        batch.firstSeq = sent + 1;
        for (int i = 0; i < lines; ++i)
            batch.lines.push_back({clock.now(), "info", std::string(size, 'x')});
        sent = host.tasks.appendLogs(tenant, web, id, batch).ack.ackedSeq;
    };
    for (int i = 0; i < 12; ++i)
        send(1000, 10);
    EXPECT_EQ(sent, 12000) << "an agent that insists is not stuck at it";
    restic::protocol::LogBatch late;
    for (const std::int64_t first : {20001, 12001, 11001, 5}) {
        late.firstSeq = first;
        late.lines = {{clock.now(), "info", "x"}};
        EXPECT_GE(host.tasks.appendLogs(tenant, web, id, late).ack.ackedSeq, first)
            << "nobody goes back for what has no room";
    }
    std::vector<std::string> all;
    restic::LogCursor at;
    for (;;) {
        const auto page = here([&](Transaction& tx) { return restic::LogStore::read(tx, id, at, 5000); });
        if (!page.last)
            break;
        for (const auto& line : page.lines)
            all.push_back(line.line.stringOr("message"));
        at = *page.last;
    }
    EXPECT_EQ(all.size(), static_cast<std::size_t>(restic::LogStore::kMostLines) + 1);
    EXPECT_NE(all.back().find("missing"), std::string::npos);
}

TEST_P(ResticTruth, ATenantsLogsHaveAnHourlyLimitAndSaySo) {
    restic::TaskSettings settings;
    settings.logBytesPerHour = 1000;
    restic::TaskService small(db, clock, bus, base.vault, fixture.log.logger(), settings,
                              restic::kindsOfTasks(bus, base.vault));
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    host.tasks.handOut(tenant, web, 5);
    std::int64_t sent = 0;
    const auto send = [&] {
        restic::protocol::LogBatch batch;
        batch.firstSeq = sent + 1;
        for (int i = 0; i < 6; ++i)
            batch.lines.push_back({clock.now(), "info", std::string(100, 'x')});
        sent = small.appendLogs(tenant, web, id, batch).ack.ackedSeq;
    };
    send();
    send(); // too much for this hour
    EXPECT_EQ(sent, 12) << "the agent goes on";
    clock.advance(1h);
    send();
    const auto page = here([&](Transaction& tx) { return restic::LogStore::read(tx, id, {}, 100); });
    ASSERT_EQ(page.lines.size(), 13U);
    EXPECT_NE(page.lines[6].line.stringOr("message").find("missing"), std::string::npos);
    EXPECT_EQ(page.lines[7].seq, 13);
    // What one tenant has used up is not another's.
    const auto theirs = enrol(other, "elsewhere").id;
    restic::TaskRequest request;
    request.agent = theirs;
    request.parameters = core::json::Object{{"sources", core::json::Array{"/etc"}}};
    const auto foreign = host.tasks.create(other, request).id;
    host.tasks.handOut(other, theirs, 5);
    restic::protocol::LogBatch batch;
    for (int i = 0; i < 9; ++i)
        batch.lines.push_back({clock.now(), "info", std::string(100, 'y')});
    small.appendLogs(other, theirs, foreign, batch);
    EXPECT_EQ(
        in(other, [&](Transaction& tx) { return restic::LogStore::read(tx, foreign, {}, 100); }).lines.size(),
        9U);
}

TEST_P(ResticTruth, AnswersOfLogsAreBoundedInBytes) {
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    host.tasks.handOut(tenant, web, 5);
    for (int batch = 0; batch < 8; ++batch) {
        restic::protocol::LogBatch lines;
        lines.firstSeq = batch * 20 + 1;
        for (int i = 0; i < 20; ++i)
            lines.lines.push_back({clock.now(), "info", std::string(60000, 'x')});
        host.tasks.appendLogs(tenant, web, id, lines);
    }
    std::size_t lines = 0;
    std::size_t pages = 0;
    restic::LogCursor at;
    for (;;) {
        const auto page = here([&](Transaction& tx) { return restic::LogStore::read(tx, id, at, 5000); });
        if (!page.last)
            break;
        std::size_t bytes = 0;
        for (const auto& line : page.lines)
            bytes += line.line.stringOr("message").size();
        EXPECT_LT(bytes, restic::LogStore::kMostAnswered + 65536);
        lines += page.lines.size();
        ++pages;
        at = *page.last;
    }
    EXPECT_EQ(lines, 160U);
    EXPECT_GT(pages, 5U);
}

} // namespace
} // namespace test
