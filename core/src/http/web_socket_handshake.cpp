#include "http/web_socket_handshake.h"

#include <algorithm>
#include <array>

#include <Poco/SHA1Engine.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/encoding.h"
#include "http/field_list.h"

namespace core::http {

namespace {
constexpr std::string_view kVersion = "13";

/// The members of all fields of that name.
std::vector<std::string_view> members(const Headers& headers, std::string_view name) {
    std::vector<std::string_view> all;
    for (const auto& [field, value] : headers.fields())
        if (equalNoCase(field, name))
            for (const auto member : fieldList(value))
                all.push_back(member);
    return all;
}
bool lists(const Headers& headers, std::string_view name, std::string_view member) {
    const auto all = members(headers, name);
    return std::any_of(all.begin(), all.end(), [&](auto one) { return equalNoCase(one, member); });
}

/// The key proves that somebody has read it who speaks the protocol; SHA-1 is what the RFC says, not a
/// secret's hash.
std::string acceptOf(const std::string& key) {
    Poco::SHA1Engine sha1;
    sha1.update(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    const auto& digest = sha1.digest();
    std::array<unsigned char, 32> text{};
    const int size = ::EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}
} // namespace

std::optional<Response> webSocketRefusal(const Request& request) {
    if (!lists(request.headers, "Connection", "upgrade") || !lists(request.headers, "Upgrade", "websocket") ||
        request.headers.get("Sec-WebSocket-Version") != kVersion) {
        Response response =
            Response::error(Error(errors::kUpgradeRequired,
                                  "This address is a WebSocket: send the handshake of version 13 with GET."));
        response.headers.add("Upgrade", "websocket");
        response.headers.add("Sec-WebSocket-Version", std::string(kVersion));
        return response;
    }
    const auto key = base64Decode(request.headers.get("Sec-WebSocket-Key"));
    if (!key || key->size() != 16)
        return Response::error(Error(
            errors::kMalformed, "Sec-WebSocket-Key must be 16 bytes in base64, new for each connection."));
    if (!request.body.empty())
        return Response::error(Error(errors::kMalformed, "The handshake of a WebSocket has no body."));
    return std::nullopt;
}

bool fromSameOrigin(const Request& request) {
    const std::string* origin = request.headers.find("Origin");
    if (origin == nullptr)
        return true;
    const std::string host(request.headers.get("Host"));
    // Where the host does not know that a proxy in front of it speaks TLS, the browser still does.
    return equalNoCase(*origin, "https://" + host) ||
           (!request.secure && equalNoCase(*origin, "http://" + host));
}

std::string webSocketAccepted(const Request& request, const WebSocketLimits& limits) {
    std::string answer = fmt::format("HTTP/1.1 101 Switching Protocols\r\n"
                                     "Upgrade: websocket\r\n"
                                     "Connection: Upgrade\r\n"
                                     "Sec-WebSocket-Accept: {}\r\n",
                                     acceptOf(std::string(request.headers.get("Sec-WebSocket-Key"))));
    const auto wanted = members(request.headers, "Sec-WebSocket-Protocol");
    const auto known =
        std::find_first_of(limits.protocols.begin(), limits.protocols.end(), wanted.begin(), wanted.end());
    if (known != limits.protocols.end())
        answer += "Sec-WebSocket-Protocol: " + *known + "\r\n";
    answer += "X-Request-Id: " + request.requestId + "\r\n\r\n";
    return answer;
}

} // namespace core::http
