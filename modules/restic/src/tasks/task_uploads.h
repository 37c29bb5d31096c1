#pragma once

#include "core/db/database.h"
#include "core/error.h"
#include "core/time.h"
#include "restic/protocol/result_items.h"
#include "restic/protocol/task_messages.h"
#include "tasks/kinds/kind.h"
#include "tasks/log_budget.h"
#include "tasks/task_results.h"
#include "tasks/task_settings.h"

namespace restic {

/// What an agent sends of its tasks beside their status: lines of their logs, items of their results. Each is
/// taken once, and says that the agent is still at work. Thread-safe.
class TaskUploads {
public:
    /// `kinds` and `results` must outlive it.
    TaskUploads(core::db::Database& database, const core::Clock& clock, const Kinds& kinds,
                const TaskResults& results, const TaskSettings& settings)
        : database_(database), clock_(clock), kinds_(kinds), results_(results),
          logBudget_(settings.logBytesPerHour), lease_(settings.lease) {}

    struct LogAnswer {
        protocol::LogAck ack;
        const core::ErrorKind* refusal = nullptr; ///< kStaleAttempt
        protocol::TaskStatusAck state;
    };
    /// Throws kTaskNotFound for a task that is not this agent's.
    LogAnswer appendLogs(const core::TenantContext& context, const core::Uuid& agent, const core::Uuid& task,
                         const protocol::LogBatch& batch);

    struct ItemsAnswer {
        protocol::ResultAck ack;
        const core::ErrorKind* refusal = nullptr; ///< kStaleAttempt or kTaskAlreadyFinished
        protocol::TaskStatusAck state;
    };
    /// Throws kTaskNotFound, kResultTooLarge.
    ItemsAnswer appendItems(const core::TenantContext& context, const core::Uuid& agent,
                            const core::Uuid& task, const protocol::ResultPart& part);

private:
    core::db::Database& database_;
    const core::Clock& clock_;
    const Kinds& kinds_;
    const TaskResults& results_;
    LogBudget logBudget_;
    core::milliseconds lease_;
};

} // namespace restic
