#include "schedule/maintenance_slots.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "agents/agent_plugin_store.h"
#include "agents/agent_store.h"
#include "dumps/dump_store.h"
#include "lights/evidence_store.h"
#include "lights/restore_test_store.h"
#include "policies/target_store.h"
#include "repositories/check_subset.h"
#include "repositories/damage_store.h"
#include "repositories/maintenance_plan.h"
#include "repositories/place.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/snapshot_id.h"
#include "restic/protocol/task_kinds.h"
#include "snapshots/snapshot_store.h"
#include "tasks/kinds/plugins.h"
#include "tasks/kinds/verify.h"
#include "tasks/retention_hold.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
/// So many targets of a repository are tried in one slot: those first that were not for longest.
constexpr int kMostTests = 500;

ScheduleStore::Due rowOf(const DueSlot& slot) {
    return {slot.tenant, slot.owner, slot.part, slot.at};
}
} // namespace

std::vector<DueSlot> MaintenanceSlots::due(Transaction& tx, Instant now, const std::optional<DueSlot>& after,
                                           int limit) const {
    std::vector<DueSlot> all;
    for (auto& row : ScheduleStore::due(tx, now, after ? std::optional(rowOf(*after)) : std::nullopt, limit))
        all.push_back({{row.tenant, row.repository, std::move(row.operation)}, row.slot});
    return all;
}

std::vector<PlannedSlot> MaintenanceSlots::planned(Transaction& tx, const std::optional<PlannedSlot>& after,
                                                   int limit) const {
    std::optional<ScheduleStore::Planned> last;
    if (after)
        last = ScheduleStore::Planned{after->tenant, after->owner, after->part, {}, {}};
    std::vector<PlannedSlot> all;
    for (auto& row : ScheduleStore::planned(tx, last, limit))
        all.push_back(
            {{row.tenant, row.repository, std::move(row.operation)}, std::move(row.schedule), row.nextRunAt});
    return all;
}

std::optional<Schedule> MaintenanceSlots::schedule(Transaction& tx, const SlotKey& key) const {
    return ScheduleStore::schedule(tx, key.owner, key.part);
}

void MaintenanceSlots::plan(Transaction& tx, const SlotKey& key, std::optional<Instant> next) const {
    ScheduleStore::setNextRun(tx, key.owner, key.part, next);
}

void MaintenanceSlots::skip(Transaction& tx, const DueSlot& slot, const std::string& reason, Instant,
                            Instant next) const {
    if (ScheduleStore::take(tx, rowOf(slot), next)) // else another host was faster
        ScheduleStore::recordProblem(tx, rowOf(slot), reason);
}

void MaintenanceSlots::take(Transaction& tx, const DueSlot& slot, const Schedule&, Instant,
                            Instant next) const {
    const auto repository = RepositoryStore::find(tx, slot.owner);
    const auto row = ScheduleStore::find(tx, slot.owner, slot.part);
    if (!repository || !row || !ScheduleStore::take(tx, rowOf(slot), next))
        return;
    if (row->lastSlot == slot.at)
        return; // taken before, under a clock that was ahead
    if (rests(tx, *repository))
        return;
    Problems problems;
    const bool removes = slot.part == MaintenancePlan::kForget || slot.part == MaintenancePlan::kPrune;
    if (auto held = removes ? DamageStore::whyHeld(tx, repository->id) : std::nullopt) {
        problems.push_back(std::move(*held));
    } else if (slot.part == MaintenancePlan::kForget) {
        forget(tx, *repository, slot, problems);
    } else if (slot.part == MaintenancePlan::kPrune) {
        if (!followersOf(tx, *repository).empty())
            work(tx, *repository, slot, {}, problems);
    } else if (slot.part == MaintenancePlan::kVerify) {
        verify(tx, *repository, slot, problems);
    } else if (slot.part == MaintenancePlan::kStats) {
        work(tx, *repository, slot, {}, problems);
    } else if (slot.part == MaintenancePlan::kCheck) {
        core::json::Object parameters;
        if (auto subset = CheckSubset::argument(repository->checkSubset, row->nextPart))
            parameters.set("read_data_subset", std::move(*subset));
        work(tx, *repository, slot, parameters, problems);
    }
    if (problems.empty())
        return;
    const auto told = fmt::format("{}", fmt::join(problems, " "));
    ScheduleStore::recordProblem(tx, rowOf(slot), told);
    log_.warn("a repository's maintenance is not done, or not all of it",
              {{"tenant_id", slot.tenant.toString()},
               {"repository_id", slot.owner.toString()},
               {"operation", slot.part},
               {"reason", told}});
}

bool MaintenanceSlots::rests(Transaction& tx, const Repository& repository) {
    const auto policies = PolicyStore::leadingTo(tx, repository.id);
    // One that somebody else writes to is theirs to care for; the host looks at it itself.
    if (policies.empty())
        return !repository.agent && !repository.maintenanceAgent && TargetStore::isWatched(tx, repository.id);
    return std::all_of(policies.begin(), policies.end(),
                       [](const Policy& policy) { return policy.awaitingAdoption; });
}

std::vector<MaintenanceSlots::Follower> MaintenanceSlots::followersOf(Transaction& tx,
                                                                      const Repository& repository) {
    std::vector<Follower> all;
    for (const auto& policy : PolicyStore::leadingTo(tx, repository.id))
        if (policy.enabled && !policy.awaitingAdoption && protocol::keepsSomething(policy.retention))
            for (auto& link : PolicyStore::links(tx, policy.id))
                if (!link.placeholder)
                    all.push_back({policy, std::move(link)});
    return all;
}

std::optional<Uuid> MaintenanceSlots::workerOf(Transaction& tx, const Repository& repository,
                                               Problems& problems) {
    if (repository.maintenanceAgent && !AgentStore::find(tx, *repository.maintenanceAgent)) {
        problems.emplace_back("The repository's maintenance agent was removed: name another one.");
        return std::nullopt;
    }
    auto agent = RepositoryStore::caretaker(tx, repository);
    if (!agent)
        problems.emplace_back("No agent works with the repository.");
    return agent;
}

void MaintenanceSlots::forget(Transaction& tx, const Repository& repository, const DueSlot& slot,
                              Problems& problems) const {
    const auto followers = followersOf(tx, repository);
    if (followers.empty())
        return; // nothing says what is kept
    const bool onEachDisk = isOnEachDisk(repository);
    const auto worker = onEachDisk ? std::nullopt : workerOf(tx, repository, problems);
    if (!onEachDisk && !worker)
        return;
    const auto waiting = TaskStore::waitingOf(tx, repository.id, slot.part);
    for (const auto& [policy, link] : followers) {
        const auto whose = fmt::format("{} of {}", policy.name, link.hostname);
        const auto target = TargetStore::findForLink(tx, link.agent, policy.id);
        if (!target)
            continue;
        if (std::any_of(waiting.begin(), waiting.end(),
                        [&](const Task& task) { return task.target == target->id; })) {
            problems.push_back(whose + ": the one before still waits.");
            continue;
        }
        if (const auto held = whyHeld(tx, target->id, policy.id)) {
            problems.push_back(whose + ": " + *held);
            continue;
        }
        TaskRequest request;
        request.agent = worker.value_or(link.agent);
        request.policy = policy.id;
        request.target = target->id;
        make(tx, repository, slot, std::move(request), problems);
    }
}

void MaintenanceSlots::work(Transaction& tx, const Repository& repository, const DueSlot& slot,
                            const core::json::Object& parameters, Problems& problems) const {
    std::vector<Uuid> workers;
    if (isOnEachDisk(repository))
        for (const auto& follower : followersOf(tx, repository)) {
            if (std::find(workers.begin(), workers.end(), follower.link.agent) == workers.end())
                workers.push_back(follower.link.agent);
        }
    else if (const auto worker = workerOf(tx, repository, problems))
        workers.push_back(*worker);
    const auto waiting = TaskStore::waitingOf(tx, repository.id, slot.part);
    for (const auto& worker : workers) {
        if (std::any_of(waiting.begin(), waiting.end(), [&](const Task& task) {
                return !isOnEachDisk(repository) || task.agent == worker;
            })) {
            problems.emplace_back("The one before still waits.");
            continue;
        }
        TaskRequest request;
        request.agent = worker;
        request.parameters = parameters;
        make(tx, repository, slot, std::move(request), problems);
    }
}

void MaintenanceSlots::verify(Transaction& tx, const Repository& repository, const DueSlot& slot,
                              Problems& problems) const {
    verifyDumps(tx, repository, slot, problems);
    verifyFiles(tx, repository, slot, problems);
}

void MaintenanceSlots::verifyFiles(Transaction& tx, const Repository& repository, const DueSlot& slot,
                                   Problems& problems) const {
    std::set<Uuid> waiting;
    for (const auto& task :
         TaskStore::waitingOf(tx, repository.id, std::string(protocol::kinds::verify.name)))
        if (const auto asked = core::wire::read<VerifyRequest>(task.parameters))
            if (const auto snapshot = SnapshotStore::find(tx, asked.value().snapshot);
                snapshot && snapshot->target)
                waiting.insert(*snapshot->target);
    for (const auto& one : RestoreTestStore::candidates(tx, repository.id, kMostTests)) {
        if (protocol::checkSnapshotId(one.snapshotId))
            continue; // a listing completes its id
        const auto worker = AgentStore::find(tx, repository.agent.value_or(one.agent));
        if (!worker || !worker->understands(protocol::features::kRestoreTests))
            continue; // of an earlier version
        // From now on it is asked whether its files were tried, also where the agent is away.
        EvidenceStore::expect(tx, one.target, EvidenceStore::kRestoreTest, slot.at);
        if (waiting.contains(one.target)) {
            problems.emplace_back("The restore test before still waits.");
            continue;
        }
        VerifyRequest asked;
        asked.snapshot = one.snapshot;
        TaskRequest request;
        request.type = protocol::kinds::verify.name;
        request.agent = worker->id;
        request.parameters = core::wire::toJson(asked);
        make(tx, repository, slot, std::move(request), problems);
    }
}

void MaintenanceSlots::verifyDumps(Transaction& tx, const Repository& repository, const DueSlot& slot,
                                   Problems& problems) const {
    const auto waiting =
        TaskStore::waitingOf(tx, repository.id, std::string(protocol::kinds::verifyDump.name));
    std::optional<Uuid> last;
    for (const auto& dump : DumpStore::candidates(tx, repository.id)) {
        if (last == dump.agent || !AgentPluginStore::can(tx, dump.agent, dump.plugin, "verify"))
            continue;
        last = dump.agent;
        if (std::any_of(waiting.begin(), waiting.end(),
                        [&](const Task& task) { return task.agent == dump.agent; })) {
            problems.emplace_back("The restore test before still waits.");
            continue;
        }
        TaskRequest request;
        request.type = protocol::kinds::verifyDump.name;
        request.agent = dump.agent;
        request.parameters = core::wire::toJson(
            DumpParameters{dump.snapshot, dump.plugin, dump.set, dump.database, {}, {}, false});
        make(tx, repository, slot, std::move(request), problems);
    }
}

void MaintenanceSlots::make(Transaction& tx, const Repository& repository, const DueSlot& slot,
                            TaskRequest request, Problems& problems) const {
    if (!PlaceStore::firstSuccess(tx, placeOf(repository, request.agent)))
        return;
    if (slot.part != MaintenancePlan::kVerify)
        request.type = slot.part;
    request.repository = repository.id;
    request.metadata = core::json::Object{{"slot", core::formatInstant(slot.at)}};
    try {
        tasks_.create(tx, request);
    } catch (const core::Error& error) {
        // What one agent cannot do keeps nothing from the others; what the database could not, is
        // everybody's.
        if (error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name)
            throw;
        problems.emplace_back(error.what());
    }
}

} // namespace restic
