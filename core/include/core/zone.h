#pragma once

#include <string>

#include "core/export.h"
#include "core/time.h"

namespace date {
class time_zone;
}

namespace core {

/// The day that it is there at that moment: "2026-03-29".
CORE_EXPORT std::string localDay(Instant at, const date::time_zone& zone);

} // namespace core
