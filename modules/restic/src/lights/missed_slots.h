#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/cron.h"
#include "core/time.h"
#include "slot.h"

namespace restic {

/// Whether something that a schedule asks for has not been for too long: after its second slot without it,
/// and an hour. Many things have the same times: of two times of a last one the later one cannot be worse, so
/// most of them are judged by what was found of others. For one caller at one moment.
class MissedSlots {
public:
    explicit MissedSlots(core::Instant now) : now_(now) {}

    /// False where nobody can say: the schedule does not parse, or the zone is not known here.
    [[nodiscard]] bool twoSince(const Schedule& schedule, core::Instant last);
    [[nodiscard]] core::Instant now() const noexcept { return now_; }

private:
    struct Known {
        std::optional<core::Cron> cron;
        const date::time_zone* zone = nullptr;
        std::optional<core::Instant> missed; ///< the latest time that was too long ago
        std::optional<core::Instant> kept;   ///< the earliest that was not
    };
    Known& known(const Schedule& schedule, const std::string& key);
    bool twoSince(Known& one, const Schedule& schedule, core::Instant last) const;

    core::Instant now_;
    std::map<std::string, Known> known_;
};

} // namespace restic
