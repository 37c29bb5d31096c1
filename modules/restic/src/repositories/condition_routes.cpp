#include "errors.h"
#include "repositories/condition_views.h"
#include "repositories/recovery_kit.h"
#include "repositories/repository_routes.h"
#include "repositories/size_store.h"

namespace restic {

using core::db::Transaction;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

void RepositoryRoutes::addConditionTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.repositories.read", Role::viewer);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/repositories/{id}/locks",
                      .summary =
                          "Who held the repository when an agent looked last. A task of the kind locks "
                          "looks again; an unlock does too",
                      .permission = read,
                      .response = &typeOf<LocksView>(),
                      .errors = {&errors::kRepositoryNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              return LocksView::of(tx, s.repositories.get(tx, id).id);
                          }));
                      }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/repositories/{id}/sizes",
         .summary = "What the repository took up, day by day",
         .permission = read,
         .query = &typeOf<SizeQuery>(),
         .response = &typeOf<SizesView>(),
         .errors = {&errors::kRepositoryNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
             const auto from = s.clock.now() - std::chrono::days(request.queryAs<SizeQuery>().days);
             SizesView view;
             s.database.read(request.tenant(), [&](Transaction& tx) {
                 for (const auto& size : SizeStore::since(tx, s.repositories.get(tx, id).id, from))
                     view.items.push_back({size.countedAt, size.bytes});
             });
             return Response::of(view);
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/repositories/{id}/recovery-kit",
                      .summary = "What is needed to restore from the repository with restic alone",
                      .permission = read,
                      .response = &typeOf<RecoveryKit>(),
                      .errors = {&errors::kRepositoryNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              return RecoveryKit::of(tx, s.repositories.get(tx, id));
                          }));
                      }});
}

} // namespace restic
