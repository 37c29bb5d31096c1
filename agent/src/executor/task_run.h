#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "core/log.h"
#include "core/process.h"
#include "core/time.h"
#include "journal/journal.h"
#include "plugins/plugins.h"
#include "restic/cli/command.h"
#include "restic/cli/probe.h"
#include "restic/protocol/task_messages.h"
#include "staging/staging.h"
#include "state/files.h"

namespace agent {

/// What every task needs; all outlive it.
struct TaskServices {
    const Config& config;
    const StateDir& state;
    Journal& journal;
    core::ProcessRunner& runner;
    const restic::cli::ResticCommands& commands;
    restic::cli::ResticProbe& restic;
    Plugins& plugins;
    Staging& staging;
    /// Where restore tests restore to.
    Staging& scratch;
    const core::Clock& clock;
    core::Logger log;
    /// The name under which the agent is enrolled.
    std::string hostname;
};

/// How long the task may take: as it says, or else as this machine's configuration does.
[[nodiscard]] std::chrono::milliseconds timeLimit(const restic::protocol::TaskPayload& task,
                                                  const Config& config);

/// One attempt at a task, from its acceptance to its result in journal and outbox. Runs on one thread.
class TaskRun {
public:
    virtual ~TaskRun() = default;

    /// Begins it. Returns early, with restic left running, when `stop` says that the agent is to end; true if
    /// the task has a result now.
    virtual bool run(const std::stop_token& stop) = 0;
    /// The same for an attempt whose restic an earlier run of the agent had started: goes on with it, or
    /// learns from its files how it ended.
    virtual bool adopt(const JournalTask& known, const std::stop_token& stop) = 0;
};

} // namespace agent
