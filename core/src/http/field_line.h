#pragma once

#include <string_view>

namespace core::http {

/// True for what may be a method or a field's name (RFC 9110, 5.6.2).
bool isToken(std::string_view text) noexcept;

/// One line `name: value` of a head or of the trailers behind chunks, without its line end.
struct FieldLine {
    std::string_view name;
    std::string_view value;        ///< without blanks around it
    const char* problem = nullptr; ///< what the client is told about a line that is none
};

/// Reads it strictly (RFC 9112, 5 without its leniencies): no folding, no blank before the colon, no control
/// characters. The bytes of the result are those of `line`.
FieldLine readFieldLine(std::string_view line) noexcept;

} // namespace core::http
