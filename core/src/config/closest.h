#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/export.h"

namespace core::config {

/// What somebody probably meant who wrote `word`: the candidate that differs in the fewest letters, at most
/// two, or one in short words.
CORE_EXPORT std::optional<std::string> closest(std::string_view word,
                                               const std::vector<std::string>& candidates);

} // namespace core::config
