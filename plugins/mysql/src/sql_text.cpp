#include "sql_text.h"

namespace mysql {

std::string quotedName(std::string_view name) {
    std::string out = "`";
    for (const char sign : name) {
        if (sign == '`')
            out += '`';
        out += sign;
    }
    return out + "`";
}

std::string textLiteral(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out = "_utf8mb4 X'";
    for (const char sign : text) {
        const auto byte = static_cast<unsigned char>(sign);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out + "'";
}

std::string optionValue(std::string_view text) {
    std::string out = "\"";
    for (const char sign : text) {
        switch (sign) {
        case '\\':
            out += "\\\\";
            break;
        case '"':
            out += "\\\"";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += sign;
        }
    }
    return out + "\"";
}

std::string quotedAccount(std::string_view account) {
    const auto at = account.rfind('@');
    if (at == std::string_view::npos)
        return quotedName(account);
    return quotedName(account.substr(0, at)) + "@" + quotedName(account.substr(at + 1));
}

std::vector<std::string> batchFields(std::string_view line) {
    std::vector<std::string> out(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\t') {
            out.emplace_back();
        } else if (line[i] == '\\' && i + 1 < line.size()) {
            const char next = line[++i];
            out.back() += next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? '\0' : next;
        } else {
            out.back() += line[i];
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& names, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < most; ++i)
        out += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most)
        out += " and " + std::to_string(names.size() - most) + " more";
    return out;
}

} // namespace mysql
