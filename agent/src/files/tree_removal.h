#pragma once

#include <filesystem>

namespace agent {

/// Removes a folder with all that is in it, or whatever else stands at the path. Follows no link, leaves the
/// file system that it begins on to itself, and opens folders that their owner has closed. True if nothing is
/// there any more.
bool removeTree(const std::filesystem::path& path);

} // namespace agent
