#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace restic::cli {

/// Reads a list that restic wrote into a file, element by element: `snapshots` and `forget` write all of
/// theirs on one line, of any length. Lines of text before the list are skipped.
class ArrayElements {
public:
    /// Longer elements are left out.
    static constexpr std::size_t kMaxElement = 32U << 20U;

    /// Calls `element` with the JSON text of each. True if the list is there, whole, and nothing was left
    /// out.
    static bool read(const std::filesystem::path& file, std::uint64_t offset,
                     const std::function<void(std::string_view)>& element);
};

} // namespace restic::cli
