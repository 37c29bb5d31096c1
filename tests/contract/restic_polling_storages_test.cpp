#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/polling_fixture.h"
#include "support/storage_servers.h"

/// Looks at repositories on each real server.
namespace test {
namespace {

class PollingStorages : public Polling {
protected:
    /// restic by hand, as somebody else saves there.
    void byHandAt(const StorageServer& server, std::vector<std::string> arguments) {
        core::ProcessSpec spec;
        spec.program = program;
        spec.arguments = std::move(arguments);
        for (const auto& option : server.options())
            spec.arguments.push_back(option);
        if (!server.authority().empty())
            spec.arguments.push_back("--cacert=" + server.authority());
        spec.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"HOME", folder.path().string()},
                            {"RESTIC_PASSWORD", kSecret},
                            {"RESTIC_CACHE_DIR", (folder.path() / "cron-cache").string()}};
        for (const auto& [name, value] : server.environment("watched"))
            spec.environment[name] = value;
        for (const auto& [name, value] : server.detour())
            spec.environment[name] = value;
        spec.standardOutput = core::ProcessOutput::capture();
        spec.standardError = core::ProcessOutput::capture();
        spec.timeout = 60s;
        const auto result = core::SystemProcessRunner().run(spec).value();
        ASSERT_TRUE(result.exit.ok()) << server.kind() << ": " << result.error;
    }
};
// What is kept of looks is the same on both; what is looked at is not.
INSTANTIATE_TEST_SUITE_P(Real, PollingStorages, testing::Values(core::db::Dialect::sqlite), dialectName);

TEST_P(PollingStorages, EachKindIsLookedAtAndNamesAreEnoughWhereTheyCanBeListed) {
    std::filesystem::create_directories(folder.path() / "source");
    std::ofstream(folder.path() / "source/file.txt") << "content";
    for (const auto& one : storageKinds()) {
        SCOPED_TRACE(one.name);
        // Debian builds its newer ones without the clouds.
        const bool cloud = one.name == "azure" || one.name == "gcs";
        program = cloud ? restics().front().program : restics().back().program;
        const auto server = one.start(folder.path() / one.name);
        ASSERT_NO_FATAL_FAILURE(byHandAt(*server, {"init"}));
        ASSERT_NO_FATAL_FAILURE(byHandAt(*server, {"backup", (folder.path() / "source").string()}));

        auto wanted = settings();
        wanted.secretRoots = {folder.path().string()};
        usePoller(makePoller(wanted, server->detour()));
        restic::RepositorySpec spec;
        spec.name = one.name;
        spec.type = server->kind();
        spec.config = server->config("watched");
        spec.password = kSecret;
        if (!server->authority().empty())
            spec.certFile = server->authority();
        const auto target = watch(spec);
        look(target);
        EXPECT_EQ(statusOf(one.name).status, "healthy")
            << (statusOf(one.name).error ? statusOf(one.name).error->message : "");
        EXPECT_EQ(statusOf(one.name).snapshotCount, 1);

        const int before = runner.started;
        look(target);
        EXPECT_EQ(statusOf(one.name).status, "healthy");
        const bool listed = one.name == "rest" || one.name == "s3" || one.name == "sftp";
        // OpenSSH's own client, or restic twice: for snapshots, and for locks.
        EXPECT_EQ(runner.started - before, one.name == "sftp" ? 1 : listed ? 0 : 2);

        ASSERT_NO_FATAL_FAILURE(byHandAt(*server, {"backup", (folder.path() / "source").string()}));
        look(target);
        EXPECT_EQ(statusOf(one.name).snapshotCount, 2);
        look(target, restic::probes::kStats);
        look(target, restic::probes::kCheck);
        EXPECT_EQ(statusOf(one.name).status, "healthy")
            << (statusOf(one.name).error ? statusOf(one.name).error->message : "");
    }
}

TEST_P(PollingStorages, OnABadLineTheLastGoodAnswerStaysAndALookEndsInTime) {
    std::filesystem::create_directories(folder.path() / "source");
    std::ofstream(folder.path() / "source/file.txt") << "content";
    const auto server = startRestServer(folder.path() / "rest");
    ASSERT_NO_FATAL_FAILURE(byHandAt(*server, {"init"}));
    ASSERT_NO_FATAL_FAILURE(byHandAt(*server, {"backup", (folder.path() / "source").string()}));
    const FaultProxy line(folder.path() / "line", *server);
    auto hurried = settings();
    hurried.timeout = 5s;
    hurried.secretRoots = {folder.path().string()};
    usePoller(hurried);
    restic::RepositorySpec spec;
    spec.name = "far";
    spec.type = "rest";
    spec.config = line.config("watched");
    spec.password = kSecret;
    spec.certFile = server->authority();
    const auto target = watch(spec);
    look(target);
    ASSERT_EQ(statusOf("far").status, "healthy");

    // In the handshake, within the first answer, within a later one; bytes that are not those of the server.
    // A line that is cut late may do for all that restic wants, one request at a time.
    int saved = 1;
    for (const auto& [fault, isDead] : std::vector<std::pair<std::string, bool>>{{"reset", true},
                                                                                 {"silent", true},
                                                                                 {"cut 100", true},
                                                                                 {"cut 1700", false},
                                                                                 {"cut 4000", false},
                                                                                 {"slow 40", true},
                                                                                 {"flip 500", true}}) {
        SCOPED_TRACE(fault);
        const auto before = statusOf("far");
        ASSERT_NO_FATAL_FAILURE(byHandAt(*server, {"backup", (folder.path() / "source").string()}));
        ++saved;
        line.use(fault);
        const auto began = std::chrono::steady_clock::now();
        look(target);
        EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
        const auto shown = statusOf("far");
        if (!isDead && !shown.error) {
            EXPECT_EQ(shown.snapshotCount, saved) << "all or nothing";
            continue;
        }
        EXPECT_EQ(shown.lastSnapshot, before.lastSnapshot) << "what could not be read is as it was";
        EXPECT_EQ(shown.snapshotCount, before.snapshotCount);
        ASSERT_TRUE(shown.error);
        EXPECT_THAT(shown.error->error,
                    testing::AnyOf("NetworkTimeout", "NetworkError", "BackendUnavailable"))
            << shown.error->message;
    }
    line.use("none");
    look(target);
    EXPECT_EQ(statusOf("far").status, "healthy");
    EXPECT_EQ(statusOf("far").snapshotCount, saved);
}

TEST_P(PollingStorages, ACertificateThatNobodyTrustsIsSaidToBeOne) {
    const auto server = startRestServer(folder.path() / "rest");
    restic::RepositorySpec spec;
    spec.name = "rest";
    spec.type = "rest";
    spec.config = server->config("watched");
    spec.password = kSecret;
    const auto target = watch(spec);
    look(target);
    EXPECT_EQ(probe(target).error, "CertificateError");
    EXPECT_EQ(statusOf("rest").status, "unhealthy");
}

TEST_P(PollingStorages, AServerThatLeadsElsewhereIsNotLookedAt) {
    const auto server = startFaultyServer(folder.path() / "faulty", "elsewhere");
    restic::RepositorySpec spec;
    spec.name = "elsewhere";
    spec.type = "rest";
    spec.config = server->config("watched");
    spec.password = kSecret;
    const auto target = watch(spec);
    const int before = runner.started;
    look(target);
    EXPECT_EQ(probe(target).error, "DirectPollForbidden");
    EXPECT_LE(runner.started - before, 1) << "no more than restic version";
}

} // namespace
} // namespace test
