#include "agents/agent_store.h"
#include "errors.h"
#include "repositories/repository_views.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/task_routes.h"
#include "tasks/task_views.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Request;
using core::http::Response;
using core::wire::typeOf;

namespace {
/// Somebody waits for the answer, in front of a form that is not saved.
void requireOnline(Transaction& tx, const core::Uuid& id) {
    const auto agent = AgentStore::find(tx, id);
    if (!agent)
        throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + id.toString() + ".");
    if (agent->status != "online")
        throw core::Error(errors::kAgentOffline, "The agent " + agent->hostname + " is not connected.");
}
} // namespace

void TaskRoutes::addUnsavedTestTo(std::vector<core::http::Route>& routes) const {
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/repositories/test",
         .summary =
             "Test a repository before it is added or changed, by the agent that agent_id names: whether its "
             "storage answers and what is there. Nothing is saved",
         .permission = repositoriesWrite(),
         .audit = Audit::action("restic.repository.tested"),
         .request = &typeOf<RepositoryInput>(),
         .query = &typeOf<UnsavedTestQuery>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kRepositoryExists, &errors::kAgentNotFound, &errors::kAgentIsPlaceholder,
                    &errors::kAgentOffline, &errors::kRepositoryNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto input = request.json<RepositoryInput>();
             const auto spec = specOf(input);
             const auto changed = request.queryAs<UnsavedTestQuery>().repositoryId;
             if (!input.agentId)
                 throw core::wire::validationError({{"/agent_id", "is required: the agent that tests it"}});
             TaskRequest wanted;
             wanted.type = protocol::kinds::test.name;
             wanted.agent = *input.agentId;
             wanted.unsaved = true;
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto repository = s.repositories.unsaved(tx, spec, wanted.agent, changed);
                 requireOnline(tx, wanted.agent);
                 const auto task = s.tasks.create(tx, wanted);
                 s.unsaved.keep(tx, task.id, repository);
                 const TaskStarted made{task.id, std::string(protocol::toText(task.status))};
                 request.audit().object("task", task.id.toString());
                 request.audit().entry.after = core::json::Object{{"type", repository.type},
                                                                  {"url", repository.url},
                                                                  {"agent_id", wanted.agent.toString()}};
                 return request.keep(Response::of(made, 202));
             });
         }});
}

} // namespace restic
