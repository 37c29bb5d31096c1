#pragma once

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/// The other names of zones, as the file tzdata.zi of the IANA database lists them: Europe/Kiev is
/// Europe/Kyiv. Systems may leave the files of old names out and keep this list.
class ZoneLinks {
public:
    explicit ZoneLinks(std::istream& list);
    /// Those of this system, read once; none where it has no list.
    static const ZoneLinks& installed();

    /// The zone that is no other name itself; nullopt: it is none.
    [[nodiscard]] std::optional<std::string> zoneOf(std::string_view name) const;

private:
    std::map<std::string, std::string, std::less<>> targets_;
};

} // namespace core
