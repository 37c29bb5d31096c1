#pragma once

#include <vector>

#include "core/http/route.h"
#include "policies/policy_service.h"
#include "policies/retention_confirmation.h"
#include "repositories/old_secrets.h"
#include "repositories/repository_service.h"

namespace restic {

/// What the routes of policies work with; lives as long as the module.
struct PolicyRoutes {
    core::db::Database& database;
    const core::Clock& clock;
    PolicyService& policies;
    RepositoryService& repositories;
    OldSecrets& secrets;
    const RetentionConfirmation& confirmation;

    void addTo(std::vector<core::http::Route>& routes) const;
    /// Which agents follow which policy.
    void addLinksTo(std::vector<core::http::Route>& routes) const;
    /// What counts for them: of the tenant, of one agent; and how they were.
    void addOptionsTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
