#include "agents/agent_routes.h"
#include "agents/agent_texts.h"
#include "agents/agent_views.h"
#include "base/errors.h"
#include "core/text.h"
#include "errors.h"
#include "field_rules.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/names.h"

namespace restic {

using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Principal;
using core::http::PrincipalKind;
using core::http::Request;
using core::http::Response;
using core::wire::typeOf;

core::Uuid ownAgentId(const Request& request) {
    const auto id = request.uuidParameter("id", errors::kAgentNotFound);
    if (request.principal().kind == PrincipalKind::agent && request.principal().id != id)
        throw core::Error(errors::kAgentNotFound, "This token belongs to another agent.");
    return id;
}

void declareAgentRefusals(std::vector<core::http::Route>& routes) {
    for (auto& route : routes)
        if (route.permission.admitsKind(PrincipalKind::agent))
            route.errors.insert(route.errors.end(), {&errors::kTokenExpired, &errors::kTokenRevoked});
}

void AgentRoutes::addEnrolmentTo(std::vector<core::http::Route>& routes) const {
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
         .handler = [s = *this](Request& request) -> Outcome {
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
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = ownAgentId(request);
                          return Response::of(s.agents.heartbeat(
                              request.tenant(), id, saidByAgent<protocol::HeartbeatRequest>(request),
                              request.remoteAddress));
                      }});

    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/agents/{id}/rotate-token",
         .summary = "A new token for the agent; the old one stays good for five minutes",
         .permission = Permission::role("restic.agents.write", core::http::Role::admin).orAgent(),
         .audit = Audit::action("restic.agent.token_rotated"),
         .response = &typeOf<protocol::TokenResponse>(),
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = ownAgentId(request);
             return Response::of(s.agents.rotate(request.tenant(), id));
         }});
}

} // namespace restic
