#include <algorithm>

#include "core/text.h"
#include "restic/protocol/names.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

namespace {
bool isControl(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
} // namespace

std::optional<std::string> checkLine(const std::string& text) {
    if (std::any_of(text.begin(), text.end(), isControl))
        return "must be one line without control characters";
    if (text.front() == ' ' || text.back() == ' ')
        return "must not begin or end with a space";
    if (hasCredentials(text))
        return "must not contain a password";
    return std::nullopt;
}

std::optional<std::string> checkAbsolutePath(const std::string& text) {
    if (text.front() != '/')
        return "must be an absolute path";
    return checkLine(text);
}

std::optional<std::string> checkFilePath(const std::string& text) {
    if (text.find_first_of("'\"\\") != std::string::npos)
        return "must not contain quotes or backslashes";
    return checkAbsolutePath(text);
}

std::optional<std::string> checkHost(const std::string& text) {
    const auto colon = text.find(':');
    const bool isV6 = colon != std::string::npos && text.find(':', colon + 1) != std::string::npos;
    if (isV6 && text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos)
        return std::nullopt;
    if (text.front() == '-' || !normalHostName(text) || text.find(' ') != std::string::npos)
        return "must be the name or the address of a host";
    return std::nullopt;
}

std::optional<std::string> checkWord(const std::string& text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '-' || c == '_';
    };
    if (text.front() == '-' || !std::all_of(text.begin(), text.end(), fits))
        return "must consist of letters, digits, \".\", \"_\" and \"-\", and not begin with \"-\"";
    return std::nullopt;
}

std::optional<std::string> checkBase64(const std::string& text) {
    const auto digits =
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    const auto padding = digits == std::string::npos ? std::string() : text.substr(digits);
    if (text.size() % 4 != 0 || padding.find_first_not_of('=') != std::string::npos || padding.size() > 2)
        return "must be the whole key, in base64";
    return std::nullopt;
}

std::optional<std::string> checkHttpUrl(const std::string& text) {
    if (!text.starts_with("https://") && !text.starts_with("http://"))
        return "must begin with https:// or http://";
    if (text.find_first_of(" \t") != std::string::npos || text.find("://") + 3 >= text.size())
        return "must be a URL";
    if (text.find_first_of("?#") != std::string::npos)
        return "must have no parameters: everybody of the tenant may read it";
    const auto host = text.substr(text.find("://") + 3);
    if (host.substr(0, host.find('/')).find('@') != std::string::npos)
        return "must not name a user: there is a field for it";
    return checkLine(text);
}

std::string valueOf(const RepositoryValues& values, const std::string& name) {
    const auto at = values.find(name);
    return at != values.end() ? at->second : std::string();
}

std::string pathBelow(const RepositoryValues& values, const std::string& name) {
    auto path = valueOf(values, name);
    while (!path.empty() && path.back() == '/')
        path.pop_back();
    path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
    return path.empty() ? path : "/" + path;
}

} // namespace restic::protocol::repositories
