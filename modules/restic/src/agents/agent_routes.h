#pragma once

#include <vector>

#include "agents/agent_service.h"
#include "core/db/database.h"
#include "core/http/route.h"

namespace restic {

/// What the routes of agents work with; lives as long as the module.
struct AgentRoutes {
    core::db::Database& database;
    const core::Clock& clock;
    AgentService& agents;
    AgentTasks& tasks;

    /// For people: agents and registration tokens.
    void addTo(std::vector<core::http::Route>& routes) const;
    /// For agents: enrolment, heartbeat, the token.
    void addEnrolmentTo(std::vector<core::http::Route>& routes) const;
};

/// The id in the path of a request that an agent makes for itself. Throws kAgentNotFound for another's, which
/// is as unknown as one that does not exist.
core::Uuid ownAgentId(const core::http::Request& request);
/// Adds what the token of an agent can be refused for to the routes that admit agents.
void declareAgentRefusals(std::vector<core::http::Route>& routes);

} // namespace restic
