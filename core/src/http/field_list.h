#pragma once

#include <string_view>
#include <vector>

namespace core::http {

/// The text without blanks and tabs around it.
std::string_view trimBlanks(std::string_view text) noexcept;

/// The members of a header field that is a list (RFC 9110, 5.6.1), without the blanks around them and without
/// empty ones. A comma inside of quotes does not separate.
std::vector<std::string_view> fieldList(std::string_view field);

} // namespace core::http
