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

/// For core::wire::Rules::check of what people call a thing: something can be seen, it is UTF-8, and nothing
/// in it commands a terminal, turns the direction of writing or begins a new line.
CORE_EXPORT std::optional<std::string> checkName(const std::string& text);
/// The same where an empty text stands for no name.
CORE_EXPORT std::optional<std::string> checkNameOrNone(const std::string& text);

/// A text of others for a terminal, a page or a line of a log: what checkName refuses in a name is escaped
/// (\\n, \\x1b, \\u202e; bytes that are no UTF-8 as \\xNN), except the characters `kept`.
CORE_EXPORT std::string printable(std::string_view text, std::string_view kept = {});

/// What somebody probably meant who wrote `word`: the candidate that differs in the fewest letters, at most
/// two, or one in short words.
CORE_EXPORT std::optional<std::string> closest(std::string_view word,
                                               const std::vector<std::string>& candidates);

} // namespace core
