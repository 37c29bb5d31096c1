#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace core::http {

/// One place to listen on, as it is written in `http.addr`:
///
///     HOST:PORT, [V6]:PORT   TLS if the host has a certificate, plain otherwise; port 0 takes a free one
///     http://HOST:PORT       plain in any case
///     https://HOST:PORT      TLS in any case
///     unix:/PATH             a socket file, always plain
///
/// [::]:PORT takes IPv4 as well.
struct ListenAddress {
    enum class Protocol { automatic, plain, tls };

    std::string text; ///< as it was written
    Protocol protocol = Protocol::automatic;
    std::string host; ///< empty: every address of this machine
    std::string port;
    std::string path = {}; ///< of the socket file; empty: TCP

    /// kValidation with what is wrong and how it is written.
    static Result<ListenAddress> parse(std::string_view text);
};

} // namespace core::http
