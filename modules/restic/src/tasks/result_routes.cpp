#include "agents/agent_routes.h"
#include "core/http/page.h"
#include "errors.h"
#include "restic/protocol/result_items.h"
#include "tasks/refusal_answer.h"
#include "tasks/result_store.h"
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

namespace {
std::vector<protocol::ItemProblem> problemsIn(const core::json::Value& stored) {
    std::vector<protocol::ItemProblem> problems;
    if (const auto* list = stored.array())
        for (const auto& one : *list)
            problems.push_back({one.stringOr("pointer"), one.stringOr("message")});
    return problems;
}
} // namespace

void TaskRoutes::addResultsTo(std::vector<core::http::Route>& routes) const {
    constexpr auto kPath = "/api/v1/restic/tasks/{id}/result";
    routes.push_back(
        {.method = "POST",
         .path = kPath,
         .summary = "An agent sends items of a task's result; stored once however often they are sent",
         .permission = Permission::agent("restic.agent.self"),
         .audit = Audit::exempt("items of results of agents; the task is the record"),
         .bodyLimit = protocol::result_limits::kBodyBytes,
         .request = &typeOf<protocol::ResultPart>(),
         .response = &typeOf<protocol::ResultAck>(),
         .errors = {&errors::kTaskNotFound, &errors::kStaleAttempt, &errors::kTaskAlreadyFinished,
                    &errors::kResultTooLarge},
         .handler = [s = *this](Request& request) -> Outcome {
             // As it came: the digest is of these characters. The items are cleaned one by one.
             const auto part = request.json<protocol::ResultPart>();
             const auto answer =
                 s.tasks.appendItems(request.tenant(), request.principal().id,
                                     request.uuidParameter("id", errors::kTaskNotFound), part);
             if (answer.refusal != nullptr)
                 return refusal(*answer.refusal, answer.state, part.attempt);
             return Response::of(answer.ack);
         }});
    routes.push_back(
        {.method = "GET",
         .path = kPath,
         .summary = "Items of a task's result, in the agent's order; a page has about 1 MiB at most",
         .permission = Permission::role("restic.tasks.read", Role::viewer),
         .query = &typeOf<core::http::PageQuery>(),
         .response = &typeOf<core::http::Page<ResultItemView>>(),
         .errors = {&errors::kTaskNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kTaskNotFound);
             const auto query = request.queryAs<core::http::PageQuery>();
             const auto after = query.after ? core::http::Cursor::decode(*query.after).key : 0;
             auto found = s.database.read(request.tenant(), [&](Transaction& tx) {
                 const auto task = TaskStore::find(tx, id);
                 if (!task)
                     throw core::Error(errors::kTaskNotFound,
                                       "There is no task with the id " + id.toString() + ".");
                 auto page = ResultStore::read(tx, id, task->attempt, after, query.limit);
                 s.tasks.kinds().get(task->type).show(tx, *task, page.items);
                 return page;
             });
             core::http::Page<ResultItemView> page;
             if (found.more)
                 page.next = core::http::Cursor{found.items.back().number, id}.encode();
             for (auto& item : found.items)
                 page.items.push_back({item.number, std::move(item.value), problemsIn(item.problems)});
             return Response::of(page);
         }});
}

} // namespace restic
