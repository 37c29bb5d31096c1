#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Texts in SQL and in the output of the client programs.
namespace mysql {

/// `name`, whatever it holds.
[[nodiscard]] std::string quotedName(std::string_view name);
/// A text as a literal that no SQL mode reads differently.
[[nodiscard]] std::string textLiteral(std::string_view text);
/// A value of an option file, so that each of its signs arrives.
[[nodiscard]] std::string optionValue(std::string_view text);
/// `user`@`host` of "user@host"; the last @ parts them.
[[nodiscard]] std::string quotedAccount(std::string_view account);
/// The fields of a line that a client wrote with --batch.
[[nodiscard]] std::vector<std::string> batchFields(std::string_view line);
/// Printable in a message: names may hold anything.
[[nodiscard]] std::string joined(const std::vector<std::string>& names, std::size_t most = 8);

} // namespace mysql
