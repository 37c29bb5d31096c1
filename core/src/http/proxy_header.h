#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/http/ip_address.h"

namespace core::http {

/// The header of the PROXY protocol, versions 1 and 2, with which a proxy begins a connection to say for whom
/// it is (haproxy.org/download/2.6/doc/proxy-protocol.txt).
struct ProxyHeader {
    std::size_t size = 0;            ///< in bytes; what follows is the client's
    std::optional<IpAddress> client; ///< nullopt: the proxy speaks for itself, or does not know
    bool secure = false;             ///< the client speaks TLS with the proxy
};

/// Longer headers are refused: what version 2 may add to the addresses is limited to this.
inline constexpr std::size_t kMaxProxyHeader = 1024;

struct ProxyParse {
    enum class Progress { incomplete, refused, complete } progress;
    ProxyHeader header = {}; ///< with `complete`
};
/// Reads it from what has arrived. Bytes that cannot become a header are refused as soon as that is sure.
ProxyParse parseProxyHeader(std::string_view bytes);

} // namespace core::http
