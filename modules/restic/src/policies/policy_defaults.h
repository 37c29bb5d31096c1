#pragma once

#include "core/db/database.h"
#include "core/json.h"
#include "core/time.h"

namespace restic {

/// The options that a tenant's policies go by where they say nothing themselves: rows of
/// restic_policy_defaults, one for each tenant that says something.
class PolicyDefaults {
public:
    struct Said {
        core::json::Object options; ///< of PolicyOptions
        core::Instant updatedAt;    ///< the beginning of time where nothing was ever said
    };
    static Said read(core::db::Transaction& tx);
    static void write(core::db::Transaction& tx, const core::json::Object& options, core::Instant now);
};

} // namespace restic
