#pragma once

#include <string>
#include <string_view>

#include "core/http/ip_address.h"
#include "core/http/message.h"

namespace core::http {

/// For whom a proxy asks.
struct ClientAddress {
    std::string address;
    bool secure = false;
};

/// What `X-Forwarded-For` and `X-Forwarded-Proto` say of a request that a trusted proxy has sent. Every proxy
/// adds the address that it sees at the right: the client is the rightmost one that is no trusted proxy. What
/// stands left of it, or of anything that is no address, is anybody's invention. `own` is what is true
/// without these fields.
ClientAddress forwardedClient(const Headers& headers, ClientAddress own, const AddressSet& trusted);

} // namespace core::http
