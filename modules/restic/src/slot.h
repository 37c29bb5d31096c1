#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blackout.h"
#include "core/cron.h"
#include "core/error.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// When something is done.
struct Schedule {
    std::string expression; ///< five cron fields
    std::string timezone;   ///< of the IANA database
    std::string key;        ///< of its H: made by slotKey(), so that each has times of its own for ever
    /// Each key begins so much later than the expression says, or less: always the same.
    std::chrono::minutes jitter{0};
    /// A slot within them comes when they end; those that meet there are one.
    std::vector<BlackoutWindow> blackouts = {};
};

/// The key of a schedule of that owner: of an agent the policy's id is the part, of a repository the
/// operation.
std::string slotKey(const core::Uuid& owner, std::string_view part);

/// The first slot of a schedule after that time. An error where nobody can say on this machine: the time zone
/// is not in its database, or the schedule does not parse or never comes.
core::Result<core::Instant> nextSlot(const Schedule& schedule, core::Instant after);
/// The same where the expression and the zone are known already; nullopt if it never comes.
std::optional<core::Instant> nextSlot(const core::Cron& cron, const date::time_zone& zone,
                                      const Schedule& schedule, core::Instant after);

/// What is wrong with a schedule for whoever sets it, whatever its key; nullopt if nothing. It parses and
/// comes some day; the zone must be known.
std::optional<std::string> problemOfSchedule(const Schedule& schedule);

} // namespace restic
