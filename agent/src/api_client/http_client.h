#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/time.h"

namespace agent {

namespace errors {
inline constexpr core::ErrorKind kUnreachable{"ServerUnreachable", 503, "The server cannot be reached",
                                              "Check the address, the network and the firewall"};
inline constexpr core::ErrorKind kUntrusted{"CertificateError", 502,
                                            "The server's certificate is not trusted",
                                            "Name the CA certificate with --ca-cert or orchestrator.ca_cert"};
inline constexpr core::ErrorKind kInterruptedCall{"Interrupted", 503, "The call was interrupted", ""};
} // namespace errors

/// Ends a call that another thread is waiting in. Once interrupted, calls that use it fail at once until
/// reset().
class Interrupter {
public:
    void interrupt() noexcept;
    void reset() noexcept;
    [[nodiscard]] bool interrupted() const noexcept;

private:
    friend class HttpClient;
    bool attach(int fd) noexcept;
    void detach() noexcept;

    mutable std::mutex mutex_;
    int fd_ = -1;
    bool interrupted_ = false;
};

struct HttpRequest {
    std::string method = "GET";
    /// Below the server's address, with query.
    std::string path;
    std::string body;
    std::string bearer;
    std::string idempotencyKey;
    std::chrono::milliseconds timeout{10000};
};

struct HttpResponse {
    int status = 0;
    std::string body;
    std::optional<std::chrono::seconds> retryAfter;
    /// The server's clock.
    std::optional<core::Instant> date;
};

/// HTTP and HTTPS to one server: peers are verified, TLS 1.2 at least, connections kept open between calls,
/// bodies bounded and checked against their length. Thread-safe: each call has a connection of its own.
class HttpClient {
public:
    /// Throws core::Error if the address or the CA file cannot be used.
    HttpClient(const std::string& url, const std::string& caCert);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    [[nodiscard]] core::Result<HttpResponse> send(const HttpRequest& request,
                                                  Interrupter* interrupter = nullptr);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace agent
