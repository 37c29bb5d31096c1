#include "core/process.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"
#include "support/await.h"

namespace {
using namespace std::chrono_literals;
using core::ProcessOutput;
using core::ProcessSpec;

const std::map<std::string, std::string> kEnvironment{{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}};

ProcessSpec shell(const std::string& script) {
    ProcessSpec spec;
    spec.program = "sh";
    spec.arguments = {"-c", script};
    spec.environment = kEnvironment;
    spec.standardOutput = ProcessOutput::capture();
    spec.standardError = ProcessOutput::capture();
    return spec;
}

/// Without a shell between: dash blocks all signals and opens descriptors for moments of its own.
ProcessSpec program(const std::string& name, std::vector<std::string> arguments) {
    ProcessSpec spec = shell("");
    spec.program = name;
    spec.arguments = std::move(arguments);
    return spec;
}

class ProcessTest : public testing::Test {
protected:
    core::ProcessResult run(const ProcessSpec& spec, const std::stop_token& stop = {}) {
        auto result = runner_.run(spec, stop);
        EXPECT_TRUE(result.ok()) << result.error().what();
        return result.value();
    }
    core::SystemProcessRunner runner_;
    core::testkit::TempDir dir_;
};

TEST_F(ProcessTest, BothStreamsAndTheExitCodeComeBack) {
    const auto result = run(shell("echo out; echo err >&2; exit 3"));
    EXPECT_EQ(result.output, "out\n");
    EXPECT_EQ(result.error, "err\n");
    EXPECT_EQ(result.exit, (core::ProcessExit{3, 0, true}));
    EXPECT_FALSE(result.exit.ok());
    EXPECT_EQ(result.exit.describe(), "exit code 3");
}

TEST_F(ProcessTest, AMissingProgramIsAnErrorAtOnce) {
    ProcessSpec spec;
    spec.environment = kEnvironment;
    for (const auto* name : {"no-such-program", "/usr/bin/no-such-program", "relative/program", ""}) {
        spec.program = name;
        const auto result = runner_.start(spec);
        ASSERT_FALSE(result.ok());
        EXPECT_EQ(result.error().name(), "ProgramNotFound");
    }
    core::testkit::writeFile(dir_ / "script", "#!/no/such/interpreter\n");
    ::chmod((dir_ / "script").c_str(), 0755);
    spec.program = (dir_ / "script").string();
    EXPECT_EQ(runner_.start(spec).error().name(), "ProgramNotFound");
}

TEST_F(ProcessTest, ErrorsNameNoArgumentAndNoEnvironment) {
    ProcessSpec spec = shell("echo s3cr3t-argument");
    spec.environment["TOKEN"] = "s3cr3t-value";
    spec.workingDirectory = "/no/such/folder";
    const auto result = runner_.start(spec);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(std::string(result.error().what()).find("s3cr3t"), std::string::npos);
    EXPECT_NE(std::string(result.error().what()).find("/no/such/folder"), std::string::npos);
}

TEST_F(ProcessTest, TheEnvironmentIsCompleteAndNothingElse) {
    ::setenv("AE_PARENT_SECRET", "leak", 1);
    ProcessSpec spec;
    spec.program = "/usr/bin/env";
    spec.environment = {{"A", "1"}, {"B", "two words"}};
    spec.standardOutput = ProcessOutput::capture();
    EXPECT_EQ(run(spec).output, "A=1\nB=two words\n");
    ::unsetenv("AE_PARENT_SECRET");
}

TEST_F(ProcessTest, OnlyTheNamedDescriptorsAreInherited) {
    const int leak = ::open("/etc/hostname", O_RDONLY); // on purpose without CLOEXEC
    // The last number is ls's own, for the folder.
    EXPECT_EQ(run(program("ls", {"-1", "/proc/self/fd"})).output, "0\n1\n2\n3\n");
    const core::SecretFile first("first");
    const core::SecretFile second("second");
    auto spec = program("ls", {"-1", "/proc/self/fd"});
    spec.inherited = {second.fd(), first.fd()};
    EXPECT_EQ(run(spec).output, "0\n1\n2\n3\n4\n5\n");
    spec = program("cat", {"/dev/fd/3", "/dev/fd/4"});
    spec.inherited = {second.fd(), first.fd()};
    EXPECT_EQ(run(spec).output, "secondfirst");
    ::close(leak);
}

TEST_F(ProcessTest, DescriptorsThatOverlapTheirTargetsAreNotMixedUp) {
    // 3 and 4 are the numbers that the child will see, in the other order.
    const core::SecretFile a("a");
    const core::SecretFile b("b");
    const int low3 = ::fcntl(a.fd(), F_DUPFD, 3);
    const int low4 = ::fcntl(b.fd(), F_DUPFD, 3);
    auto spec = shell("cat /dev/fd/3 /dev/fd/4");
    spec.inherited = {low4, low3};
    const auto output = run(spec).output;
    ::close(low3);
    ::close(low4);
    EXPECT_EQ(output, "ba");
}

TEST_F(ProcessTest, ASecretIsSealedAndReadTwice) {
    const core::SecretFile secret("correct horse");
    EXPECT_EQ(::write(secret.fd(), "x", 1), -1);
    auto spec = shell("cat /dev/fd/3; cat /dev/fd/3");
    spec.inherited = {secret.fd()};
    EXPECT_EQ(run(spec).output, "correct horsecorrect horse");
}

TEST_F(ProcessTest, BlockedAndIgnoredSignalsDoNotReachTheChild) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &set, &before);
    const auto oldHandler = ::signal(SIGPIPE, SIG_IGN);
    const auto output = run(program("grep", {"-E", "^Sig(Blk|Ign)", "/proc/self/status"})).output;
    ::signal(SIGPIPE, oldHandler);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    std::istringstream in(output);
    std::string name;
    unsigned long long mask = 0;
    int lines = 0;
    while (in >> name >> std::hex >> mask) {
        EXPECT_EQ(mask & 0x7fffffffULL, 0U) << name; // 32 and 33 belong to the C library
        ++lines;
    }
    EXPECT_EQ(lines, 2);
}

TEST_F(ProcessTest, RunsInItsFolderAndReadsNothingUnlessGiven) {
    auto spec = shell("pwd; wc -c");
    spec.workingDirectory = dir_.path();
    EXPECT_EQ(run(spec).output, dir_.path().string() + "\n0\n");
    core::testkit::writeFile(dir_ / "input", "12345");
    spec = shell("wc -c");
    spec.standardInput = core::ProcessInput::fromFile(dir_ / "input");
    EXPECT_EQ(run(spec).output, "5\n");
}

TEST_F(ProcessTest, ReadsWhatADescriptorHolds) {
    core::testkit::writeFile(dir_ / "input", "12345");
    const int fd = ::open((dir_ / "input").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    ::lseek(fd, 2, SEEK_SET);
    auto spec = program("cat", {});
    spec.standardInput = core::ProcessInput::fromDescriptor(fd);
    EXPECT_EQ(run(spec).output, "345");
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC) << "it stays the caller's";
    ::close(fd);
    spec.standardInput = core::ProcessInput::fromDescriptor(-1);
    const auto result = runner_.start(spec);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().name(), "ProcessFailed");
}

TEST_F(ProcessTest, APipeEndsWhenItIsClosedAndNotWithWhoWroteToIt) {
    auto spec = program("cat", {});
    spec.standardInput = core::ProcessInput::fromPipe();
    auto reader = std::move(runner_.start(spec).value());
    ASSERT_GE(reader->input(), 0);
    auto writer = program("echo", {"dumped"});
    writer.standardOutput = ProcessOutput::toDescriptor(reader->input());
    EXPECT_TRUE(run(writer).exit.ok());
    EXPECT_EQ(reader->wait(200ms), std::nullopt) << "the writer has ended, and nobody said that this was all";
    reader->closeInput();
    EXPECT_EQ(reader->input(), -1);
    const auto exit = reader->wait(20s);
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->ok());
    EXPECT_EQ(reader->capturedOutput(), "dumped\n");
}

TEST_F(ProcessTest, WhoIsKilledNeverSeesTheEndOfItsPipe) {
    // Its last act at the end of the input would be the file: what restic --stdin does with its snapshot.
    auto spec = shell("cat >/dev/null; echo committed >" + (dir_ / "snapshot").string());
    spec.standardInput = core::ProcessInput::fromPipe();
    for (const bool explicitly : {true, false}) {
        auto reader = std::move(runner_.start(spec).value());
        if (explicitly) {
            reader->signal(SIGKILL);
            ASSERT_TRUE(reader->wait(20s));
        }
        reader.reset();
        EXPECT_FALSE(std::filesystem::exists(dir_ / "snapshot"));
    }
}

TEST_F(ProcessTest, RunGivesAnEmptyPipe) {
    auto spec = program("cat", {});
    spec.standardInput = core::ProcessInput::fromPipe();
    const auto result = run(spec);
    EXPECT_TRUE(result.exit.ok());
    EXPECT_EQ(result.output, "");
}

/// The niceness that the kernel shows of a process (or "self").
int niceOf(const std::string& pid) {
    // pid (name) state …: the 19th field of all, and the name may hold spaces.
    const auto stat = core::testkit::readFile("/proc/" + pid + "/stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string field;
    for (int i = 3; i <= 19; ++i)
        fields >> field;
    return std::stoi(field);
}
int ioPriorityOf(int pid) {
    return static_cast<int>(::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid));
}

TEST_F(ProcessTest, APriorityIsTheChildsAndItsChildrensAndNotOurs) {
    const int ownNice = niceOf("self");
    const int ownIo = ioPriorityOf(0);
    auto spec = program("sleep", {"60"});
    spec.priority.nice = 11;
    spec.priority.io = core::ProcessPriority::Io::bestEffort;
    spec.priority.ioLevel = 6;
    const auto low = std::move(runner_.start(spec).value());
    EXPECT_EQ(niceOf(std::to_string(low->pid())), 11);
    EXPECT_EQ(ioPriorityOf(low->pid()), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));

    spec.priority = {};
    spec.priority.io = core::ProcessPriority::Io::idle;
    const auto idle = std::move(runner_.start(spec).value());
    EXPECT_EQ(niceOf(std::to_string(idle->pid())), ownNice);
    EXPECT_EQ(IOPRIO_PRIO_CLASS(ioPriorityOf(idle->pid())), IOPRIO_CLASS_IDLE);

    spec.priority = {};
    const auto plain = std::move(runner_.start(spec).value());
    EXPECT_EQ(niceOf(std::to_string(plain->pid())), ownNice);
    EXPECT_EQ(ioPriorityOf(plain->pid()), ownIo);
    EXPECT_EQ(niceOf("self"), ownNice);
    EXPECT_EQ(ioPriorityOf(0), ownIo);

    auto child = shell("nice; nice & wait");
    child.priority.nice = 12;
    EXPECT_EQ(run(child).output, "12\n12\n");
}

TEST_F(ProcessTest, CaptureIsBoundedAndNeverBlocksTheChild) {
    auto spec =
        shell("head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero | tr '\\0' y >&2; exit 7");
    spec.standardOutput = ProcessOutput::capture(1000);
    spec.standardError = ProcessOutput::capture(500);
    const auto result = run(spec);
    EXPECT_EQ(result.exit.code, 7);
    EXPECT_EQ(result.output, std::string(1000, 'x'));
    EXPECT_EQ(result.error, std::string(500, 'y'));
    EXPECT_TRUE(result.truncated);
}

TEST_F(ProcessTest, OutputGoesToPrivateFilesAndIsAppended) {
    auto spec = shell("echo one; echo two >&2");
    spec.standardOutput = ProcessOutput::toFile(dir_ / "out");
    spec.standardError = ProcessOutput::toFile(dir_ / "err");
    run(spec);
    run(spec);
    EXPECT_EQ(core::testkit::readFile(dir_ / "out"), "one\none\n");
    EXPECT_EQ(core::testkit::readFile(dir_ / "err"), "two\ntwo\n");
    struct stat info {};
    ASSERT_EQ(::stat((dir_ / "out").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    spec.standardOutput = ProcessOutput::toFile(dir_ / "missing" / "out");
    EXPECT_EQ(runner_.start(spec).error().name(), "ProcessFailed");
}

TEST_F(ProcessTest, ASinkGetsThePieces) {
    std::string seen;
    auto spec = shell("echo a; echo b");
    spec.standardOutput = ProcessOutput::toSink([&](std::string_view piece) { seen += piece; });
    run(spec);
    EXPECT_EQ(seen, "a\nb\n");
}

TEST_F(ProcessTest, CancelBeginsWithSigint) {
    std::stop_source stop;
    auto spec = shell("trap 'echo interrupted; exit 130' INT; echo ready; while :; do sleep 0.02; done");
    spec.standardOutput = ProcessOutput::toSink([&](std::string_view piece) {
        if (piece.find("ready") != std::string_view::npos)
            stop.request_stop();
    });
    const auto result = run(spec, stop.get_token());
    EXPECT_TRUE(result.cancelled);
    EXPECT_FALSE(result.timedOut);
    EXPECT_EQ(result.exit, (core::ProcessExit{130, 0, true}));
}

TEST_F(ProcessTest, TheLadderGoesOnToSigtermAndSigkill) {
    auto spec = shell("trap '' INT; trap 'exit 5' TERM; while :; do sleep 0.02; done");
    spec.timeout = 200ms;
    spec.interruptGrace = 100ms;
    auto result = run(spec);
    EXPECT_TRUE(result.timedOut);
    EXPECT_EQ(result.exit.code, 5);

    spec = shell("trap '' INT TERM; while :; do sleep 0.02; done");
    spec.timeout = 200ms;
    spec.interruptGrace = 50ms;
    spec.terminateGrace = 50ms;
    result = run(spec);
    EXPECT_TRUE(result.timedOut);
    EXPECT_EQ(result.exit, (core::ProcessExit{0, SIGKILL, true}));
    EXPECT_EQ(result.exit.describe(), "signal 9 (Killed)");
}

TEST_F(ProcessTest, WhatALeaderLeavesBehindIsEndedWithIt) {
    auto spec = shell("sleep 300 & echo $!; exit 0");
    const auto result = run(spec); // would wait 300 s for the pipe otherwise
    EXPECT_TRUE(result.exit.ok());
    EXPECT_LT(result.duration, 10s);
    const int orphan = std::stoi(result.output);
    EXPECT_TRUE(test::await([&] { return !core::processStartTicks(orphan); }));
}

TEST_F(ProcessTest, NoZombieStays) {
    int pid = 0;
    {
        auto process = std::move(runner_.start(shell("exit 0")).value());
        pid = process->pid();
        ASSERT_TRUE(process->wait(10s));
    }
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    {
        auto process = std::move(runner_.start(program("sleep", {"300"})).value());
        pid = process->pid();
        EXPECT_FALSE(process->wait(0ms));
    }
    EXPECT_EQ(::kill(pid, 0), -1) << "the destructor ends and reaps a child that nobody waited for";
}

TEST_F(ProcessTest, AnotherProcessIsAdoptedByPidAndStartTime) {
    auto process = std::move(runner_.start(program("sleep", {"300"})).value());
    ASSERT_GT(process->startTicks(), 0U);
    EXPECT_EQ(runner_.adopt(process->pid(), process->startTicks() + 1), nullptr);
    EXPECT_EQ(runner_.adopt(1, *core::processStartTicks(1)), nullptr);
    const auto adopted = runner_.adopt(process->pid(), process->startTicks());
    ASSERT_NE(adopted, nullptr);
    EXPECT_FALSE(adopted->wait(0ms));
    adopted->signal(SIGINT);
    const auto exit = adopted->wait(10s);
    ASSERT_TRUE(exit);
    EXPECT_FALSE(exit->known);
    EXPECT_FALSE(exit->ok());
    const auto real = process->wait(10s);
    ASSERT_TRUE(real);
    EXPECT_EQ(real->signal, SIGINT);
    EXPECT_EQ(runner_.adopt(process->pid(), process->startTicks()), nullptr);
}

TEST_F(ProcessTest, ADetachedChildLivesOn) {
    int pid = 0;
    {
        auto process = std::move(runner_.start(program("sleep", {"300"})).value());
        pid = process->pid();
        process->detach();
    }
    EXPECT_TRUE(core::processStartTicks(pid));
    ::kill(pid, SIGKILL);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST(StopLadder, SendsEachSignalOnce) {
    core::StopLadder ladder(30s, 5s);
    const std::chrono::steady_clock::time_point start{};
    EXPECT_FALSE(ladder.started());
    EXPECT_EQ(ladder.due(start), SIGINT);
    EXPECT_EQ(ladder.due(start), 0);
    EXPECT_EQ(ladder.due(start + 29s), 0);
    EXPECT_EQ(ladder.next(), start + 30s);
    EXPECT_EQ(ladder.due(start + 30s), SIGTERM);
    EXPECT_EQ(ladder.due(start + 34s), 0);
    EXPECT_EQ(ladder.due(start + 35s), SIGKILL);
    EXPECT_EQ(ladder.due(start + 99s), 0);
    EXPECT_FALSE(ladder.next());
}

TEST(FindProgram, LooksInAbsoluteFoldersOnly) {
    EXPECT_EQ(core::findProgram("sh", "relative:/usr/bin:/bin"), "/usr/bin/sh");
    EXPECT_FALSE(core::findProgram("sh", ""));
    EXPECT_FALSE(core::findProgram("sh", "."));
    EXPECT_FALSE(core::findProgram("/etc/passwd", "/usr/bin")) << "not executable";
    EXPECT_FALSE(core::findProgram("/usr/bin", "/usr/bin")) << "a folder";
}
} // namespace
