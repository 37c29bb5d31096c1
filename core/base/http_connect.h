#pragma once

#include <chrono>
#include <string>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include "core/http/client.h"
#include "http_bounded.h"

namespace core::http {

/// Where a connection goes.
struct Destination {
    std::string scheme;
    std::string host; ///< without brackets
    int port = 0;
    std::string where; ///< for messages
};

/// Ties a descriptor to an interrupter as long as this lives.
class InterruptibleSocket {
public:
    /// Throws Interrupted if it was interrupted before.
    InterruptibleSocket(Interrupter* interrupter, int fd);
    ~InterruptibleSocket();
    InterruptibleSocket(const InterruptibleSocket&) = delete;
    InterruptibleSocket& operator=(const InterruptibleSocket&) = delete;

private:
    Interrupter* interrupter_;
};

/// Thrown where a call was interrupted.
struct Interrupted {};

/// A connection ready for requests: the name looked up, each of its addresses tried, through the proxy if
/// there is one, TLS begun. Throws core::Error (kUnreachable, kUntrusted), whose message is a sentence.
Poco::Net::StreamSocket openConnection(const Destination& to, const std::optional<Proxy>& proxy,
                                       const Poco::Net::Context::Ptr& context,
                                       std::chrono::milliseconds connectTimeout, SteadyPoint deadline,
                                       Interrupter* interrupter);

} // namespace core::http
