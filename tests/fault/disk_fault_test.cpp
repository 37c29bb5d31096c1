// F17 and F18: the host's own disk is full, or fails.
#include <cstring>
#include <fstream>
#include <thread>

#include <sched.h>
#include <sys/mount.h>

#include "fault/host_fixture.h"

namespace test {
namespace {

class DiskFails : public FaultyHost {
protected:
    /// Gives the host's data folder a disk of its own, in memory, that only this process and what it starts
    /// see, and that goes with them: large enough for the database and its log, twice.
    void makeSmallDisk() {
        const auto folder = (dir_ / "data").string();
        std::filesystem::create_directories(folder);
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno) << ": this test needs root";
        ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
        ASSERT_EQ(::mount("none", folder.c_str(), "tmpfs", 0, "size=24m,mode=700"), 0)
            << std::strerror(errno);
    }
};

TEST_F(DiskFails, IsFullAgainAndAgain) {
    ASSERT_NO_FATAL_FAILURE(makeSmallDisk());
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        SCOPED_TRACE(seed);
        prepareEmbedded();
        std::atomic<int> filled{0};
        {
            const std::jthread filler([&](const std::stop_token& stop) {
                const auto file = dir_ / "data/filler";
                while (!stop.stop_requested()) {
                    std::ofstream out(file, std::ios::binary);
                    const std::string block(65536, 'x');
                    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
                    }
                    ++filled;
                    std::this_thread::sleep_for(std::chrono::milliseconds(100 + 30 * (seed % 5)));
                    std::filesystem::remove(file);
                    std::this_thread::sleep_for(200ms);
                }
            });
            ASSERT_NO_FATAL_FAILURE(play(seed));
        }
        ASSERT_NO_FATAL_FAILURE(judge());
        EXPECT_GT(filled, 1);
        EXPECT_GT(refusals(), 0) << "nothing noticed that the disk was full";
        EXPECT_EQ(deaths(), 0);
        finish();
    }
}

TEST_F(DiskFails, DoesNotStoreWhatItWasGiven) {
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        SCOPED_TRACE(seed);
        wrapper_.clear();
        prepareEmbedded();
        // In the next life one write of many fails, so that most changes have a chance; a failed one is never
        // taken for a success.
        const auto every = "error=EIO:when=20+" + std::to_string(150 + 7 * (seed % 11));
        wrapper_ = {"strace",
                    "-f",
                    "--seccomp-bpf",
                    "-qq",
                    "-o",
                    (dir_ / "strace.log").string(),
                    "-e",
                    "trace=fdatasync,pwrite64",
                    "-e",
                    "inject=fdatasync,pwrite64:" + every};
        restart();
        ASSERT_NO_FATAL_FAILURE(play(seed));
        EXPECT_GT(refusals(), 0) << "no failure was noticed";
        EXPECT_EQ(deaths(), 0);
        EXPECT_NE(readFile(dir_ / "strace.log").find("(INJECTED)"), std::string::npos);
        // What was acknowledged is on the disk, not only in this process.
        wrapper_.clear();
        restart();
        ASSERT_NO_FATAL_FAILURE(judge());
        finish();
    }
}

} // namespace
} // namespace test
