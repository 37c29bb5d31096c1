#include "tasks/kinds/forget.h"

#include "errors.h"
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
ForgetKind::payload(core::db::Transaction&, const Task& task, const std::optional<Policy>& policy,
                    protocol::TaskPayload common) const {
    protocol::ForgetTask own;
    static_cast<protocol::ForgetParameters&>(own) = effective(task, policy);
    return written(std::move(common), std::move(own));
}

void ForgetKind::reported(core::db::Transaction& tx, const Task& task, const core::json::Value& value,
                          core::Instant now) const {
    if (task.repository)
        recordRemoved(tx, *task.repository, resultOf(value).removedIds, now);
}

std::variant<core::json::Object, protocol::TaskError> PruneKind::payload(core::db::Transaction&,
                                                                         const Task& task,
                                                                         const std::optional<Policy>&,
                                                                         protocol::TaskPayload common) const {
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
