#include <algorithm>

#include "core/text.h"
#include "restic/protocol/names.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

namespace {
constexpr int kHighestPort = 65535;

/// "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT".
std::optional<std::string> checkHostAndPort(const std::string& text) {
    const bool isV6 = text.starts_with('[');
    const auto endOfHost = isV6 ? text.find(']') : std::min(text.find(':'), text.size());
    if (endOfHost == std::string::npos)
        return "must close the address with \"]\"";
    const auto host = isV6 ? text.substr(1, endOfHost - 1) : text.substr(0, endOfHost);
    if (host.empty() || (isV6 && host.find(':') == std::string::npos))
        return "must name a host";
    if (auto problem = checkHost(host))
        return problem;
    auto port = text.substr(std::min(text.size(), endOfHost + (isV6 ? 1 : 0)));
    if (port.empty())
        return std::nullopt;
    const bool isPort = port.front() == ':' && port.size() > 1 && port.size() <= 6 &&
                        port.find_first_not_of("0123456789", 1) == std::string::npos;
    if (!isPort || std::stoi(port.substr(1)) < 1 || std::stoi(port.substr(1)) > kHighestPort)
        return "must have a port from 1 to 65535 behind the host, or none";
    return std::nullopt;
}
} // namespace

std::optional<std::string> checkLine(const std::string& text) {
    if (auto problem = core::checkName(text))
        return problem;
    if (text.front() == ' ' || text.back() == ' ')
        return "must not begin or end with a space";
    if (hasCredentials(text))
        return "must not contain a password";
    return std::nullopt;
}

std::optional<std::string> checkAbsolutePath(const std::string& text) {
    if (text.front() != '/')
        return "must be an absolute path";
    if (cleanPath(text) == "/")
        return "must be a folder below /";
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

std::optional<std::string> checkServer(const std::string& text) {
    return text.find("://") != std::string::npos ? checkHttpUrl(text) : checkHostAndPort(text);
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

std::optional<std::string> checkContainer(const std::string& text) {
    constexpr std::size_t kShortest = 3;
    constexpr std::size_t kLongest = 255;
    if (text.size() < kShortest || text.size() > kLongest)
        return "must have 3 to 255 characters: no storage has others";
    return checkWord(text);
}

std::optional<std::string> checkPrivateKey(const std::string& text) {
    if (text.find("-----BEGIN ") == std::string::npos || text.find("PRIVATE KEY-----") == std::string::npos)
        return text.starts_with("ssh-") || text.starts_with("ecdsa-")
                   ? "must be the private key; this is the public one"
                   : "must be a private key, from its line \"-----BEGIN … PRIVATE KEY-----\" on";
    if (text.find("-----END ") == std::string::npos)
        return "must be the whole key, with its line \"-----END … PRIVATE KEY-----\"";
    // OpenSSH's own format says in its first field how the rest is encrypted: "none" twice.
    constexpr std::string_view kOpenSsh = "b3BlbnNzaC1rZXktdjEA";
    constexpr std::string_view kNotEncrypted = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
    const auto body = text.find(kOpenSsh);
    const bool isEncrypted =
        text.find("ENCRYPTED") != std::string::npos ||
        (body != std::string::npos && text.compare(body, kNotEncrypted.size(), kNotEncrypted) != 0);
    if (isEncrypted)
        return "must have no passphrase: nobody is there to type it";
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
    auto scheme = text.substr(0, std::min(text.find("://"), text.size()));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (scheme.size() == text.size() || (scheme != "https" && scheme != "http"))
        return "must begin with https:// or http://";
    if (text.find_first_of(" \t") != std::string::npos || text.find("://") + 3 >= text.size())
        return "must be a URL";
    if (text.find_first_of("?#") != std::string::npos)
        return "must have no parameters: everybody of the tenant may read it";
    if (text.find('\\') != std::string::npos)
        return "must not contain backslashes";
    const auto from = text.find("://") + 3;
    const auto server = text.substr(from, text.find('/', from) - from);
    if (server.find('@') != std::string::npos)
        return "must not name a user: there is a field for it";
    if (auto problem = checkHostAndPort(server))
        return problem;
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
