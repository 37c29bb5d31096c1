#include "tasks/kinds/forget_selection.h"

#include "agents/agent_store.h"
#include "errors.h"
#include "policies/target_store.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_errors.h"

namespace restic {

namespace task_errors = protocol::task_errors;

protocol::ForgetParameters effectiveParameters(const Task& task, const std::optional<Policy>& policy) {
    auto parameters = core::wire::read<protocol::ForgetParameters>(task.parameters).value();
    if (!parameters.retention && policy)
        parameters.retention = policy->retention;
    return parameters;
}

void requireRetention(const Task& task, const std::optional<Policy>& policy) {
    const auto parameters = effectiveParameters(task, policy);
    if (!parameters.retention)
        throw core::Error(errors::kInvalidParameters,
                          "A forget without a policy needs parameters.retention: what is kept.");
    if (!protocol::keepsSomething(*parameters.retention))
        throw core::Error(errors::kRetentionConflict,
                          "The retention keeps nothing, so every snapshot would be removed.");
}

std::variant<protocol::ForgetSelection, protocol::TaskError> forgetSelection(core::db::Transaction& tx,
                                                                             const Task& task) {
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

namespace {
bool knowsPinned(core::db::Transaction& tx, const core::Uuid& repository) {
    return !tx.query("SELECT 1 FROM restic_snapshots WHERE tenant_id = $1 AND repository_id = $2 AND "
                     "removed_at_us IS NULL AND CAST(tags AS TEXT) LIKE $3 LIMIT 1",
                     {tx.tenant(), repository, "%\"" + std::string(protocol::kPinned) + "\"%"})
                .empty();
}
} // namespace

std::optional<protocol::TaskError> whyTagsAreLost(core::db::Transaction& tx, const Task& task,
                                                  const protocol::ForgetParameters& parameters) {
    const auto worker = AgentStore::find(tx, task.agent);
    if (!parameters.retention || !worker || worker->understands(protocol::features::kKeepTags))
        return std::nullopt;
    if (parameters.retention->keepTags.empty() && !(task.repository && knowsPinned(tx, *task.repository)))
        return std::nullopt;
    return task_errors::make(task_errors::kInvalidTask,
                             "The agent on " + worker->hostname +
                                 " is too old to keep snapshots by their tags; update it.");
}

} // namespace restic
