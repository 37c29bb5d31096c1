#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/process.h"
#include "executor/task_report.h"
#include "executor/task_run.h"
#include "restic/protocol/task_messages.h"

namespace agent {

/// One restic of a task, whatever it does: it writes to files of the task and outlives an agent that dies; is
/// started, or found again; is followed until it ends; is interrupted when the task is cancelled or its time
/// is over. One thread.
class ResticProcess {
public:
    /// What the journal must know of it before it starts.
    struct Record {
        std::vector<std::string> missingSources;
        /// Of a task of several commands: which one this is.
        int step = 0;
    };
    /// What reads its outputs.
    struct Readers {
        std::function<void(std::string_view line)> output;
        std::function<void(std::string_view line)> error;
        /// Called after each look at the outputs.
        std::function<void()> looked;
    };

    ResticProcess(const TaskServices& services, TaskReport& report, std::chrono::milliseconds timeout)
        : services_(services), report_(report), timeout_(timeout) {}

    /// Changes what restic is started with.
    using Wrap = std::function<void(core::ProcessSpec&)>;

    /// Starts restic; why it cannot be started, or nothing.
    std::optional<restic::protocol::TaskError> start(const restic::cli::RepositoryAccess& repository,
                                                     const std::vector<std::string>& arguments,
                                                     const Record& record, const Wrap& wrap = {});
    /// Finds the one that an earlier run of the agent had started; it may have ended meanwhile.
    void adopt(const JournalTask& known);

    /// While it is followed: ends it as a cancelled task's is ended, and says why in the log. Once.
    void interrupt(const std::string& why);
    /// The started process; null before and after.
    [[nodiscard]] core::Process* process() noexcept { return process_.get(); }

    /// Delivers what restic writes until it ends. An exit that nobody saw is not `known`; nullopt: the agent
    /// ends, and restic goes on.
    std::optional<core::ProcessExit> follow(const Readers& readers, const std::stop_token& stop);

    /// True while the line at hand, or what is said of it, was not in the log of an earlier run of the agent.
    [[nodiscard]] bool isNew() const noexcept { return new_; }
    /// For lines of the log: up to where the outputs have become such lines.
    [[nodiscard]] const LogPosition& position() const noexcept { return position_; }
    /// Where this process's part of the file with its output begins, and the file.
    [[nodiscard]] std::uint64_t outputBegin() const noexcept { return begin_.output; }
    [[nodiscard]] std::filesystem::path outputFile() const { return outputFile(step_); }
    /// The files of another command of the task.
    [[nodiscard]] std::filesystem::path outputFile(int step) const;
    [[nodiscard]] std::filesystem::path errorFile(int step) const;

private:
    [[nodiscard]] std::filesystem::path folder() const;

    const TaskServices& services_;
    TaskReport& report_;
    std::chrono::milliseconds timeout_;
    /// Files in memory that restic, or an ssh that it starts, may open at any time.
    std::vector<core::SecretFile> ofBackend_;
    std::optional<restic::cli::SshLog> ofSsh_;
    std::unique_ptr<core::Process> process_;
    int step_ = 0;
    /// Where in the files the present process begins.
    LogPosition begin_;
    LogPosition position_;
    bool new_ = true;
    bool interrupted_ = false;
};

/// A running restic of this task, when the journal could not note its pid any more.
[[nodiscard]] std::optional<SpawnRecord> findResticOfTask(const std::string& taskId);

} // namespace agent
