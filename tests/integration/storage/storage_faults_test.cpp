#include <cstring>
#include <thread>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "integration/storage/storage_fixture.h"
#include "support/long_tests.h"
#include "support/slow_proxy.h"

/// Each thing that goes wrong at a storage, caused for real: the name that it has, with each restic.
namespace test {
namespace {

class StorageFaults : public StorageSystemTest, public testing::WithParamInterface<Restic> {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }

    /// A policy that saves the source there.
    void protect(const std::string& repository) {
        writeFile(source_ / "one.txt", "one");
        auto body = policyBody("nightly");
        body.set("include_paths", Array{source_.string()});
        body.set("repository_id", repository);
        policyId_ = post("/api/v1/restic/policies", body, 201).stringOr("id");
        const auto link = "/api/v1/restic/agents/" + agentId_ + "/policies/" + policyId_;
        ASSERT_EQ(api().send("PUT", link, "Bearer " + admin_).status, 204);
    }
    std::set<std::string> shown() { return shortIds(*get("/api/v1/restic/snapshots").find("items")); }
    std::string errorOf(const std::string& id) {
        EXPECT_EQ(outcome(id), "failed") << core::json::write(task(id));
        const auto ended = task(id);
        const auto* error = ended.find("error");
        if (error == nullptr)
            return "";
        EXPECT_FALSE(error->stringOr("hint").empty());
        return error->stringOr("error");
    }
    void meet(const std::string& fault) {
        server_ = startFaultyServer(dir_ / "server", fault);
        repositoryId_ = registered("repository");
    }
};
/// The agent runs as nobody.
class StorageOfOthers : public StorageFaults {
protected:
    static constexpr int kNobody = 65534;
    void SetUp() override {
        ASSERT_EQ(::geteuid(), 0U) << "this test needs root";
        agentWrapper_ = {"setpriv", fmt::format("--reuid={}", kNobody), fmt::format("--regid={}", kNobody),
                         "--clear-groups", "--bounding-set=-all"};
        agentEnvironment_["RESTIC_AGENT_RESTIC_BINARY"] = restic_ = GetParam().program;
        startBackend();
        enroll();
        std::filesystem::permissions(dir_.path(), std::filesystem::perms(0711));
        const auto chown = [&](const std::filesystem::path& file) {
            ASSERT_EQ(::chown(file.c_str(), kNobody, kNobody), 0);
        };
        chown(dir_ / "agent.yaml");
        chown(dir_ / "state");
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / "state"))
            chown(entry.path());
        startAgent();
    }
};
/// The machine has a loopback and no network.
class StorageWithoutNetwork : public StorageFaults {
protected:
    void SetUp() override {
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << std::strerror(errno) << ": this test needs root";
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ifreq loopback{};
        std::strcpy(loopback.ifr_name, "lo");
        loopback.ifr_flags = IFF_UP;
        const bool up = ::ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
        ::close(fd);
        ASSERT_TRUE(up) << std::strerror(errno);
        StorageFaults::SetUp();
    }
};
/// The repository is on a disk of its own, in memory, that only this process and what it starts see.
class StorageOnASmallDisk : public StorageFaults {
protected:
    void SetUp() override {
        std::filesystem::create_directories(repository_);
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno) << ": this test needs root";
        ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
        ASSERT_EQ(::mount("none", repository_.c_str(), "tmpfs", 0, "size=6m"), 0) << std::strerror(errno);
        StorageFaults::SetUp();
    }
    void TearDown() override {
        StorageFaults::TearDown();
        ::umount2(repository_.c_str(), MNT_DETACH);
    }
    void enlarge() {
        ASSERT_EQ(::mount("none", repository_.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0)
            << std::strerror(errno);
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, StorageFaults, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Restic, StorageOfOthers, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Restic, StorageWithoutNetwork, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Restic, StorageOnASmallDisk, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(StorageFaults, AStorageWithoutRoomSaysThatItsQuotaIsUsedUp) {
    meet("full");
    const auto id = start("init", repositoryId_);
    EXPECT_EQ(errorOf(id), "QuotaExceeded");
    EXPECT_EQ(task(id).integerOr("attempt"), 1) << "another try finds no more room";
}

TEST_P(StorageFaults, APageInsteadOfAnAnswerIsNoRepository) {
    meet("page");
    EXPECT_EQ(errorOf(startTest(repositoryId_)), "BackendUnavailable");
}

TEST_P(StorageFaults, AnAnswerThatEndsHalfWayIsTheNetworks) {
    meet("half");
    const auto error = errorOf(startTest(repositoryId_));
    EXPECT_TRUE(error == "NetworkError" || error == "BackendUnavailable") << error;
}

TEST_P(StorageFaults, AServerThatWasKilledIsNotAvailable) {
    server_ = startRestServer(dir_ / "server");
    repositoryId_ = registered("repository");
    succeed(start("init", repositoryId_));
    server_.reset();
    EXPECT_EQ(errorOf(startTest(repositoryId_)), "BackendUnavailable");
}

TEST_P(StorageFaults, ACertificateThatHasExpiredIsNamed) {
    server_ = startRestServer(dir_ / "server", -1);
    EXPECT_EQ(errorOf(startTest(registered("repository"))), "CertificateError");
}

TEST_P(StorageOfOthers, AFolderThatTheAgentMayNotReadIsNamed) {
    // Root's, and a good one.
    ASSERT_TRUE(onDisk({"init"}).exit.ok());
    std::filesystem::permissions(repository_, std::filesystem::perms(0700));
    repositoryId_ = repository(repository_, "of-root");
    EXPECT_EQ(errorOf(startTest(repositoryId_)), "PermissionDenied");
    protect(repositoryId_);
    const auto id = backupNow();
    EXPECT_EQ(errorOf(id), "PermissionDenied");
    EXPECT_EQ(task(id).integerOr("attempt"), 1) << "another try has no more rights";
    EXPECT_TRUE(RepositoryOnDisk(repository_, kRepositoryPassword).snapshots().empty());
    EXPECT_TRUE(RepositoryOnDisk(repository_, kRepositoryPassword).locks().empty());
    // The same folder, once its rights are right.
    const auto given = runTool("chown", {"-R", std::to_string(kNobody), repository_.string()});
    ASSERT_TRUE(given.exit.ok()) << given.error;
    EXPECT_EQ(fieldOf(succeed(startTest(repositoryId_)), "found"), "true");
    const auto opened = runTool("chmod", {"-R", "a+rX", source_.string()});
    ASSERT_TRUE(opened.exit.ok()) << opened.error;
    EXPECT_EQ(outcome(backupNow()), "success");
    EXPECT_EQ(RepositoryOnDisk(repository_, kRepositoryPassword).snapshots().size(), 1U);
}

TEST_P(StorageWithoutNetwork, SaysThatThereIsNoWay) {
    EXPECT_EQ(errorOf(startTest(registered("rest", "rest", {{"url", "http://192.0.2.1:8000/"}}))),
              "NetworkUnreachable");
    EXPECT_EQ(errorOf(startTest(registered("s3", "s3",
                                           {{"endpoint", "http://192.0.2.1:9000"},
                                            {"bucket", "backups"},
                                            {"access_key_id", "KEYOFTHETESTS"},
                                            {"secret_access_key", "canary-of-no-server"}}))),
              "NetworkUnreachable");
    EXPECT_EQ(errorOf(startTest(registered(
                  "sftp", "sftp", {{"host", "192.0.2.1"}, {"user", "restic"}, {"path", "/backups"}}))),
              "NetworkUnreachable");
}

TEST_P(StorageOnASmallDisk, IsFullUntilThereIsRoomAgain) {
    repositoryId_ = repository(repository_, "small");
    protect(repositoryId_);
    ASSERT_EQ(outcome(backupNow()), "success");
    const RepositoryOnDisk real(repository_, kRepositoryPassword);
    const auto first = real.snapshots();
    makeLargeSource(24'000'000);
    const auto id = backupNow();
    EXPECT_EQ(errorOf(id), "OutOfDiskSpace");
    EXPECT_EQ(task(id).integerOr("attempt"), 1) << "another try finds no more room";
    EXPECT_EQ(real.snapshots(), first);
    EXPECT_TRUE(real.locks().empty());
    EXPECT_EQ(get("/api/v1/restic/status/web-01%3Anightly").stringOr("status"), "unhealthy");

    ASSERT_NO_FATAL_FAILURE(enlarge());
    EXPECT_EQ(outcome(backupNow()), "success");
    EXPECT_EQ(shown().size(), 2U);
    EXPECT_EQ(real.snapshots().size(), 2U);
    const auto checked = onDisk({"check", "--read-data"});
    EXPECT_TRUE(checked.exit.ok()) << checked.error;
}

TEST_P(StorageFaults, ASlowStorageDelaysABackupAndNoAnswer) {
    server_ = startRestServer(dir_ / "server");
    SlowProxy proxy(server_->port());
    auto config = server_->config("slow");
    config.set("url", fmt::format("https://127.0.0.1:{}/slow/", proxy.port()));
    repositoryId_ = registered("slow", "rest", config, server_->authority());
    protect(repositoryId_);
    ASSERT_EQ(outcome(backupNow()), "success");

    makeLargeSource(4'000'000);
    const auto backup = backupNow({{"limit_upload_kib", 400}});
    ASSERT_TRUE(await([&] {
        const auto seen = task(backup);
        const auto* progress = seen.find("progress");
        return progress != nullptr && progress->object() != nullptr && resticPid(backup);
    }));
    proxy.hold();
    ASSERT_TRUE(await([&] { return proxy.waiting() > 0; }));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(errorOf(startTest(repositoryId_)), "NetworkTimeout");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 40s) << "a test has half a minute";
    if (longTests()) // beyond half a minute it is all the same to a backup
        std::this_thread::sleep_until(began + 60s);
    EXPECT_EQ(task(backup).stringOr("status"), "running");
    proxy.goOn();
    EXPECT_EQ(outcome(backup), "success") << core::json::write(task(backup));
    EXPECT_EQ(task(backup).integerOr("attempt"), 1);

    proxy.hold();
    const auto unwanted = backupNow();
    ASSERT_TRUE(await([&] { return proxy.waiting() > 0; }));
    EXPECT_EQ(api().send("DELETE", "/api/v1/restic/tasks/" + unwanted, "Bearer " + admin_).status, 202);
    // restic has half a minute to end by itself, and its lock a quarter to be looked for.
    EXPECT_EQ(outcome(unwanted, 90s), "cancelled");
    proxy.goOn();
    EXPECT_EQ(shown().size(), 2U);
    EXPECT_EQ(shown(), shortIds(byHand("slow", {"snapshots", "--json"})));
    EXPECT_EQ(outcome(backupNow()), "success") << "nothing of the cancelled one is in its way";
    byHand("slow", {"check", "--read-data"});
}

} // namespace
} // namespace test
