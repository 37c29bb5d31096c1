#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// What the host looks at by itself.
namespace probes {
inline constexpr std::string_view kSnapshots = "snapshots"; ///< which there are, and who holds locks
inline constexpr std::string_view kStats = "stats";         ///< how much it takes up
inline constexpr std::string_view kCheck = "check";         ///< whether its structure is whole
} // namespace probes

/// One kind of look at one target.
struct Probe {
    std::string kind;
    core::Instant nextAt;
    std::optional<core::Instant> claimedUntil; ///< a host looks just now
    std::optional<core::Instant> endedAt;
    std::optional<core::Instant> goodAt; ///< of the last good one
    std::optional<std::string> error;    ///< of the last one; nothing after a good one
    std::optional<std::string> message;
    std::optional<core::Instant> errorSince;
    core::json::Value found; ///< by the last good one
};

struct DueProbe {
    core::Uuid tenant;
    core::Uuid target;
    std::string kind;
};

/// How a look ended.
struct ProbeEnd {
    core::Instant startedAt;
    core::Instant endedAt;
    core::Instant nextAt;
    std::optional<std::string> error;
    std::optional<std::string> message;
    core::json::Value found; ///< of a good one
};

/// Rows of restic_target_probes: one for each kind and each target that the host looks at itself.
class ProbeStore {
public:
    /// From now on the target is looked at, as soon as there is room; one that was is looked at anew.
    static void plan(core::db::Transaction& tx, const core::Uuid& target, core::Instant now);
    /// The same for each target of that repository which is looked at.
    static void planAnew(core::db::Transaction& tx, const core::Uuid& repository, core::Instant now);
    /// It is not looked at any more; what was found stays.
    static void rest(core::db::Transaction& tx, const core::Uuid& target);
    /// A look of that kind is due now. False if the host does not look at that target.
    static bool hasten(core::db::Transaction& tx, const core::Uuid& target, std::string_view kind,
                       core::Instant now);
    /// The first that are due and that nobody has taken, of those kinds, without some tenants'. In a system
    /// context.
    static std::vector<DueProbe> due(core::db::Transaction& tx, const std::vector<std::string_view>& kinds,
                                     core::Instant now, std::size_t most,
                                     const std::vector<core::Uuid>& without = {});
    /// Takes one that is due: nobody else looks until that time. False if somebody has, or it is not due.
    static bool claim(core::db::Transaction& tx, const core::Uuid& target, std::string_view kind,
                      const core::Uuid& claim, core::Instant now, core::Instant until);
    /// Gives a taken one back as it was: it is due still.
    static void release(core::db::Transaction& tx, const core::Uuid& target, std::string_view kind,
                        const core::Uuid& claim);
    /// In a system context: nobody looks just now.
    static void releaseAll(core::db::Transaction& tx);
    /// False if it was not the claim's any more: then nothing is written.
    static bool conclude(core::db::Transaction& tx, const core::Uuid& target, std::string_view kind,
                         const core::Uuid& claim, const ProbeEnd& end);
    static std::optional<Probe> find(core::db::Transaction& tx, const core::Uuid& target,
                                     std::string_view kind);
    static std::vector<Probe> of(core::db::Transaction& tx, const core::Uuid& target);
    /// The same of several targets, by one question.
    static std::map<core::Uuid, std::vector<Probe>> of(core::db::Transaction& tx,
                                                       const std::vector<core::Uuid>& targets);
};

} // namespace restic
