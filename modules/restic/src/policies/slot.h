#pragma once

#include <optional>
#include <string>

#include "core/error.h"
#include "core/time.h"

namespace restic {

/// The first slot of a schedule after that time. An error where nobody can say on this machine: the time zone
/// is not in its database, or the schedule does not parse or never comes.
core::Result<core::Instant> nextSlot(const std::string& schedule, const std::string& timezone,
                                     core::Instant after);

} // namespace restic
