#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "agents/agent_store.h"
#include "base/tenant_limits.h"
#include "core/db/database.h"
#include "core/service.h"
#include "core/time.h"
#include "policies/policy_store.h"

namespace restic {

/// A policy with all that counts of it.
struct PolicyChange {
    Policy before;
    Policy after;
};

/// Policies and the agents that follow them. Thread-safe; every call runs in the caller's transaction.
class PolicyService {
public:
    /// `standard`: what is kept where a policy says nothing.
    PolicyService(const core::Clock& clock, core::ServiceHandle<base::TenantLimits> limits,
                  protocol::Retention standard);

    /// Called after a commit that may have changed which run is next.
    void setScheduleChanged(std::function<void()> changed) { changed_ = std::move(changed); }

    [[nodiscard]] const protocol::Retention& defaultRetention() const noexcept { return standard_; }
    /// Throws kInvalidCron, kValidation (time zone), kRetentionConflict.
    static void validate(const Policy& policy);
    /// Throws also kPolicyExists and base::errors::kTenantLimitReached; `update` also what `link` throws, for
    /// the agents that follow the policy.
    /// Where the policy says in `own` what it says itself, the rest of its options is its tenant's and this
    /// program's; where it says nothing there, all its fields are its own.
    Policy create(core::db::Transaction& tx, Policy policy);
    Policy update(core::db::Transaction& tx, const core::Uuid& id, Policy policy);
    Policy get(core::db::Transaction& tx, const core::Uuid& id);
    /// What counts where neither a policy nor its tenant says anything.
    [[nodiscard]] PolicyOptions standardOptions() const;
    /// From now on the tenant's policies go by these where they say nothing themselves. Throws as update()
    /// does, naming the policy that could not be kept so. The answer: those that are not as they were.
    std::vector<PolicyChange> setDefaults(core::db::Transaction& tx, const PolicyOptions& options,
                                          const std::string& author);
    /// From now on these count for that agent alone; the answer is the policy as it counts there. Throws
    /// kPolicyNotLinked, and what validate() throws.
    PolicyChange setLinkOptions(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy,
                                const PolicyOptions& options);
    /// An imported policy rests no longer: the agents that follow it back up by it, and their targets are
    /// theirs to report of. One that does not await it stays as it is. Throws what `update` throws.
    Policy adopt(core::db::Transaction& tx, const core::Uuid& id);
    /// An agent runs now where a placeholder was.
    void agentCame(core::db::Transaction& tx, const core::Uuid& agent);
    /// Archives it. Throws kPolicyInUse, naming its users.
    void remove(core::db::Transaction& tx, const core::Uuid& id);
    /// From now on the agent follows the policy; it is a target from now on. Linking twice changes nothing,
    /// but adopts a policy that awaits it. Throws kRepositoryMissing, kRepositoryUnreachable,
    /// kPluginNotAvailable, kAgentIsPlaceholder for what could never run there.
    void link(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy);
    void unlink(core::db::Transaction& tx, const core::Uuid& agent, const core::Uuid& policy);

    /// Makes those options count that do by what the policy says itself.
    void resolve(core::db::Transaction& tx, Policy& policy) const;

    /// Lets those agents follow that the tenant's policies are assigned to and that can, and those no longer
    /// that they were assigned to. One agent, or all.
    void assign(core::db::Transaction& tx, const std::optional<core::Uuid>& agent = {});
    /// The agents that a policy is assigned to and that cannot follow it, each with why.
    [[nodiscard]] std::vector<std::pair<Agent, std::string>> unassigned(core::db::Transaction& tx,
                                                                        const Policy& policy) const;

private:
    /// Throws what validate() throws for a policy that says nothing over them.
    void requireUsable(const PolicyOptions& options) const;
    void assign(core::db::Transaction& tx, const Policy& policy, const std::vector<Agent>& agents);
    /// Plans the next run of the agent, whose target reports from now on.
    void begin(core::db::Transaction& tx, const Policy& policy, const Agent& agent);
    /// The same for all that follow it and run. Throws as `link` does.
    void beginAll(core::db::Transaction& tx, const Policy& policy);
    void announce(core::db::Transaction& tx);

    const core::Clock& clock_;
    core::ServiceHandle<base::TenantLimits> limits_;
    protocol::Retention standard_;
    std::function<void()> changed_;
};

} // namespace restic
