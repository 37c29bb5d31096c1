#include "schedule/doubt_checks.h"

#include <algorithm>

#include "repositories/damage_store.h"
#include "repositories/maintenance_plan.h"
#include "repositories/maintenance_store.h"
#include "repositories/place.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
/// What may disprove the damage that is known, if it was found in a part: another part would say nothing.
core::json::Object parametersFor(Transaction& tx, const Uuid& repository) {
    core::json::Object parameters;
    for (const auto& damage : DamageStore::of(tx, {repository}))
        if (damage.reads.find('/') != std::string::npos)
            parameters.set("read_data_subset", damage.reads);
    return parameters;
}
} // namespace

void DoubtChecks::request(Transaction& tx, const Uuid& id, const std::string& why) const {
    const auto repository = RepositoryStore::find(tx, id);
    const auto worker = repository ? RepositoryStore::caretaker(tx, *repository) : std::nullopt;
    if (!worker || !PlaceStore::firstSuccess(tx, placeOf(*repository, *worker)))
        return;
    const auto last = MaintenanceStore::of(tx, {id});
    const auto isRecent = [&](const Maintenance& one) {
        return one.kind == MaintenancePlan::kCheck && clock_.now() - one.endedAt < kBetween;
    };
    if (!TaskStore::waitingOf(tx, id, MaintenancePlan::kCheck).empty() ||
        std::any_of(last.begin(), last.end(), isRecent))
        return;
    TaskRequest request;
    request.type = MaintenancePlan::kCheck;
    request.agent = *worker;
    request.repository = id;
    request.parameters = parametersFor(tx, id);
    request.metadata = core::json::Object{{"doubt", why}};
    try {
        tasks_.create(tx, request);
    } catch (const core::Error& error) {
        if (error.name() == core::errors::kDatabase.name || error.name() == core::errors::kUnavailable.name)
            throw;
        log_.warn("a repository of which there are doubts is not checked",
                  {{"tenant_id", tx.tenant().toString()},
                   {"repository_id", id.toString()},
                   {"doubt", why},
                   {"reason", error.what()}});
    }
}

} // namespace restic
