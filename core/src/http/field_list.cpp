#include "http/field_list.h"

namespace core::http {

std::string_view trimBlanks(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> fieldList(std::string_view field) {
    std::vector<std::string_view> members;
    bool quoted = false;
    std::size_t began = 0;
    for (std::size_t i = 0; i <= field.size(); ++i) {
        if (i < field.size()) {
            if (field[i] == '"')
                quoted = !quoted;
            if (field[i] != ',' || quoted)
                continue;
        }
        if (const auto member = trimBlanks(field.substr(began, i - began)); !member.empty())
            members.push_back(member);
        began = i + 1;
    }
    return members;
}

} // namespace core::http
