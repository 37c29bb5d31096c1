#include "snapshots/snapshot_routes.h"
#include "errors.h"
#include "policies/policy_store.h"
#include "repositories/repository_store.h"
#include "snapshots/snapshot_views.h"

namespace restic {

using core::db::Transaction;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {
core::http::Page<SnapshotView> page(Transaction& tx, const SnapshotStore::Filter& filter,
                                    const core::http::PageQuery& query) {
    return core::http::makePage(
        SnapshotStore::list(tx, filter, query), query.limit,
        [](const Snapshot& s) {
            return core::http::Cursor{core::toMicros(s.time), s.id};
        },
        SnapshotView::of);
}
} // namespace

void SnapshotRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.snapshots.read", Role::viewer);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/snapshots",
                      .summary = "List snapshots, newest first",
                      .permission = read,
                      .query = &typeOf<SnapshotQuery>(),
                      .response = &typeOf<core::http::Page<SnapshotView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<SnapshotQuery>();
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              return page(tx,
                                          {query.targetId, query.policyId, query.repositoryId,
                                           query.backupRunId, query.dumps, query.hostname, query.tag,
                                           query.path, query.from, query.until},
                                          query);
                          }));
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/snapshots/{id}",
                      .summary = "One snapshot",
                      .permission = read,
                      .response = &typeOf<SnapshotView>(),
                      .errors = {&errors::kSnapshotNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
                          const auto snapshot = s.database.read(
                              request.tenant(), [&](Transaction& tx) { return SnapshotStore::find(tx, id); });
                          if (!snapshot || snapshot->removedAt)
                              throw core::Error(errors::kSnapshotNotFound,
                                                "There is no snapshot with the id " + id.toString() + ".");
                          return Response::of(SnapshotView::of(*snapshot));
                      }});
    const auto under = [&routes, s = *this, read](const std::string& path, const core::ErrorKind& missing,
                                                  std::optional<core::Uuid> SnapshotStore::Filter::*member) {
        routes.push_back({.method = "GET",
                          .path = path,
                          .summary = "Its snapshots, newest first",
                          .permission = read,
                          .query = &typeOf<core::http::PageQuery>(),
                          .response = &typeOf<core::http::Page<SnapshotView>>(),
                          .errors = {&missing},
                          .handler = [s, &missing, member](Request& request) -> Outcome {
                              const auto id = request.uuidParameter("id", missing);
                              const auto query = request.queryAs<core::http::PageQuery>();
                              return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                                  const bool exists = member == &SnapshotStore::Filter::policy
                                                          ? PolicyStore::find(tx, id).has_value()
                                                          : RepositoryStore::find(tx, id).has_value();
                                  if (!exists)
                                      throw core::Error(missing, "There is nothing with the id " +
                                                                     id.toString() + ".");
                                  SnapshotStore::Filter filter;
                                  filter.*member = id;
                                  return page(tx, filter, query);
                              }));
                          }});
    };
    under("/api/v1/restic/policies/{id}/snapshots", errors::kPolicyNotFound, &SnapshotStore::Filter::policy);
    under("/api/v1/restic/repositories/{id}/snapshots", errors::kRepositoryNotFound,
          &SnapshotStore::Filter::repository);
}

} // namespace restic
