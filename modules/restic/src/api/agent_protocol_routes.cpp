#include "api/agent_views.h"
#include "api/routes.h"
#include "base/errors.h"
#include "core/text.h"
#include "errors.h"
#include "field_rules.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/envelope.h"
#include "restic/protocol/names.h"

namespace restic::api {

using core::http::Audit;
using core::http::Outcome;
using core::http::Park;
using core::http::ParkedRequest;
using core::http::Permission;
using core::http::Principal;
using core::http::PrincipalKind;
using core::http::Request;
using core::http::Response;
using core::wire::typeOf;

namespace {

/// An agent speaks for itself only; another's id is as unknown as one that does not exist.
core::Uuid ownId(const Request& request) {
    const auto id = request.uuidParameter("id", errors::kAgentNotFound);
    if (request.principal().kind == PrincipalKind::agent && request.principal().id != id)
        throw core::Error(errors::kAgentNotFound, "This token belongs to another agent.");
    return id;
}

/// A refusal that tells the agent where the task stands.
Response refusal(const core::ErrorKind& kind, const protocol::TaskStatusAck& state, int attempt) {
    std::string body = R"({"error":")" + std::string(kind.name) + R"(","message":)";
    const bool isAhead = &kind == &errors::kStaleAttempt && attempt > state.attempt;
    core::json::writeString((isAhead ? "The attempt " + std::to_string(attempt) + " was never handed out"
                                     : std::string(kind.meaning)) +
                                ": it is " + state.status + ", attempt " + std::to_string(state.attempt) +
                                ".",
                            body);
    body += R"(,"details":)" + core::wire::write(state) + "}";
    return Response::json(std::move(body), kind.status);
}

} // namespace

void addAgentProtocolRoutes(Routes& routes, const Services& s) {
    const auto agentOnly = Permission::agent("restic.agent.self");

    Permission enrolment = Permission::registration("restic.agent.enrol").orAgent();
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/agents/register",
         .summary =
             "Enrol with a registration token, or update what the agent says of itself with its own token",
         .permission = enrolment,
         .audit = Audit::action("restic.agent.registered"),
         .throttle = core::http::Throttle::failuresOfCaller(),
         .bodyLimit = 65536,
         .request = &typeOf<protocol::RegisterRequest>(),
         .response = &typeOf<protocol::RegisterResponse>(),
         .status = 201,
         .location = "/api/v1/restic/agents/{agentId}",
         .errors = {&errors::kInvalidRegistrationToken, &errors::kAgentAlreadyExists,
                    &base::errors::kTenantLimitReached},
         .handler = [&s](Request& request) -> Outcome {
             auto input = request.json<protocol::RegisterRequest>();
             input.hostname = requireHostname(input.hostname);
             const Principal& caller = request.principal();
             if (caller.kind == PrincipalKind::agent)
                 return Response::of(
                     s.agents.update(request.tenant(), caller.id, input, request.remoteAddress));
             if (!caller.name.empty() &&
                 protocol::normalHostName(caller.name).value_or(caller.name) != input.hostname)
                 throw core::Error(errors::kInvalidRegistrationToken,
                                   "This registration token is for the machine \"" + caller.name +
                                       "\" only.");
             std::string nonce(request.headers.get("Idempotency-Key"));
             if (nonce.size() > 200)
                 throw core::Error(core::errors::kValidation,
                                   "The Idempotency-Key is longer than 200 characters.");
             if (nonce.empty())
                 nonce = request.requestId; // nothing to recognise a repetition by
             return Response::of(
                 s.agents.enroll(request.tenant(), caller.id, input, nonce, request.remoteAddress), 201);
         }});

    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/agents/{id}/heartbeat",
                      .summary = "An agent says that it is there and how it is",
                      .permission = agentOnly,
                      .audit = Audit::exempt("telemetry of agents, several hundred a second"),
                      .bodyLimit = 262144,
                      .request = &typeOf<protocol::HeartbeatRequest>(),
                      .response = &typeOf<protocol::HeartbeatResponse>(),
                      .handler = [&s](Request& request) -> Outcome {
                          const auto id = ownId(request);
                          return Response::of(s.agents.heartbeat(request.tenant(), id,
                                                                 request.json<protocol::HeartbeatRequest>(),
                                                                 request.remoteAddress));
                      }});

    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/agents/{id}/rotate-token",
         .summary = "A new token for the agent; the old one stays good for five minutes",
         .permission = Permission::role("restic.agents.write", core::http::Role::admin).orAgent(),
         .audit = Audit::action("restic.agent.token_rotated"),
         .response = &typeOf<protocol::TokenResponse>(),
         .handler = [&s](Request& request) -> Outcome {
             const auto id = ownId(request);
             return Response::of(s.agents.rotate(request.tenant(), id));
         }});

    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/agents/{id}/tasks",
                      .summary = "The agent's long poll: tasks and cancellations",
                      .permission = agentOnly,
                      .query = &typeOf<PollQuery>(),
                      .response = &typeOf<protocol::TaskPoll>(),
                      .handler = [&s](Request& request) -> Outcome {
                          const auto id = ownId(request);
                          const auto query = request.queryAs<PollQuery>();
                          // Read before looking: a wake-up after this is not missed.
                          const auto seen = s.waker.generation(id);
                          const auto poll = s.tasks.handOut(request.tenant(), id, query.free);
                          if (!poll.items.empty() || query.wait == 0)
                              return Response::of(poll);
                          Park park;
                          park.wait = core::seconds{query.wait};
                          park.onTimeout = Response::of(protocol::TaskPoll{});
                          park.parked = [&s, id, tenant = *request.principal().tenant, free = query.free,
                                         seen](ParkedRequest parked) {
                              s.waker.park(tenant, id, free, seen, std::move(parked));
                          };
                          return park;
                      }});

    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/tasks/{id}/status",
         .summary = "An agent reports how far a task is, or how it ended",
         .permission = agentOnly,
         .audit = Audit::exempt("reports of agents; the run and its attempts are the record"),
         .request = &typeOf<protocol::TaskStatusReport>(),
         .response = &typeOf<protocol::TaskStatusAck>(),
         .errors = {&errors::kTaskNotFound, &errors::kStaleAttempt, &errors::kTaskAlreadyFinished},
         .handler = [&s](Request& request) -> Outcome {
             auto report = request.json<protocol::TaskStatusReport>();
             if (report.error) // an agent of an earlier version does not mask them
                 report.error->message = core::withoutUrlPasswords(report.error->message);
             const auto answer = s.tasks.report(request.tenant(), request.principal().id,
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
         .handler = [&s](Request& request) -> Outcome {
             auto batch = request.json<protocol::LogBatch>();
             for (auto& line : batch.lines)
                 line.message = core::withoutUrlPasswords(line.message);
             const auto answer =
                 s.tasks.appendLogs(request.tenant(), request.principal().id,
                                    request.uuidParameter("id", errors::kTaskNotFound), batch);
             if (answer.refusal != nullptr)
                 return refusal(*answer.refusal, answer.state, batch.attempt);
             return Response::of(answer.ack);
         }});
    for (auto& route : routes)
        if (route.permission.admitsKind(PrincipalKind::agent))
            route.errors.insert(route.errors.end(), {&errors::kTokenExpired, &errors::kTokenRevoked});
}

} // namespace restic::api
