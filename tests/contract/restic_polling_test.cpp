#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/polling_fixture.h"
#include "restic/cli/user_file.h"
#include "restic/protocol/task_errors.h"
#include "support/repository_on_disk.h"

using namespace test;
using testing::Contains;
using testing::HasSubstr;

BOTH_DATABASES(Polling);

/// What says nothing of the database.
class PollingOnce : public Polling {};
INSTANTIATE_TEST_SUITE_P(Db, PollingOnce, testing::Values(core::db::Dialect::sqlite), dialectName);

TEST_P(Polling, WhatACronJobSavedIsSeenAndNothingIsWrittenThere) {
    makeRepository("files");
    const auto before = bytesOf("files");
    const auto target = watch("files");
    EXPECT_EQ(statusOf("files").status, "unknown");

    look(target);
    look(target, restic::probes::kStats);
    look(target, restic::probes::kCheck);

    const auto status = statusOf("files");
    EXPECT_EQ(status.status, "healthy") << (status.error ? status.error->message : "");
    EXPECT_EQ(status.mode, "direct");
    EXPECT_EQ(status.source, "direct_poll");
    EXPECT_EQ(status.snapshotCount, 1);
    EXPECT_EQ(status.snapshotAgeHours, 0);
    const auto found = snapshots();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].source, "direct_poll");
    EXPECT_EQ(found[0].hostname, "cron-host");
    EXPECT_THAT(found[0].tags, Contains("nightly"));
    EXPECT_EQ(found[0].target, target);
    EXPECT_EQ(status.latestSnapshotId, found[0].snapshotId);
    EXPECT_GT(probe(target, restic::probes::kStats).found.integerOr("size_bytes"), 0);
    EXPECT_EQ(bytesOf("files"), before);
    EXPECT_EQ(checks(target).size(), 3u);
    EXPECT_EQ(bus.of("restic.snapshot.discovered").size(), 1u);
}

TEST_P(Polling, WhatHasNotChangedCostsNoRestic) {
    makeRepository("files");
    const auto target = watch("files");
    look(target);
    look(target, restic::probes::kStats);
    const int before = runner.started;
    for (int i = 0; i < 5; ++i)
        look(target);
    look(target, restic::probes::kStats);
    EXPECT_EQ(runner.started, before);
    EXPECT_EQ(checks(target).size(), 8u);

    save("files", "second");
    look(target);
    EXPECT_GT(runner.started, before);
    EXPECT_EQ(statusOf("files").snapshotCount, 2);

    byHand("files", {"forget", "--keep-last=1", "--group-by="});
    look(target);
    EXPECT_EQ(statusOf("files").snapshotCount, 1);
    EXPECT_EQ(snapshots().size(), 1u);
}

TEST_P(Polling, EachTroubleHasItsNameAndTheLastGoodAnswerStays) {
    makeRepository("files");
    const auto target = watch("files");
    look(target);
    const auto good = statusOf("files");

    std::filesystem::rename(repositoryFolder("files"), repositoryFolder("away"));
    look(target);
    auto status = statusOf("files");
    EXPECT_EQ(status.status, "unhealthy");
    ASSERT_TRUE(status.error);
    EXPECT_EQ(status.error->error, "RepositoryNotFound");
    EXPECT_EQ(status.snapshotCount, 1);
    EXPECT_EQ(status.lastSnapshot, good.lastSnapshot);
    EXPECT_EQ(status.seenAt, good.seenAt);
    EXPECT_GT(*status.checkedAt, *status.seenAt);
    EXPECT_EQ(bus.of("restic.health.changed").size(), 1u);

    std::filesystem::rename(repositoryFolder("away"), repositoryFolder("files"));
    look(target);
    EXPECT_EQ(statusOf("files").status, "healthy");
    EXPECT_EQ(bus.of("restic.health.changed").size(), 2u);

    clock.advance(49h);
    look(target);
    status = statusOf("files");
    EXPECT_EQ(status.status, "unhealthy");
    EXPECT_EQ(status.error->error, "SnapshotTooOld");
}

TEST_P(Polling, AWrongPasswordIsSaidToBeOne) {
    makeRepository("files");
    const auto target = watch("files", "another");
    look(target);
    EXPECT_EQ(statusOf("files").error->error, "AuthenticationFailed");
    EXPECT_EQ(statusOf("files").status, "unhealthy");
    EXPECT_TRUE(snapshots().empty());

    host.repositories.setUpdated(
        [this](Transaction& tx, const Uuid& id) { restic::ProbeStore::planAnew(tx, id, clock.now()); });
    look(target, restic::probes::kCheck);
    clock.advance(1min);
    here([&](Transaction& tx) {
        restic::RepositorySpec spec;
        spec.name = "files";
        spec.type = "local";
        spec.url = repositoryFolder("files").string();
        spec.password = kSecret;
        host.repositories.update(tx, *restic::TargetStore::find(tx, target)->repository, spec);
    });
    for (const auto& kind : restic::probeKinds()) // nobody waits for an hour
        poller().look(tenant.tenant(), target, kind, {});
    EXPECT_EQ(statusOf("files").status, "healthy");
    EXPECT_FALSE(probe(target, restic::probes::kCheck).error);
}

TEST_P(Polling, ALockThatWasLeftBehindIsNamedWithItsHolder) {
    makeRepository("files");
    const auto target = watch("files");
    // A restic that holds its lock until it is killed.
    core::ProcessSpec spec;
    spec.program = program;
    spec.arguments = {"backup", "--stdin", "--host=cron-host"};
    spec.environment = {{"PATH", "/usr/bin:/bin:/usr/local/bin"},
                        {"RESTIC_PASSWORD", kSecret},
                        {"RESTIC_REPOSITORY", repositoryFolder("files").string()},
                        {"RESTIC_CACHE_DIR", (folder.path() / "cron-cache").string()}};
    spec.standardInput = core::ProcessInput::fromPipe();
    core::SystemProcessRunner processes;
    auto held = processes.start(spec).value();
    const auto locks = repositoryFolder("files") / "locks";
    while (RepositoryOnDisk(repositoryFolder("files"), kSecret).locks().empty())
        ASSERT_FALSE(held->wait(20ms));
    held->signal(SIGKILL);
    held->wait(10s);

    look(target);
    EXPECT_EQ(statusOf("files").status, "healthy") << "a lock of now is somebody at work";
    EXPECT_EQ(probe(target).found.integerOr("lock_count"), 1);
    clock.advance(40min);
    look(target);
    const auto status = statusOf("files");
    EXPECT_EQ(status.status, "warning");
    ASSERT_TRUE(status.error);
    EXPECT_EQ(status.error->error, "RepositoryLocked");
    EXPECT_THAT(status.error->message, HasSubstr("PID " + std::to_string(held->pid())));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(locks), {}), 1) << "it is not ours to remove";
}

TEST_P(PollingOnce, DamageIsFoundByACheck) {
    auto patient = settings();
    patient.checkTimeout = 20s; // restic tries again for much longer
    usePoller(patient);
    makeRepository("files");
    const auto target = watch("files");
    look(target);
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(repositoryFolder("files") / "data"))
        if (entry.is_regular_file())
            std::filesystem::remove(entry.path());
    look(target);
    EXPECT_EQ(statusOf("files").status, "healthy") << "the names say nothing of the data";
    look(target, restic::probes::kCheck);
    const auto status = statusOf("files");
    EXPECT_EQ(status.status, "unhealthy");
    EXPECT_EQ(status.error->error, "RepositoryCorrupted");
}

TEST_P(Polling, AServerThatCannotBeReachedIsAWarningAtFirst) {
    restic::RepositorySpec spec;
    spec.name = "far";
    spec.type = "rest";
    spec.url = "rest:http://127.0.0.1:1/files/";
    spec.password = kSecret;
    const auto target = watch(spec);
    look(target);
    EXPECT_EQ(probe(target).error, "BackendUnavailable");
    EXPECT_EQ(statusOf("far").status, "unknown") << "nobody has ever seen it";
    EXPECT_EQ(statusOf("far").error->error, "BackendUnavailable");
    clock.advance(2h);
    look(target);
    EXPECT_EQ(statusOf("far").status, "unhealthy");
}

TEST_P(PollingOnce, AServerThatSaysNothingHoldsItsPlaceUntilTheDeadline) {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listening, 16), 0);
    ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
    auto hurried = settings();
    hurried.timeout = 2s;
    usePoller(hurried);
    restic::RepositorySpec spec;
    spec.name = "silent";
    spec.type = "rest";
    spec.url = "rest:http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/files/";
    spec.password = kSecret;
    const auto target = watch(spec);
    const auto began = std::chrono::steady_clock::now();
    look(target);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
    EXPECT_EQ(probe(target).error, "NetworkTimeout");
    ::close(listening);
}

TEST_P(Polling, WithoutResticAndKilledByMemory) {
    makeRepository("files");
    const auto target = watch("files");
    auto absent = settings();
    absent.program.binary = "/nowhere/restic";
    usePoller(absent);
    look(target);
    EXPECT_EQ(statusOf("files").error->error, "ResticNotFound");

    const auto script = folder.path() / "restic";
    std::ofstream(script)
        << "#!/bin/sh\n[ \"$1\" = version ] && echo 'restic 0.14.0 compiled with go1.19' && exit 0\n"
           "echo 'fatal error: runtime: out of memory' >&2\nexit 2\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    auto starved = settings();
    starved.program.binary = script.string();
    usePoller(starved);
    look(target);
    EXPECT_EQ(statusOf("files").error->error, "OutOfMemory");
}

TEST_P(PollingOnce, WhatItMayUseHasAnEnd) {
    makeRepository("files");
    const auto target = watch("files");
    const auto script = folder.path() / "restic";
    const auto seen = folder.path() / "limits";
    std::ofstream(script)
        << "#!/bin/sh\n[ \"$1\" = version ] && echo 'restic 0.14.0 compiled with go1.19' && exit 0\n"
        << "echo $(ulimit -d) $(ulimit -f) $(cat /proc/self/oom_score_adj) $RESTIC_CACHE_DIR > "
        << seen.string() << "\nexit 1\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    auto bounded = settings();
    bounded.program.binary = script.string();
    bounded.program.limits = restic::cli::ResticLimits{256 << 20, 1 << 20};
    usePoller(bounded);
    look(target);
    std::ifstream in(seen);
    std::string said;
    std::getline(in, said);
    // KiB, and blocks of 512 bytes.
    EXPECT_EQ(said, "262144 2048 1000 " + (folder.path() / "cache" / tenant.tenant().toString()).string());
}

TEST_P(PollingOnce, ALookThatAKilledHostHadBegunIsMadeByTheNextOne) {
    makeRepository("files");
    const auto target = watch("files");
    here([&](Transaction& tx) {
        restic::ProbeStore::claim(tx, target, restic::probes::kSnapshots, Uuid::generate(clock.now()),
                                  clock.now(), clock.now() + 12min);
    });
    look(target);
    EXPECT_EQ(statusOf("files").status, "unknown") << "another one looks";
    usePoller(settings());
    look(target);
    EXPECT_EQ(statusOf("files").status, "healthy");
}

TEST_P(PollingOnce, ASnapshotOfTheFutureIsNotNewWithEachListing) {
    makeRepository("files");
    byHand("files", {"backup", (folder.path() / "source").string(), "--time=2090-01-02 03:04:05"});
    const auto target = watch("files");
    look(target);
    const auto first = statusOf("files").lastSnapshot;
    ASSERT_TRUE(first);
    clock.advance(50h);
    byHand("files", {"backup", (folder.path() / "source").string(), "--time=2020-01-02 03:04:05"});
    look(target); // another listing
    EXPECT_EQ(statusOf("files").snapshotCount, 3);
    EXPECT_EQ(statusOf("files").lastSnapshot, first);
    EXPECT_EQ(statusOf("files").error->error, "SnapshotTooOld");
}

TEST_P(Polling, ARepositoryOfOthersIsNotCaredForBySchedule) {
    makeRepository("files");
    watch("files");
    for (int day = 0; day < 40; ++day) {
        clock.advance(24h);
        host.scheduler.run();
    }
    EXPECT_EQ(rows("restic_tasks"), 0);
    EXPECT_EQ(system([&](Transaction& tx) {
                  return tx
                      .query("SELECT count(*) FROM restic_repository_schedules WHERE problem IS NOT NULL")[0]
                      .integer(0);
              }),
              0)
        << "that nobody works with it is no problem";
}

TEST_P(Polling, OneHostLooksAtATime) {
    makeRepository("files");
    const auto target = watch("files");
    clock.advance(1s);
    EXPECT_TRUE(here([&](Transaction& tx) {
        return restic::ProbeStore::claim(tx, target, restic::probes::kSnapshots, Uuid::generate(clock.now()),
                                         clock.now(), clock.now() + 5min);
    }));
    poller().look(tenant.tenant(), target, *restic::findProbeKind(restic::probes::kSnapshots), {});
    EXPECT_TRUE(checks(target).empty());
    clock.advance(6min); // that host is dead
    poller().look(tenant.tenant(), target, *restic::findProbeKind(restic::probes::kSnapshots), {});
    EXPECT_EQ(checks(target).size(), 1u);
}

TEST_P(Polling, AnAgentsReportOfASnapshotThatWasSeenIsTheSameRow) {
    makeRepository("files");
    const auto target = watch("files");
    look(target);
    const auto seen = snapshots().front();
    const auto agentId = agent("web-01");
    auto wanted = draft("daily");
    wanted.repository = seen.repository;
    const auto policyId = policy(tenant, wanted).id;
    link(tenant, agentId, policyId);
    const auto task = host.tasks.create(tenant, ofPolicy(agentId, policyId));
    host.tasks.handOut(tenant, agentId, 1);
    auto report = said("success");
    report.result = core::json::Object{{"outcome", "success"},
                                       {"short_id", seen.shortId},
                                       {"files_new", 1},
                                       {"total_files_processed", 1},
                                       {"total_bytes_processed", 5}};
    host.tasks.report(tenant, agentId, task.id, report);
    const auto all = snapshots();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].snapshotId, seen.snapshotId);
    EXPECT_EQ(all[0].source, "direct_poll");
    EXPECT_EQ(all[0].run, task.id);
    EXPECT_EQ(statusOf("web-01:daily").snapshotCount, 1);
    EXPECT_EQ(statusOf("files").snapshotCount, 1);
}

TEST_P(Polling, ADirectTargetIsHandedToAnAgentWithItsHistory) {
    makeRepository("files");
    const auto target = watch("files");
    look(target);
    const auto agentId = agent("web-01");
    auto wanted = draft("daily");
    wanted.repository = snapshots().front().repository;
    const auto policyId = policy(tenant, wanted).id;
    const auto moved = here([&](Transaction& tx) {
        restic::TargetSpec spec;
        spec.name = "files";
        spec.mode = "agent";
        spec.agent = agentId;
        spec.policy = policyId;
        return targets().update(tx, target, spec);
    });
    EXPECT_EQ(moved.id, target);
    EXPECT_EQ(moved.mode, "agent");
    const auto status = statusOf("files");
    EXPECT_EQ(status.snapshotCount, 1);
    EXPECT_EQ(status.source, "agent_report");
    EXPECT_EQ(rows("restic_targets"), 1);
    const auto looks = checks(target).size();
    clock.advance(1h);
    poller().look(tenant.tenant(), target, *restic::findProbeKind(restic::probes::kSnapshots), {});
    EXPECT_EQ(checks(target).size(), looks) << "its agent reports";
}

TEST_P(Polling, WhatIsTheServersOwnIsNotLookedAtForATenant) {
    std::filesystem::create_directories(folder.path() / "repositories");
    std::filesystem::create_directories(folder.path() / "private");
    std::filesystem::create_directory_symlink(folder.path() / "private", repositoryFolder("link"));
    const auto wanted = [](const std::string& type, const std::string& url) {
        restic::RepositorySpec spec;
        spec.name = url;
        spec.type = type;
        spec.url = url;
        spec.password = kSecret;
        return spec;
    };
    for (const auto& path : {folder.path() / "private", repositoryFolder("link"),
                             repositoryFolder("../private"), folder.path() / "repositories"})
        EXPECT_THAT(std::string(errorOf([&] { watch(wanted("local", path.string())); }).what()),
                    HasSubstr("AE_DIRECT_LOCAL_ROOTS"))
            << path;
    EXPECT_THAT(std::string(errorOf([&] { watch(wanted("rclone", "rclone:remote:path")); }).name()),
                HasSubstr("DirectPollForbidden"));
    EXPECT_THAT(std::string(errorOf([&] { watch(wanted("sftp", "sftp://user@example.com//srv")); }).what()),
                HasSubstr("known_hosts"));
    EXPECT_THAT(std::string(errorOf([&] { watch(wanted("s3", "s3:s3.amazonaws.com/bucket")); }).what()),
                HasSubstr("secret_access_key"));
    auto file = wanted("rest", "rest:http://127.0.0.1:1/x/");
    file.password.reset();
    file.passwordFile = "/etc/shadow";
    EXPECT_THAT(std::string(errorOf([&] { watch(file); }).what()), HasSubstr("AE_DIRECT_SECRET_ROOTS"));
}

TEST_P(PollingOnce, AKeyOfGooglesThatLeadsElsewhereIsRefused) {
    const auto refused = [&](core::json::Object key, std::map<std::string, std::string> environment = {}) {
        restic::RepositorySpec spec;
        spec.name = "cloud";
        spec.type = "gcs";
        spec.config = core::json::Object{{"bucket", "abc-bucket"}, {"credentials", core::json::write(key)}};
        spec.password = kSecret;
        spec.environment = std::move(environment);
        return std::string(errorOf([&] { watch(spec); }).name());
    };
    const core::json::Object plain{{"type", "service_account"},
                                   {"client_email", "a@b.iam.gserviceaccount.com"},
                                   {"private_key", "x"},
                                   {"token_uri", "https://oauth2.googleapis.com/token"}};
    const auto with = [&](const char* name, core::json::Value value) {
        auto key = plain;
        key.set(name, std::move(value));
        return key;
    };
    EXPECT_EQ(refused({{"type", "external_account"},
                       {"audience", "x"},
                       {"token_url", "https://example.com/"},
                       {"credential_source", core::json::Object{{"file", "/etc/passwd"}}}}),
              "DirectPollForbidden");
    EXPECT_EQ(refused(with("token_uri", "http://169.254.169.254/")), "DirectPollForbidden");
    EXPECT_EQ(refused(with("universe_domain", "example.com")), "DirectPollForbidden");
    EXPECT_EQ(refused(with("credential_source", core::json::Object{{"file", "/etc/passwd"}})),
              "DirectPollForbidden");
    EXPECT_EQ(refused(plain, {{"GOOGLE_APPLICATION_CREDENTIALS", "/etc/passwd"}}), "DirectPollForbidden");
}

TEST_P(PollingOnce, WhatSaysWhereToGoInTheEnvironmentIsRefused) {
    for (const auto* variable : {"OS_AUTH_URL", "ST_AUTH", "AZURE_ENDPOINT_SUFFIX", "OS_STORAGE_URL"}) {
        restic::RepositorySpec spec;
        spec.name = variable;
        spec.type = "rest";
        spec.url = "rest:https://backup.example.com/x/";
        spec.password = kSecret;
        spec.environment = {{variable, "http://127.0.0.1:1/"}};
        EXPECT_EQ(errorOf([&] { watch(spec); }).name(), "DirectPollForbidden") << variable;
    }
}

TEST_P(Polling, ANetworkThatIsNotPublicIsNotReachedForATenant) {
    auto closed = settings();
    closed.networks = {};
    usePoller(closed);
    for (const auto* address : {"127.0.0.1:9", "169.254.169.254", "10.1.2.3", "localhost:9", "[::1]:9",
                                "[::ffff:127.0.0.1]:9", "[::ffff:7f00:1]:9", "2130706433:9"}) {
        restic::RepositorySpec spec;
        spec.name = address;
        spec.type = "rest";
        spec.url = std::string("rest:http://") + address + "/x/";
        spec.password = kSecret;
        const auto target = watch(spec);
        const int before = runner.started;
        look(target);
        EXPECT_EQ(probe(target).error, "DirectPollForbidden") << address;
        EXPECT_THAT(probe(target).message.value_or(""), HasSubstr("AE_DIRECT_NETWORKS"));
        EXPECT_LE(runner.started, before + 1) << "only restic's version may be asked";
    }
    // What this machine cannot resolve restic might.
    const int before = runner.started;
    restic::RepositorySpec spec;
    spec.name = "digits of another script";
    spec.type = "rest";
    spec.url = "rest:http://\uff11\uff12\uff17.0.0.1:9/x/";
    spec.password = kSecret;
    try {
        const auto target = watch(spec);
        look(target);
        EXPECT_TRUE(probe(target).error == "NetworkError" || probe(target).error == "DirectPollForbidden")
            << probe(target).error.value_or("none");
        EXPECT_LE(runner.started, before);
    } catch (const core::Error&) { // refused when it was written
    }
}

TEST_P(PollingOnce, WhatAKilledHostLeftOfSecretsIsRemoved) {
    std::filesystem::path ofTheDead;
    const std::filesystem::path mine = [&] {
        restic::cli::UserFile file("of mine", ::geteuid(), ::getegid());
        ofTheDead = "/dev/shm/restic-for-999999999-1-abcdef";
        std::ofstream(ofTheDead) << "left";
        restic::cli::UserFile::removeLeftBehind();
        EXPECT_TRUE(std::filesystem::exists(file.path()));
        return file.path();
    }();
    EXPECT_FALSE(std::filesystem::exists(mine));
    EXPECT_FALSE(std::filesystem::exists(ofTheDead));
}

TEST_P(PollingOnce, RepositoriesOfEveryResticAreRead) {
    for (const auto& restic : restics()) {
        program = restic.program;
        makeRepository(restic.name);
    }
    for (const auto& looking : restics()) {
        program = looking.program;
        usePoller(settings());
        for (const auto& made : restics()) {
            const auto name = made.name;
            const auto target = looking.name == "system" ? watch(name) : here([&](Transaction& tx) {
                return restic::TargetStore::findByName(tx, name)->id;
            });
            save(name, looking.name + "/" + made.name);
            look(target);
            look(target, restic::probes::kCheck);
            EXPECT_EQ(statusOf(name).status, "healthy")
                << looking.name << " looks at one of " << made.name << ": "
                << (statusOf(name).error ? statusOf(name).error->message : "");
        }
    }
    EXPECT_EQ(statusOf("sid").snapshotCount, 4);
}
