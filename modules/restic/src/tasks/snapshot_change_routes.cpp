#include "tasks/snapshot_change_routes.h"

#include <algorithm>

#include "errors.h"
#include "repositories/repository_store.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_kinds.h"
#include "snapshots/snapshot_store.h"
#include "tasks/kinds/one_snapshot.h"
#include "tasks/snapshot_agent.h"
#include "tasks/task_views.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {
struct TagInput : protocol::TagParameters {
    std::optional<Uuid> agentId;
};
struct ForgetSnapshotInput {
    std::string confirm;
    std::optional<Uuid> agentId;
};

constexpr const char* kWho = "Absent: the one that may remove from the repository";

const core::wire::Type& wireType(const TagInput*) {
    static const auto type = core::wire::object<TagInput>("TagInput", core::wire::strict)
                                 .include<protocol::TagParameters>()
                                 .field("agent_id", &TagInput::agentId, {.doc = kWho})
                                 .build();
    return type;
}
const core::wire::Type& wireType(const ForgetSnapshotInput*) {
    static const auto type =
        core::wire::object<ForgetSnapshotInput>("ForgetSnapshotInput", core::wire::strict)
            .field("confirm", &ForgetSnapshotInput::confirm,
                   {.doc = "The first eight digits of the snapshot's id: that no other is meant",
                    .maxLength = 64})
            .field("agent_id", &ForgetSnapshotInput::agentId, {.doc = kWho})
            .build();
    return type;
}

/// The task that does it, and the answer that names it.
Outcome start(const SnapshotChangeRoutes& s, Request& request, Transaction& tx, const Snapshot& snapshot,
              const protocol::TaskKind& kind, const std::optional<Uuid>& named,
              core::json::Value parameters) {
    const auto repository = requireRepositoryOf(tx, snapshot);
    if (repository.appendOnly && !named && !repository.maintenanceAgent)
        throw core::Error(errors::kRepositoryAppendOnly, whyAppendOnly(repository));
    const auto by = repository.appendOnly && !named ? repository.maintenanceAgent : named;
    TaskRequest wanted;
    wanted.type = kind.name;
    wanted.agent = requireAgentOf(tx, snapshot, repository, by);
    wanted.repository = snapshot.repository;
    wanted.parameters = std::move(parameters);
    const auto task = s.tasks.create(tx, wanted);
    request.audit().object("snapshot", snapshot.id.toString());
    auto after = request.audit().entry.after.object() != nullptr ? *request.audit().entry.after.object()
                                                                 : core::json::Object();
    after.set("task_id", task.id.toString());
    after.set("snapshot", snapshot.shortId);
    request.audit().entry.after = std::move(after);
    return request.keep(Response::of(TaskStarted::of(task), 202));
}
} // namespace

void SnapshotChangeRoutes::addTo(std::vector<core::http::Route>& routes) const {
    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/snapshots/{id}/tags",
                      .summary = "Change the tags of a snapshot; with the tag pinned each forget keeps it",
                      .permission = Permission::role("restic.snapshots.tag", Role::operator_),
                      .audit = Audit::action("restic.snapshot.tagged"),
                      .request = &typeOf<TagInput>(),
                      .response = &typeOf<TaskStarted>(),
                      .status = 202,
                      .location = "/api/v1/restic/tasks/{id}",
                      .errors = {&errors::kSnapshotNotFound, &errors::kRepositoryNotFound,
                                 &errors::kAgentNotFound, &errors::kAgentIsPlaceholder,
                                 &errors::kInvalidParameters, &errors::kRepositoryAppendOnly},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
                          const auto input = request.json<TagInput>();
                          if (auto problems = protocol::problemsOf(input); !problems.empty())
                              throw core::wire::validationError(std::move(problems));
                          TagRequest wanted;
                          static_cast<protocol::TagParameters&>(wanted) = input;
                          wanted.snapshot = id;
                          return s.database.transact(request.tenant(), [&](Transaction& tx) {
                              request.audit().entry.after =
                                  core::wire::toJson(static_cast<const protocol::TagParameters&>(input));
                              return start(s, request, tx, requireSnapshot(tx, id), protocol::kinds::tag,
                                           input.agentId, core::wire::toJson(wanted));
                          });
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/snapshots/{id}/forget",
         .summary = "Remove this one snapshot; whoever asks names it once more by its short id",
         .permission = Permission::role("restic.snapshots.forget", Role::admin),
         .audit = Audit::action("restic.snapshot.forgotten"),
         .request = &typeOf<ForgetSnapshotInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kSnapshotNotFound, &errors::kRepositoryNotFound, &errors::kAgentNotFound,
                    &errors::kAgentIsPlaceholder, &errors::kInvalidParameters, &errors::kRepositoryAppendOnly,
                    &errors::kSnapshotPinned},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
             const auto input = request.json<ForgetSnapshotInput>();
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto snapshot = requireSnapshot(tx, id);
                 if (input.confirm != snapshot.shortId)
                     throw core::wire::validationError(
                         {{"/confirm", "must be the snapshot's short id, " + snapshot.shortId}});
                 if (std::find(snapshot.tags.begin(), snapshot.tags.end(), protocol::kPinned) !=
                     snapshot.tags.end())
                     throw core::Error(errors::kSnapshotPinned,
                                       "The snapshot " + snapshot.shortId + " is pinned.");
                 return start(s, request, tx, snapshot, protocol::kinds::forgetSnapshot, input.agentId,
                              core::wire::toJson(ForgetSnapshotRequest{id}));
             });
         }});
}

} // namespace restic
