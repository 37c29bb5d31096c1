#include <map>

#include "core/http/version.h"
#include "errors.h"
#include "field_rules.h"
#include "lock_row.h"
#include "repositories/damage_store.h"
#include "repositories/maintenance_store.h"
#include "repositories/place.h"
#include "repositories/repository_routes.h"
#include "repositories/repository_views.h"
#include "repositories/schedule_store.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {
/// What stands beside repositories: as many questions for a page of them as for one.
struct Beside {
    std::map<std::string, core::Instant> marks;
    std::map<core::Uuid, std::vector<MaintenanceView>> maintenance;
    std::map<core::Uuid, std::vector<OpenTaskView>> open;
    std::map<core::Uuid, std::vector<RepositorySchedule>> schedules;
    std::map<core::Uuid, std::optional<DamageView>> damage;

    static Beside of(Transaction& tx, const std::vector<Repository>& repositories) {
        Beside beside;
        std::vector<core::Uuid> ids;
        // Of one that is on several machines' disks none is the place.
        std::vector<std::string> places;
        for (const auto& r : repositories) {
            ids.push_back(r.id);
            places.push_back(placeOf(r));
        }
        beside.marks = PlaceStore::firstSuccesses(tx, places);
        for (auto& one : MaintenanceStore::of(tx, ids))
            beside.maintenance[one.repository].push_back({std::move(one.kind), one.task, one.agent,
                                                          std::move(one.status), std::move(one.message),
                                                          std::move(one.result), one.endedAt});
        for (auto& one : MaintenanceStore::open(tx, ids))
            beside.open[one.repository].push_back(
                {one.id, std::move(one.kind), std::string(protocol::toText(one.status)), one.agent});
        for (auto& one : DamageStore::of(tx, ids))
            beside.damage[one.repository] = DamageView{one.task, std::move(one.error), std::move(one.message),
                                                       std::move(one.reads), one.foundAt};
        for (auto& one : ScheduleStore::of(tx, ids))
            beside.schedules[one.repository].push_back(std::move(one));
        return beside;
    }

    template <typename Map>
    static typename Map::mapped_type found(const Map& map, const typename Map::key_type& key) {
        const auto at = map.find(key);
        return at != map.end() ? at->second : typename Map::mapped_type();
    }
};

MaintenancePlanView planOf(const Repository& r, const Beside& beside) {
    MaintenancePlanView plan;
    plan.timezone = r.timezone;
    plan.checkSubset = r.checkSubset;
    for (const auto& row : Beside::found(beside.schedules, r.id))
        for (const auto& operation : kShownOperations)
            if (row.operation == operation.name) {
                plan.*operation.schedule = row.schedule;
                plan.nextRuns.*operation.nextRun = row.nextRunAt;
                plan.problems.*operation.problem = row.problem;
            }
    plan.last = Beside::found(beside.maintenance, r.id);
    return plan;
}

RepositoryView viewOf(const Repository& r, const Beside& beside) {
    const auto mark = beside.marks.find(placeOf(r));
    return {r.id,
            r.name,
            r.type,
            r.url,
            r.config,
            r.secretFields,
            r.agent,
            !r.passwordFile, // one of both is always there
            r.passwordFile,
            r.certFile,
            r.environment,
            mark != beside.marks.end() ? std::optional(mark->second) : std::nullopt,
            planOf(r, beside),
            r.maintenanceAgent,
            r.appendOnly,
            Beside::found(beside.damage, r.id),
            Beside::found(beside.open, r.id),
            r.createdAt,
            r.updatedAt};
}

RepositoryView viewOf(Transaction& tx, const Repository& repository) {
    return viewOf(repository, Beside::of(tx, {repository}));
}

/// What people set: the rest changes by itself.
core::json::Value forAudit(RepositoryView view) {
    view.maintenance.nextRuns = {};
    view.maintenance.problems = {};
    view.maintenance.last.clear();
    view.openTasks.clear();
    view.damage.reset();
    return core::wire::toJson(view);
}
} // namespace

Permission repositoriesWrite() {
    return Permission::role("restic.repositories.write", Role::admin);
}

RepositorySpec specOf(const RepositoryInput& input) {
    if (auto problems = problemsOfEnvironment(input.environmentVars); !problems.empty())
        throw core::wire::validationError(std::move(problems));
    return {input.name,
            input.type,
            input.url,
            input.config,
            input.agentId,
            input.password,
            input.passwordFile,
            input.certFile,
            input.environmentVars,
            input.maintenance.value_or(MaintenanceSpec()),
            input.maintenanceAgentId,
            input.appendOnly};
}

namespace {
Response versioned(const RepositoryView& view, int status = 200) {
    return core::http::withVersion(Response::of(view, status), core::formatInstant(view.updatedAt));
}
} // namespace

void RepositoryRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.repositories.read", Role::viewer);
    const auto write = repositoriesWrite();

    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/repositories",
                      .summary = "List repositories, newest first",
                      .permission = read,
                      .query = &typeOf<core::http::PageQuery>(),
                      .response = &typeOf<core::http::Page<RepositoryView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<core::http::PageQuery>();
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              auto found = RepositoryStore::list(tx, query);
                              const auto beside = Beside::of(tx, found);
                              return core::http::makePage(
                                  std::move(found), query.limit,
                                  [](const Repository& r) {
                                      return core::http::Cursor{core::toMicros(r.createdAt), r.id};
                                  },
                                  [&](const Repository& r) { return viewOf(r, beside); });
                          }));
                      }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/repositories",
                      .summary = "Add a repository",
                      .permission = write,
                      .audit = Audit::action("restic.repository.created"),
                      .request = &typeOf<RepositoryInput>(),
                      .response = &typeOf<RepositoryView>(),
                      .status = 201,
                      .location = "/api/v1/restic/repositories/{id}",
                      .versioned = true,
                      .errors = {&errors::kRepositoryExists, &errors::kAgentNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto input = request.json<RepositoryInput>();
                          return s.database.transact(request.tenant(), [&](Transaction& tx) {
                              const auto made = s.repositories.create(tx, specOf(input));
                              const auto view = viewOf(tx, made);
                              request.audit().object("repository", made.id.toString());
                              request.audit().entry.after = forAudit(view);
                              return request.keep(versioned(view, 201));
                          });
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/repositories/{id}",
                      .summary = "One repository; its secrets are never read back",
                      .permission = read,
                      .response = &typeOf<RepositoryView>(),
                      .versioned = true,
                      .errors = {&errors::kRepositoryNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
                          return versioned(s.database.read(request.tenant(), [&](Transaction& tx) {
                              return viewOf(tx, s.repositories.get(tx, id));
                          }));
                      }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/repositories/{id}",
         .summary = "Change a repository; without a password the old one stays",
         .permission = write,
         .audit = Audit::action("restic.repository.updated"),
         .request = &typeOf<RepositoryInput>(),
         .response = &typeOf<RepositoryView>(),
         .versioned = true,
         .errors = {&errors::kRepositoryNotFound, &errors::kRepositoryExists, &errors::kRepositoryUnreachable,
                    &errors::kAgentNotFound, &errors::kPasswordChanging},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
             const auto input = request.json<RepositoryInput>();
             request.audit().object("repository", id.toString());
             return versioned(s.database.transact(request.tenant(), [&](Transaction& tx) {
                 if (core::http::namesVersion(request))
                     lockRow(tx, "restic_repositories", id);
                 const auto before = s.repositories.get(tx, id);
                 core::http::requireVersion(request, core::formatInstant(before.updatedAt));
                 request.audit().entry.before = forAudit(viewOf(tx, before));
                 const auto changed = s.repositories.update(tx, id, specOf(input));
                 auto view = viewOf(tx, changed);
                 request.audit().entry.after = forAudit(view);
                 return view;
             }));
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/repositories/{id}/start-anew",
         .summary = "Allow the repository to be initialised again where it once worked, after its disk was "
                    "replaced or emptied on purpose",
         .permission = write,
         .audit = Audit::action("restic.repository.started_anew"),
         .request = &typeOf<StartAnewInput>(),
         .status = 204,
         .errors = {&errors::kRepositoryNotFound, &errors::kAgentNotFound, &core::errors::kConflict},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
             const auto input = request.json<StartAnewInput>();
             request.audit().object("repository", id.toString());
             s.database.transact(request.tenant(),
                                 [&](Transaction& tx) { s.repositories.startAnew(tx, id, input.agentId); });
             return Response::empty();
         }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/repositories/{id}",
                      .summary = "Forget a repository; the snapshots in it stay",
                      .permission = write,
                      .audit = Audit::action("restic.repository.deleted"),
                      .status = 204,
                      .errors = {&errors::kRepositoryNotFound, &errors::kRepositoryInUse},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
                          request.audit().object("repository", id.toString());
                          s.database.transact(request.tenant(),
                                              [&](Transaction& tx) { s.repositories.remove(tx, id); });
                          return Response::empty();
                      }});
}

} // namespace restic
