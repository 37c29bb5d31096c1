#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "executor/repository_commands.h"
#include "executor/restic_process.h"
#include "executor/stale_locks.h"
#include "executor/task_report.h"
#include "executor/task_run.h"
#include "restic/cli/output_lines.h"
#include "restic/cli/work.h"

namespace agent {

/// One attempt at a task that is commands on a repository. A lock that nobody holds is removed once; what an
/// agent that died had started is gone on with.
class CommandRun : public TaskRun {
public:
    using MakeWork = std::function<std::unique_ptr<restic::cli::ResticWork>(restic::cli::WorkContext)>;
    CommandRun(const TaskServices& services, restic::protocol::TaskPayload task,
               std::shared_ptr<Outbox> outbox, const MakeWork& make);

    bool run(const std::stop_token& stop) override;
    bool adopt(const JournalTask& known, const std::stop_token& stop) override;

protected:
    /// Before the first command: why it must not start, or nothing.
    virtual std::optional<restic::protocol::TaskError>
    prepare(const restic::cli::RepositoryAccess& /*repository*/,
            const restic::cli::ResticVersion& /*version*/, const std::stop_token& /*stop*/) {
        return std::nullopt;
    }

    [[nodiscard]] const TaskServices& services() const noexcept { return services_; }
    [[nodiscard]] TaskReport& report() noexcept { return report_; }
    [[nodiscard]] const RepositoryCommands& commands() const noexcept { return commands_; }
    [[nodiscard]] restic::cli::ResticWork& work() noexcept { return *work_; }

private:
    enum class End { done, left, again, next };

    /// Runs the commands from this one on. True if the task has a result now.
    bool runFrom(int step, const std::stop_token& stop);
    End follow(int step, const std::stop_token& stop);
    End finish(int step, const core::ProcessExit& exit, const std::stop_token& stop);
    /// What an ended command of an earlier run of the agent had written.
    void readAgain(int step);
    void outputLine(std::string_view line, bool isNew);
    void errorLine(std::string_view line, bool isNew);
    void log(const restic::cli::OutputLines::Said& said);
    void succeed();
    void fail(restic::cli::Verdict verdict, const core::ProcessExit& exit);
    void fail(const restic::protocol::TaskError& error);

    const TaskServices& services_;
    restic::protocol::TaskPayload task_;
    std::chrono::milliseconds timeout_;
    TaskReport report_;
    RepositoryCommands commands_;
    StaleLocks locks_;
    ResticProcess process_;
    std::unique_ptr<restic::cli::ResticWork> work_;
    restic::cli::OutputLines lines_;
    std::optional<restic::cli::RepositoryAccess> access_;
};

} // namespace agent
