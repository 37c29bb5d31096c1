#include "contract/restic_fixture.h"

namespace test {
namespace {

using restic::TaskStore;
namespace errors = restic::errors;

class ResticTasks : public ResticParts {
protected:
    Uuid web = agent("web-01");
    Uuid store = repository(tenant, "store");

    std::vector<std::string> handOut(int free, const Uuid& to) {
        std::vector<std::string> ids;
        for (const auto& envelope : host.tasks.handOut(tenant, to, free).items)
            ids.push_back(envelope.action + " " + *envelope.payload.find("task_id")->string());
        return ids;
    }
    std::vector<std::string> handOut(int free = 10) { return handOut(free, web); }
    restic::TaskService::ReportAnswer report(const Uuid& id, const restic::protocol::TaskStatusReport& what) {
        return host.tasks.report(tenant, web, id, what);
    }
    /// A task that its agent runs.
    Uuid running() {
        const auto id = host.tasks.create(tenant, manual(web, store)).id;
        EXPECT_EQ(handOut().size(), 1U);
        EXPECT_EQ(report(id, said("running")).refusal, nullptr);
        return id;
    }
    static std::string backup(const Uuid& id) { return "backup " + id.toString(); }
};
BOTH_DATABASES(ResticTasks);

TEST_P(ResticTasks, AreMadeWithTheirRunAndWakeTheirAgent) {
    const auto made = host.tasks.create(tenant, manual(web, store));
    EXPECT_EQ(status(made.id), "queued");
    EXPECT_EQ(made.attempt, 1);
    EXPECT_EQ(run(made.id).status, "created");
    EXPECT_EQ(run(made.id).agentHostname, "web-01");
    EXPECT_EQ(host.woken, std::vector<Uuid>{web});
    ASSERT_EQ(bus.of("restic.task.created").size(), 1U);
    EXPECT_EQ(bus.of("restic.task.created")[0].stringOr("task_id"), made.id.toString());
}

TEST_P(ResticTasks, AtTheirEndWakeTheAgentIfAnotherOneWaits) {
    const auto first = running();
    const auto second = host.tasks.create(tenant, manual(web, store)).id;
    host.woken.clear();
    EXPECT_EQ(report(first, said("success")).refusal, nullptr);
    EXPECT_EQ(host.woken, std::vector<Uuid>{web});
    EXPECT_EQ(handOut(), std::vector<std::string>{backup(second)});
    host.woken.clear();
    EXPECT_EQ(report(second, said("success")).refusal, nullptr);
    EXPECT_TRUE(host.woken.empty()) << "a parked poll would end for nothing";
}

TEST_P(ResticTasks, NeedWhatTheyName) {
    const auto before = rows("restic_tasks");
    EXPECT_EQ(errorOf([&] { host.tasks.create(tenant, manual(newId())); }).name(), "AgentNotFound");
    EXPECT_EQ(errorOf([&] { host.tasks.create(tenant, ofPolicy(web, newId())); }).name(), "PolicyNotFound");
    EXPECT_EQ(errorOf([&] { host.tasks.create(tenant, manual(web, newId())); }).name(), "RepositoryNotFound");
    auto nothing = manual(web, store);
    nothing.parameters = core::json::Object();
    EXPECT_EQ(errorOf([&] { host.tasks.create(tenant, nothing); }).name(), "InvalidParameters");
    EXPECT_EQ(errorOf([&] { host.tasks.create(other, manual(web)); }).name(), "AgentNotFound");
    EXPECT_EQ(rows("restic_tasks"), before);
    EXPECT_EQ(rows("restic_backup_runs"), before);
}

TEST_P(ResticTasks, ABackupOfAPolicyNeedsItsLink) {
    auto wanted = draft("nightly");
    wanted.repository = store;
    const auto nightly = policy(tenant, wanted);
    const auto before = rows("restic_tasks");
    const auto refused = errorOf([&] { host.tasks.create(tenant, ofPolicy(web, nightly.id)); });
    EXPECT_EQ(refused.name(), "PolicyNotLinked");
    EXPECT_NE(std::string(refused.what()).find("\"nightly\""), std::string::npos) << refused.what();
    EXPECT_NE(std::string(refused.what()).find("web-01"), std::string::npos) << refused.what();
    EXPECT_EQ(rows("restic_tasks"), before);
    auto check = ofPolicy(web, nightly.id); // looks after the repository, and makes no snapshot
    check.type = "check";
    EXPECT_EQ(host.tasks.create(tenant, check).type, "check");
    link(tenant, web, nightly.id);
    EXPECT_TRUE(host.tasks.create(tenant, ofPolicy(web, nightly.id)).target) << "its light shows it";
    here([&](Transaction& tx) { host.policies.unlink(tx, web, nightly.id); });
    EXPECT_EQ(errorOf([&] { host.tasks.create(tenant, ofPolicy(web, nightly.id)); }).name(),
              "PolicyNotLinked");
}

TEST_P(ResticTasks, OneOfAPolicyWaitsAtMost) {
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    const auto first = host.tasks.create(tenant, ofPolicy(web, nightly.id));
    EXPECT_EQ(host.tasks.create(tenant, ofPolicy(web, nightly.id)).id, first.id);
    EXPECT_EQ(rows("restic_tasks"), 1);
    handOut();
    const auto second = host.tasks.create(tenant, ofPolicy(web, nightly.id));
    EXPECT_NE(second.id, first.id) << "one that runs is no reason to forget the next";
    const auto database = agent("db-01");
    link(tenant, database, nightly.id);
    const auto elsewhere = host.tasks.create(tenant, ofPolicy(database, nightly.id));
    EXPECT_NE(elsewhere.id, second.id);
}

TEST_P(ResticTasks, TwoWhoAskAtOnceGetTheSameOne) {
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    for (int round = 0; round < 10; ++round) {
        const auto wanted = ofPolicy(web, nightly.id);
        std::vector<Uuid> ids(4);
        std::vector<std::string> faults(4);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < ids.size(); ++i)
                threads.emplace_back([&, i] {
                    try {
                        ids[i] = host.tasks.create(tenant, wanted).id;
                    } catch (const std::exception& error) {
                        faults[i] = error.what();
                    }
                });
        }
        EXPECT_EQ(faults, std::vector<std::string>(4));
        for (const auto& id : ids)
            EXPECT_EQ(id, ids[0]);
        host.tasks.cancel(tenant, ids[0]);
    }
}

TEST_P(ResticTasks, TheEnvelopeHasWhatTheAgentNeeds) {
    auto wanted = draft("nightly");
    wanted.repository = store;
    wanted.priority = 4;
    wanted.timeoutSeconds = 77;
    const auto nightly = policy(tenant, wanted);
    link(tenant, web, nightly.id);
    auto request = ofPolicy(web, nightly.id);
    request.parameters = core::json::Object{{"exclude", core::json::Array{"/etc/ssl"}},
                                            {"tags", core::json::Array{"by-hand"}},
                                            {"limit_upload_kib", 512}};
    const auto made = host.tasks.create(tenant, request);
    EXPECT_EQ(made.priority, 4);
    EXPECT_TRUE(made.target);
    const auto poll = host.tasks.handOut(tenant, web, 1);
    ASSERT_EQ(poll.items.size(), 1U);
    EXPECT_EQ(poll.items[0].type, "request");
    const auto payload = core::wire::read<restic::protocol::BackupTask>(poll.items[0].payload).value();
    EXPECT_EQ(payload.taskId, made.id);
    EXPECT_EQ(payload.attempt, 1);
    EXPECT_EQ(payload.policyId, nightly.id);
    EXPECT_EQ(payload.policyName, "nightly");
    EXPECT_EQ(payload.sources, (std::vector<std::string>{"/etc", "/home"}));
    EXPECT_EQ(payload.exclude, (std::vector<std::string>{"*.tmp", "/etc/ssl"}));
    EXPECT_EQ(payload.tags, (std::vector<std::string>{"nightly", "by-hand"}));
    EXPECT_EQ(payload.timeoutSeconds, 77);
    EXPECT_EQ(payload.limitUploadKib, 512);
    EXPECT_EQ(payload.retention->keepDaily, 7);
    ASSERT_TRUE(payload.repository);
    EXPECT_EQ(payload.repository->url, "/srv/store");
    EXPECT_EQ(payload.repository->password, kSecret);
    EXPECT_TRUE(payload.initIfMissing);

    report(made.id, said("running"));
    report(made.id, done('a'));
    host.tasks.create(tenant, ofPolicy(web, nightly.id));
    const auto next = host.tasks.handOut(tenant, web, 1);
    ASSERT_EQ(next.items.size(), 1U);
    EXPECT_FALSE(core::wire::read<restic::protocol::BackupTask>(next.items[0].payload).value().initIfMissing)
        << "a repository that worked must never be created again";
}

TEST_P(ResticTasks, AreHandedOutByPriorityThenAge) {
    std::vector<Uuid> ids;
    for (const int priority : {0, 0, 7, 3}) {
        auto request = manual(web);
        request.priority = priority;
        ids.push_back(host.tasks.create(tenant, request).id);
    }
    here([&](Transaction& tx) {
        auto found = restic::AgentStore::find(tx, web).value();
        found.maxConcurrentTasks = 10;
        restic::AgentStore::updateSettings(tx, found);
    });
    EXPECT_EQ(handOut(1), std::vector<std::string>{backup(ids[2])});
    EXPECT_EQ(handOut(1), std::vector<std::string>{backup(ids[3])});
    EXPECT_EQ(handOut(1), std::vector<std::string>{backup(ids[0])});
    EXPECT_EQ(handOut(1), std::vector<std::string>{backup(ids[1])});
    EXPECT_TRUE(handOut(1).empty());
    EXPECT_EQ(status(ids[0]), "assigned");
}

TEST_P(ResticTasks, AreNotMoreThanTheAgentMayHaveNorAnyWhilePaused) {
    for (int i = 0; i < 5; ++i)
        host.tasks.create(tenant, manual(web));
    const auto change = [&](bool paused, int limit) {
        here([&](Transaction& tx) {
            auto found = restic::AgentStore::find(tx, web).value();
            found.paused = paused;
            found.maxConcurrentTasks = limit;
            restic::AgentStore::updateSettings(tx, found);
        });
    };
    change(true, 2);
    EXPECT_TRUE(handOut().empty());
    change(false, 2);
    EXPECT_TRUE(handOut(0).empty());
    const auto first = handOut();
    ASSERT_EQ(first.size(), 2U);
    EXPECT_TRUE(handOut().empty());
    const auto id = Uuid::parse(first[0].substr(7)).value();
    report(id, said("running"));
    EXPECT_TRUE(handOut().empty()) << "a running one takes a place, too";
    report(id, done('a'));
    EXPECT_EQ(handOut().size(), 1U);
    EXPECT_TRUE(handOut(10, agent("db-01")).empty()) << "another agent's tasks";
}

TEST_P(ResticTasks, TwoPollsAtOnceGetDisjointTasksWithinTheLimit) {
    here([&](Transaction& tx) {
        auto found = restic::AgentStore::find(tx, web).value();
        found.maxConcurrentTasks = 3;
        restic::AgentStore::updateSettings(tx, found);
    });
    const auto second = fixture.openAnother();
    ResticHost another(*second, clock, bus, base, authentication, fixture.log.logger());
    for (int round = 0; round < 8; ++round) {
        for (int i = 0; i < 6; ++i)
            host.tasks.create(tenant, manual(web));
        std::vector<std::vector<std::string>> got(2);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < 2; ++i)
                threads.emplace_back([&, i] {
                    auto& service = i == 0 ? host.tasks : another.tasks;
                    for (const auto& envelope : service.handOut(tenant, web, 10).items)
                        got[i].push_back(*envelope.payload.find("task_id")->string());
                });
        }
        std::set<std::string> all(got[0].begin(), got[0].end());
        all.insert(got[1].begin(), got[1].end());
        EXPECT_EQ(all.size(), got[0].size() + got[1].size()) << "a task was handed out twice";
        EXPECT_EQ(all.size(), 3U);
        for (const auto& id : all)
            report(Uuid::parse(id).value(), said("cancelled"));
    }
}

TEST_P(ResticTasks, RunAndEndOnce) {
    const auto id = running();
    auto progress = said("running");
    progress.progress = restic::protocol::Progress{};
    progress.progress->percentDone = 40;
    clock.advance(5s);
    EXPECT_EQ(report(id, progress).ack.status, "running");
    EXPECT_EQ(task(id).progress.numberOr("percent_done"), 40);
    EXPECT_EQ(report(id, said("running")).refusal, nullptr);
    EXPECT_EQ(task(id).progress.numberOr("percent_done"), 40) << "a report without progress forgets it";
    EXPECT_EQ(run(id).status, "running");
    clock.advance(5s);
    EXPECT_EQ(report(id, done('a')).ack.status, "success");
    const auto ended = task(id);
    EXPECT_EQ(ended.completedAt, clock.now());
    EXPECT_FALSE(ended.leaseUntil);
    EXPECT_EQ(ended.result.stringOr("snapshot_id"), std::string(64, 'a'));
    const auto saved = run(id);
    EXPECT_EQ(saved.status, "success");
    EXPECT_EQ(saved.snapshotId, std::string(64, 'a'));
    EXPECT_EQ(saved.filesNew, 3);
    EXPECT_EQ(saved.totalBytesProcessed, 3456);
    EXPECT_EQ(saved.durationSeconds, 1.5);
    EXPECT_FALSE(saved.filesChanged) << "nobody reported it";
    ASSERT_EQ(snapshots().size(), 1U);
    const auto snapshot = snapshots()[0];
    EXPECT_EQ(snapshot.snapshotId, std::string(64, 'a'));
    EXPECT_EQ(snapshot.shortId, "aaaaaaaa");
    EXPECT_EQ(snapshot.fileCount, 12);
    EXPECT_EQ(snapshot.run, id);
    EXPECT_EQ(snapshot.tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(bus.of("restic.task.completed").size(), 1U);
    EXPECT_EQ(bus.of("restic.backup.completed").size(), 1U);
    EXPECT_EQ(bus.of("restic.snapshot.discovered").size(), 1U);
    EXPECT_EQ(bus.of("restic.task.completed")[0].numberOr("duration_seconds"), 10);

    // The answer was lost; the agent says it again.
    EXPECT_EQ(report(id, done('a')).refusal, nullptr);
    // And whatever else it says, the end stays.
    EXPECT_EQ(report(id, failed("NetworkError")).refusal, &errors::kTaskAlreadyFinished);
    EXPECT_EQ(report(id, said("running")).refusal, &errors::kTaskAlreadyFinished);
    EXPECT_EQ(status(id), "success");
    EXPECT_EQ(run(id).status, "success");
    EXPECT_EQ(snapshots().size(), 1U);
    EXPECT_EQ(bus.of("restic.task.completed").size(), 1U);
}

TEST_P(ResticTasks, ReportsOfOthersAndOfNonsenseAreRefused) {
    const auto id = running();
    const auto stranger = agent("db-01");
    EXPECT_EQ(errorOf([&] { host.tasks.report(tenant, stranger, id, done('a')); }).name(), "TaskNotFound");
    EXPECT_EQ(errorOf([&] { host.tasks.report(other, web, id, done('a')); }).name(), "TaskNotFound");
    EXPECT_EQ(errorOf([&] { report(newId(), done('a')); }).name(), "TaskNotFound");
    for (const char* state : {"queued", "created", "assigned", "unreachable", "ended", ""})
        EXPECT_EQ(errorOf([&] { report(id, said(state)); }).name(), "ValidationError") << state;
    EXPECT_EQ(status(id), "running");
}

TEST_P(ResticTasks, AWarningIsAnEndWithItsUnreadFiles) {
    const auto id = running();
    auto warned = done('b', 1, "warning");
    warned.result->set("unread_count", 2);
    warned.result->set("unread_items",
                       core::json::Array{core::json::Object{{"path", "/x"}, {"message", "permission denied"}},
                                         core::json::Object{{"path", "/y"}, {"message", "gone"}}});
    report(id, warned);
    EXPECT_EQ(status(id), "warning");
    EXPECT_EQ(run(id).unreadCount, 2);
    ASSERT_EQ(run(id).unreadItems.array()->size(), 2U);
    EXPECT_EQ(run(id).unreadItems.array()->at(1).stringOr("path"), "/y");
}

TEST_P(ResticTasks, ATransientFailureIsTriedAgainLaterAndNotForEver) {
    const auto id = running();
    for (int attempt = 1; attempt <= 3; ++attempt) {
        const auto answer = report(id, failed("NetworkError", attempt));
        EXPECT_EQ(answer.ack.status, "queued");
        EXPECT_EQ(answer.ack.attempt, attempt + 1);
        EXPECT_EQ(run(id).status, "created");
        EXPECT_EQ(task(id).error.stringOr("error"), "NetworkError") << "why it waits";
        EXPECT_TRUE(handOut().empty()) << "too early";
        host.tasks.sweep();
        clock.advance(299s);
        host.woken.clear();
        host.tasks.sweep();
        EXPECT_TRUE(handOut().empty());
        EXPECT_TRUE(host.woken.empty());
        clock.advance(1s);
        host.tasks.sweep();
        EXPECT_EQ(host.woken, std::vector<Uuid>{web});
        EXPECT_EQ(handOut(), std::vector<std::string>{backup(id)});
        report(id, said("running", attempt + 1));
    }
    EXPECT_EQ(report(id, failed("NetworkError", 4)).ack.status, "failed");
    EXPECT_EQ(run(id).status, "failed");
    EXPECT_EQ(run(id).errorMessage, "it went wrong");
    EXPECT_EQ(rows("restic_task_attempts"), 4);
    EXPECT_EQ(bus.of("restic.task.completed").size(), 1U);
}

TEST_P(ResticTasks, AFailedTryMayWaitBesideTheNextRunOfItsPolicy) {
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    const auto first = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    handOut();
    report(first, said("running"));
    const auto second = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    EXPECT_EQ(report(first, failed("NetworkError")).ack.status, "queued");
    clock.advance(300s);
    ASSERT_NE(first, second);
    EXPECT_EQ(handOut(), std::vector<std::string>{backup(first)}) << "one after the other";
    EXPECT_TRUE(handOut().empty());
    report(first, said("success", 2));
    EXPECT_EQ(handOut(), std::vector<std::string>{backup(second)});
}

TEST_P(ResticTasks, AskedForNowOneDoesNotWaitForItsNextTry) {
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    handOut();
    report(id, failed("NetworkError"));
    auto scheduled = ofPolicy(web, nightly.id);
    scheduled.slot = clock.now();
    EXPECT_EQ(host.tasks.create(tenant, scheduled).id, id);
    EXPECT_TRUE(handOut().empty()) << "a schedule is not in a hurry";
    host.woken.clear();
    EXPECT_EQ(host.tasks.create(tenant, ofPolicy(web, nightly.id)).id, id);
    EXPECT_EQ(host.woken, std::vector<Uuid>{web});
    EXPECT_EQ(handOut(), std::vector<std::string>{backup(id)});
}

TEST_P(ResticTasks, ThoseOfARevokedAgentEndAtOnce) {
    const auto held = running();
    const auto mail = agent("mail-01");
    const auto others = host.tasks.create(tenant, manual(mail)).id;
    const auto waiting = host.tasks.create(tenant, manual(web)).id;
    host.agents.revoke(tenant, web);
    EXPECT_EQ(task(waiting).status, restic::protocol::TaskState::cancelled);
    EXPECT_NE(task(waiting).error.stringOr("message").find("removed"), std::string::npos);
    EXPECT_EQ(task(others).status, restic::protocol::TaskState::queued);
    EXPECT_EQ(status(held), "failed") << "or its policy and repository could not be deleted for hours";
    EXPECT_EQ(task(held).error.stringOr("error"), "AgentRemoved");
    EXPECT_EQ(run(held).status, "failed");
}

TEST_P(ResticTasks, AMachineThatIsEnrolledAnewStillTellsWhatItSaved) {
    const auto held = running();
    host.agents.revoke(tenant, web);
    EXPECT_EQ(errorOf([&] { host.tasks.report(tenant, agent("mail-01"), held, done('a')); }).name(),
              "TaskNotFound");
    const auto again = agent("web-01");
    EXPECT_EQ(host.tasks.report(tenant, again, held, done('a')).refusal, &errors::kTaskAlreadyFinished);
    ASSERT_EQ(snapshots().size(), 1U);
    EXPECT_EQ(snapshots()[0].run, held);
}

TEST_P(ResticTasks, ALastingFailureIsNotTriedAgain) {
    for (const char* error : {"AuthenticationFailed", "SourceNotFound", "ResticNotFound", "OutOfDiskSpace"}) {
        const auto id = running();
        EXPECT_EQ(report(id, failed(error)).ack.status, "failed") << error;
        EXPECT_EQ(task(id).error.stringOr("error"), error);
        EXPECT_EQ(task(id).error.stringOr("hint"), "do something");
        EXPECT_EQ(task(id).attempt, 1);
    }
}

TEST_P(ResticTasks, AStaleAttemptIsRefusedButItsSnapshotIsKnown) {
    const auto id = running();
    report(id, failed("NetworkError"));
    const auto late = report(id, done('c', 1));
    EXPECT_EQ(late.refusal, &errors::kStaleAttempt);
    EXPECT_EQ(late.ack.attempt, 2);
    EXPECT_EQ(status(id), "queued");
    ASSERT_EQ(snapshots().size(), 1U);
    EXPECT_EQ(snapshots()[0].shortId, "cccccccc");
    clock.advance(300s);
    handOut();
    EXPECT_EQ(report(id, said("running", 1)).refusal, &errors::kStaleAttempt);
    EXPECT_EQ(report(id, said("running", 3)).refusal, &errors::kStaleAttempt);
    EXPECT_EQ(status(id), "assigned");
    EXPECT_EQ(report(id, done('d', 2)).ack.status, "success") << "the word 'running' was lost on its way";
    EXPECT_EQ(snapshots().size(), 2U);
    EXPECT_EQ(report(id, done('e', 1)).refusal, &errors::kTaskAlreadyFinished);
    EXPECT_EQ(snapshots().size(), 3U);
}

TEST_P(ResticTasks, AWaitingOneIsCancelledAtOnce) {
    const auto id = host.tasks.create(tenant, manual(web)).id;
    EXPECT_EQ(host.tasks.cancel(tenant, id).status, restic::protocol::TaskState::cancelled);
    EXPECT_EQ(run(id).status, "cancelled");
    EXPECT_TRUE(handOut().empty());
    EXPECT_EQ(errorOf([&] { host.tasks.cancel(tenant, id); }).name(), "TaskAlreadyFinished");
    EXPECT_EQ(errorOf([&] { host.tasks.cancel(tenant, newId()); }).name(), "TaskNotFound");
    EXPECT_EQ(errorOf([&] { host.tasks.cancel(other, id); }).name(), "TaskNotFound");
}

TEST_P(ResticTasks, ARunningOneIsCancelledByItsAgent) {
    const auto id = running();
    host.woken.clear();
    EXPECT_EQ(host.tasks.cancel(tenant, id).status, restic::protocol::TaskState::running);
    EXPECT_EQ(host.woken, std::vector<Uuid>{web});
    const std::vector<std::string> cancel{"cancel " + id.toString()};
    EXPECT_EQ(handOut(0), cancel) << "an agent without a free place must hear of it";
    EXPECT_TRUE(handOut(0).empty()) << "not in every poll";
    EXPECT_TRUE(report(id, said("running")).ack.cancelRequested);
    clock.advance(31s);
    EXPECT_EQ(handOut(0), cancel) << "the first may have been lost";
    EXPECT_EQ(report(id, said("cancelled")).ack.status, "cancelled");
    EXPECT_EQ(run(id).status, "cancelled");
    clock.advance(31s);
    EXPECT_TRUE(handOut(0).empty());
}

TEST_P(ResticTasks, AFailureOfACancelledOneIsNotTriedAgain) {
    const auto id = running();
    host.tasks.cancel(tenant, id);
    EXPECT_EQ(report(id, failed("NetworkError")).ack.status, "failed");
    EXPECT_EQ(task(id).attempt, 1);
}

TEST_P(ResticTasks, AnEndedOneIsStartedAgainAsANewOne) {
    const auto id = running();
    EXPECT_EQ(errorOf([&] { host.tasks.retry(tenant, id); }).name(), "Conflict");
    report(id, failed("AuthenticationFailed"));
    clock.advance(1s);
    const auto again = host.tasks.retry(tenant, id);
    EXPECT_NE(again.id, id);
    EXPECT_EQ(again.retryOf, id);
    EXPECT_EQ(again.attempt, 1);
    EXPECT_EQ(again.parameters, task(id).parameters);
    EXPECT_EQ(again.repository, store);
    EXPECT_EQ(status(id), "failed");
    EXPECT_EQ(errorOf([&] { host.tasks.retry(other, id); }).name(), "TaskNotFound");
}

TEST_P(ResticTasks, OneThatWasNeverBegunIsGivenOutAgain) {
    const auto id = host.tasks.create(tenant, manual(web, store)).id;
    handOut();
    clock.advance(90s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "assigned");
    clock.advance(1s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "queued");
    EXPECT_EQ(task(id).attempt, 2);
    EXPECT_EQ(handOut(), std::vector<std::string>{backup(id)});
    EXPECT_EQ(report(id, done('a', 1)).refusal, &errors::kStaleAttempt);
}

TEST_P(ResticTasks, OneThatNobodyEverBeginsFailsInTheEnd) {
    const auto id = host.tasks.create(tenant, manual(web)).id;
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(handOut().size(), 1U) << i;
        clock.advance(91s);
        host.tasks.sweep();
    }
    EXPECT_EQ(status(id), "failed");
    EXPECT_EQ(task(id).error.stringOr("error"), "Interrupted");
}

TEST_P(ResticTasks, ACancelledOneThatIsNotBegunEndsWithItsLease) {
    const auto id = host.tasks.create(tenant, manual(web)).id;
    handOut();
    host.tasks.cancel(tenant, id);
    clock.advance(91s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "cancelled");
}

TEST_P(ResticTasks, ARunningOneBecomesUnreachableAndComesBack) {
    const auto id = running();
    clock.advance(91s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "unreachable");
    EXPECT_EQ(run(id).status, "running");
    EXPECT_TRUE(handOut().empty()) << "its agent may still be at it";
    EXPECT_EQ(report(id, said("running")).ack.status, "running");
    EXPECT_EQ(task(id).attempt, 1);
    clock.advance(91s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "unreachable");
    EXPECT_EQ(report(id, done('a')).ack.status, "success");
    EXPECT_EQ(run(id).status, "success");
}

TEST_P(ResticTasks, AnUnreachableOneFailsWhenItsTimeIsOver) {
    const auto id = running();
    clock.advance(91s);
    host.tasks.sweep();
    clock.advance(21600s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "failed");
    EXPECT_EQ(task(id).error.stringOr("error"), "TaskTimeout");
}

TEST_P(ResticTasks, AHeartbeatKeepsWhatTheAgentKnowsAndGivesOutTheRest) {
    worked(store, web);
    const auto known = running();
    const auto lost = host.tasks.create(tenant, manual(web, store)).id;
    handOut();
    clock.advance(91s);
    host.tasks.sweep();
    ASSERT_EQ(status(known), "unreachable");
    ASSERT_EQ(status(lost), "queued");
    handOut();
    const auto reconcile = [&] {
        here([&](Transaction& tx) { host.tasks.reconcile(tx, web, {{known, 1}}); });
    };
    reconcile();
    EXPECT_EQ(status(known), "running");
    EXPECT_EQ(status(lost), "assigned");
    host.woken.clear();
    EXPECT_EQ(handOut(), std::vector<std::string>{backup(lost)})
        << "the agent has not seen it: at once again";
    EXPECT_EQ(task(lost).attempt, 2) << "whoever has it after all ignores the same attempt";
    EXPECT_TRUE(handOut().empty()) << "once for each heartbeat that lacks it";
    reconcile();
    EXPECT_EQ(host.woken, std::vector<Uuid>{web});
    clock.advance(80s);
    host.tasks.sweep();
    EXPECT_EQ(status(known), "running") << "the heartbeat extends the lease";
    here([&](Transaction& tx) { host.tasks.reconcile(tx, web, {{known, 7}}); });
    EXPECT_EQ(status(known), "queued") << "another attempt is not this one";
}

restic::protocol::LogBatch batch(int attempt, std::int64_t first, std::vector<std::string> texts) {
    restic::protocol::LogBatch made;
    made.attempt = attempt;
    made.firstSeq = first;
    for (auto& text : texts)
        made.lines.push_back({core::fromMicros(0), "info", std::move(text)});
    return made;
}

TEST_P(ResticTasks, LinesAreStoredOnceWithoutGapsAndInOrder) {
    const auto id = running();
    const auto append = [&](const restic::protocol::LogBatch& lines) {
        return host.tasks.appendLogs(tenant, web, id, lines);
    };
    const auto texts = [&](std::int64_t after = 0, int limit = 100) {
        std::vector<std::string> all;
        here([&](Transaction& tx) {
            for (const auto& line : restic::LogStore::read(tx, id, restic::LogCursor::of(after), limit).lines)
                all.push_back(std::to_string(line.seq) + " " + std::to_string(line.attempt) + " " +
                              line.line.stringOr("message"));
        });
        return all;
    };
    EXPECT_EQ(append(batch(1, 1, {"a", "b"})).ack.ackedSeq, 2);
    EXPECT_EQ(append(batch(1, 1, {"a", "b"})).ack.ackedSeq, 2);
    EXPECT_EQ(append(batch(1, 2, {"b", "c"})).ack.ackedSeq, 3);
    EXPECT_EQ(append(batch(1, 5, {"e"})).ack.ackedSeq, 3) << "a gap";
    EXPECT_EQ(append(batch(1, 4, {})).ack.ackedSeq, 3);
    EXPECT_EQ(append(batch(2, 1, {"x"})).refusal, &errors::kStaleAttempt) << "of the future";
    EXPECT_EQ(append(batch(0, 1, {"x"})).refusal, &errors::kStaleAttempt);
    EXPECT_EQ(texts(), (std::vector<std::string>{"1 1 a", "2 1 b", "3 1 c"}));
    report(id, failed("NetworkError"));
    clock.advance(300s);
    handOut();
    EXPECT_EQ(append(batch(2, 1, {"f", "g"})).ack.ackedSeq, 2);
    EXPECT_EQ(append(batch(1, 4, {"d"})).ack.ackedSeq, 4) << "the late line of the first attempt";
    EXPECT_EQ(texts(), (std::vector<std::string>{"1 1 a", "2 1 b", "3 1 c", "4 1 d", "1 2 f", "2 2 g"}));
    EXPECT_EQ(texts(2, 3), (std::vector<std::string>{"3 1 c", "4 1 d", "1 2 f"}));
    const auto second = restic::LogCursor{2, 1}.number();
    EXPECT_EQ(texts(second), (std::vector<std::string>{"2 2 g"})) << "the late line shifted nobody";
    EXPECT_TRUE(texts(second + 1).empty());
    EXPECT_EQ(errorOf([&] { host.tasks.appendLogs(other, web, id, batch(1, 5, {"x"})); }).name(),
              "TaskNotFound");
}

TEST_P(ResticTasks, LinesKeepARunningTaskReachable) {
    const auto id = running();
    clock.advance(80s);
    host.tasks.appendLogs(tenant, web, id, batch(1, 1, {"still here"}));
    clock.advance(80s);
    host.tasks.sweep();
    EXPECT_EQ(status(id), "running");
}

TEST_P(ResticTasks, WhatWasDeletedMeanwhileFailsWithAReason) {
    const auto nightly = policy(tenant, draft("nightly"));
    link(tenant, web, nightly.id);
    const auto id = host.tasks.create(tenant, ofPolicy(web, nightly.id)).id;
    here([&](Transaction& tx) { restic::PolicyStore::archive(tx, nightly.id, clock.now()); });
    EXPECT_TRUE(handOut().empty());
    EXPECT_EQ(status(id), "failed");
    EXPECT_EQ(task(id).error.stringOr("error"), "InvalidTask");
    EXPECT_EQ(run(id).status, "failed");
}

TEST_P(ResticTasks, ListsAreFilteredAndPaged) {
    std::vector<Uuid> ids;
    for (int i = 0; i < 5; ++i)
        ids.insert(ids.begin(), host.tasks.create(tenant, manual(web, store)).id);
    host.tasks.cancel(tenant, ids[1]);
    const auto list = [&](const TaskStore::Filter& filter, core::http::PageQuery page) {
        std::vector<Uuid> found;
        for (const auto& one : here([&](Transaction& tx) { return TaskStore::list(tx, filter, page); }))
            found.push_back(one.id);
        return found;
    };
    EXPECT_EQ(list({}, {}), ids);
    EXPECT_EQ(list({.status = "cancelled"}, {}), std::vector<Uuid>{ids[1]});
    EXPECT_TRUE(list({.agent = newId()}, {}).empty());
    EXPECT_TRUE(list({.repository = newId()}, {}).empty());
    EXPECT_EQ(list({.repository = store}, {}), ids);
    core::http::PageQuery page;
    page.limit = 2;
    EXPECT_EQ(list({}, page).size(), 3U) << "one more, so that the page knows it is not the last";
    page.after = core::http::Cursor{core::toMicros(task(ids[1]).createdAt), ids[1]}.encode();
    EXPECT_EQ(list({}, page), (std::vector<Uuid>{ids[2], ids[3], ids[4]}));
}

} // namespace
} // namespace test
