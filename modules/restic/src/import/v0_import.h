#pragma once

#include <filesystem>
#include <functional>

#include "base/tenant_limits.h"
#include "core/db/database.h"
#include "core/service.h"
#include "core/time.h"
#include "import/import_report.h"
#include "import/v0_source.h"
#include "policies/policy_service.h"
#include "repositories/repository_service.h"

namespace restic {

/// Makes of v0's targets what this project has in their place, with their history: see docs/import.md. Safe
/// to repeat: what is there stays as it is, and only what is new is added. Thread-safe.
class V0Import {
public:
    V0Import(core::db::Database& database, const core::Clock& clock, RepositoryService& repositories,
             const PolicyService& policies, core::ServiceHandle<base::TenantLimits> limits)
        : database_(database), clock_(clock), repositories_(repositories), policies_(policies),
          limits_(std::move(limits)) {}

    struct Options {
        bool dryRun = false; ///< everything but the commit
        bool readPasswordFiles = false;
    };
    /// In one unit of work. Rows that make no sense are named in the report and left out. Throws
    /// core::Error(kValidation) for a file that cannot be read, base::errors::kTenantLimitReached.
    ImportReport run(const core::TenantContext& context, const std::filesystem::path& file,
                     const Options& options);

private:
    class Work;

    core::db::Database& database_;
    const core::Clock& clock_;
    RepositoryService& repositories_;
    const PolicyService& policies_; ///< what is kept where v0 said nothing
    core::ServiceHandle<base::TenantLimits> limits_;
};

} // namespace restic
