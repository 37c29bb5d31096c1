#include <date/tz.h>

#include "core/cron.h"
#include "schedule/zone_links.h"

namespace core {

namespace {
const date::time_zone* locate(std::string_view name) {
    try {
        return date::locate_zone(std::string(name));
    } catch (const std::runtime_error&) { // no std::bad_alloc: the zone is there then
        return nullptr;
    }
}
} // namespace

const date::time_zone* findTimeZone(std::string_view name) {
    // What these mean depends on the machine, or counts leap seconds.
    for (const std::string_view noZone : {"localtime", "posixrules", "Factory"})
        if (name == noZone)
            return nullptr;
    if (name.starts_with("posix/") || name.starts_with("right/"))
        return nullptr;
    if (const auto* zone = locate(name))
        return zone;
    const auto renamed = ZoneLinks::installed().zoneOf(name);
    return renamed ? locate(*renamed) : nullptr;
}

} // namespace core
