#include "tasks/kinds/forget.h"

#include "errors.h"
#include "policies/target_store.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_removal.h"

namespace restic {

namespace {
/// The request's retention, or else the policy's.
protocol::ForgetParameters effective(const Task& task, const std::optional<Policy>& policy) {
    auto parameters = core::wire::read<protocol::ForgetParameters>(task.parameters).value();
    if (!parameters.retention && policy)
        parameters.retention = policy->retention;
    return parameters;
}

/// A policy removes nothing as long as its newest snapshot is one that it has doubts about: by "keep the last
/// one" the good ones would go. Files that cannot be read are no such doubt, or one of them would stop it for
/// ever.
std::optional<protocol::TaskError> whyHeld(core::db::Transaction& tx, const Task& task) {
    const auto last = task.target ? TargetStore::lastRun(tx, *task.target) : std::nullopt;
    if (!last || last->status != "warning" || (last->unreadCount > 0 && last->files.value_or(0) > 0))
        return std::nullopt;
    return protocol::task_errors::make(protocol::task_errors::kInvalidTask,
                                       "Nothing is removed after a doubtful backup (" +
                                           last->message.value_or("see its run") +
                                           "): the next one that succeeds frees this again.");
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
    if (auto held = whyHeld(tx, task))
        return std::move(*held);
    protocol::ForgetTask own;
    static_cast<protocol::ForgetParameters&>(own) = effective(task, policy);
    return written(std::move(common), std::move(own));
}

void ForgetKind::reported(core::db::Transaction& tx, const Task& task, const core::json::Value& value,
                          core::Instant now) const {
    if (task.repository)
        recordRemoved(tx, *task.repository, resultOf(value).removedIds, now);
}

std::variant<core::json::Object, protocol::TaskError> PruneKind::payload(core::db::Transaction& tx,
                                                                         const Task& task,
                                                                         const std::optional<Policy>&,
                                                                         protocol::TaskPayload common) const {
    if (auto held = whyHeld(tx, task))
        return std::move(*held);
    // Without a retention of its own it forgets nothing: whoever presses "prune" wants the space back.
    protocol::PruneTask own;
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
