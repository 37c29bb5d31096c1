#pragma once

#include <cstdint>
#include <string>

#include "core/export.h"

namespace core {

/// A number of bytes for people, in IEC units with three significant digits: "512 B", "12.5 MiB".
CORE_EXPORT std::string formatBytes(std::uint64_t bytes);

} // namespace core
