#pragma once

#include <optional>

#include "core/json.h"
#include "core/time.h"

namespace restic {

/// A time as v0 and the libraries that it used wrote it: RFC 3339, the same with a blank for the "T" or
/// without a zone (then UTC), Go's own form with the zone's name behind, or a number since 1970.
[[nodiscard]] std::optional<core::Instant> parseV0Time(const core::json::Value& value);

} // namespace restic
