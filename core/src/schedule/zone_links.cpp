#include "schedule/zone_links.h"

#include <fstream>
#include <sstream>

namespace core {

ZoneLinks::ZoneLinks(std::istream& list) {
    for (std::string line; std::getline(list, line);) {
        std::istringstream words(line);
        std::string kind, target, name;
        if (words >> kind >> target >> name && (kind == "L" || kind == "Link"))
            targets_.emplace(std::move(name), std::move(target));
    }
}

const ZoneLinks& ZoneLinks::installed() {
    static const ZoneLinks links = [] {
        std::ifstream list("/usr/share/zoneinfo/tzdata.zi");
        return ZoneLinks(list);
    }();
    return links;
}

std::optional<std::string> ZoneLinks::zoneOf(std::string_view name) const {
    auto found = targets_.find(name);
    if (found == targets_.end())
        return std::nullopt;
    // A link leads to a link at times; more than a few would be a circle.
    for (int i = 0; i < 8; ++i) {
        const auto next = targets_.find(found->second);
        if (next == targets_.end())
            return found->second;
        found = next;
    }
    return std::nullopt;
}

} // namespace core
