#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace core {

/// The fields of /proc/PID/stat from the state letter on; none if there is no such process. The name before
/// them may contain anything, so they are counted from its last parenthesis.
inline std::vector<std::string> procStat(const std::string& pid) {
    std::ifstream in("/proc/" + pid + "/stat");
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    std::vector<std::string> fields;
    const auto name = text.rfind(')');
    if (name == std::string::npos)
        return fields;
    for (std::size_t at = name + 2; at < text.size();) {
        const auto end = std::min(text.find_first_of(" \n", at), text.size());
        fields.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return fields;
}

/// When it began, in ticks after the machine: field 22 of the manual's count.
constexpr std::size_t kProcStatStart = 19;

} // namespace core
