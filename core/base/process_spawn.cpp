#include <fcntl.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/process.h"
#include "fd.h"

namespace core {
namespace {
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// glibc 2.36 declares these without C linkage.
int pidfdOpen(int pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}
int pidfdSignal(int fd, int number) {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, fd, number, nullptr, 0));
}

std::string reason(int code) {
    return std::generic_category().message(code);
}

/// Descriptors that the spawn actions copy from are kept above those that they copy to.
constexpr int kFirstSafeFd = 64;

Fd raised(Fd fd) {
    if (!fd.valid() || fd.get() >= kFirstSafeFd)
        return fd;
    return Fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstSafeFd)};
}

/// One output stream on the parent's side.
struct Stream {
    ProcessOutput target = {};
    Fd reader = {};
    std::string captured = {};
    bool truncated = false;

    /// Reads what is there. False at the end of the stream.
    bool drain() {
        std::array<char, 32768> buffer;
        for (;;) {
            const auto count = ::read(reader.get(), buffer.data(), buffer.size());
            if (count > 0) {
                take({buffer.data(), static_cast<std::size_t>(count)});
                continue;
            }
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0 && errno == EAGAIN)
                return true;
            reader.reset();
            return false;
        }
    }

    void take(std::string_view bytes) {
        if (target.kind == ProcessOutput::Kind::sink) {
            target.receive(bytes);
            return;
        }
        const auto room = target.limit - std::min(target.limit, captured.size());
        captured.append(bytes.substr(0, room));
        truncated = truncated || bytes.size() > room;
    }
};

class SpawnActions {
public:
    SpawnActions() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
    }
    ~SpawnActions() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    posix_spawn_file_actions_t* files() { return &actions_; }
    posix_spawnattr_t* attributes() { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

class SystemProcess final : public Process {
public:
    SystemProcess(int pid, std::uint64_t ticks, Fd pidfd, bool child, Fd input, Stream out, Stream err)
        : pid_(pid), ticks_(ticks), pidfd_(std::move(pidfd)), child_(child), input_(std::move(input)),
          out_(std::move(out)), err_(std::move(err)) {}

    ~SystemProcess() override {
        if (child_ && !detached_ && !exit_) {
            signal(SIGKILL);
            siginfo_t info{};
            while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
            }
        }
    }

    [[nodiscard]] int pid() const noexcept override { return pid_; }
    [[nodiscard]] std::uint64_t startTicks() const noexcept override { return ticks_; }

    std::optional<ProcessExit> wait(milliseconds timeout) override {
        const auto until = Clock::now() + timeout;
        while (!exit_) {
            std::array<pollfd, 3> fds{};
            nfds_t count = 0;
            fds[count++] = {pidfd_.get(), POLLIN, 0};
            for (const auto* stream : {&out_, &err_})
                if (stream->reader.valid())
                    fds[count++] = {stream->reader.get(), POLLIN, 0};
            const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
            const int ready =
                ::poll(fds.data(), count, static_cast<int>(std::clamp<long long>(left, 0, 3600000)));
            if (ready > 0) {
                for (auto* stream : {&out_, &err_})
                    if (stream->reader.valid())
                        stream->drain();
                if (fds[0].revents != 0)
                    finish();
            }
            if (!exit_ && Clock::now() >= until)
                return std::nullopt;
        }
        return exit_;
    }

    void signal(int number) noexcept override {
        const std::lock_guard lock(mutex_);
        if (ended_)
            return;
        // A child's number is its own until it is reaped. An adopted process may be reaped by init at any
        // time, so its descriptor is asked first.
        if (!child_ && pidfdSignal(pidfd_.get(), 0) != 0)
            return;
        if (::kill(-pid_, number) != 0)
            pidfdSignal(pidfd_.get(), number);
    }

    [[nodiscard]] int input() const noexcept override { return input_.get(); }
    void closeInput() noexcept override { input_.reset(); }
    void detach() noexcept override { detached_ = true; }
    [[nodiscard]] const std::string& capturedOutput() const noexcept override { return out_.captured; }
    [[nodiscard]] const std::string& capturedError() const noexcept override { return err_.captured; }
    [[nodiscard]] bool truncated() const noexcept override { return out_.truncated || err_.truncated; }

private:
    void finish() {
        if (!child_) {
            const std::lock_guard lock(mutex_);
            ended_ = true;
            exit_ = ProcessExit{0, 0, false};
            return;
        }
        signal(SIGKILL); // what the leader left behind in its group; the leader itself is a zombie by now
        drainRest();
        const std::lock_guard lock(mutex_);
        ended_ = true;
        siginfo_t info{};
        int rc = 0;
        while ((rc = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED)) != 0 && errno == EINTR) {
        }
        if (rc != 0)
            exit_ = ProcessExit{0, 0, false}; // SIGCHLD is ignored: the kernel kept no status
        else if (info.si_code == CLD_EXITED)
            exit_ = ProcessExit{info.si_status, 0, true};
        else
            exit_ = ProcessExit{0, info.si_status, true};
    }

    /// A descendant that left the group may hold a pipe open for ever, so the wait for its end is short.
    void drainRest() {
        const auto until = Clock::now() + std::chrono::seconds(1);
        for (auto* stream : {&out_, &err_}) {
            while (stream->reader.valid() && stream->drain()) {
                const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
                pollfd fd{stream->reader.get(), POLLIN, 0};
                if (left.count() <= 0 || ::poll(&fd, 1, static_cast<int>(left.count())) == 0)
                    break;
            }
        }
    }

    int pid_;
    std::uint64_t ticks_;
    Fd pidfd_;
    bool child_;
    bool detached_ = false;
    Fd input_; // closed after the destructor's kill: a child that is killed must not see an end of its input
    Stream out_;
    Stream err_;
    std::optional<ProcessExit> exit_;
    std::mutex mutex_;
    bool ended_ = false;
};

Error failed(const std::string& program, const std::string& what) {
    return Error(errors::kProcessFailed, program + " could not be started: " + what);
}

/// Another descriptor of the same file, for the child.
std::optional<Error> duplicate(int fd, const std::string& program, Fd& child) {
    child = Fd{::fcntl(fd, F_DUPFD_CLOEXEC, kFirstSafeFd)};
    return child.valid() ? std::nullopt : std::optional(failed(program, "a descriptor for it is not open"));
}

/// Opens the parent's and the child's end of the input.
std::optional<Error> openInput(const ProcessInput& source, const std::string& program, Fd& parent,
                               Fd& child) {
    switch (source.kind) {
    case ProcessInput::Kind::nothing:
        child = Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        break;
    case ProcessInput::Kind::file:
        child = Fd{::open(source.path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (!child.valid())
            return failed(program, source.path.string() + ": " + reason(errno));
        break;
    case ProcessInput::Kind::descriptor:
        return duplicate(source.fd, program, child);
    case ProcessInput::Kind::pipe: {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            return failed(program, reason(errno));
        child = Fd{ends[0]};
        parent = Fd{ends[1]};
        break;
    }
    }
    child = raised(std::move(child));
    return child.valid() ? std::nullopt : std::optional(failed(program, reason(errno)));
}

/// Opens the parent's and the child's end of one output stream.
std::optional<Error> openStream(const ProcessOutput& target, const std::string& program, Stream& stream,
                                Fd& child) {
    stream.target = target;
    switch (target.kind) {
    case ProcessOutput::Kind::discard:
        child = Fd{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
        break;
    case ProcessOutput::Kind::file:
        child = Fd{::open(target.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
        if (!child.valid())
            return failed(program, target.path.string() + ": " + reason(errno));
        break;
    case ProcessOutput::Kind::descriptor:
        return duplicate(target.fd, program, child);
    case ProcessOutput::Kind::capture:
    case ProcessOutput::Kind::sink: {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            return failed(program, reason(errno));
        stream.reader = Fd{ends[0]};
        child = Fd{ends[1]};
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        break;
    }
    }
    child = raised(std::move(child));
    if (!child.valid())
        return failed(program, reason(errno));
    return std::nullopt;
}

void prepare(SpawnActions& spawn, const ProcessSpec& spec, const Fd& in, const Fd& out, const Fd& err,
             const std::vector<Fd>& inherited) {
    auto* files = spawn.files();
    posix_spawn_file_actions_adddup2(files, in.get(), 0);
    posix_spawn_file_actions_adddup2(files, out.get(), 1);
    posix_spawn_file_actions_adddup2(files, err.get(), 2);
    int next = 3;
    for (const auto& fd : inherited)
        posix_spawn_file_actions_adddup2(files, fd.get(), next++);
    posix_spawn_file_actions_addclosefrom_np(files, next);
    posix_spawn_file_actions_addchdir_np(files, spec.workingDirectory.c_str());
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(spawn.attributes(), &none);
    posix_spawnattr_setsigdefault(spawn.attributes(), &all);
    posix_spawnattr_setpgroup(spawn.attributes(), 0);
    const int group = spec.inStartersGroup ? 0 : POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(spawn.attributes(),
                             static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));
}

/// Runs `spawn` on a thread of that priority; what it starts inherits it. Linux keeps niceness and I/O class
/// for each thread, and a child has those of the thread that made it, so nothing of it ever runs with another
/// one, no program has to be there for that, and this process keeps its own. Returns an errno, or 0.
int withPriority(const ProcessPriority& priority, const std::function<void()>& spawn) {
    constexpr int kThisThread = 0;
    int problem = 0;
    std::thread([&] {
        if (priority.nice && ::setpriority(PRIO_PROCESS, kThisThread, *priority.nice) != 0) {
            problem = errno;
            return;
        }
        if (priority.io != ProcessPriority::Io::inherited) {
            const bool idle = priority.io == ProcessPriority::Io::idle;
            const int value =
                IOPRIO_PRIO_VALUE(idle ? IOPRIO_CLASS_IDLE : IOPRIO_CLASS_BE, idle ? 0 : priority.ioLevel);
            if (::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, kThisThread, value) != 0) {
                problem = errno;
                return;
            }
        }
        spawn();
    }).join();
    return problem;
}

} // namespace

Result<std::unique_ptr<Process>> SystemProcessRunner::start(const ProcessSpec& spec) {
    const auto path = spec.environment.find("PATH");
    const auto program =
        findProgram(spec.program, path == spec.environment.end() ? std::string_view{} : path->second);
    if (!program)
        return Error(errors::kProgramNotFound, spec.program + " was not found");
    std::error_code ignored;
    if (!std::filesystem::is_directory(spec.workingDirectory, ignored))
        return failed(spec.program, "the folder " + spec.workingDirectory.string() + " does not exist");

    Stream out;
    Stream err;
    Fd childOut;
    Fd childErr;
    if (auto error = openStream(spec.standardOutput, spec.program, out, childOut))
        return *error;
    if (auto error = openStream(spec.standardError, spec.program, err, childErr))
        return *error;
    Fd input;
    Fd childIn;
    if (auto error = openInput(spec.standardInput, spec.program, input, childIn))
        return *error;
    std::vector<Fd> inherited;
    for (const int fd : spec.inherited)
        if (auto error = duplicate(fd, spec.program, inherited.emplace_back()))
            return *error;
    SpawnActions spawn;
    prepare(spawn, spec, childIn, childOut, childErr, inherited);

    std::vector<std::string> arguments{spec.program};
    arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
    std::vector<std::string> environment;
    environment.reserve(spec.environment.size());
    for (const auto& [name, value] : spec.environment)
        environment.push_back(name + "=" + value);
    const auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> list;
        list.reserve(texts.size() + 1);
        for (auto& text : texts)
            list.push_back(text.data());
        list.push_back(nullptr);
        return list;
    };
    const auto argv = pointers(arguments);
    const auto envp = pointers(environment);

    pid_t pid = -1;
    int code = 0;
    const auto spawnIt = [&] {
        code =
            posix_spawn(&pid, program->c_str(), spawn.files(), spawn.attributes(), argv.data(), envp.data());
    };
    if (spec.priority == ProcessPriority{}) {
        spawnIt();
    } else if (const int problem = withPriority(spec.priority, spawnIt); problem != 0) {
        return failed(spec.program, "its priority: " + reason(problem));
    }
    if (code == ENOENT)
        return Error(errors::kProgramNotFound,
                     spec.program + " was not found, or its interpreter is missing");
    if (code != 0)
        return failed(spec.program, reason(code));
    Fd pidfd{pidfdOpen(pid)};
    if (!pidfd.valid()) {
        const int why = errno;
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return failed(spec.program, reason(why));
    }
    return std::unique_ptr<Process>(std::make_unique<SystemProcess>(pid, processStartTicks(pid).value_or(0),
                                                                    std::move(pidfd), true, std::move(input),
                                                                    std::move(out), std::move(err)));
}

std::unique_ptr<Process> SystemProcessRunner::adopt(int pid, std::uint64_t startTicks) {
    if (pid <= 1)
        return nullptr;
    Fd pidfd{pidfdOpen(pid)};
    if (!pidfd.valid())
        return nullptr;
    // Asked after the descriptor is open: from here on the answer is about the same process.
    if (processStartTicks(pid) != startTicks)
        return nullptr;
    return std::make_unique<SystemProcess>(pid, startTicks, std::move(pidfd), false, Fd{}, Stream{},
                                           Stream{});
}

} // namespace core
