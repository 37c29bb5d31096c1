#include <algorithm>

#include "errors.h"
#include "restic/protocol/snapshot_id.h"
#include "restic/protocol/task_kinds.h"
#include "snapshots/snapshot_store.h"
#include "snapshots/snapshot_views.h"
#include "status/bare_array.h"
#include "status/status_routes.h"

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
constexpr int kMostSnapshots = 10000;
constexpr std::size_t kMostFiles = 100000;

struct SnapshotsQuery {
    int limit = kMostSnapshots;
};
const core::wire::Type& wireType(const SnapshotsQuery*) {
    static const auto type =
        core::wire::object<SnapshotsQuery>("StatusSnapshotsQuery", core::wire::strict)
            .field("limit", &SnapshotsQuery::limit,
                   {.doc = "The newest so many", .optional = true, .min = 1, .max = kMostSnapshots})
            .build();
    return type;
}

/// What happens after a refresh.
struct RefreshView {
    std::string name;
    std::optional<core::Uuid> taskId;
};
const core::wire::Type& wireType(const RefreshView*) {
    static const auto type =
        core::wire::object<RefreshView>("Refresh", core::wire::tolerant)
            .field("name", &RefreshView::name)
            .field("task_id", &RefreshView::taskId,
                   {.doc = "The agent's task that lists the snapshots; absent where the server looks itself"})
            .build();
    return type;
}

SnapshotStore::Filter snapshotsOf(const TargetStatus& target) {
    SnapshotStore::Filter filter;
    // A repository that is looked at has one list, whoever saved to it.
    if (target.mode == "direct")
        filter.repository = target.repositoryId;
    else
        filter.target = target.id;
    return filter;
}

/// As somebody names a snapshot: our id, or restic's in full or in its first digits.
std::string resticIdOf(Transaction& tx, const TargetStatus& target, const std::string& named) {
    if (const auto id = core::Uuid::parse(named)) {
        const auto snapshot = SnapshotStore::find(tx, *id);
        if (snapshot && snapshot->repository == target.repositoryId)
            return snapshot->snapshotId;
    } else if (named.size() >= 8 && named.size() <= 64 &&
               named.find_first_not_of("0123456789abcdef") == std::string::npos) {
        if (auto known =
                target.repositoryId ? SnapshotStore::fullId(tx, *target.repositoryId, named) : std::nullopt)
            return std::move(*known);
    }
    throw core::Error(errors::kSnapshotNotFound, "There is no snapshot \"" + named + "\" of this target.");
}
} // namespace

void StatusRoutes::addOneTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.status.read", Role::viewer);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/status/{name}/snapshots",
                      .summary = "Its snapshots, newest first: a bare array, as it always was",
                      .permission = read,
                      .query = &typeOf<SnapshotsQuery>(),
                      .response = &typeOf<SnapshotView>(),
                      .responseIsList = true,
                      .errors = {&errors::kTargetNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto target =
                              s.status.get(request.tenant(), request.parameter("name"), std::nullopt);
                          core::http::PageQuery page;
                          page.limit = request.queryAs<SnapshotsQuery>().limit;
                          auto found = s.database.read(request.tenant(), [&](Transaction& tx) {
                              return SnapshotStore::list(tx, snapshotsOf(target), page);
                          });
                          found.resize(std::min(found.size(), static_cast<std::size_t>(page.limit)));
                          return bareArray(found, SnapshotView::of);
                      }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/status/{name}/snapshots/{id}/files",
         .summary = "The paths of all that is in a snapshot: an array of texts, as it always was; at most "
                    "100000. The "
                    "server asks the repository itself, where it may",
         .permission = read,
         .executor = core::http::Executor::blocking,
         .responseIsList = true,
         .errors = {&errors::kTargetNotFound, &errors::kSnapshotNotFound, &errors::kFilesNotReachable},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto target = s.status.get(request.tenant(), request.parameter("name"), std::nullopt);
             std::string id;
             const auto repository = s.database.read(request.tenant(), [&](Transaction& tx) {
                 id = resticIdOf(tx, target, request.parameter("id"));
                 const auto row =
                     target.repositoryId ? RepositoryStore::find(tx, *target.repositoryId) : std::nullopt;
                 if (!row)
                     throw core::Error(errors::kFilesNotReachable,
                                       "The target's repository is known to its agent only.");
                 if (row->agent)
                     throw core::Error(errors::kFilesNotReachable,
                                       "The repository is on the disk of another machine.");
                 return s.poller.repositories().of(tx, *row);
             });
             const auto found = s.poller.listFiles(request.tenant().tenant(), repository, id, kMostFiles);
             if (const auto* error = std::get_if<protocol::TaskError>(&found))
                 throw core::Error(errors::kFilesNotReachable, error->error + ": " + error->message);
             core::json::Array paths;
             for (const auto& path : std::get<Poller::Files>(found).paths)
                 paths.emplace_back(path);
             return Response::json(core::json::write(paths));
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/status/{name}/refresh",
         .summary = "Look now: the server itself, or the agent by a task",
         .permission = Permission::role("restic.status.refresh", Role::operator_),
         .audit = Audit::action("restic.target.refreshed"),
         .response = &typeOf<RefreshView>(),
         .status = 202,
         .errors = {&errors::kTargetNotFound, &errors::kRepositoryMissing},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto target = s.status.get(request.tenant(), request.parameter("name"), std::nullopt);
             request.audit().object("target", target.id.toString());
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 RefreshView view{target.name, std::nullopt};
                 if (!s.targets.lookNow(tx, target.id)) {
                     if (!target.agentId || !target.repositoryId)
                         throw core::Error(errors::kRepositoryMissing,
                                           "The target rests, or only its agent knows its repository.");
                     TaskRequest wanted;
                     wanted.type = protocol::kinds::snapshots.name;
                     wanted.agent = *target.agentId;
                     wanted.repository = target.repositoryId;
                     view.taskId = s.tasks.create(tx, wanted).id;
                 }
                 return request.keep(Response::of(view, 202));
             });
         }});
}

} // namespace restic
