#include "errors.h"
#include "policies/policy_routes.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;

void PolicyRoutes::addLinksTo(std::vector<core::http::Route>& routes) const {
    const auto links = Permission::role("restic.links.write", Role::operator_);
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/agents/{id}/policies/{policy_id}",
         .summary = "Let an agent follow a policy",
         .permission = links,
         .audit = Audit::action("restic.policy.linked"),
         .status = 204,
         .errors = {&errors::kAgentNotFound, &errors::kPolicyNotFound, &errors::kRepositoryMissing,
                    &errors::kRepositoryUnreachable, &errors::kPluginNotAvailable,
                    &errors::kAgentIsPlaceholder, &errors::kInvalidCron, &errors::kRetentionConflict},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto agent = request.uuidParameter("id", errors::kAgentNotFound);
             const auto policy = request.uuidParameter("policy_id", errors::kPolicyNotFound);
             request.audit().object("policy", policy.toString());
             request.audit().entry.after = core::json::Object{{"agent_id", agent.toString()}};
             s.database.transact(request.tenant(),
                                 [&](Transaction& tx) { s.policies.link(tx, agent, policy); });
             return Response::empty();
         }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/agents/{id}/policies/{policy_id}",
                      .summary = "An agent no longer follows a policy; its snapshots stay",
                      .permission = links,
                      .audit = Audit::action("restic.policy.unlinked"),
                      .status = 204,
                      .errors = {&errors::kAgentNotFound, &errors::kPolicyNotFound, &errors::kPolicyAssigned},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto agent = request.uuidParameter("id", errors::kAgentNotFound);
                          const auto policy = request.uuidParameter("policy_id", errors::kPolicyNotFound);
                          request.audit().object("policy", policy.toString());
                          request.audit().entry.before = core::json::Object{{"agent_id", agent.toString()}};
                          s.database.transact(request.tenant(),
                                              [&](Transaction& tx) { s.policies.unlink(tx, agent, policy); });
                          return Response::empty();
                      }});
}

} // namespace restic
