#include "repositories/maintenance_plan.h"

#include <vector>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/cron.h"
#include "core/wire.h"
#include "errors.h"
#include "repositories/check_subset.h"
#include "repositories/schedule_store.h"
#include "restic/protocol/repository_kinds.h"
#include "slot.h"

namespace restic {

using core::db::Transaction;

namespace {
/// Whether the agent that is named may care for the repository.
void checkAgent(Transaction& tx, const Repository& repository, std::vector<core::Problem>& problems) {
    if (!repository.maintenanceAgent)
        return;
    const auto* kind = protocol::findRepositoryKind(repository.type);
    if (!AgentStore::find(tx, *repository.maintenanceAgent))
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + repository.maintenanceAgent->toString() + ".",
                          {{"/maintenance_agent_id", "is no agent that there is"}});
    if (kind != nullptr && kind->onDisk && repository.agent != repository.maintenanceAgent)
        problems.push_back({"/maintenance_agent_id",
                            "must be the agent on whose disk the repository is, which agent_id names"});
}
} // namespace

MaintenancePlan MaintenancePlan::of(Transaction& tx, const MaintenanceSpec& spec, Repository& repository,
                                    const Repository* before) {
    MaintenancePlan plan;
    std::vector<core::Problem> problems;
    if (before != nullptr)
        for (auto& row : ScheduleStore::of(tx, {before->id}))
            plan.known_[row.operation] = row.schedule;
    repository.timezone = spec.timezone.value_or(before != nullptr ? before->timezone : "UTC");
    repository.checkSubset =
        spec.checkSubset.value_or(before != nullptr ? before->checkSubset : Repository().checkSubset);
    plan.sameZone_ = before != nullptr && before->timezone == repository.timezone;
    plan.sameSubset_ = before != nullptr && before->checkSubset == repository.checkSubset;
    const bool zoneKnown = core::findTimeZone(repository.timezone) != nullptr;
    if (!zoneKnown)
        problems.push_back(
            {"/maintenance/timezone",
             "\"" + repository.timezone + "\" is no time zone of the IANA database, like Europe/Berlin"});
    if (const auto problem = CheckSubset::problemOf(repository.checkSubset))
        problems.push_back({"/maintenance/check_subset", *problem});
    for (const auto& operation : kOperations) {
        const auto& given = spec.*operation.given;
        auto& schedule = plan.wanted_[operation.name];
        if (given)
            schedule = *given;
        else if (before == nullptr)
            schedule = operation.byDefault;
        else if (const auto known = plan.known_.find(operation.name); known != plan.known_.end())
            schedule = known->second;
        if (!schedule.empty() && given && zoneKnown)
            if (const auto problem = problemOfSchedule({schedule, repository.timezone, {}}))
                problems.push_back({fmt::format("/maintenance/{}_schedule", operation.name), *problem});
    }
    checkAgent(tx, repository, problems);
    if (repository.appendOnly && !repository.maintenanceAgent &&
        (!plan.wanted_[kForget].empty() || !plan.wanted_[kPrune].empty()))
        problems.push_back({"/maintenance_agent_id",
                            "is required where agents may only add: name the one whose credentials may "
                            "remove, or switch forget_schedule and prune_schedule off"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    return plan;
}

void MaintenancePlan::store(Transaction& tx, const Repository& repository, core::Instant now) const {
    for (const auto& [operation, schedule] : wanted_) {
        const auto known = known_.find(operation);
        const bool isThere = known != known_.end();
        if (schedule.empty()) {
            if (isThere)
                ScheduleStore::erase(tx, repository.id, operation);
            continue;
        }
        if (isThere && known->second == schedule && sameZone_)
            continue;
        // A zone that this host does not know is the scheduler's to report, at once.
        const auto next = nextSlot({schedule, repository.timezone, slotKey(repository.id, operation)}, now);
        ScheduleStore::set(tx, repository.id, operation, schedule, next ? next.value() : now);
    }
    const auto turns = CheckSubset::turns(repository.checkSubset);
    if (turns && (!sameSubset_ || !known_.contains(kCheck)))
        ScheduleStore::setPart(tx, repository.id, turns->first);
}

} // namespace restic
