#include "core/zone.h"

#include <date/tz.h>

namespace core {

std::string localDay(Instant at, const date::time_zone& zone) {
    return date::format("%F", date::floor<date::days>(zone.to_local(date::floor<std::chrono::seconds>(at))));
}

} // namespace core
