#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "executor/outbox.h"
#include "executor/task_run.h"
#include "restic/protocol/task_kinds.h"

namespace agent {

/// What the agent does for one kind of task.
struct KindOfWork {
    const restic::protocol::TaskKind& kind;
    /// What is wrong with a payload; empty if it can be run.
    std::vector<core::Problem> (*problems)(const core::json::Value& payload);
    /// The payload without the repository's secrets: what the journal keeps.
    core::json::Object (*withoutSecrets)(const core::json::Value& payload);
    /// The run of an attempt, of a payload without problems.
    std::unique_ptr<TaskRun> (*make)(const TaskServices& services, const core::json::Value& payload,
                                     std::shared_ptr<Outbox> outbox);
};

/// Finds what is done for a kind; null for one that this agent does not know.
using FindWork = const KindOfWork* (*)(std::string_view kind) noexcept;

} // namespace agent
