#include "errors.h"
#include "policies/policy_store.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_kinds.h"
#include "snapshots/listed_folders.h"
#include "tasks/kinds/looks.h"
#include "tasks/look_views.h"
#include "tasks/result_store.h"
#include "tasks/snapshot_agent.h"
#include "tasks/task_routes.h"
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
/// Somebody waits for the answer: before everything that goes by a schedule.
constexpr int kPriority = 10;
/// More often nobody writes down that a folder is looked at.
constexpr std::chrono::minutes kBetweenUses{1};

Response answerOf(const Uuid& task, protocol::TaskState state, int status) {
    return Response::of(TaskStarted{task, std::string(protocol::toText(state))}, status);
}

TaskRequest requestOf(const protocol::TaskKind& kind, const Uuid& agent, const Uuid& repository,
                      core::json::Value parameters) {
    TaskRequest wanted;
    wanted.type = kind.name;
    wanted.agent = agent;
    wanted.repository = repository;
    wanted.parameters = std::move(parameters);
    wanted.priority = kPriority;
    return wanted;
}

/// Who looks into a snapshot: beside those of agentOfSnapshot() any that works with its repository.
Uuid lookerOf(Transaction& tx, const Snapshot& snapshot, const Repository& repository,
              const std::optional<Uuid>& named) {
    std::vector<core::Problem> problems;
    auto chosen = agentOfSnapshot(tx, snapshot, repository, named, problems);
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    if (!chosen)
        chosen = RepositoryStore::caretaker(tx, repository);
    if (!chosen)
        throw core::Error(errors::kFilesNotReachable,
                          "No agent works with the repository \"" + repository.name +
                              "\", and none is known of the machine that made the snapshot.");
    return *chosen;
}

Response started(Request& request, const Task& task, core::json::Object said) {
    said.set("task_id", task.id.toString());
    said.set("agent_id", task.agent.toString());
    request.audit().entry.after = std::move(said);
    return request.keep(answerOf(task.id, task.status, 202));
}

Response listFolder(const TaskRoutes& s, Request& request, const Uuid& id, const FilesInput& input) {
    return s.database.transact(request.tenant(), [&](Transaction& tx) {
        const auto snapshot = requireSnapshot(tx, id);
        const auto repository = requireRepositoryOf(tx, snapshot);
        request.audit().object("snapshot", id.toString());
        if (const auto known = ListedFolders::find(tx, id, input.path)) {
            const auto task = TaskStore::find(tx, known->task);
            if (known->listedAt) {
                ListedFolders::use(tx, id, input.path, s.clock.now());
                request.audit().entry.after =
                    core::json::Object{{"path", input.path}, {"task_id", known->task.toString()}};
                return request.keep(answerOf(known->task, protocol::TaskState::success, 200));
            }
            if (task && !protocol::isTerminal(task->status))
                return started(request, *task, {{"path", input.path}});
        }
        const LsRequest parameters{id, input.path};
        return started(request,
                       s.tasks.create(tx, requestOf(protocol::kinds::ls,
                                                    lookerOf(tx, snapshot, repository, input.agentId),
                                                    repository.id, core::wire::toJson(parameters))),
                       {{"path", input.path}});
    });
}

/// What a task that has not listed its folder says of it.
void showUnlisted(FilesPage& page, const std::optional<Task>& task) {
    if (!task || task->status == protocol::TaskState::success || task->status == protocol::TaskState::warning)
        return; // it has, and was forgotten again
    page.taskId = task->id;
    if (!protocol::isTerminal(task->status)) {
        page.state = "listing";
        return;
    }
    page.state = "failed";
    page.error = task->error;
    if (page.error.isNull())
        page.error = core::wire::toJson(protocol::task_errors::make(protocol::task_errors::kCancelled));
}

FilesPage filesOf(Transaction& tx, const Uuid& id, const FilesQuery& query, bool& looked, core::Instant now) {
    requireSnapshot(tx, id);
    FilesPage page;
    page.state = "unknown";
    page.path = query.path;
    const auto known = ListedFolders::find(tx, id, query.path);
    if (!known)
        return page;
    if (!known->listedAt) {
        showUnlisted(page, TaskStore::find(tx, known->task));
        return page;
    }
    looked = now - known->usedAt > kBetweenUses;
    page.state = "listed";
    page.entries = known->entries;
    page.listedAt = known->listedAt;
    page.taskId = known->task;
    const auto after = query.after ? core::http::Cursor::decode(*query.after).key : 0;
    const auto found = ResultStore::read(tx, known->task, known->attempt, after, query.limit);
    for (const auto& item : found.items)
        if (auto entry = core::wire::read<protocol::LsEntry>(item.value))
            page.items.push_back(std::move(entry).value());
    if (found.more)
        page.next = core::http::Cursor{found.items.back().number, id}.encode();
    return page;
}

Response find(const TaskRoutes& s, Request& request, const Uuid& id, const FindInput& input) {
    return s.database.transact(request.tenant(), [&](Transaction& tx) {
        const auto repository = s.repositories.get(tx, id);
        auto problems = input.problems();
        if (input.policyId && !PolicyStore::find(tx, *input.policyId))
            throw core::Error(errors::kPolicyNotFound,
                              "There is no policy with the id " + input.policyId->toString() + ".");
        const auto known = SnapshotStore::present(tx, id, input.snapshotIds);
        for (std::size_t i = 0; i < input.snapshotIds.size(); ++i)
            if (!known.contains(input.snapshotIds[i]))
                problems.push_back({"/snapshot_ids/" + std::to_string(i),
                                    "must be a snapshot of the repository \"" + repository.name + "\""});
        if (input.agentId && repository.agent && *repository.agent != *input.agentId)
            problems.push_back({"/agent_id", "must be the agent on whose disk the repository \"" +
                                                 repository.name + "\" is: no other reaches it"});
        if (!problems.empty())
            throw core::wire::validationError(std::move(problems));
        FindRequest parameters;
        static_cast<protocol::FindParameters&>(parameters) = input;
        parameters.policy = input.policyId;
        parameters.snapshots = input.snapshotIds;
        request.audit().object("repository", id.toString());
        const auto agent = input.agentId ? *input.agentId : s.repositories.caretaker(tx, id);
        return started(
            request,
            s.tasks.create(tx, requestOf(protocol::kinds::find, agent, id, core::wire::toJson(parameters))),
            {{"pattern", input.pattern}});
    });
}

Response compare(const TaskRoutes& s, Request& request, const Uuid& a, const Uuid& b,
                 const DiffInput& input) {
    return s.database.transact(request.tenant(), [&](Transaction& tx) {
        const auto from = requireSnapshot(tx, a);
        const auto to = requireSnapshot(tx, b);
        const auto repository = requireRepositoryOf(tx, from);
        if (a == b)
            throw core::wire::validationError({{"/b", "must be another snapshot than a"}});
        if (to.repository != from.repository)
            throw core::wire::validationError(
                {{"/b", "must be a snapshot of the repository \"" + repository.name +
                            "\", as a is; it is of \"" + requireRepositoryOf(tx, to).name + "\""}});
        DiffRequest parameters;
        static_cast<protocol::DiffParameters&>(parameters) = input;
        parameters.from = a;
        parameters.to = b;
        request.audit().object("snapshot", a.toString());
        return started(
            request,
            s.tasks.create(tx, requestOf(protocol::kinds::diff, lookerOf(tx, from, repository, input.agentId),
                                         repository.id, core::wire::toJson(parameters))),
            {{"with", b.toString()}});
    });
}
} // namespace

void TaskRoutes::addLooksTo(std::vector<core::http::Route>& routes) const {
    const auto browse = Permission::role("restic.snapshots.browse", Role::operator_);
    constexpr auto kTask = "/api/v1/restic/tasks/{id}";
    constexpr auto kFiles = "/api/v1/restic/snapshots/{id}/files";
    routes.push_back(
        {.method = "POST",
         .path = kFiles,
         .summary = "List one folder of a snapshot: 202 with the task that does it, 200 with the "
                    "one that did",
         .permission = browse,
         .audit = Audit::action("restic.snapshot.listed"),
         .request = &typeOf<FilesInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .otherStatuses = {200},
         .location = kTask,
         .errors = {&errors::kSnapshotNotFound, &errors::kAgentNotFound, &errors::kAgentIsPlaceholder,
                    &errors::kInvalidParameters, &errors::kRepositoryNotFound, &errors::kFilesNotReachable},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
             return listFolder(s, request, id, request.json<FilesInput>());
         }});
    routes.push_back(
        {.method = "GET",
         .path = kFiles,
         .summary =
             "What is known of a folder of a snapshot, and a page of its entries, in restic's order; a "
             "page has about 1 MiB at most",
         .permission = Permission::role("restic.snapshots.read", Role::viewer),
         .query = &typeOf<FilesQuery>(),
         .response = &typeOf<FilesPage>(),
         .errors = {&errors::kSnapshotNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kSnapshotNotFound);
             const auto query = request.queryAs<FilesQuery>();
             const auto now = s.clock.now();
             bool looked = false;
             const auto page = s.database.read(
                 request.tenant(), [&](Transaction& tx) { return filesOf(tx, id, query, looked, now); });
             if (looked)
                 s.database.transact(request.tenant(),
                                     [&](Transaction& tx) { ListedFolders::use(tx, id, query.path, now); });
             return Response::of(page);
         }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/repositories/{id}/find",
                      .summary = "Look for files in the snapshots of a repository; the hits are the items of "
                                 "the task's result",
                      .permission = browse,
                      .audit = Audit::action("restic.repository.searched"),
                      .request = &typeOf<FindInput>(),
                      .response = &typeOf<TaskStarted>(),
                      .status = 202,
                      .location = kTask,
                      .errors = {&errors::kRepositoryNotFound, &errors::kPolicyNotFound,
                                 &errors::kAgentNotFound, &errors::kAgentIsPlaceholder,
                                 &errors::kInvalidParameters, &errors::kRepositoryUnreachable},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
                          return find(s, request, id, request.json<FindInput>());
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/snapshots/{a}/diff/{b}",
         .summary = "Compare two snapshots of a repository; what differs are the items of the "
                    "task's result",
         .permission = browse,
         .audit = Audit::action("restic.snapshot.compared"),
         .request = &typeOf<DiffInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = kTask,
         .errors = {&errors::kSnapshotNotFound, &errors::kAgentNotFound, &errors::kAgentIsPlaceholder,
                    &errors::kInvalidParameters, &errors::kRepositoryNotFound, &errors::kFilesNotReachable},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto a = request.uuidParameter("a", errors::kSnapshotNotFound);
             const auto b = request.uuidParameter("b", errors::kSnapshotNotFound);
             return compare(s, request, a, b, request.json<DiffInput>());
         }});
}

} // namespace restic
