#include "core/http/version.h"
#include "errors.h"
#include "lock_row.h"
#include "policies/policy_defaults.h"
#include "policies/policy_routes.h"
#include "policies/policy_versions.h"
#include "policies/policy_views.h"
#include "policies/skipped_slots.h"

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
Response versioned(const PolicyDefaults::Said& said) {
    return core::http::withVersion(Response::of(optionsIn(said.options)),
                                   core::formatInstant(said.updatedAt));
}

Response versioned(const EffectiveView& view) {
    return core::http::withVersion(Response::of(view), core::json::write(view.options));
}

/// What counts for one agent of a policy. Throws kPolicyNotFound, kAgentNotFound,
/// kPolicyNotLinked.
EffectiveView effectiveFor(Transaction& tx, PolicyService& policies, const core::Uuid& agent,
                           const core::Uuid& id) {
    const auto policy = policies.get(tx, id);
    if (!AgentStore::find(tx, agent))
        throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + agent.toString() + ".");
    const auto link = PolicyStore::linkOptions(tx, agent, id);
    if (!link)
        throw core::Error(errors::kPolicyNotLinked,
                          "The policy \"" + policy.name + "\" is not linked to that agent: link it first.");
    const auto own = policy.own.object() != nullptr ? *policy.own.object() : documentOf(allOptions(policy));
    const auto effective = over(over(policies.standardOptions(), allOptions(policy)), optionsIn(*link));
    return {*link, documentOf(effective), originsOf(*link, own, PolicyDefaults::read(tx).options)};
}
} // namespace

void PolicyRoutes::addOptionsTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.policies.read", Role::viewer);
    const auto write = Permission::role("restic.policies.write", Role::operator_);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/policy-defaults",
                      .summary = "What policies go by where they say nothing themselves",
                      .permission = read,
                      .response = &typeOf<PolicyOptions>(),
                      .versioned = true,
                      .handler = [s = *this](Request& request) -> Outcome {
                          return versioned(s.database.read(
                              request.tenant(), [&](Transaction& tx) { return PolicyDefaults::read(tx); }));
                      }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/policy-defaults",
         .summary = "Replace what policies go by where they say nothing themselves",
         .permission = write,
         .audit = Audit::action("restic.policy_defaults.updated"),
         .request = &typeOf<OptionsInput>(),
         .response = &typeOf<PolicyOptions>(),
         .versioned = true,
         .errors = {&errors::kInvalidCron, &errors::kRetentionConflict, &errors::kRetentionNotConfirmed},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto input = request.json<OptionsInput>();
             return versioned(s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto before = PolicyDefaults::read(tx);
                 core::http::requireVersion(request, core::formatInstant(before.updatedAt));
                 request.audit().entry.before = before.options;
                 for (const auto& [old, changed] :
                      s.policies.setDefaults(tx, input, request.principal().name))
                     s.confirmation.require(tx, old, changed.retention, input);
                 auto said = PolicyDefaults::read(tx);
                 request.audit().entry.after = said.options;
                 return said;
             }));
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/policies/{id}/versions",
                      .summary = "How a policy was each time that it was saved, newest first",
                      .permission = read,
                      .response = &typeOf<VersionList>(),
                      .errors = {&errors::kPolicyNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              s.policies.get(tx, id);
                              const auto versions = PolicyVersions::list(tx, id);
                              VersionList list;
                              for (std::size_t i = 0; i < versions.size(); ++i) {
                                  const auto& one = versions[i];
                                  VersionView view{one.number, one.at, one.author, {}, one.policy};
                                  if (i + 1 < versions.size())
                                      view.changed =
                                          PolicyVersions::differences(versions[i + 1].policy, one.policy);
                                  list.items.push_back(std::move(view));
                              }
                              return list;
                          }));
                      }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/policies/{id}/skipped-slots",
         .summary = "Slots of the policy that became no backup of their own, and why, newest first",
         .permission = read,
         .response = &typeOf<SkippedSlotsList>(),
         .errors = {&errors::kPolicyNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
             return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                 s.policies.get(tx, id);
                 SkippedSlotsList list;
                 for (auto& one : SkippedSlotStore::list(tx, id)) {
                     const auto agent = AgentStore::find(tx, one.agent, true);
                     list.items.push_back({one.agent, agent ? agent->hostname : "", one.first, one.last,
                                           one.slots, std::move(one.reason), one.at});
                 }
                 return list;
             }));
         }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/agents/{id}/policies/{policy_id}/options",
         .summary = "What counts for one agent of a policy, and who says it",
         .permission = read,
         .response = &typeOf<EffectiveView>(),
         .versioned = true,
         .errors = {&errors::kAgentNotFound, &errors::kPolicyNotFound, &errors::kPolicyNotLinked},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto agent = request.uuidParameter("id", errors::kAgentNotFound);
             const auto policy = request.uuidParameter("policy_id", errors::kPolicyNotFound);
             return versioned(s.database.read(request.tenant(), [&](Transaction& tx) {
                 return effectiveFor(tx, s.policies, agent, policy);
             }));
         }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/agents/{id}/policies/{policy_id}/options",
         .summary = "Replace what is said for one agent of a policy alone",
         .permission = Permission::role("restic.links.write", Role::operator_),
         .audit = Audit::action("restic.policy.link_changed"),
         .request = &typeOf<OptionsInput>(),
         .response = &typeOf<EffectiveView>(),
         .versioned = true,
         .errors = {&errors::kAgentNotFound, &errors::kPolicyNotFound, &errors::kPolicyNotLinked,
                    &errors::kInvalidCron, &errors::kRetentionConflict, &errors::kRetentionNotConfirmed},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto agent = request.uuidParameter("id", errors::kAgentNotFound);
             const auto policy = request.uuidParameter("policy_id", errors::kPolicyNotFound);
             const auto input = request.json<OptionsInput>();
             request.audit().object("policy", policy.toString());
             return Response::of(s.database.transact(request.tenant(), [&](Transaction& tx) {
                 if (core::http::namesVersion(request))
                     lockRow(tx, "restic_policies", policy);
                 auto before = PolicyStore::linkOptions(tx, agent, policy);
                 const auto change = s.policies.setLinkOptions(tx, agent, policy, input);
                 s.confirmation.requireOf(tx, agent, change.before, change.after.retention, input);
                 request.audit().entry.before = core::json::Object{
                     {"agent_id", agent.toString()}, {"options", before.value_or(core::json::Object())}};
                 request.audit().entry.after =
                     core::json::Object{{"agent_id", agent.toString()}, {"options", documentOf(input)}};
                 return effectiveFor(tx, s.policies, agent, policy);
             }));
         }});
}

} // namespace restic
