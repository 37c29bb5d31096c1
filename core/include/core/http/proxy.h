#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/export.h"

namespace core::http {

/// An HTTP proxy that connections go through.
struct Proxy {
    std::string host;
    int port = 0;
    /// "user:password", if it wants to know who comes.
    std::string credentials;
    bool operator==(const Proxy&) const = default;
};

/// Which connections go through a proxy: what HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say, as restic
/// and curl read them. Connections to this machine itself never do.
class CORE_EXPORT ProxyRules {
public:
    using Lookup = std::function<std::string(const std::string& name)>;

    /// No proxy at all.
    ProxyRules() = default;
    /// Reads the variables, in small letters first. HTTP_PROXY in capitals is not read: a web server hands it
    /// to its programs out of a client's header. Throws errors::kValidation, without the value, for what is
    /// no address of an HTTP proxy.
    [[nodiscard]] static ProxyRules fromEnvironment(const Lookup& lookup);
    /// The names of all variables that are read.
    [[nodiscard]] static const std::vector<std::string>& variables();

    /// The proxy for "https" or "http" to this host and port; none: directly.
    [[nodiscard]] std::optional<Proxy> find(std::string_view scheme, std::string_view host, int port) const;

private:
    [[nodiscard]] bool isExcepted(std::string_view host, int port) const;

    std::optional<Proxy> https_;
    std::optional<Proxy> http_;
    std::vector<std::string> exceptions_;
};

} // namespace core::http
