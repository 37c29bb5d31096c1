#include "targets/target_service.h"

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "base/errors.h"
#include "core/wire.h"
#include "errors.h"
#include "polling/probe_store.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
[[noreturn]] void nameTaken(const std::string& name) {
    throw core::Error(errors::kTargetExists, "A target named \"" + name + "\" exists already.");
}

[[noreturn]] void invalid(const char* pointer, std::string message) {
    throw core::wire::validationError({{pointer, std::move(message)}});
}
} // namespace

Target TargetService::get(Transaction& tx, const Uuid& id) {
    auto target = TargetStore::find(tx, id);
    if (!target)
        throw core::Error(errors::kTargetNotFound, "There is no target with the id " + id.toString() + ".");
    return std::move(*target);
}

void TargetService::announce(Transaction& tx) const {
    tx.afterCommit([due = due_] {
        if (due)
            due();
    });
}

void TargetService::requireThere(Transaction& tx, const TargetSpec& spec) const {
    if (spec.repository)
        (void)repositories_.get(tx, *spec.repository);
    if (spec.policy)
        (void)policies_.get(tx, *spec.policy);
    if (spec.agent && !AgentStore::find(tx, *spec.agent))
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + spec.agent->toString() + ".");
}

void TargetService::requireWatchable(Transaction& tx, const TargetSpec& spec) const {
    if (!spec.repository)
        invalid("/repository_id", "is required: what is looked at");
    const auto repository = repositories_.get(tx, *spec.repository);
    if (repository.agent)
        throw core::Error(
            errors::kDirectPollForbidden,
            fmt::format("The repository \"{}\" is on the disk of another machine: only the agent there "
                        "can watch it.",
                        repository.name));
    if (const auto refused = poller_.refusal(tx, repository))
        throw core::Error(errors::kDirectPollForbidden, *refused);
}

Target TargetService::create(Transaction& tx, const TargetSpec& spec) {
    if (spec.mode != "direct")
        invalid("/mode",
                "of a new target is direct: one of an agent is made by linking the agent to a policy");
    requireThere(tx, spec);
    requireWatchable(tx, spec);
    if (const auto present = TargetStore::countDirect(tx); present >= maxTargets_)
        throw core::Error(
            base::errors::kTenantLimitReached,
            fmt::format("This tenant may have {} targets without agents and has {}; the server's "
                        "operator sets that number with restic.monitor.max_targets.",
                        maxTargets_, present));
    const auto now = clock_.now();
    Target target{
        Uuid::generate(now), spec.name, "direct", spec.repository, spec.agent, spec.policy, spec.disabled,
        spec.maxAgeHours,    now,       now};
    try {
        TargetStore::insert(tx, target);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(spec.name);
    }
    ProbeStore::plan(tx, target.id, now);
    if (target.disabled)
        ProbeStore::rest(tx, target.id);
    announce(tx);
    return target;
}

Target TargetService::handToAgent(Transaction& tx, Target target, const TargetSpec& spec) {
    if (!spec.agent)
        invalid("/agent_id", "is required: whose target it becomes");
    if (!spec.policy)
        invalid("/policy_id", "is required: what the agent saves, and where");
    if (TargetStore::findForLink(tx, *spec.agent, *spec.policy))
        invalid("/policy_id", "is followed by that agent already, with a target of its own");
    const auto policy = policies_.get(tx, *spec.policy);
    if (policy.repository && policy.repository != target.repository)
        invalid("/policy_id", "saves to another repository than the target's");
    target.mode = "agent";
    target.agent = spec.agent;
    target.policy = spec.policy;
    TargetStore::update(tx, target);
    TargetStore::takeSeen(tx, target.id, *target.repository);
    policies_.link(tx, *spec.agent, *spec.policy); // finds this target
    ProbeStore::rest(tx, target.id);
    return get(tx, target.id);
}

Target TargetService::update(Transaction& tx, const Uuid& id, const TargetSpec& spec) {
    Target target = get(tx, id);
    requireThere(tx, spec);
    const auto before = target;
    target.name = spec.name;
    target.maxAgeHours = spec.maxAgeHours;
    target.updatedAt = clock_.now();
    if (before.mode == "agent") {
        if (spec.mode != "agent" || spec.disabled != before.disabled ||
            (spec.repository && spec.repository != before.repository) ||
            (spec.agent && spec.agent != before.agent) || (spec.policy && spec.policy != before.policy))
            throw core::Error(
                errors::kTargetOfAgent,
                "Only the name and the maximum age of an agent's target can be changed here; the rest is "
                "its policy's and its link's.");
    } else if (spec.mode == "direct") {
        requireWatchable(tx, spec);
        target.repository = spec.repository;
        target.agent = spec.agent;
        target.policy = spec.policy;
        target.disabled = spec.disabled;
    }
    try {
        TargetStore::update(tx, target);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(spec.name);
    }
    if (before.mode == "direct" && spec.mode == "agent")
        return handToAgent(tx, std::move(target), spec);
    if (before.mode == "direct" && target.disabled)
        ProbeStore::rest(tx, id);
    else if (before.mode == "direct" && (before.disabled || before.repository != target.repository)) {
        ProbeStore::plan(tx, id, target.updatedAt);
        announce(tx);
    }
    return target;
}

void TargetService::remove(Transaction& tx, const Uuid& id) {
    const auto target = get(tx, id);
    if (target.mode == "agent" && !target.disabled)
        throw core::Error(errors::kTargetOfAgent,
                          fmt::format("An agent saves to the target \"{}\".", target.name));
    TargetStore::erase(tx, id);
}

bool TargetService::lookNow(Transaction& tx, const Uuid& id) {
    if (!ProbeStore::hasten(tx, id, probes::kSnapshots, clock_.now()))
        return false;
    for (const auto& probe : ProbeStore::of(tx, id)) // what somebody has mended meanwhile
        if (probe.error)
            ProbeStore::hasten(tx, id, probe.kind, clock_.now());
    announce(tx);
    return true;
}

} // namespace restic
