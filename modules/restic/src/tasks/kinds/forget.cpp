#include "tasks/kinds/forget.h"

#include "lights/evidence_store.h"
#include "repositories/damage_store.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_removal.h"
#include "tasks/kinds/forget_selection.h"
#include "tasks/retention_hold.h"

namespace restic {

namespace {
/// Why nothing may be removed now, or of what: a policy removes nothing as long as its newest snapshot is one
/// that it has doubts about.
std::variant<protocol::ForgetSelection, protocol::TaskError>
removableBy(core::db::Transaction& tx, const Task& task, const protocol::ForgetParameters& parameters) {
    namespace task_errors = protocol::task_errors;
    // It was asked for before the damage was known; whoever asks by hand was told.
    const bool bySchedule = task.slot || task.metadata.find("slot") != nullptr;
    if (auto damaged =
            bySchedule && task.repository ? DamageStore::whyHeld(tx, *task.repository) : std::nullopt)
        return task_errors::make(task_errors::kRepositoryCorrupted, std::move(*damaged));
    if (auto held = whyHeld(tx, task.target, task.policy))
        return task_errors::make(task_errors::kRetentionHeld, std::move(*held));
    if (auto lost = whyTagsAreLost(tx, task, parameters))
        return std::move(*lost);
    return forgetSelection(tx, task);
}
} // namespace

void ForgetKind::check(const Task& task, const std::optional<Policy>& policy) const {
    requireRetention(task, policy);
}

std::variant<core::json::Object, protocol::TaskError>
ForgetKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
                    protocol::TaskPayload common) const {
    auto parameters = effectiveParameters(task, policy);
    auto selection = removableBy(tx, task, parameters);
    if (auto* error = std::get_if<protocol::TaskError>(&selection))
        return std::move(*error);
    protocol::ForgetTask own;
    static_cast<protocol::ForgetSelection&>(own) = std::get<protocol::ForgetSelection>(std::move(selection));
    static_cast<protocol::ForgetParameters&>(own) = std::move(parameters);
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
    // One that was held is none that failed: what holds it turns the light by itself.
    if (task.target && end.state != protocol::TaskState::cancelled &&
        end.error != protocol::task_errors::kRetentionHeld.name)
        EvidenceStore::record(tx, *task.target, EvidenceStore::kRetention,
                              {task.id, end.state != protocol::TaskState::failed, end.message, now});
}

std::variant<core::json::Object, protocol::TaskError> PruneKind::payload(core::db::Transaction& tx,
                                                                         const Task& task,
                                                                         const std::optional<Policy>&,
                                                                         protocol::TaskPayload common) const {
    auto parameters = core::wire::read<protocol::ForgetParameters>(task.parameters).value();
    auto selection = removableBy(tx, task, parameters);
    if (auto* error = std::get_if<protocol::TaskError>(&selection))
        return std::move(*error);
    // Without a retention of its own it forgets nothing: whoever presses "prune" wants the space back.
    protocol::PruneTask own;
    static_cast<protocol::ForgetSelection&>(own) = std::get<protocol::ForgetSelection>(std::move(selection));
    static_cast<protocol::ForgetParameters&>(own) = std::move(parameters);
    return written(std::move(common), std::move(own));
}

void PruneKind::reported(core::db::Transaction& tx, const Task& task, const core::json::Value& value,
                         core::Instant now) const {
    if (task.repository)
        recordRemoved(tx, *task.repository, resultOf(value).removedIds, now);
}

} // namespace restic
