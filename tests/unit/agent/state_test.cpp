#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "config/config.h"
#include "core/http/proxy.h"
#include "core/testing/temp_dir.h"
#include "journal/journal.h"
#include "restic/cli/command.h"
#include "state/files.h"
#include "state/identity.h"

namespace {
using namespace agent;

/// Files may not grow beyond so many bytes as long as this lives.
class FullDisk {
public:
    explicit FullDisk(std::uint64_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
    sighandler_t handler_ = nullptr;
};

TEST(State, TheLockOfWhatIsJustEndingIsWaitedForAndThatOfAnotherIsNot) {
    core::testkit::TempDir dir;
    StateDir state(dir.path());
    const auto file = (state.path() / "lock").string();
    const int held = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0);
    {
        const std::jthread ending([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(300)); // that is what it is about
            ::close(held);
        });
        EXPECT_TRUE(state.lock());
    }
    StateDir second(dir.path());
    EXPECT_FALSE(second.lock()) << "the first one has it for good";
}

TEST(State, ARecordThatDoesNotFitOnTheDiskSpoilsNoOther) {
    core::testkit::TempDir dir;
    const auto now = core::fromMicros(1);
    {
        Journal journal(dir / "journal");
        ASSERT_TRUE(journal.accepted("one", 1, {{"a", "b"}}, now));
        {
            const FullDisk full(std::filesystem::file_size(dir / "journal") + 20);
            EXPECT_THROW(journal.accepted("two", 1, {{"a", "b"}}, now), core::Error);
            EXPECT_EQ(journal.open().size(), 1U) << "what is not on the disk was not taken";
        }
        EXPECT_TRUE(journal.accepted("three", 1, {{"a", "b"}}, now));
        EXPECT_TRUE(journal.accepted("two", 1, {{"a", "b"}}, now)) << "it can be handed out again";
    }
    Journal again(dir / "journal");
    EXPECT_EQ(again.damaged(), 0U);
    EXPECT_EQ(again.open().size(), 3U);
}

TEST(State, RoomIsThereOrMissedInASentence) {
    core::testkit::TempDir dir;
    const StateDir state(dir / "state");
    EXPECT_EQ(state.lacksRoom(), std::nullopt);
    std::filesystem::remove_all(dir / "state");
    ASSERT_TRUE(state.lacksRoom());
    EXPECT_NE(state.lacksRoom()->find("state"), std::string::npos);
}

TEST(State, ACopyOnAnotherMachineIsRecognised) {
    Identity identity;
    const MachineMarks here{"m1", "h1"};
    EXPECT_FALSE(isFromAnotherMachine(identity, here)) << "enrolled before there were marks";
    identity.machineId = "m1";
    EXPECT_FALSE(isFromAnotherMachine(identity, here));
    EXPECT_FALSE(isFromAnotherMachine(identity, {})) << "what is not known proves nothing";
    EXPECT_TRUE(isFromAnotherMachine(identity, {"m2", ""}));
    // A cloned virtual machine often keeps the id of its system.
    identity.hardwareId = "h1";
    EXPECT_TRUE(isFromAnotherMachine(identity, {"m1", "h2"}));
    EXPECT_FALSE(isFromAnotherMachine(identity, {"m1", ""}));

    core::testkit::TempDir dir;
    identity = {"id", "token", "https://s", "web-01", "", core::fromMicros(1), core::fromMicros(2), "", ""};
    saveIdentity(dir / "identity.json", identity);
    IdentityStore store(dir / "identity.json", identity);
    store.setMarks({"m1", "h1"});
    store.setMarks({"", ""});
    store.replaceToken("next", core::fromMicros(2), core::fromMicros(3));
    const auto stored = loadIdentity(dir / "identity.json");
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->token, "next");
    EXPECT_EQ(stored->machineId, "m1");
    EXPECT_EQ(stored->hardwareId, "h1");
}

TEST(ResticEnvironment, HasTheTimeZoneTheProxiesAndTheTemporaryFolder) {
    Config config;
    const Environment own{
        {"PATH", "/bin"},           {"TZ", "Europe/Berlin"}, {"HTTPS_PROXY", "http://proxy:3128"},
        {"no_proxy", "localhost"},  {"TMPDIR", "/var/tmp"},  {"AE_SECRET", "x"},
        {"RESTIC_PASSWORD", "not"}, {"LD_PRELOAD", "/x.so"}};
    auto environment = restic::cli::ResticCommands(config.restic, "/state/cache", own).version().environment;
    EXPECT_EQ(environment, (std::map<std::string, std::string>{{"HOME", "/state"},
                                                               {"HTTPS_PROXY", "http://proxy:3128"},
                                                               {"LC_ALL", "C"},
                                                               {"PATH", "/bin"},
                                                               {"TMPDIR", "/var/tmp"},
                                                               {"TZ", "Europe/Berlin"},
                                                               {"no_proxy", "localhost"}}));
    config.restic.tempDir = "/scratch";
    environment = restic::cli::ResticCommands(config.restic, "/state/cache", own).version().environment;
    EXPECT_EQ(environment["TMPDIR"], "/scratch") << "the configuration wins";
    for (const auto& name : core::http::ProxyRules::variables())
        EXPECT_NE(
            std::find(restic::cli::passedOnVariables().begin(), restic::cli::passedOnVariables().end(), name),
            restic::cli::passedOnVariables().end());
}
} // namespace
