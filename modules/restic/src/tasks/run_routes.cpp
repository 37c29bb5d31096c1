#include "errors.h"
#include "snapshots/snapshot_store.h"
#include "tasks/run_views.h"
#include "tasks/task_routes.h"
#include "tasks/task_views.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

void TaskRoutes::addRunsTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.runs.read", Role::viewer);

    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/backup-runs",
                      .summary = "List backup runs, newest first",
                      .permission = read,
                      .query = &typeOf<RunQuery>(),
                      .response = &typeOf<core::http::Page<RunView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<RunQuery>();
                          const auto tenant = request.tenant();
                          auto runs = s.database.read(tenant, [&](Transaction& tx) {
                              return RunStore::list(
                                  tx, {query.agentId, query.policyId, query.targetId, query.status}, query);
                          });
                          return Response::of(core::http::makePage(
                              std::move(runs), query.limit,
                              [](const BackupRun& run) {
                                  return core::http::Cursor{core::toMicros(run.createdAt), run.id};
                              },
                              [&](const BackupRun& run) { return RunView::of(run, tenant.tenant()); }));
                      }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/backup-runs/{id}",
         .summary = "One backup run; its id is that of its task",
         .permission = read,
         .response = &typeOf<RunView>(),
         .errors = {&errors::kRunNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kRunNotFound);
             const auto tenant = request.tenant();
             return Response::of(s.database.read(tenant, [&](Transaction& tx) {
                 const auto run = RunStore::find(tx, id);
                 if (!run)
                     throw core::Error(errors::kRunNotFound,
                                       "There is no backup run with the id " + id.toString() + ".");
                 auto view = RunView::of(*run, tenant.tenant());
                 const auto task = TaskStore::find(tx, id);
                 view.unreachable = task && task->status == protocol::TaskState::unreachable;
                 SnapshotStore::Filter filter;
                 filter.run = id;
                 for (const auto& snapshot : SnapshotStore::list(tx, filter, {100, std::nullopt}))
                     view.snapshots.push_back({snapshot.id, snapshot.snapshotId});
                 return view;
             }));
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/backup-runs/{id}/cancel",
         .summary = "Cancel a backup that waits or runs",
         .permission = Permission::role("restic.tasks.write", Role::operator_),
         .audit = Audit::action("restic.task.cancelled"),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kTaskNotFound, &errors::kTaskAlreadyFinished},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kTaskNotFound);
             request.audit().object("task", id.toString());
             const auto answer = [](const Task& task) { return Response::of(TaskStarted::of(task), 202); };
             return answer(
                 s.tasks.cancel(request.tenant(), id, [&](const Task& task) { request.keep(answer(task)); }));
         }});
}

} // namespace restic
