#pragma once

#include <string>
#include <string_view>

namespace agent {

/// A path as restic's patterns mean it: nothing in it stands for anything else. So all restics from 0.14 on
/// read it.
[[nodiscard]] inline std::string literalPattern(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (c == '*' || c == '?' || c == '[' || c == '\\')
            out += '\\';
        out += c;
    }
    return out;
}

} // namespace agent
