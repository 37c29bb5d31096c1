#pragma once

#include <optional>
#include <string>

#include "lights/light.h"
#include "lights/missed_slots.h"

/// The lights of what is done for saved data after a backup.
namespace restic {

/// The last task that a light stands on, and the last good one.
struct CareFacts {
    std::optional<core::Instant> since; ///< since when it is asked; nullopt: it is not
    std::optional<core::Uuid> task;
    bool good = true;
    std::optional<std::string> message;
    std::optional<core::Uuid> goodTask;
    std::optional<core::Instant> goodAt;
    /// When it is to be done; nullopt: by nobody.
    std::optional<Schedule> schedule;
    /// Why it is not done at present though its time comes.
    std::optional<std::string> held = {};
    /// What the last slot said of itself: why it is late, if it is.
    std::optional<std::string> problem = {};
};

/// The names of why such a light is not ok.
struct CareReasons {
    std::string_view held, failed, overdue;
    /// What has not been done for so long, though asked for, is bad and not merely late.
    core::seconds badAfter;
};
namespace lights {
/// Snapshots that should be gone fill the repository: within a week somebody has to look.
inline constexpr CareReasons kRetention{"RetentionHeld", "RetentionFailed", "RetentionOverdue",
                                        std::chrono::hours(7 * 24)};
inline constexpr CareReasons kCheck{"CheckHeld", "CheckFailed", "CheckOverdue", std::chrono::hours(35 * 24)};
inline constexpr CareReasons kRestoreTest{"RestoreTestHeld", "RestoreTestFailed", "RestoreTestOverdue",
                                          std::chrono::hours(35 * 24)};
} // namespace lights

/// none without `since`; unknown until the first is due; a warning while the last one failed, was held or is
/// two slots late; bad when that goes on for longer than `badAfter`.
[[nodiscard]] Light judgeCare(const CareFacts& facts, const CareReasons& reasons, MissedSlots& slots);

} // namespace restic
