#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// One look at a target, and how the target was afterwards.
struct HealthCheck {
    core::Uuid id;
    core::Uuid target;
    std::string kind; ///< of probes
    bool healthy = false;
    std::optional<std::string> error;
    std::optional<std::string> message;
    std::optional<std::int64_t> snapshotAgeHours;
    std::optional<std::int64_t> durationMs;
    core::Instant checkedAt;
};

/// Rows of restic_health_checks.
class HealthCheckStore {
public:
    static void insert(core::db::Transaction& tx, const HealthCheck& check);
    /// The newest of that kind; nullopt before the first look.
    static std::optional<HealthCheck> latest(core::db::Transaction& tx, const core::Uuid& target,
                                             std::string_view kind);
    /// Newest first.
    static std::vector<HealthCheck> list(core::db::Transaction& tx, const core::Uuid& target,
                                         const core::http::PageQuery& page);
};

} // namespace restic
