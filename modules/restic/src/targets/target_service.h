#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/db/database.h"
#include "core/time.h"
#include "policies/policy_service.h"
#include "policies/target_store.h"
#include "polling/poller.h"
#include "repositories/repository_service.h"

namespace restic {

/// What somebody says of a target.
struct TargetSpec {
    std::string name;
    std::string mode;
    std::optional<core::Uuid> repository;
    std::optional<core::Uuid> agent;
    std::optional<core::Uuid> policy;
    std::optional<std::int64_t> maxAgeHours;
    bool disabled = false;
};

/// What is watched, by agents or without. Thread-safe; every call runs in the caller's transaction.
class TargetService {
public:
    TargetService(const core::Clock& clock, RepositoryService& repositories, PolicyService& policies,
                  const Poller& poller, std::int64_t maxTargets)
        : clock_(clock), repositories_(repositories), policies_(policies), poller_(poller),
          maxTargets_(maxTargets) {}

    /// Called after a commit that made a look due.
    void setDue(std::function<void()> due) { due_ = std::move(due); }

    /// A direct one. Throws kValidation, kTargetExists, kRepositoryNotFound, kPolicyNotFound, kAgentNotFound,
    /// kDirectPollForbidden, base's kTenantLimitReached.
    Target create(core::db::Transaction& tx, const TargetSpec& spec);
    /// One of an agent keeps what its link says. A direct one may become an agent's: it is linked to the
    /// policy and keeps its history. Throws what create() and PolicyService::link() throw, and
    /// kTargetNotFound, kTargetOfAgent.
    Target update(core::db::Transaction& tx, const core::Uuid& id, const TargetSpec& spec);
    /// Its snapshots stay where they are, and in their repository's list. Throws kTargetNotFound, and
    /// kTargetOfAgent for one that an agent saves to.
    void remove(core::db::Transaction& tx, const core::Uuid& id);
    /// Throws kTargetNotFound.
    static Target get(core::db::Transaction& tx, const core::Uuid& id);
    /// A look at its snapshots begins as soon as there is room, and each one of which the last failed. False
    /// for a target that the host does not look at itself.
    bool lookNow(core::db::Transaction& tx, const core::Uuid& id);

private:
    /// What the spec names is the tenant's.
    void requireThere(core::db::Transaction& tx, const TargetSpec& spec) const;
    void requireWatchable(core::db::Transaction& tx, const TargetSpec& spec) const;
    Target handToAgent(core::db::Transaction& tx, Target target, const TargetSpec& spec);
    void announce(core::db::Transaction& tx) const;

    const core::Clock& clock_;
    RepositoryService& repositories_;
    PolicyService& policies_;
    const Poller& poller_;
    std::int64_t maxTargets_;
    std::function<void()> due_;
};

} // namespace restic
