#include "quoting.h"

namespace postgres {
namespace {
std::string escaped(std::string_view text, std::string_view signs, char before) {
    std::string out;
    out.reserve(text.size() + 8);
    for (const char c : text) {
        if (signs.find(c) != std::string_view::npos)
            out += before == '\0' ? c : before;
        out += c;
    }
    return out;
}
} // namespace

std::string literal(std::string_view text) {
    return "E'" + escaped(text, "'\\", '\0') + "'";
}

std::string identifier(std::string_view name) {
    return "\"" + escaped(name, "\"", '\0') + "\"";
}

std::string conninfo(std::string_view keyword, std::string_view value) {
    return std::string(keyword) + "='" + escaped(value, "'\\", '\\') + "'";
}

std::string passwordLine(std::string_view password) {
    return "*:*:*:*:" + escaped(password, ":\\", '\\') + "\n";
}

std::string named(std::string_view name) {
    std::string out = "\"";
    for (const char c : name)
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return out + "\"";
}

} // namespace postgres
