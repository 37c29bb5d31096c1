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
#include "restic/error_text.h"
#include "restic/verdict.h"

namespace agent {

/// What one kind of task makes of restic: its commands, one after the other, and what their outputs mean. One
/// thread.
class ResticWork {
public:
    virtual ~ResticWork() = default;

    /// Why the task must not be carried out, whatever the server says.
    [[nodiscard]] virtual std::optional<restic::protocol::TaskError> problem() const { return std::nullopt; }
    /// The arguments of the command with this number, from 0; empty: there is no further one.
    virtual std::vector<std::string> arguments(int step) = 0;
    /// A message that restic wrote as JSON on one line, to either output.
    virtual void message(const core::json::Value& /*document*/) {}
    /// A line of plain text on its output.
    virtual void text(std::string_view /*line*/) {}
    /// A line of plain text on its error output.
    virtual void errorText(std::string_view /*line*/) {}
    /// The command has ended: its whole output, where one line does not hold it.
    virtual void document(int /*step*/, const std::filesystem::path& /*file*/, std::uint64_t /*offset*/) {}

    /// Whether the outputs tell that the command did its work: asked where nobody saw how it ended.
    [[nodiscard]] virtual bool complete(int step) const = 0;
    /// The kind's own judgement of a command; nullopt: by the exit code, as everywhere.
    [[nodiscard]] virtual std::optional<Verdict> judge(int /*step*/, const core::ProcessExit& /*exit*/,
                                                       const std::string& /*errors*/) {
        return std::nullopt;
    }
    /// The result of the kind's type, with what all results have.
    virtual core::json::Object result(restic::protocol::TaskResult common) = 0;
    /// One line for the log, when all went well.
    [[nodiscard]] virtual std::string summary() const = 0;
};

/// What a kind's work knows of its machine.
struct WorkContext {
    std::string hostname;
    /// For a word in the task's log.
    std::function<void(core::LogLevel, const std::string&)> log;
    /// Where the items of its result go, of a kind that has some.
    TaskItems& items;
};

/// One attempt at a task that is commands on a repository. A lock that nobody holds is removed once; what an
/// agent that died had started is gone on with.
class CommandRun : public TaskRun {
public:
    using MakeWork = std::function<std::unique_ptr<ResticWork>(WorkContext)>;
    CommandRun(const TaskServices& services, restic::protocol::TaskPayload task,
               std::shared_ptr<Outbox> outbox, const MakeWork& make);

    bool run(const std::stop_token& stop) override;
    bool adopt(const JournalTask& known, const std::stop_token& stop) override;

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
    void succeed();
    void fail(Verdict verdict, const core::ProcessExit& exit);
    void fail(const restic::protocol::TaskError& error);

    const TaskServices& services_;
    restic::protocol::TaskPayload task_;
    std::chrono::milliseconds timeout_;
    TaskReport report_;
    RepositoryCommands commands_;
    StaleLocks locks_;
    ResticProcess process_;
    std::unique_ptr<ResticWork> work_;
    ErrorText errors_;
    std::optional<RepositoryAccess> access_;
};

} // namespace agent
