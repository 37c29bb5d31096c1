#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace agent {

/// A text of a node as restic writes it; absent where it says none.
[[nodiscard]] std::optional<std::string> textOfNode(const core::json::Value& node, std::string_view name);
/// The size of a file, which some restics leave out where it is nothing; absent of all else.
[[nodiscard]] std::optional<std::uint64_t> sizeOfNode(const core::json::Value& node);
/// In base64url without padding, of a name that the host would show escaped.
[[nodiscard]] std::optional<std::string> base64IfOdd(const std::string& name);

} // namespace agent
