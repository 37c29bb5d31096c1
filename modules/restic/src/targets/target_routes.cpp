#include "targets/target_routes.h"

#include "base/errors.h"
#include "core/http/version.h"
#include "errors.h"
#include "lock_row.h"
#include "polling/health_check_store.h"
#include "polling/probe_store.h"
#include "targets/target_views.h"

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
TargetSpec specOf(const TargetInput& input) {
    return {input.name,     input.mode,        input.repositoryId, input.agentId,
            input.policyId, input.maxAgeHours, input.disabled};
}

TargetView viewOf(Transaction& tx, const Target& target, core::Instant now) {
    return TargetView::of(target, ProbeStore::of(tx, target.id), now);
}

/// What people set: looks change by themselves.
core::json::Value forAudit(TargetView view) {
    view.probes.clear();
    return core::wire::toJson(view);
}

Response versioned(const TargetView& view, int status = 200) {
    return core::http::withVersion(Response::of(view, status), core::formatInstant(view.updatedAt));
}
} // namespace

void TargetRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.targets.read", Role::viewer);
    const auto write = Permission::role("restic.targets.write", Role::admin);

    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/targets",
         .summary = "List what is watched, by agents and without, newest first",
         .permission = read,
         .query = &typeOf<core::http::PageQuery>(),
         .response = &typeOf<core::http::Page<TargetView>>(),
         .handler = [s = *this](Request& request) -> Outcome {
             const auto query = request.queryAs<core::http::PageQuery>();
             return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                 auto found = TargetStore::list(tx, query);
                 std::vector<core::Uuid> ids;
                 for (const auto& target : found)
                     ids.push_back(target.id);
                 auto probes = ProbeStore::of(tx, ids);
                 return core::http::makePage(
                     std::move(found), query.limit,
                     [](const Target& t) {
                         return core::http::Cursor{core::toMicros(t.createdAt), t.id};
                     },
                     [&](const Target& t) { return TargetView::of(t, probes[t.id], s.clock.now()); });
             }));
         }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/targets",
                      .summary = "Watch a repository without an agent: the server looks at it itself",
                      .permission = write,
                      .audit = Audit::action("restic.target.created"),
                      .request = &typeOf<TargetInput>(),
                      .response = &typeOf<TargetView>(),
                      .status = 201,
                      .location = "/api/v1/restic/targets/{id}",
                      .versioned = true,
                      .errors = {&errors::kTargetExists, &errors::kRepositoryNotFound,
                                 &errors::kPolicyNotFound, &errors::kAgentNotFound,
                                 &errors::kDirectPollForbidden, &base::errors::kTenantLimitReached},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto input = request.json<TargetInput>();
                          return s.database.transact(request.tenant(), [&](Transaction& tx) {
                              const auto view =
                                  viewOf(tx, s.targets.create(tx, specOf(input)), s.clock.now());
                              request.audit().object("target", view.id.toString());
                              request.audit().entry.after = forAudit(view);
                              return request.keep(versioned(view, 201));
                          });
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/targets/{id}",
                      .summary = "One target, with when it was and will be looked at",
                      .permission = read,
                      .response = &typeOf<TargetView>(),
                      .versioned = true,
                      .errors = {&errors::kTargetNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kTargetNotFound);
                          return versioned(s.database.read(request.tenant(), [&](Transaction& tx) {
                              return viewOf(tx, TargetService::get(tx, id), s.clock.now());
                          }));
                      }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/targets/{id}",
         .summary = "Change a target; a direct one may be handed to an agent's policy and keeps its history",
         .permission = write,
         .audit = Audit::action("restic.target.updated"),
         .request = &typeOf<TargetInput>(),
         .response = &typeOf<TargetView>(),
         .versioned = true,
         .errors = {&errors::kTargetNotFound, &errors::kTargetExists, &errors::kTargetOfAgent,
                    &errors::kRepositoryNotFound, &errors::kPolicyNotFound, &errors::kAgentNotFound,
                    &errors::kDirectPollForbidden, &errors::kRepositoryMissing,
                    &errors::kRepositoryUnreachable, &errors::kPluginNotAvailable},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kTargetNotFound);
             const auto input = request.json<TargetInput>();
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 lockRow(tx, "restic_targets", id);
                 const auto before = viewOf(tx, TargetService::get(tx, id), s.clock.now());
                 core::http::requireVersion(request, core::formatInstant(before.updatedAt));
                 const auto view = viewOf(tx, s.targets.update(tx, id, specOf(input)), s.clock.now());
                 request.audit().object("target", id.toString());
                 request.audit().entry.before = forAudit(before);
                 request.audit().entry.after = forAudit(view);
                 return versioned(view);
             });
         }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/targets/{id}",
                      .summary = "Watch a repository no longer; nothing in it changes",
                      .permission = write,
                      .audit = Audit::action("restic.target.deleted"),
                      .status = 204,
                      .errors = {&errors::kTargetNotFound, &errors::kTargetOfAgent},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kTargetNotFound);
                          s.database.transact(request.tenant(), [&](Transaction& tx) {
                              request.audit().object("target", id.toString());
                              request.audit().entry.before =
                                  forAudit(viewOf(tx, TargetService::get(tx, id), s.clock.now()));
                              s.targets.remove(tx, id);
                          });
                          return Response::empty();
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/targets/{id}/health-checks",
                      .summary = "The looks at a target without an agent, newest first",
                      .permission = read,
                      .query = &typeOf<core::http::PageQuery>(),
                      .response = &typeOf<core::http::Page<HealthCheckView>>(),
                      .errors = {&errors::kTargetNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kTargetNotFound);
                          const auto query = request.queryAs<core::http::PageQuery>();
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              (void)TargetService::get(tx, id);
                              return core::http::makePage(
                                  HealthCheckStore::list(tx, id, query), query.limit,
                                  [](const HealthCheck& c) {
                                      return core::http::Cursor{core::toMicros(c.checkedAt), c.id};
                                  },
                                  HealthCheckView::of);
                          }));
                      }});
}

} // namespace restic
