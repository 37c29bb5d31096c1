#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "policies/policy_store.h"

namespace restic {

/// How a policy was each time that it was saved: rows of restic_policy_versions.
class PolicyVersions {
public:
    /// So many of each are kept.
    static constexpr int kKept = 100;

    struct Version {
        int number = 0; ///< from 1
        core::Instant at;
        std::string author;
        core::json::Object policy; ///< what its document says, without its agents
    };
    /// Adds a version, unless the newest one says the same.
    static void record(core::db::Transaction& tx, const Policy& policy, core::Instant now);
    /// Newest first.
    static std::vector<Version> list(core::db::Transaction& tx, const core::Uuid& policy);
    /// The names of what two documents do not have in common.
    static std::vector<std::string> differences(const core::json::Object& before,
                                                const core::json::Object& after);
};

} // namespace restic
