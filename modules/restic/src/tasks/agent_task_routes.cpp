#include <algorithm>

#include "agents/agent_routes.h"
#include "agents/agent_texts.h"
#include "core/text.h"
#include "errors.h"
#include "restic/protocol/envelope.h"
#include "tasks/refusal_answer.h"
#include "tasks/task_routes.h"
#include "tasks/task_views.h"

namespace restic {

using core::http::Audit;
using core::http::Outcome;
using core::http::Park;
using core::http::ParkedRequest;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::wire::typeOf;

void TaskRoutes::addAgentsTo(std::vector<core::http::Route>& routes) const {
    const auto agentOnly = Permission::agent("restic.agent.self");
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/agents/{id}/tasks",
                      .summary = "The agent's long poll: tasks and cancellations",
                      .permission = agentOnly,
                      .query = &typeOf<PollQuery>(),
                      .response = &typeOf<protocol::TaskPoll>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = ownAgentId(request);
                          const auto query = request.queryAs<PollQuery>();
                          // Read before looking: a wake-up after this is not missed.
                          const auto seen = s.waker.generation(id);
                          const auto poll = s.tasks.handOut(request.tenant(), id, query.free);
                          if (!poll.items.empty() || query.wait == 0)
                              return Response::of(poll);
                          Park park;
                          park.wait =
                              std::min<core::milliseconds>(core::seconds{query.wait}, s.tasks.longestPoll());
                          park.onTimeout = Response::of(protocol::TaskPoll{});
                          park.parked = [s, id, tenant = *request.principal().tenant, free = query.free,
                                         seen](ParkedRequest parked) {
                              s.waker.park(tenant, id, free, seen, std::move(parked));
                          };
                          return park;
                      }});

    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/tasks/{id}/status",
                      .summary = "An agent reports how far a task is, or how it ended",
                      .permission = agentOnly,
                      .audit = Audit::exempt("reports of agents; the run and its attempts are the record"),
                      .request = &typeOf<protocol::TaskStatusReport>(),
                      .response = &typeOf<protocol::TaskStatusAck>(),
                      .errors = {&errors::kTaskNotFound, &errors::kStaleAttempt,
                                 &errors::kTaskAlreadyFinished, &errors::kResultIncomplete},
                      .handler = [s = *this](Request& request) -> Outcome {
                          auto report = saidByAgent<protocol::TaskStatusReport>(request);
                          if (report.error) // an agent of an earlier version does not mask them
                              report.error->message = core::withoutUrlPasswords(report.error->message);
                          const auto answer =
                              s.tasks.report(request.tenant(), request.principal().id,
                                             request.uuidParameter("id", errors::kTaskNotFound), report);
                          if (answer.refusal != nullptr)
                              return refusal(*answer.refusal, answer.ack, report.attempt);
                          return Response::of(answer.ack);
                      }});

    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/tasks/{id}/logs",
         .summary = "An agent sends lines of a task's log; stored once however often they are sent",
         .permission = agentOnly,
         .audit = Audit::exempt("log lines of agents"),
         .bodyLimit = 4U << 20U,
         .request = &typeOf<protocol::LogBatch>(),
         .response = &typeOf<protocol::LogAck>(),
         .errors = {&errors::kTaskNotFound, &errors::kStaleAttempt},
         .handler = [s = *this](Request& request) -> Outcome {
             auto batch = saidByAgent<protocol::LogBatch>(request);
             for (auto& line : batch.lines)
                 line.message = core::withoutUrlPasswords(line.message);
             const auto answer =
                 s.tasks.appendLogs(request.tenant(), request.principal().id,
                                    request.uuidParameter("id", errors::kTaskNotFound), batch);
             if (answer.refusal != nullptr)
                 return refusal(*answer.refusal, answer.state, batch.attempt);
             return Response::of(answer.ack);
         }});
}

} // namespace restic
