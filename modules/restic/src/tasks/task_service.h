#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/agent_tasks.h"
#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/log.h"
#include "core/service.h"
#include "core/time.h"
#include "fence.h"
#include "policies/policy_store.h"
#include "restic/protocol/envelope.h"
#include "restic/protocol/task_messages.h"
#include "tasks/kinds/kind.h"
#include "tasks/task_ends.h"
#include "tasks/task_leases.h"
#include "tasks/task_payloads.h"
#include "tasks/task_request.h"
#include "tasks/task_results.h"
#include "tasks/task_settings.h"
#include "tasks/task_store.h"
#include "tasks/task_uploads.h"

namespace restic {

/// The life of tasks: made once, handed out at least once, fenced by the attempt, ended once (TaskEnds). It
/// knows no kind but those that it is given. Thread-safe.
class TaskService final : public AgentTasks {
public:
    TaskService(core::db::Database& database, const core::Clock& clock, core::event::Bus& events,
                core::ServiceHandle<base::SecretVault> vault, const core::Logger& log, TaskSettings settings,
                std::vector<std::unique_ptr<KindOfTask>> kinds);

    /// Called with an agent that has something to do, after the commit: to wake it wherever it is parked.
    void setWake(std::function<void(const core::Uuid& agent)> wake) { ends_.setWake(std::move(wake)); }

    void wake(const core::Uuid& agent) const override { ends_.wake(agent); }

    /// Called with the task inside the unit of work that made it.
    using Made = std::function<void(const Task&)>;
    /// The new task; or the one of the same policy and agent that still waits, which a request without a slot
    /// ("now") also frees from waiting for its next attempt. Throws kAgentNotFound, kPolicyNotFound,
    /// kRepositoryNotFound, kInvalidParameters.
    Task create(const core::TenantContext& context, const TaskRequest& request, const Made& made = {});
    /// The same inside a transaction of the caller.
    Task create(core::db::Transaction& tx, const TaskRequest& request);

    /// The kinds that there are, for whoever takes requests.
    [[nodiscard]] const Kinds& kinds() const noexcept { return kinds_; }

    /// How long an agent's poll is held open at most.
    [[nodiscard]] core::milliseconds longestPoll() const noexcept { return settings_.longPollTimeout; }
    /// Cancels and up to `free` tasks for that agent, which are assigned to it from now on.
    protocol::TaskPoll handOut(const core::TenantContext& context, const core::Uuid& agent, int free);

    struct ReportAnswer {
        protocol::TaskStatusAck ack;
        /// kStaleAttempt, kTaskAlreadyFinished or kResultIncomplete
        const core::ErrorKind* refusal = nullptr;
    };
    /// An agent's report. Throws kTaskNotFound for a task that is not this agent's.
    ReportAnswer report(const core::TenantContext& context, const core::Uuid& agent, const core::Uuid& task,
                        const protocol::TaskStatusReport& report);
    using LogAnswer = TaskUploads::LogAnswer;
    LogAnswer appendLogs(const core::TenantContext& context, const core::Uuid& agent, const core::Uuid& task,
                         const protocol::LogBatch& batch) {
        return uploads_.appendLogs(context, agent, task, batch);
    }
    using ItemsAnswer = TaskUploads::ItemsAnswer;
    ItemsAnswer appendItems(const core::TenantContext& context, const core::Uuid& agent,
                            const core::Uuid& task, const protocol::ResultPart& part) {
        return uploads_.appendItems(context, agent, task, part);
    }

    /// A waiting task is cancelled at once, a held one when its agent has ended it. Throws kTaskNotFound,
    /// kTaskAlreadyFinished.
    Task cancel(const core::TenantContext& context, const core::Uuid& task, const Made& made = {});
    void abandonAll(core::db::Transaction& tx, const core::Uuid& agent) override;
    /// A new task like the ended one. Throws kTaskNotFound, kConflict while it has not ended.
    Task retry(const core::TenantContext& context, const core::Uuid& task, const Made& made = {});

    void reconcile(core::db::Transaction& tx, const core::Uuid& agent,
                   const std::vector<std::pair<core::Uuid, int>>& open) override {
        leases_.reconcile(tx, agent, open);
    }

    /// Leases that ended: what was never started is given out again, what runs is unreachable.
    void sweep(const Fence& fence = unfenced) { leases_.sweep(fence); }

private:
    Task insert(core::db::Transaction& tx, Task task);
    /// What follows the ended task, by the agent that reported its end. One that cannot be made is written to
    /// the log: what has ended stays ended.
    void createNext(core::db::Transaction& tx, const Task& ended, const core::Uuid& agent);
    /// What its agent gets; nothing if it cannot be made, which ends the task.
    std::optional<protocol::Envelope> envelopeFor(core::db::Transaction& tx, const Task& task);
    /// Whether the host has the items that the report's result stands for.
    static bool isComplete(core::db::Transaction& tx, const Task& task, const KindOfTask& kind,
                           protocol::TaskState state, const protocol::TaskStatusReport& report);
    /// Throws kValidation for a result that its wire type refuses, or that does not fit the state.
    static void requireResult(const KindOfTask& kind, protocol::TaskState state,
                              const protocol::TaskStatusReport& report);

    core::db::Database& database_;
    const core::Clock& clock_;
    core::event::Bus& events_;
    Kinds kinds_;
    core::Logger log_;
    TaskSettings settings_;
    TaskPayloads payloads_;
    TaskResults results_;
    TaskEnds ends_;
    TaskLeases leases_;
    TaskUploads uploads_;
};

} // namespace restic
