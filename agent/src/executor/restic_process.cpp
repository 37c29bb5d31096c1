#include "executor/restic_process.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "files/file_tail.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
using namespace std::chrono_literals;
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

constexpr auto kTick = 100ms;
/// In the environment of every restic of a task: whose it is.
constexpr std::string_view kTaskVariable = "RESTIC_MONITOR_TASK";

std::uint64_t sizeOf(const std::filesystem::path& file) {
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    return code ? 0 : size;
}

/// The outputs of a task's first command, and of each further one.
std::string fileName(const std::string& name, int step) {
    return step == 0 ? name : name + "." + std::to_string(step);
}

/// Whether a file of entries that end with NUL has that one.
bool hasEntry(const std::filesystem::path& file, std::string_view wanted) {
    std::ifstream in(file, std::ios::binary);
    for (std::string entry; std::getline(in, entry, '\0');)
        if (entry == wanted)
            return true;
    return false;
}
} // namespace

std::filesystem::path ResticProcess::outputFile(int step) const {
    return folder() / fileName("stdout", step);
}

std::filesystem::path ResticProcess::errorFile(int step) const {
    return folder() / fileName("stderr", step);
}

std::filesystem::path ResticProcess::folder() const {
    return services_.state.task(report_.taskId(), report_.attempt());
}

std::optional<restic::protocol::TaskError>
ResticProcess::start(const restic::cli::RepositoryAccess& repository,
                     const std::vector<std::string>& arguments, const Record& record, const Wrap& wrap) {
    step_ = record.step;
    interrupted_ = false;
    auto command = services_.commands.on(repository, arguments);
    command.spec.environment[std::string(kTaskVariable)] = report_.taskId();
    // To files, not pipes: restic outlives an agent that dies.
    const auto output = outputFile(step_);
    const auto error = errorFile(step_);
    command.spec.standardOutput = core::ProcessOutput::toFile(output);
    command.spec.standardError = core::ProcessOutput::toFile(error);
    if (wrap)
        wrap(command.spec);
    begin_ = {sizeOf(output), sizeOf(error)};
    services_.journal.starting(report_.taskId(), report_.attempt(), report_.startedAt(),
                               report_.resticVersion(), record.missingSources, record.step);
    auto started = services_.runner.start(command.spec);
    if (!started) {
        const bool absent = &started.error().kind() == &core::errors::kProgramNotFound;
        return task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kAgentFailure,
                                 started.error().what());
    }
    process_ = std::move(started).value();
    ofBackend_ = std::move(command.ofBackend);
    ofSsh_ = std::move(command.ofSsh);
    try {
        services_.journal.spawned(report_.taskId(), report_.attempt(),
                                  {process_->pid(), process_->startTicks(), core::bootId()});
    } catch (const core::Error& failure) {
        // It runs: after a restart it is found by its environment.
        services_.log.error("A started restic could not be written to the journal",
                            {{"task_id", report_.taskId()}, {"error", failure.what()}});
    }
    services_.log.info("restic started",
                       {{"task_id", report_.taskId()}, {"pid", std::int64_t{process_->pid()}}});
    return std::nullopt;
}

void ResticProcess::interrupt(const std::string& why) {
    if (interrupted_)
        return;
    interrupted_ = true;
    report_.log(LogLevel::warn, why, position_);
}

void ResticProcess::adopt(const JournalTask& known) {
    step_ = known.step;
    auto spawned = known.spawned;
    if (!spawned)
        spawned = findResticOfTask(known.taskId);
    if (spawned && spawned->bootId == core::bootId())
        process_ = services_.runner.adopt(spawned->pid, spawned->startTicks);
    if (process_ && !known.spawned)
        services_.journal.spawned(known.taskId, known.attempt, *spawned);
    services_.log.info(process_ ? "A restic of an earlier run was adopted"
                                : "A restic of an earlier run has ended meanwhile",
                       {{"task_id", known.taskId}});
}

std::optional<core::ProcessExit> ResticProcess::follow(const Readers& readers, const std::stop_token& stop) {
    FileTail out(outputFile(step_), begin_.output, restic::cli::json::kMaxLine);
    FileTail err(errorFile(step_), begin_.error, restic::cli::json::kMaxLine);
    // Positions in the log go on from one command's files to the next one's.
    LogPosition before;
    for (int step = 0; step < step_; ++step) {
        before.output += sizeOf(outputFile(step));
        before.error += sizeOf(errorFile(step));
    }
    const auto recovered = report_.outbox().log().recovered();
    position_ = {std::max(recovered.output, before.output), std::max(recovered.error, before.error)};
    const FileTail::Line outLine = [&](std::string_view line, std::uint64_t end) {
        new_ = before.output + end > recovered.output;
        position_.output = std::max(position_.output, before.output + end);
        readers.output(line);
    };
    const FileTail::Line errLine = [&](std::string_view line, std::uint64_t end) {
        new_ = before.error + end > recovered.error;
        position_.error = std::max(position_.error, before.error + end);
        readers.error(line);
    };
    core::StopLadder ladder(services_.config.restic.interruptGrace, 5s);
    std::optional<core::ProcessExit> ended;
    if (process_ == nullptr)
        ended = core::ProcessExit{0, 0, false};
    // Measured by the clock that nobody sets; what passed before an adoption is known by the other only.
    const auto deadline =
        std::chrono::steady_clock::now() + (timeout_ - (services_.clock.now() - report_.startedAt()));
    while (!ended) {
        if (stop.stop_requested()) {
            process_->detach();
            return std::nullopt;
        }
        if (std::chrono::steady_clock::now() >= deadline)
            report_.outbox().stop(restic::cli::StopReason::timedOut);
        if (interrupted_ || report_.stopReason() != restic::cli::StopReason::none) {
            if (!ladder.started() && !interrupted_)
                report_.log(LogLevel::warn,
                            report_.stopReason() == restic::cli::StopReason::timedOut
                                ? "The time limit is over; interrupting restic"
                                : "Cancelled; interrupting restic",
                            position_);
            if (const int number = ladder.due(std::chrono::steady_clock::now()); number != 0)
                process_->signal(number);
        }
        ended = process_->wait(kTick);
        while (out.poll(outLine)) {
        }
        while (err.poll(errLine)) {
        }
        if (readers.looked)
            readers.looked();
    }
    out.finish(outLine);
    err.finish(errLine);
    new_ = true;
    if (ofSsh_)
        ofSsh_->read(readers.error);
    process_.reset();
    return ended;
}

std::optional<SpawnRecord> findResticOfTask(const std::string& taskId) {
    // A wrapper such as sudo may have emptied the environment; a backup has its task as a tag as well.
    const auto variable = std::string(kTaskVariable) + "=" + taskId;
    const auto tag = "--tag=task:" + taskId;
    std::optional<SpawnRecord> oldest; // what restic itself starts, ssh for one, inherits the variable
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", code)) {
        const auto name = entry.path().filename().string();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid <= 1)
            continue;
        if (!hasEntry(entry.path() / "environ", variable) && !hasEntry(entry.path() / "cmdline", tag))
            continue;
        if (const auto ticks = core::processStartTicks(pid);
            ticks && (!oldest || *ticks < oldest->startTicks))
            oldest = SpawnRecord{pid, *ticks, core::bootId()};
    }
    return oldest;
}

} // namespace agent
