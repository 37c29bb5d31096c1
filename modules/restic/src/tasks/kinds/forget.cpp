#include "tasks/kinds/forget.h"

#include "agents/agent_store.h"
#include "errors.h"
#include "lights/evidence_store.h"
#include "policies/target_store.h"
#include "repositories/damage_store.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_removal.h"
#include "tasks/retention_hold.h"

namespace restic {

namespace {
/// The request's retention, or else the policy's.
protocol::ForgetParameters effective(const Task& task, const std::optional<Policy>& policy) {
    auto parameters = core::wire::read<protocol::ForgetParameters>(task.parameters).value();
    if (!parameters.retention && policy)
        parameters.retention = policy->retention;
    return parameters;
}

/// What a policy's snapshots are told by beside its tag: the machine of the task's target. Or why they cannot
/// be: a policy removes nothing as long as its newest snapshot is one that it has doubts about, and an agent
/// that knows nothing of machines would remove what others saved.
std::variant<protocol::ForgetSelection, protocol::TaskError> selectionOf(core::db::Transaction& tx,
                                                                         const Task& task) {
    namespace task_errors = protocol::task_errors;
    // It was asked for before the damage was known; whoever asks by hand was told.
    const bool bySchedule = task.slot || task.metadata.find("slot") != nullptr;
    if (auto damaged =
            bySchedule && task.repository ? DamageStore::whyHeld(tx, *task.repository) : std::nullopt)
        return task_errors::make(task_errors::kRepositoryCorrupted, std::move(*damaged));
    if (auto held = whyHeld(tx, task.target, task.policy))
        return task_errors::make(task_errors::kInvalidTask, std::move(*held));
    const auto target = task.target && task.policy ? TargetStore::find(tx, *task.target) : std::nullopt;
    const auto machine = target && target->agent ? AgentStore::find(tx, *target->agent, true) : std::nullopt;
    if (!machine)
        return protocol::ForgetSelection{};
    const auto worker = AgentStore::find(tx, task.agent);
    if (worker && !worker->understands(protocol::features::kForgetHost)) {
        if (TargetStore::hasOthers(tx, *task.policy, *task.target))
            return task_errors::make(task_errors::kInvalidTask,
                                     "The agent on " + worker->hostname +
                                         " is too old to keep to the snapshots of one machine; update it.");
        return protocol::ForgetSelection{}; // there are none of others
    }
    return protocol::ForgetSelection{machine->hostname};
}
} // namespace

void ForgetKind::check(const Task& task, const std::optional<Policy>& policy) const {
    const auto parameters = effective(task, policy);
    if (!parameters.retention)
        throw core::Error(errors::kInvalidParameters,
                          "A forget without a policy needs parameters.retention: what is kept.");
    if (!protocol::keepsSomething(*parameters.retention))
        throw core::Error(errors::kRetentionConflict,
                          "The retention keeps nothing, so every snapshot would be removed.");
}

std::variant<core::json::Object, protocol::TaskError>
ForgetKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
                    protocol::TaskPayload common) const {
    auto selection = selectionOf(tx, task);
    if (auto* error = std::get_if<protocol::TaskError>(&selection))
        return std::move(*error);
    protocol::ForgetTask own;
    static_cast<protocol::ForgetSelection&>(own) = std::get<protocol::ForgetSelection>(std::move(selection));
    static_cast<protocol::ForgetParameters&>(own) = effective(task, policy);
    return written(std::move(common), std::move(own));
}

void ForgetKind::reported(core::db::Transaction& tx, const Task& task, const core::json::Value& value,
                          core::Instant now) const {
    if (task.repository)
        recordRemoved(tx, *task.repository, resultOf(value).removedIds, now);
}

void ForgetKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                       core::Instant now) const {
    MaintenanceKind::ended(tx, task, end, now);
    if (task.target && end.state != protocol::TaskState::cancelled)
        EvidenceStore::record(tx, *task.target, EvidenceStore::kRetention,
                              {task.id, end.state != protocol::TaskState::failed, end.message, now});
}

std::variant<core::json::Object, protocol::TaskError> PruneKind::payload(core::db::Transaction& tx,
                                                                         const Task& task,
                                                                         const std::optional<Policy>&,
                                                                         protocol::TaskPayload common) const {
    auto selection = selectionOf(tx, task);
    if (auto* error = std::get_if<protocol::TaskError>(&selection))
        return std::move(*error);
    // Without a retention of its own it forgets nothing: whoever presses "prune" wants the space back.
    protocol::PruneTask own;
    static_cast<protocol::ForgetSelection&>(own) = std::get<protocol::ForgetSelection>(std::move(selection));
    static_cast<protocol::ForgetParameters&>(own) =
        core::wire::read<protocol::ForgetParameters>(task.parameters).value();
    return written(std::move(common), std::move(own));
}

void PruneKind::reported(core::db::Transaction& tx, const Task& task, const core::json::Value& value,
                         core::Instant now) const {
    if (task.repository)
        recordRemoved(tx, *task.repository, resultOf(value).removedIds, now);
}

} // namespace restic
