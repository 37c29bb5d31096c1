#pragma once

#include <string>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocketImpl.h>

#include "core/error.h"
#include "http_bounded.h"

/// TLS on the client's side: whom it trusts, and plain sentences for why a handshake failed.
namespace core::http::tls {

/// TLS 1.3, the system's roots and those of the file. Throws errors::kUntrusted if the file cannot be used.
Poco::Net::Context::Ptr makeContext(const std::string& caFile);

/// The handshake, with the peer's name checked. `where` names the server in messages. Throws
/// errors::kUntrusted with the reason as a sentence, Poco::TimeoutException, or another Poco::Exception if
/// the connection broke.
Poco::Net::StreamSocket connect(Bounded<Poco::Net::StreamSocketImpl>* socket, const std::string& host,
                                const std::string& where, const Poco::Net::Context::Ptr& context,
                                SteadyPoint deadline);

} // namespace core::http::tls
