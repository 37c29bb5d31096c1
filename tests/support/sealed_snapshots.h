#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace test {

/// Adds snapshots to a repository in a folder, sealed in restic's own format with its own key, which is
/// derived once: a hundred thousand take seconds. Each has the tree of a snapshot that is there, another time
/// and another host. Throws std::runtime_error.
void addSealedSnapshots(const std::filesystem::path& repository, const std::string& password,
                        std::size_t count);

} // namespace test
