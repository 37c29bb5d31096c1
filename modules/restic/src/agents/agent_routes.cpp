#include "agents/agent_routes.h"
#include "agents/agent_views.h"
#include "core/http/version.h"
#include "errors.h"
#include "field_rules.h"
#include "lock_row.h"
#include "restic/protocol/names.h"

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
std::string editedState(const Agent& agent) {
    return core::wire::write(AgentUpdate{agent.label, agent.paused, agent.maxConcurrentTasks, agent.tags});
}

/// A heartbeat is no edit: what people change is the version.
Response versioned(const Agent& agent) {
    return core::http::withVersion(Response::of(AgentView::of(agent)), editedState(agent));
}

Agent require(Transaction& tx, const core::Uuid& id) {
    auto agent = AgentStore::find(tx, id);
    if (!agent)
        throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + id.toString() + ".");
    return *agent;
}

/// Where the caller reached this host, for the line to paste.
std::string origin(const Request& request) {
    const std::string_view host = request.headers.get("Host");
    return (request.secure ? "https://" : "http://") + std::string(host.empty() ? "localhost:8080" : host);
}
} // namespace

void AgentRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.agents.read", Role::viewer);
    const auto write = Permission::role("restic.agents.write", Role::admin);

    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/agents/registration-tokens",
         .summary = "Create a one-time token with which an agent enrols",
         .permission = write,
         .audit = Audit::action("restic.registration_token.created"),
         .request = &typeOf<RegistrationTokenInput>(),
         .response = &typeOf<RegistrationTokenView>(),
         .status = 201,
         .location = "/api/v1/restic/agents/registration-tokens/{id}",
         .handler = [s = *this](Request& request) -> Outcome {
             const auto input = request.json<RegistrationTokenInput>();
             Response answer;
             s.agents.createRegistration(
                 request.tenant(), request.principal().name, input.ttlSeconds, input.maxUses,
                 input.hostname ? std::optional(requireHostname(*input.hostname)) : std::nullopt,
                 [&](const AgentService::NewRegistration& made) {
                     const auto command = "echo " + made.token + " | restic-agent enroll --server " +
                                          origin(request) + " --token - && restic-agent run";
                     answer = request.keep(Response::of(
                         RegistrationTokenView{made.id, made.token, made.expiresAt, command}, 201));
                 });
             return answer;
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/agents/registration-tokens",
                      .summary = "The registration tokens that still work, newest first, without the tokens",
                      .permission = write,
                      .query = &typeOf<core::http::PageQuery>(),
                      .response = &typeOf<core::http::Page<OpenRegistrationView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<core::http::PageQuery>();
                          auto tokens = s.database.read(request.tenant(), [&](Transaction& tx) {
                              return AgentTokenStore::openRegistrations(tx, s.clock.now(), query);
                          });
                          return Response::of(core::http::makePage(
                              std::move(tokens), query.limit,
                              [](const AgentTokenStore::OpenRegistration& t) {
                                  return core::http::Cursor{core::toMicros(t.createdAt), t.id};
                              },
                              [](const AgentTokenStore::OpenRegistration& t) {
                                  return OpenRegistrationView{t.id,        t.hostname,  t.maxUses,  t.uses,
                                                              t.createdBy, t.createdAt, t.expiresAt};
                              }));
                      }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/agents/registration-tokens/{id}",
                      .summary = "Revoke a registration token; agents that enrolled with it stay",
                      .permission = write,
                      .audit = Audit::action("restic.registration_token.revoked"),
                      .status = 204,
                      .errors = {&errors::kRegistrationTokenNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kRegistrationTokenNotFound);
                          request.audit().object("registration_token", id.toString());
                          s.database.transact(request.tenant(), [&](Transaction& tx) {
                              if (!AgentTokenStore::revokeRegistration(tx, id, s.clock.now()))
                                  throw core::Error(errors::kRegistrationTokenNotFound,
                                                    "There is no registration token with the id " +
                                                        id.toString() + " that still works.");
                          });
                          return Response::empty();
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/agents",
                      .summary = "List agents, newest first",
                      .permission = read,
                      .query = &typeOf<AgentQuery>(),
                      .response = &typeOf<core::http::Page<AgentView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          auto query = request.queryAs<AgentQuery>();
                          if (query.hostname)
                              query.hostname =
                                  protocol::normalHostName(*query.hostname).value_or(*query.hostname);
                          auto found = s.database.read(request.tenant(), [&](Transaction& tx) {
                              return AgentStore::list(tx, {query.status, query.hostname}, query);
                          });
                          return Response::of(core::http::makePage(
                              std::move(found), query.limit,
                              [](const Agent& a) {
                                  return core::http::Cursor{core::toMicros(a.createdAt), a.id};
                              },
                              AgentView::of));
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/agents/{id}",
                      .summary = "One agent",
                      .permission = read,
                      .response = &typeOf<AgentView>(),
                      .versioned = true,
                      .errors = {&errors::kAgentNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kAgentNotFound);
                          return versioned(s.database.read(request.tenant(),
                                                           [&](Transaction& tx) { return require(tx, id); }));
                      }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/agents/{id}",
         .summary = "Change an agent's label and tags, pause it, or set how much it does at once",
         .permission = write,
         .audit = Audit::action("restic.agent.updated"),
         .request = &typeOf<AgentUpdate>(),
         .response = &typeOf<AgentView>(),
         .versioned = true,
         .errors = {&errors::kAgentNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kAgentNotFound);
             const auto input = request.json<AgentUpdate>();
             request.audit().object("agent", id.toString());
             const auto agent = s.database.transact(request.tenant(), [&](Transaction& tx) {
                 if (core::http::namesVersion(request))
                     lockRow(tx, "restic_agents", id);
                 Agent changed = require(tx, id);
                 core::http::requireVersion(request, editedState(changed));
                 request.audit().entry.before = core::wire::toJson(AgentView::of(changed));
                 if (input.label)
                     changed.label = input.label;
                 changed.paused = input.paused.value_or(changed.paused);
                 changed.maxConcurrentTasks = input.maxConcurrentTasks.value_or(changed.maxConcurrentTasks);
                 changed.tags = input.tags.value_or(changed.tags);
                 changed.updatedAt = s.clock.now();
                 AgentStore::updateSettings(tx, changed);
                 if (input.tags)
                     s.agents.matchPolicies(tx, id);
                 request.audit().entry.after = core::wire::toJson(AgentView::of(changed));
                 return changed;
             });
             s.tasks.wake(id);
             return versioned(agent);
         }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/agents/{id}",
                      .summary = "Revoke an agent; its history stays",
                      .permission = write,
                      .audit = Audit::action("restic.agent.revoked"),
                      .status = 204,
                      .errors = {&errors::kAgentNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          s.agents.revoke(request.tenant(),
                                          request.uuidParameter("id", errors::kAgentNotFound));
                          return Response::empty();
                      }});
}

} // namespace restic
