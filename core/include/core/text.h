#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/export.h"

namespace core {

/// A number of bytes for people, in IEC units with three significant digits: "512 B", "12.5 MiB".
CORE_EXPORT std::string formatBytes(std::uint64_t bytes);

/// For core::wire::Rules::check of names: what people must see is more than white space.
CORE_EXPORT std::optional<std::string> checkNotBlank(const std::string& text);

} // namespace core
