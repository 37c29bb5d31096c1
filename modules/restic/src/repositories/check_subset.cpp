#include "repositories/check_subset.h"

#include <charconv>

#include <fmt/format.h>

#include "restic/protocol/maintenance_tasks.h"

namespace restic {

std::optional<CheckSubset::Turns> CheckSubset::turns(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos || protocol::checkDataSubset(text))
        return std::nullopt;
    Turns turns;
    std::from_chars(text.data(), text.data() + slash, turns.first);
    std::from_chars(text.data() + slash + 1, text.data() + text.size(), turns.parts);
    return turns;
}

std::optional<std::string> CheckSubset::problemOf(const std::string& text) {
    if (text.empty())
        return std::nullopt;
    if (text.find('/') == std::string::npos && text.back() != '%')
        return "must be like 1/12 (a twelfth at each check, by turns) or 5%, or empty";
    return protocol::checkDataSubset(text);
}

std::optional<std::string> CheckSubset::argument(const std::string& text, int nextPart) {
    if (problemOf(text) || text.empty())
        return std::nullopt;
    if (const auto by = turns(text))
        return fmt::format("{}/{}", nextPart >= 1 && nextPart <= by->parts ? nextPart : 1, by->parts);
    return text;
}

} // namespace restic
