#pragma once

#include <cstdint>
#include <filesystem>

#include "core/export.h"

namespace core::host {

/// Below that a database that keeps its log beside it can soon store nothing.
inline constexpr std::uint64_t kLeastFree = 16U << 20U;

/// Throws core::Error(kUnavailable), with a sentence, if the disk of that folder has less room than that for
/// this user.
CORE_EXPORT void requireFreeSpace(const std::filesystem::path& folder, std::uint64_t least = kLeastFree);

} // namespace core::host
