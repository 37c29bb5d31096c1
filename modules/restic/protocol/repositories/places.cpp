#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <filesystem>

#include "restic/protocol/repository_kinds.h"

namespace restic::protocol::repositories {

std::string cleanPath(std::string_view path) {
    auto clean = std::filesystem::path(path).lexically_normal().string();
    while (clean.size() > 1 && clean.back() == '/')
        clean.pop_back();
    if (clean.starts_with("//"))
        clean.erase(0, 1);
    return clean == "." ? std::string() : clean;
}

std::optional<ServerAddress> serverAddressOf(const std::string& url) {
    try {
        const Poco::URI uri(url);
        ServerAddress address{.scheme = uri.getScheme(),
                              .user = uri.getUserInfo(),
                              .host = uri.getHost(),
                              .port = {},
                              .path = uri.getPath()};
        while (address.host.ends_with('.'))
            address.host.pop_back();
        if (uri.getPort() != 0 && uri.getPort() != Poco::URI(address.scheme + "://x").getPort())
            address.port = ":" + std::to_string(uri.getPort());
        return address;
    } catch (const Poco::Exception&) {
        return std::nullopt;
    }
}

std::string placeInContainer(const std::string& address) {
    const auto name = address.find(':') + 1;
    const auto colon = std::min(address.find(':', name), address.size());
    const auto path = colon < address.size() ? address.substr(colon + 1) : std::string();
    return address.substr(0, colon) + ":" + cleanPath("/" + path);
}

} // namespace restic::protocol::repositories
