#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/export.h"

namespace core {

/// A number of bytes for people, in IEC units with three significant digits: "512 B", "12.5 MiB".
CORE_EXPORT std::string formatBytes(std::uint64_t bytes);

/// The text with "***" for the password of every URL in it: "rest:https://ada:***@host/". What others say of
/// an address (restic, libraries) may repeat it as they were given it.
CORE_EXPORT std::string withoutUrlPasswords(std::string_view text);

/// For core::wire::Rules::check of names: what people must see is more than white space.
CORE_EXPORT std::optional<std::string> checkNotBlank(const std::string& text);

/// What somebody probably meant who wrote `word`: the candidate that differs in the fewest letters, at most
/// two, or one in short words.
CORE_EXPORT std::optional<std::string> closest(std::string_view word,
                                               const std::vector<std::string>& candidates);

} // namespace core
