#include "core/module/command.h"

#include <charconv>

#include <fmt/format.h>

#include "core/error.h"

namespace core {

std::optional<std::string> Command::Invocation::text(const std::string& name) const {
    const auto at = options.find(name);
    return at == options.end() || at->second.empty() ? std::nullopt : std::optional(at->second);
}

bool Command::Invocation::flag(const std::string& name) const {
    const auto value = text(name);
    return value && *value != "false" && *value != "0";
}

std::optional<std::int64_t> Command::Invocation::number(const std::string& name, std::int64_t least,
                                                        std::int64_t most) const {
    const auto given = text(name);
    if (!given)
        return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
    if (error == std::errc{} && end == given->data() + given->size() && value >= least && value <= most)
        return value;
    const auto range = most == std::numeric_limits<std::int64_t>::max()
                           ? fmt::format("from {} on", least)
                           : fmt::format("from {} to {}", least, most);
    throw Error(errors::kValidation,
                fmt::format("--{} must be a number {}, not \"{}\"", name, range, *given));
}

} // namespace core
