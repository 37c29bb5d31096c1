#include "policies/retention_setting.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

namespace restic {

namespace {
using Count = std::optional<int> protocol::Retention::*;
const std::map<std::string_view, Count>& counts() {
    using R = protocol::Retention;
    static const std::map<std::string_view, Count> all{
        {"last", &R::keepLast},     {"hourly", &R::keepHourly},   {"daily", &R::keepDaily},
        {"weekly", &R::keepWeekly}, {"monthly", &R::keepMonthly}, {"yearly", &R::keepYearly}};
    return all;
}

core::Error invalid(std::string message) {
    return core::Error(core::errors::kValidation, std::move(message));
}
} // namespace

core::Result<protocol::Retention> parseRetention(std::string_view text) {
    constexpr int kMost = 100000;
    protocol::Retention keep;
    while (!text.empty()) {
        const auto part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        const auto equals = part.find('=');
        const auto found = counts().find(part.substr(0, equals));
        if (equals == std::string_view::npos || found == counts().end())
            return invalid(fmt::format("has \"{}\", which is none of last=N, hourly=N, daily=N, weekly=N, "
                                       "monthly=N, yearly=N",
                                       part));
        int count = 0;
        const auto* const end = part.data() + part.size();
        const auto read = std::from_chars(part.data() + equals + 1, end, count);
        if (read.ec != std::errc{} || read.ptr != end || count < 0 || count > kMost)
            return invalid(fmt::format("has \"{}\", whose count is none from 0 to {}", part, kMost));
        if (keep.*found->second)
            return invalid(fmt::format("names \"{}\" twice", found->first));
        keep.*found->second = count;
    }
    if (!protocol::keepsSomething(keep))
        return invalid("keeps nothing: every snapshot would be removed");
    return keep;
}

} // namespace restic
