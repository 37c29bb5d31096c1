#include "policies/policy_service.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/cron.h"
#include "core/wire.h"
#include "errors.h"
#include "policies/assignment.h"
#include "policies/plugin_uses.h"
#include "policies/policy_defaults.h"
#include "policies/policy_versions.h"
#include "policies/target_store.h"
#include "repositories/repository_store.h"
#include "restic/protocol/names.h"
#include "slot.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

PolicyService::PolicyService(const core::Clock& clock, core::ServiceHandle<base::TenantLimits> limits,
                             protocol::Retention standard)
    : clock_(clock), limits_(std::move(limits)), standard_(std::move(standard)) {}

void PolicyService::validate(const Policy& policy) {
    const auto cron = core::Cron::parse(policy.schedule, {});
    if (!cron)
        throw core::Error(errors::kInvalidCron, cron.error().what(), {{"/schedule", cron.error().what()}});
    if (core::findTimeZone(policy.timezone) == nullptr)
        throw core::wire::validationError(
            {{"/timezone",
              "\"" + policy.timezone + "\" is no time zone of the IANA database, like Europe/Berlin"}});
    if (const auto problem = problemOfSchedule(scheduleOf(policy.schedule, allOptions(policy), {})))
        throw core::Error(errors::kInvalidCron, *problem, {{"/schedule", *problem}});
    if (policy.includePaths.empty() && (policy.plugins.array() == nullptr || policy.plugins.array()->empty()))
        throw core::wire::validationError({{"/include_paths", "is required where no plugin is used"}});
    const auto& keep = policy.retention;
    for (const auto& tag : policy.tags)
        if (tag == protocol::kPinned ||
            std::find(keep.keepTags.begin(), keep.keepTags.end(), tag) != keep.keepTags.end())
            throw core::Error(
                errors::kRetentionConflict,
                fmt::format(
                    "Each snapshot of the policy has the tag \"{}\", and what has it is kept for ever: "
                    "its retention would remove nothing.",
                    tag),
                {{"/tags", "must not be kept by the retention"}});
    for (const auto& count :
         {keep.keepLast, keep.keepHourly, keep.keepDaily, keep.keepWeekly, keep.keepMonthly, keep.keepYearly})
        if (count && *count < 0)
            throw core::Error(errors::kRetentionConflict, "A retention count is below zero.",
                              {{"/retention_rules", "must not contain a negative count"}});
    if (!protocol::keepsSomething(keep))
        throw core::Error(
            errors::kRetentionConflict,
            "The retention rules keep nothing: all counts are zero. Give at least one; tags alone "
            "do not keep what has none of them.",
            {{"/retention_rules", "must keep something"}});
}

namespace {
/// The agent's first slot of an enabled policy after that time.
std::optional<core::Instant> firstSlot(Transaction& tx, const Policy& of, const Uuid& agent,
                                       core::Instant after) {
    if (!of.enabled || of.awaitingAdoption)
        return std::nullopt;
    const auto policy = PolicyStore::findFor(tx, of.id, agent).value_or(of);
    const auto slot = nextSlot(
        scheduleOf(policy.schedule, allOptions(policy), slotKey(agent, policy.id.toString())), after);
    // A zone that this host does not know is the scheduler's to report, at once.
    return slot ? slot.value() : after;
}

/// What could never run is refused while somebody is there to read why.
void requireRunnable(Transaction& tx, const Policy& policy, const Agent& agent) {
    if (agent.isPlaceholder())
        throw core::Error(errors::kAgentIsPlaceholder,
                          fmt::format("{} was imported and no agent runs there yet. Enrol restic-agent there "
                                      "with this host name first.",
                                      agent.hostname));
    if (!policy.repository) {
        if (!agent.hasOwnRepository())
            throw core::Error(
                errors::kRepositoryMissing,
                fmt::format("The policy \"{}\" has no repository, and the agent {} reports none "
                            "of its own.",
                            policy.name, agent.hostname),
                {{"/repository_id", "is required for the agent " + agent.hostname}});
    } else if (const auto repository = RepositoryStore::find(tx, *policy.repository);
               repository && repository->agent && *repository->agent != agent.id) {
        throw core::Error(
            errors::kRepositoryUnreachable,
            fmt::format("The repository \"{}\" is on the disk of another agent; {} does not reach "
                        "it.",
                        repository->name, agent.hostname),
            {{"/repository_id", "is on the disk of another agent than " + agent.hostname}});
    }
    requirePlugins(tx, policy, agent);
}

std::optional<std::string> whyNotRunnable(Transaction& tx, const Policy& policy, const Agent& agent) {
    try {
        requireRunnable(tx, policy, agent);
        return std::nullopt;
    } catch (const core::Error& error) {
        return error.what();
    }
}
} // namespace

void PolicyService::announce(Transaction& tx) {
    tx.afterCommit([this] {
        if (changed_)
            changed_();
    });
}

namespace {
[[noreturn]] void nameTaken(const std::string& name) {
    throw core::Error(errors::kPolicyExists, "A policy named \"" + name + "\" exists already.");
}
} // namespace

PolicyOptions PolicyService::standardOptions() const {
    PolicyOptions options = allOptions({});
    options.retentionRules = rulesOf(standard_);
    options.catchUpMost = kMostCaughtUp;
    options.jitterMinutes = 0;
    options.blackoutWindows.emplace();
    options.oneFileSystem = false;
    return options;
}

void PolicyService::resolve(Transaction& tx, Policy& policy) const {
    if (policy.own.object() == nullptr)
        policy.own = documentOf(allOptions(policy));
    const auto standard = standardOptions();
    setOptions(policy, over(over(standard, optionsIn(PolicyDefaults::read(tx).options)),
                            optionsIn(*policy.own.object())));
    // What is as everywhere is not kept: who reads thousands of policies looks for what is not.
    auto& options = policy.options;
    if (options.jitterMinutes == standard.jitterMinutes)
        options.jitterMinutes.reset();
    if (options.blackoutWindows && options.blackoutWindows->empty())
        options.blackoutWindows.reset();
}

Policy PolicyService::create(Transaction& tx, Policy policy) {
    resolve(tx, policy);
    validate(policy);
    requireKnownPlugins(tx, policy);
    const auto limits = limits_->getForCreation(tx, tx.tenant());
    base::TenantLimits::require(PolicyStore::count(tx), limits.policies, "policies");
    policy.tenant = tx.tenant();
    policy.createdAt = policy.updatedAt = clock_.now();
    policy.id = Uuid::generate(policy.createdAt);
    try {
        PolicyStore::insert(tx, policy);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(policy.name);
    }
    PolicyVersions::record(tx, policy, policy.updatedAt);
    if (policy.assign.object() != nullptr)
        assign(tx, policy, AgentStore::real(tx));
    return policy;
}

Policy PolicyService::get(Transaction& tx, const Uuid& id) {
    auto policy = PolicyStore::find(tx, id);
    if (!policy)
        throw core::Error(errors::kPolicyNotFound, "There is no policy with the id " + id.toString() + ".");
    return *policy;
}

Policy PolicyService::update(Transaction& tx, const Uuid& id, Policy policy) {
    resolve(tx, policy);
    validate(policy);
    const Policy before = get(tx, id);
    requireKnownPlugins(tx, policy);
    policy.id = id;
    policy.tenant = before.tenant;
    policy.createdAt = before.createdAt;
    policy.updatedAt = clock_.now();
    policy.awaitingAdoption = before.awaitingAdoption;
    try {
        PolicyStore::update(tx, policy);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(policy.name);
    }
    PolicyVersions::record(tx, policy, policy.updatedAt);
    if (policy.awaitingAdoption)
        return policy;
    beginAll(tx, policy);
    // Without an assignment those that it led here are no longer led here.
    if (policy.assign.object() != nullptr || before.assign.object() != nullptr)
        assign(tx, policy, AgentStore::real(tx));
    return policy;
}

void PolicyService::requireUsable(const PolicyOptions& options) const {
    Policy any;
    any.schedule = "0 2 * * *";
    any.includePaths = {"/"};
    setOptions(any, over(standardOptions(), options));
    validate(any);
}

std::vector<PolicyChange> PolicyService::setDefaults(Transaction& tx, const PolicyOptions& options,
                                                     const std::string& author) {
    const auto now = clock_.now();
    std::vector<PolicyChange> changes;
    PolicyDefaults::write(tx, documentOf(options), now);
    for (auto policy : PolicyStore::all(tx)) {
        if (policy.own.object() == nullptr)
            continue; // of before there were levels: all is its own
        const auto before = policy;
        resolve(tx, policy);
        if (PolicyVersions::differences(documentOf(allOptions(before)), documentOf(allOptions(policy)))
                .empty())
            continue;
        try {
            validate(policy);
        } catch (const core::Error& error) {
            throw core::Error(error.kind(), fmt::format("The policy \"{}\": {}", policy.name, error.what()),
                              error.details());
        }
        policy.updatedAt = now;
        policy.changedBy = author;
        PolicyStore::update(tx, policy);
        if (!policy.awaitingAdoption)
            for (const auto& link : PolicyStore::links(tx, policy.id))
                if (const auto agent = AgentStore::find(tx, link.agent); agent && !agent->isPlaceholder())
                    begin(tx, policy, *agent);
        changes.push_back({before, std::move(policy)});
    }
    requireUsable(options); // also where no policy goes by them yet
    announce(tx);
    return changes;
}

PolicyChange PolicyService::setLinkOptions(Transaction& tx, const Uuid& agentId, const Uuid& policyId,
                                           const PolicyOptions& options) {
    const auto policy = get(tx, policyId);
    const auto agent = AgentStore::find(tx, agentId);
    if (!agent)
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + agentId.toString() + ".");
    const auto link = PolicyStore::linkOptions(tx, agentId, policyId);
    if (!link)
        throw core::Error(errors::kPolicyNotLinked, "The policy \"" + policy.name +
                                                        "\" is not linked to the agent " + agent->hostname +
                                                        ": link it first.");
    PolicyChange change{policy, policy};
    setOptions(change.before, over(allOptions(policy), optionsIn(*link)));
    setOptions(change.after, over(allOptions(policy), options));
    validate(change.after);
    PolicyStore::setLinkOptions(tx, agentId, policyId, documentOf(options));
    if (!policy.awaitingAdoption && !agent->isPlaceholder())
        begin(tx, policy, *agent);
    announce(tx);
    return change;
}

void PolicyService::beginAll(Transaction& tx, const Policy& policy) {
    for (const auto& link : PolicyStore::links(tx, policy.id))
        if (const auto agent = AgentStore::find(tx, link.agent); agent && !agent->isPlaceholder()) {
            requireRunnable(tx, policy, *agent);
            begin(tx, policy, *agent);
        }
    announce(tx);
}

void PolicyService::begin(Transaction& tx, const Policy& policy, const Agent& agent) {
    const auto now = clock_.now();
    PolicyStore::setNextRun(tx, agent.id, policy.id, firstSlot(tx, policy, agent.id, now));
    TargetStore::ensureForLink(tx,
                               {Uuid::generate(now), agent.hostname + ":" + policy.name, "agent",
                                policy.repository, agent.id, policy.id, false},
                               now);
}

Policy PolicyService::adopt(Transaction& tx, const Uuid& id) {
    Policy policy = get(tx, id);
    if (!policy.awaitingAdoption)
        return policy;
    validate(policy); // an imported one may lack its paths
    policy.awaitingAdoption = false;
    policy.updatedAt = clock_.now();
    PolicyStore::update(tx, policy);
    PolicyVersions::record(tx, policy, policy.updatedAt);
    beginAll(tx, policy);
    return policy;
}

void PolicyService::agentCame(Transaction& tx, const Uuid& id) {
    const auto agent = AgentStore::find(tx, id).value();
    for (const auto& followed : PolicyStore::followedBy(tx, id))
        if (const auto policy = PolicyStore::find(tx, followed); policy && !policy->awaitingAdoption)
            begin(tx, *policy, agent);
    announce(tx);
}

void PolicyService::remove(Transaction& tx, const Uuid& id) {
    const Policy policy = get(tx, id);
    if (const auto users = PolicyStore::users(tx, id); !users.empty())
        throw core::Error(errors::kPolicyInUse, fmt::format("The policy \"{}\" is still used by {}.",
                                                            policy.name, fmt::join(users, ", ")));
    PolicyStore::archive(tx, id, clock_.now());
}

void PolicyService::link(Transaction& tx, const Uuid& agentId, const Uuid& policyId) {
    const Policy policy = get(tx, policyId);
    const auto agent = AgentStore::find(tx, agentId);
    if (!agent)
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + agentId.toString() + ".");
    requireRunnable(tx, policy, *agent);
    const auto now = clock_.now();
    PolicyStore::link(tx, agentId, policyId, now, firstSlot(tx, policy, agentId, now));
    if (policy.awaitingAdoption) {
        adopt(tx, policyId);
        return;
    }
    TargetStore::ensureForLink(tx,
                               {Uuid::generate(now), agent->hostname + ":" + policy.name, "agent",
                                policy.repository, agentId, policyId, false},
                               now);
    announce(tx);
}

void PolicyService::assign(Transaction& tx, const std::optional<Uuid>& agent) {
    std::vector<Agent> agents;
    if (!agent)
        agents = AgentStore::real(tx);
    else if (auto found = AgentStore::find(tx, *agent); found && !found->isPlaceholder())
        agents.push_back(std::move(*found));
    for (const auto& policy : PolicyStore::all(tx))
        if (policy.assign.object() != nullptr)
            assign(tx, policy, agents);
}

void PolicyService::assign(Transaction& tx, const Policy& policy, const std::vector<Agent>& agents) {
    if (policy.awaitingAdoption)
        return;
    const auto assignment = assignmentOf(policy);
    std::map<Uuid, bool> followers; // whether by assignment
    for (const auto& link : PolicyStore::links(tx, policy.id))
        followers.emplace(link.agent, link.assigned);
    for (const auto& agent : agents) {
        const auto follower = followers.find(agent.id);
        const bool wanted = assignment.isFor(agent);
        if (follower != followers.end() && follower->second && !wanted)
            PolicyStore::unlink(tx, agent.id, policy.id, clock_.now());
        if (follower != followers.end() || !wanted || whyNotRunnable(tx, policy, agent))
            continue;
        PolicyStore::link(tx, agent.id, policy.id, clock_.now(), std::nullopt, true);
        begin(tx, policy, agent);
    }
    announce(tx);
}

std::vector<std::pair<Agent, std::string>> PolicyService::unassigned(Transaction& tx,
                                                                     const Policy& policy) const {
    std::vector<std::pair<Agent, std::string>> all;
    if (policy.assign.object() == nullptr || policy.awaitingAdoption)
        return all;
    const auto assignment = assignmentOf(policy);
    for (auto& agent : AgentStore::real(tx))
        if (assignment.isFor(agent) && !PolicyStore::isLinked(tx, agent.id, policy.id))
            if (auto why = whyNotRunnable(tx, policy, agent))
                all.emplace_back(std::move(agent), std::move(*why));
    return all;
}

void PolicyService::unlink(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    const auto known = get(tx, policy);
    const auto follower = AgentStore::find(tx, agent);
    if (!follower)
        throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + agent.toString() + ".");
    if (const auto found = PolicyStore::links(tx, policy);
        std::any_of(found.begin(), found.end(),
                    [&](const auto& link) { return link.agent == agent && link.assigned; }))
        throw core::Error(errors::kPolicyAssigned,
                          fmt::format("The policy \"{}\" assigns itself to {}: the link would come "
                                      "again within a minute.",
                                      known.name, follower->hostname));
    PolicyStore::unlink(tx, agent, policy, clock_.now());
}

} // namespace restic
