#include "tasks/task_routes.h"
#include "errors.h"
#include "policies/policy_store.h"
#include "policies/target_store.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/run_store.h"
#include "tasks/task_views.h"
#include "tasks/task_wait.h"

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
Response answerOf(const Task& task) {
    return Response::of(TaskStarted::of(task), 202);
}

Response started(const Task& task, Request& request) {
    request.audit().object("task", task.id.toString());
    return answerOf(task);
}

core::Uuid caretaker(const TaskRoutes& s, Request& request, const core::Uuid& repository) {
    return s.database.read(request.tenant(),
                           [&](Transaction& tx) { return s.repositories.caretaker(tx, repository); });
}

core::Uuid agentFor(const TaskRoutes& s, Request& request, const TaskInput& input) {
    if (!input.repositoryId)
        throw core::wire::validationError(
            {{"/agent_id", "is required where no repository_id says whose work it is"}});
    return caretaker(s, request, *input.repositoryId);
}

/// A task of that kind for the repository, by the agent that is named or the one that works on it.
Response startOn(const TaskRoutes& s, Request& request, const protocol::TaskKind& kind,
                 const std::optional<core::Uuid>& agent = {}) {
    const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
    TaskRequest wanted;
    wanted.type = kind.name;
    wanted.repository = id;
    wanted.agent = agent ? *agent : caretaker(s, request, id);
    return answerOf(s.tasks.create(request.tenant(), wanted, [&](const Task& task) {
        const TaskStarted made{task.id, std::string(protocol::toText(task.status))};
        request.audit().object("repository", id.toString());
        request.audit().entry.after = core::wire::toJson(made);
        request.keep(answerOf(task));
    }));
}

std::optional<TaskWait> waitOf(const TaskRoutes& s, Request& request, const Task& task) {
    return s.database.read(request.tenant(), [&](Transaction& tx) -> std::optional<TaskWait> {
        const auto wait = waitOf(tx, s.tasks.kinds(), task, s.clock.now());
        if (!wait)
            return std::nullopt;
        TaskWait view{wait->code, wait->reason, {}, wait->until};
        for (const auto& other : wait->claims)
            view.tasks.push_back({other.id, other.kind, other.agent});
        return view;
    });
}

/// What removes by a retention of its own asks as one that is saved does.
void requireConfirmed(const TaskRoutes& s, Request& request, const TaskRequest& wanted,
                      const Confirmation& said) {
    if (said.confirmRemoval || !s.tasks.kinds().get(wanted.type).declaration().removes)
        return;
    const auto parameters = core::wire::read<protocol::ForgetParameters>(wanted.parameters);
    if (!parameters || !parameters.value().retention)
        return;
    const auto& retention = *parameters.value().retention;
    s.database.read(request.tenant(), [&](Transaction& tx) {
        if (!wanted.policy && wanted.repository)
            s.confirmation.requireOfRepository(tx, *wanted.repository);
        const auto target = wanted.target ? TargetStore::find(tx, *wanted.target) : std::nullopt;
        const auto agent = target && target->agent ? *target->agent : wanted.agent;
        if (const auto policy =
                wanted.policy ? PolicyStore::findFor(tx, *wanted.policy, agent) : std::nullopt)
            s.confirmation.requireOf(tx, agent, *policy, retention, said);
    });
}

/// Keeps the answer with the task.
TaskService::Made keeping(Request& request) {
    return [&request](const Task& task) { request.keep(started(task, request)); };
}
} // namespace

void TaskRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.tasks.read", Role::viewer);
    const auto write = Permission::role("restic.tasks.write", Role::operator_);

    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/tasks",
         .summary = "Start a task of any kind; if one of this policy, agent and kind still waits, that is "
                    "the answer",
         .permission = write,
         .audit = Audit::action("restic.task.created"),
         .request = &typeOf<TaskInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kAgentNotFound, &errors::kAgentIsPlaceholder, &errors::kPolicyNotFound,
                    &errors::kRepositoryNotFound, &errors::kTargetNotFound, &errors::kRepositoryMissing,
                    &errors::kInvalidParameters, &errors::kRetentionConflict, &errors::kRepositoryUnreachable,
                    &errors::kPolicyNotLinked, &errors::kRepositoryAppendOnly,
                    &errors::kRetentionNotConfirmed},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto input = request.json<TaskInput>();
             TaskRequest wanted;
             wanted.type = input.type;
             if (input.parameters)
                 wanted.parameters = checkedParameters(s.tasks.kinds(), input.type, *input.parameters);
             wanted.agent = input.agentId ? *input.agentId : agentFor(s, request, input);
             wanted.policy = input.policyId;
             wanted.repository = input.repositoryId;
             wanted.target = input.targetId;
             wanted.priority = input.priority;
             core::json::Object metadata;
             for (const auto& [name, value] : input.metadata)
                 metadata.set(name, value);
             wanted.metadata = std::move(metadata);
             request.audit().entry.after = core::wire::toJson(input);
             requireConfirmed(s, request, wanted, input);
             return started(s.tasks.create(request.tenant(), wanted, keeping(request)), request);
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/tasks",
                      .summary = "List tasks, newest first",
                      .permission = read,
                      .query = &typeOf<TaskQuery>(),
                      .response = &typeOf<core::http::Page<TaskView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<TaskQuery>();
                          auto found = s.database.read(request.tenant(), [&](Transaction& tx) {
                              return TaskStore::list(tx,
                                                     {query.agentId, query.policyId, query.repositoryId,
                                                      query.status, query.type},
                                                     query);
                          });
                          return Response::of(core::http::makePage(
                              std::move(found), query.limit,
                              [](const Task& t) {
                                  return core::http::Cursor{core::toMicros(t.createdAt), t.id};
                              },
                              TaskView::of));
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/repositories/{id}/unlock",
         .summary =
             "Remove locks whose holder is gone, and no others: by the agent that works on the repository",
         .permission = write,
         .audit = Audit::action("restic.repository.unlocked"),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kRepositoryNotFound, &errors::kRepositoryUnreachable, &errors::kAgentNotFound,
                    &errors::kAgentIsPlaceholder},
         .handler = [s = *this](Request& request) -> Outcome {
             return startOn(s, request, protocol::kinds::unlock);
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/repositories/{id}/test",
         .summary =
             "Test the repository by the agent that works on it, or the one that is named: whether its "
             "storage answers and what is there",
         .permission = write,
         .audit = Audit::action("restic.repository.tested"),
         .request = &typeOf<RepositoryTestInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kRepositoryNotFound, &errors::kRepositoryUnreachable, &errors::kAgentNotFound,
                    &errors::kAgentIsPlaceholder, &errors::kInvalidParameters},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto input = request.json<RepositoryTestInput>();
             return startOn(s, request, protocol::kinds::test, input.agentId);
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/tasks/{id}",
                      .summary = "One task with its progress",
                      .permission = read,
                      .response = &typeOf<TaskView>(),
                      .errors = {&errors::kTaskNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kTaskNotFound);
                          const auto task = s.database.read(
                              request.tenant(), [&](Transaction& tx) { return TaskStore::find(tx, id); });
                          if (!task)
                              throw core::Error(errors::kTaskNotFound,
                                                "There is no task with the id " + id.toString() + ".");
                          auto view = TaskView::of(*task);
                          view.waiting = waitOf(s, request, *task);
                          return Response::of(view);
                      }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/tasks/{id}",
                      .summary = "Cancel a task",
                      .permission = write,
                      .audit = Audit::action("restic.task.cancelled"),
                      .response = &typeOf<TaskStarted>(),
                      .status = 202,
                      .location = "/api/v1/restic/tasks/{id}",
                      .errors = {&errors::kTaskNotFound, &errors::kTaskAlreadyFinished},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kTaskNotFound);
                          request.audit().object("task", id.toString());
                          return started(s.tasks.cancel(request.tenant(), id), request);
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/tasks/{id}/retry",
         .summary = "Start an ended task again, as a new one",
         .permission = write,
         .audit = Audit::action("restic.task.retried"),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kTaskNotFound, &errors::kPolicyNotLinked, &errors::kRepositoryAppendOnly},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kTaskNotFound);
             request.audit().object("task", id.toString());
             return started(s.tasks.retry(request.tenant(), id, keeping(request)), request);
         }});
    const auto logs = [s = *this](Request& request) -> Outcome {
        const auto id = request.uuidParameter("id", errors::kTaskNotFound);
        const auto query = request.queryAs<LogQuery>();
        const auto found = s.database.read(request.tenant(), [&](Transaction& tx) {
            if (!TaskStore::find(tx, id))
                throw core::Error(errors::kTaskNotFound,
                                  "There is no task with the id " + id.toString() + ".");
            return LogStore::read(tx, id, LogCursor::of(query.after), query.limit);
        });
        LogPage page;
        for (const auto& line : found.lines)
            page.items.push_back(
                {line.seq, line.attempt,
                 core::parseInstant(line.line.stringOr("timestamp")).value_or(core::Instant{}),
                 line.line.stringOr("level"), line.line.stringOr("message")});
        if (found.last)
            page.next = found.last->number();
        return Response::of(page);
    };
    for (const char* path : {"/api/v1/restic/tasks/{id}/logs", "/api/v1/restic/backup-runs/{id}/logs"})
        routes.push_back({.method = "GET",
                          .path = path,
                          .summary = "Lines of the log after a number",
                          .permission = read,
                          .query = &typeOf<LogQuery>(),
                          .response = &typeOf<LogPage>(),
                          .errors = {&errors::kTaskNotFound},
                          .handler = logs});
}

} // namespace restic
