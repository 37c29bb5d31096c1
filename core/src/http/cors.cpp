#include "http/cors.h"

#include <algorithm>

#include <fmt/format.h>

namespace core::http {

namespace {
/// As a browser writes it in Origin: scheme, host in lower case, a port unless it is the scheme's own.
bool isOrigin(std::string_view text) {
    const bool secure = text.starts_with("https://");
    if (!secure && !text.starts_with("http://"))
        return false;
    const std::string_view authority = text.substr(secure ? 8 : 7);
    const auto bracket = authority.rfind(']');
    const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = authority.substr(0, colon);
    if (host.empty() ||
        host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_[]:") != std::string_view::npos)
        return false;
    if (colon == std::string_view::npos)
        return true;
    const std::string_view port = authority.substr(colon + 1);
    return !port.empty() && port.size() <= 5 &&
           port.find_first_not_of("0123456789") == std::string_view::npos && port != (secure ? "443" : "80");
}
} // namespace

Cors::Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {
    for (const auto& origin : origins_)
        if (!isOrigin(origin))
            throw Error(errors::kValidation,
                        fmt::format("\"{}\" in http.cors_origins is not an origin: write scheme and host in "
                                    "lower case, and a port that is not the usual one, such as "
                                    "https://monitor.example.org.",
                                    origin));
}

bool Cors::admits(const std::string& origin) const {
    return std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

std::optional<Response> Cors::preflight(const Request& request, const Router::Match& match) const {
    const std::string* origin = request.headers.find("Origin");
    if (request.method != "OPTIONS" || origin == nullptr || !admits(*origin) ||
        request.headers.find("Access-Control-Request-Method") == nullptr)
        return std::nullopt;
    Response response = Response::empty();
    // The same for every path that nobody serves: a browser learns no more than from the document of the API.
    response.headers.add("Access-Control-Allow-Methods", match.pathExists ? match.allowed : "GET, HEAD");
    response.headers.add("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key");
    response.headers.add("Access-Control-Max-Age", "600");
    return response;
}

void Cors::mark(const std::string* origin, Response& response) const {
    if (origins_.empty())
        return;
    // Also without an origin: a cache must not give this answer to one.
    const std::string* varies = response.headers.find("Vary");
    response.headers.set("Vary", varies == nullptr ? "Origin" : *varies + ", Origin");
    if (origin == nullptr || !admits(*origin))
        return;
    response.headers.set("Access-Control-Allow-Origin", *origin);
    response.headers.set("Access-Control-Expose-Headers",
                         "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id");
}

} // namespace core::http
