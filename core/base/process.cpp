#include "core/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "fd.h"
#include "proc_stat.h"

namespace core {
namespace {

/// The state letter and the start time.
std::optional<std::pair<char, std::uint64_t>> stateAndStart(int pid) {
    const auto fields = procStat(std::to_string(pid));
    if (fields.size() <= kProcStatStart)
        return std::nullopt;
    const auto& start = fields[kProcStatStart];
    std::uint64_t ticks = 0;
    if (std::from_chars(start.data(), start.data() + start.size(), ticks).ec != std::errc{})
        return std::nullopt;
    return std::pair{fields[0].front(), ticks};
}

[[noreturn]] void secretFailed(int code) {
    throw Error(errors::kProcessFailed,
                "A secret could not be handed over: " + std::generic_category().message(code));
}

} // namespace

Process::~Process() = default;
ProcessRunner::~ProcessRunner() = default;

std::string ProcessExit::describe() const {
    if (!known)
        return "unknown exit code";
    if (signal != 0) {
        const char* name = ::sigdescr_np(signal);
        return "signal " + std::to_string(signal) + " (" + (name != nullptr ? name : "unknown") + ")";
    }
    return "exit code " + std::to_string(code);
}

Result<ProcessResult> ProcessRunner::run(const ProcessSpec& spec, const std::stop_token& stop) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    const auto began = Clock::now();
    auto started = start(spec);
    if (!started)
        return started.error();
    auto& process = *started.value();
    process.closeInput();
    StopLadder ladder(spec.interruptGrace, spec.terminateGrace);
    ProcessResult result;
    for (;;) {
        const auto now = Clock::now();
        if (!result.cancelled && !result.timedOut) {
            result.cancelled = stop.stop_requested();
            result.timedOut = !result.cancelled && spec.timeout && now - began >= *spec.timeout;
        }
        auto wake = now + milliseconds(stop.stop_possible() ? 100 : 60000);
        if (result.cancelled || result.timedOut) {
            if (const int number = ladder.due(now); number != 0)
                process.signal(number);
            if (const auto next = ladder.next())
                wake = std::min(wake, *next);
        } else if (spec.timeout) {
            wake = std::min(wake, began + *spec.timeout);
        }
        const auto left = std::chrono::ceil<milliseconds>(wake - now);
        if (const auto exit = process.wait(std::max(left, milliseconds(1)))) {
            result.exit = *exit;
            break;
        }
    }
    result.output = process.capturedOutput();
    result.error = process.capturedError();
    result.truncated = process.truncated();
    result.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    return result;
}

int StopLadder::due(TimePoint now) {
    if (step_ > 2 || (step_ > 0 && now < nextAt_))
        return 0;
    switch (step_++) {
    case 0:
        nextAt_ = now + interruptGrace_;
        return SIGINT;
    case 1:
        nextAt_ = now + terminateGrace_;
        return SIGTERM;
    default:
        return SIGKILL;
    }
}

std::optional<StopLadder::TimePoint> StopLadder::next() const {
    if (step_ > 2)
        return std::nullopt;
    return nextAt_;
}

SecretFile::SecretFile(std::string_view secret) {
    Fd fd{::memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!fd.valid())
        secretFailed(errno);
    while (!secret.empty()) {
        const auto count = ::write(fd.get(), secret.data(), secret.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            secretFailed(errno);
        secret.remove_prefix(static_cast<std::size_t>(count));
    }
    ::fchmod(fd.get(), 0400);
    ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    ::lseek(fd.get(), 0, SEEK_SET);
    fd_ = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3);
    if (fd_ < 0)
        secretFailed(errno);
}

SecretFile::~SecretFile() {
    if (fd_ >= 0)
        ::close(fd_);
}

SecretFile::SecretFile(SecretFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SecretFile& SecretFile::operator=(SecretFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

std::optional<std::uint64_t> processStartTicks(int pid) {
    const auto stat = stateAndStart(pid);
    if (!stat || stat->first == 'Z' || stat->first == 'X')
        return std::nullopt;
    return stat->second;
}

std::string bootId() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string text;
    std::getline(in, text);
    return text;
}

std::optional<std::filesystem::path> findProgram(std::string_view program, std::string_view path) {
    const auto usable = [](const std::filesystem::path& candidate) {
        std::error_code ignored;
        return std::filesystem::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0;
    };
    if (program.find('/') != std::string_view::npos) {
        const std::filesystem::path candidate(program);
        if (candidate.is_absolute() && usable(candidate))
            return candidate;
        return std::nullopt;
    }
    while (!path.empty() && !program.empty()) {
        const auto colon = path.find(':');
        const std::filesystem::path folder(path.substr(0, colon));
        path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
        if (folder.is_absolute() && usable(folder / program))
            return folder / program;
    }
    return std::nullopt;
}

} // namespace core
