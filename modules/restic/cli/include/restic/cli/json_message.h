#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

/// The one reader of what restic writes in JSON. restic's lines hold names of files, and those hold anything.
namespace restic::cli::json {

/// Longer lines are cut, and still tell what kind of message they were.
inline constexpr std::size_t kMaxLine = 8U << 20U;

/// A line, or a whole document, as a value. Tolerates blanks before it, bytes that are no UTF-8 (shown as
/// \xNN, so that two names stay two), control characters, NUL, and numbers of any size. Of a line that is cut
/// or broken, what can still be recognised of `message_type`, `item`, `message` and `snapshot_id`. nullopt
/// for what is no JSON.
[[nodiscard]] std::optional<core::json::Value> read(std::string_view text);

/// A figure: absent if it is none; what does not fit in 63 bits is the largest that does.
[[nodiscard]] std::optional<std::uint64_t> count(const core::json::Value& message, std::string_view name);

} // namespace restic::cli::json
