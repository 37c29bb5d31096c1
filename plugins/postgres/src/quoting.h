#pragma once

#include <string>
#include <string_view>

/// Names and values as PostgreSQL's languages take them. They may hold any bytes but NUL.
namespace postgres {

/// A string constant of SQL, whatever standard_conforming_strings is.
[[nodiscard]] std::string literal(std::string_view text);
/// A name in SQL, always in quotes.
[[nodiscard]] std::string identifier(std::string_view name);
/// "keyword='value'" of a connection string: the value never becomes another keyword.
[[nodiscard]] std::string conninfo(std::string_view keyword, std::string_view value);
/// A line of a password file that holds for every connection.
[[nodiscard]] std::string passwordLine(std::string_view password);
/// In a sentence for people: quotes around it, control characters as "?".
[[nodiscard]] std::string named(std::string_view name);

} // namespace postgres
