#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/export.h"

namespace core {

namespace errors {
inline constexpr ErrorKind kProgramNotFound{"ProgramNotFound", 503, "A program is not installed",
                                            "Install it, or correct its path"};
inline constexpr ErrorKind kProcessFailed{"ProcessFailed", 500, "A program could not be started",
                                          "Read the message; check paths and permissions"};
} // namespace errors

/// What a child reads.
struct ProcessInput {
    enum class Kind { nothing, file, descriptor, pipe };
    Kind kind = Kind::nothing;
    std::filesystem::path path = {}; ///< file
    int fd = -1;                     ///< descriptor: an open one of the caller's, which stays the caller's

    [[nodiscard]] static ProcessInput fromFile(std::filesystem::path path) {
        return {Kind::file, std::move(path)};
    }
    [[nodiscard]] static ProcessInput fromDescriptor(int fd) { return {Kind::descriptor, {}, fd}; }
    /// What is written to Process::input(). With run() there is nobody who writes: it is empty.
    [[nodiscard]] static ProcessInput fromPipe() { return {Kind::pipe}; }
};

/// Where one output stream of a child goes.
struct ProcessOutput {
    enum class Kind { discard, capture, file, sink, descriptor };
    Kind kind = Kind::discard;
    /// capture: bytes kept (the first ones; the rest is read and dropped).
    std::size_t limit = 1U << 20U;
    /// file: created with mode 0600, appended to. A child that writes to a file outlives its parent: nothing
    /// sends it SIGPIPE.
    std::filesystem::path path = {};
    /// sink: called with each piece as it arrives, on the thread that waits.
    std::function<void(std::string_view)> receive = {};
    /// descriptor: an open one of the caller's, which stays the caller's.
    int fd = -1;

    [[nodiscard]] static ProcessOutput capture(std::size_t limit = 1U << 20U) {
        return {Kind::capture, limit};
    }
    [[nodiscard]] static ProcessOutput toFile(std::filesystem::path path) {
        return {Kind::file, 0, std::move(path)};
    }
    [[nodiscard]] static ProcessOutput toSink(std::function<void(std::string_view)> receive) {
        return {Kind::sink, 0, {}, std::move(receive)};
    }
    [[nodiscard]] static ProcessOutput toDescriptor(int fd) { return {Kind::descriptor, 0, {}, {}, fd}; }
};

/// How much of the machine a child may take from others. It holds for the child and all that it starts, from
/// its first instruction on.
struct ProcessPriority {
    /// The kernel's classes; one that comes before all others is not offered, since a backup may wait.
    enum class Io { inherited, bestEffort, idle };
    static constexpr int kLowestIoLevel = 7;

    std::optional<int> nice = {}; ///< 0 to 19, or the parent's
    Io io = Io::inherited;
    int ioLevel = 4; ///< bestEffort: 0 (first) to kLowestIoLevel

    bool operator==(const ProcessPriority&) const = default;
};

/// What to start and how. Nothing of the parent reaches the child but what is named here.
struct ProcessSpec {
    /// An absolute path, or a name that is looked up in the PATH of `environment`.
    std::string program;
    /// Without the program's own name.
    std::vector<std::string> arguments;
    /// The complete environment.
    std::map<std::string, std::string> environment;
    std::filesystem::path workingDirectory = "/";
    ProcessInput standardInput = {};
    ProcessOutput standardOutput = {};
    ProcessOutput standardError = {};
    /// Open descriptors of the caller; the child sees them as 3, 4, 5 … in this order, and no others.
    std::vector<int> inherited = {};
    ProcessPriority priority = {};
    /// Stays in the process group of its starter, whose signals then reach it too; nothing of the group is
    /// ended with it. Otherwise it leads a group of its own.
    bool inStartersGroup = false;
    /// run() only: after this time the process is stopped as if cancelled.
    std::optional<std::chrono::milliseconds> timeout = {};
    /// The cancel ladder: SIGINT, after this time SIGTERM, after another SIGKILL; always to the whole group.
    std::chrono::milliseconds interruptGrace{30000};
    std::chrono::milliseconds terminateGrace{5000};
};

/// How a process ended.
struct ProcessExit {
    /// The exit code; meaningless if a signal ended it.
    int code = 0;
    /// The signal that ended it, or 0.
    int signal = 0;
    /// False for an adopted process: only its parent learns the code.
    bool known = true;

    [[nodiscard]] bool ok() const noexcept { return known && signal == 0 && code == 0; }
    /// "exit code 3", "signal 9 (Killed)", "unknown exit code"
    [[nodiscard]] CORE_EXPORT std::string describe() const;
    bool operator==(const ProcessExit&) const = default;
};

/// A process that was started or adopted. One thread waits; signal() may be called from others.
class CORE_EXPORT Process {
public:
    /// A started process that still runs and was not detached is killed with its group, and reaped.
    virtual ~Process();
    [[nodiscard]] virtual int pid() const noexcept = 0;
    /// When it started, in the kernel's clock ticks since boot: with the pid it names one process for ever
    /// (until the next boot). 0 if it ended before anyone could ask.
    [[nodiscard]] virtual std::uint64_t startTicks() const noexcept = 0;
    /// Serves the output streams until the process has ended or the time is over; nullopt: still running.
    /// After the end the rest of its group is killed, and what the streams still held has been delivered.
    virtual std::optional<ProcessExit> wait(std::chrono::milliseconds timeout) = 0;
    /// Sends a signal to the process's group. Without effect after its end.
    virtual void signal(int number) noexcept = 0;
    /// The end of ProcessInput::fromPipe() that is written to, or -1. It is this object's and stays open
    /// until closeInput(), so that the child never takes a writer that died for the end of what it reads:
    /// another process may be given it as its output, and after its good end closeInput() says that this was
    /// all. After a bad one the child is stopped, and only then is the pipe closed. Who writes to it ignores
    /// SIGPIPE.
    [[nodiscard]] virtual int input() const noexcept = 0;
    virtual void closeInput() noexcept = 0;
    /// Leaves the process running when this object goes. A pipe to it is closed then.
    virtual void detach() noexcept = 0;
    [[nodiscard]] virtual const std::string& capturedOutput() const noexcept = 0;
    [[nodiscard]] virtual const std::string& capturedError() const noexcept = 0;
    /// True if a captured stream was longer than its limit.
    [[nodiscard]] virtual bool truncated() const noexcept = 0;
};

/// The outcome of a process that was run to its end.
struct ProcessResult {
    ProcessExit exit;
    std::string output;
    std::string error;
    bool truncated = false;
    bool timedOut = false;
    bool cancelled = false;
    std::chrono::milliseconds duration{};
};

/// The one way to start programs. A seam: tests use a scripted one.
class CORE_EXPORT ProcessRunner {
public:
    virtual ~ProcessRunner();
    /// Starts the program; the error is errors::kProgramNotFound or errors::kProcessFailed and names the
    /// program, never its arguments or environment. Thread-safe.
    [[nodiscard]] virtual Result<std::unique_ptr<Process>> start(const ProcessSpec& spec) = 0;
    /// The running process of that pid and start time (see Process::startTicks), started by an earlier run of
    /// this program; null if it has ended. Its exit code stays unknown and its streams are not served.
    [[nodiscard]] virtual std::unique_ptr<Process> adopt(int pid, std::uint64_t startTicks) = 0;
    /// Starts the program and waits for its end, for its timeout, or for `stop`.
    [[nodiscard]] Result<ProcessResult> run(const ProcessSpec& spec, const std::stop_token& stop = {});
};

/// posix_spawn: own process group, default signal handling, nothing inherited, no zombies.
class CORE_EXPORT SystemProcessRunner final : public ProcessRunner {
public:
    [[nodiscard]] Result<std::unique_ptr<Process>> start(const ProcessSpec& spec) override;
    [[nodiscard]] std::unique_ptr<Process> adopt(int pid, std::uint64_t startTicks) override;
};

/// The cancel ladder as a value: tells which signal is due. SIGINT first, because restic before 0.17 dies of
/// SIGTERM with its lock left behind.
class CORE_EXPORT StopLadder {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    StopLadder(std::chrono::milliseconds interruptGrace, std::chrono::milliseconds terminateGrace)
        : interruptGrace_(interruptGrace), terminateGrace_(terminateGrace) {}

    [[nodiscard]] bool started() const noexcept { return step_ > 0; }
    /// The signal to send now, each once; 0 for none.
    [[nodiscard]] int due(TimePoint now);
    /// When due() should be asked again; nullopt when the ladder has ended.
    [[nodiscard]] std::optional<TimePoint> next() const;

private:
    std::chrono::milliseconds interruptGrace_;
    std::chrono::milliseconds terminateGrace_;
    int step_ = 0;
    TimePoint nextAt_{};
};

/// A secret in memory that a child reads as a file: inherit fd() and name `/dev/fd/3`. It touches no disk, no
/// argument list and no environment, and is gone with its last descriptor.
class CORE_EXPORT SecretFile {
public:
    /// Throws errors::kProcessFailed if the kernel refuses.
    explicit SecretFile(std::string_view secret);
    ~SecretFile();
    SecretFile(SecretFile&& other) noexcept;
    SecretFile& operator=(SecretFile&& other) noexcept;
    SecretFile(const SecretFile&) = delete;
    SecretFile& operator=(const SecretFile&) = delete;
    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_ = -1;
};

/// The start time of a running process (see Process::startTicks); nullopt if there is none, or a zombie only.
CORE_EXPORT std::optional<std::uint64_t> processStartTicks(int pid);
/// The kernel's name of this boot: pids and start times of another boot mean nothing. Empty if unknown.
CORE_EXPORT std::string bootId();
/// The absolute path of a program: itself if it contains a slash, else looked up in `path` ("a:b").
CORE_EXPORT std::optional<std::filesystem::path> findProgram(std::string_view program, std::string_view path);

} // namespace core
