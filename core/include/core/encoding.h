#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/export.h"

namespace core {

/// base64url without padding (RFC 4648, 5).
CORE_EXPORT std::string base64UrlEncode(std::string_view bytes);
/// Takes base64 and base64url, with or without padding; nullopt for anything else.
CORE_EXPORT std::optional<std::string> base64Decode(std::string_view text);
CORE_EXPORT std::string hexEncode(std::string_view bytes);
CORE_EXPORT std::optional<std::string> hexDecode(std::string_view text);

/// Each part with its length before it: no two lists of parts give one text.
CORE_EXPORT std::string joinWithLengths(std::initializer_list<std::string_view> parts);

/// SHA-256, as 32 raw bytes.
CORE_EXPORT std::string sha256(std::string_view bytes);
/// HMAC-SHA-256, as 32 raw bytes.
CORE_EXPORT std::string hmacSha256(std::string_view key, std::string_view bytes);
/// Compares in a time that depends on the length only.
CORE_EXPORT bool equalConstantTime(std::string_view a, std::string_view b) noexcept;

/// Percent-decodes one path segment or query value; `plusIsSpace` for queries. nullopt if malformed.
CORE_EXPORT std::optional<std::string> percentDecode(std::string_view text, bool plusIsSpace = false);
CORE_EXPORT std::string percentEncode(std::string_view text);

/// The length of the well-formed UTF-8 sequence at the beginning; 0 if there is none.
CORE_EXPORT std::size_t utf8Length(std::string_view text) noexcept;
/// True if the text is well-formed UTF-8.
CORE_EXPORT bool isUtf8(std::string_view text) noexcept;
/// The text with each malformed sequence replaced by U+FFFD.
CORE_EXPORT std::string toUtf8(std::string_view text);

} // namespace core
