#include "core/text.h"

#include <fmt/format.h>

namespace core {

std::string formatBytes(std::uint64_t bytes) {
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024)
        return fmt::format("{} B", bytes);
    double size = static_cast<double>(bytes);
    int unit = 0;
    while (size >= 1024 && unit < 6) {
        size /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", size, size >= 100 ? 0 : size >= 10 ? 1 : 2, kUnits[unit]);
}

} // namespace core
