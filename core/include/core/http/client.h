#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/export.h"
#include "core/http/proxy.h"
#include "core/time.h"

namespace core::errors {
inline constexpr ErrorKind kUnreachable{"ServerUnreachable", 503, "The server cannot be reached",
                                        "Check the address, the network and the firewall"};
inline constexpr ErrorKind kUntrusted{"CertificateError", 502, "The server's certificate is not trusted",
                                      "Name the CA certificate with --ca-cert or orchestrator.ca_cert"};
inline constexpr ErrorKind kRedirected{"Redirected", 502, "The server sends its callers to another address",
                                       "Name the address that answers itself"};
inline constexpr ErrorKind kCallInterrupted{"Interrupted", 503, "The call was interrupted", ""};
} // namespace core::errors

namespace core::http {

/// Ends a call that another thread is waiting in. Once interrupted, calls that use it fail at once until
/// reset().
class CORE_EXPORT Interrupter {
public:
    void interrupt() noexcept;
    void reset() noexcept;
    [[nodiscard]] bool interrupted() const noexcept;

private:
    friend class InterruptibleSocket;
    bool attach(int fd) noexcept;
    void detach() noexcept;

    mutable std::mutex mutex_;
    int fd_ = -1;
    bool interrupted_ = false;
};

struct ClientRequest {
    std::string method = "GET";
    /// Below the client's address, with query.
    std::string path;
    std::string body;
    std::string bearer;
    std::string idempotencyKey;
    /// Further ones; they go before what the client would say itself (Accept, Authorization).
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// For everything: finding the name, connecting, sending, and the whole answer.
    std::chrono::milliseconds timeout{10000};
};

struct ClientResponse {
    int status = 0;
    std::string body;
    std::string contentType;
    std::optional<std::chrono::seconds> retryAfter;
    /// The server's clock.
    std::optional<Instant> date;
};

struct ClientOptions {
    /// Begins with https:// or http://; a path goes before that of each request.
    std::string url;
    /// PEM file whose certificates are trusted beside the system's: roots, intermediates or a server's own.
    std::string caFile = {};
    ProxyRules proxies = {};
    /// For one address of the server's name; the next is tried after it.
    std::chrono::milliseconds connectTimeout{10000};
    /// Larger answers are refused.
    std::size_t maxBody = 8U << 20U;
    std::size_t maxIdleConnections = 4;
};

/// HTTP and HTTPS to one server: TLS 1.3, peers verified by name, every address of a name tried, through a
/// proxy where one is named, connections kept open between calls, answers bounded in size and time and
/// checked against their length. Redirects are refused: the credentials are for this address. Thread-safe:
/// each call has a connection of its own.
class CORE_EXPORT Client {
public:
    /// Throws core::Error if the address or the CA file cannot be used.
    explicit Client(ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Any answer that is none of a redirect, or why there is none: kUnreachable, kUntrusted, kRedirected,
    /// kCallInterrupted. The message is a sentence for people that names the server. A kept connection that
    /// has died meanwhile is replaced once, so a request may reach the server twice: only for what may be
    /// repeated.
    [[nodiscard]] Result<ClientResponse> send(const ClientRequest& request,
                                              Interrupter* interrupter = nullptr);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace core::http
