#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/http/client.h"
#include "state/identity.h"

namespace agent {

/// Where the agent's server is, and which CA it trusts there.
struct ServerAddress {
    std::string url; ///< "" = nobody said
    std::string caCert;
};

/// What the configuration says now, over what was true at enrolment: a server may move.
[[nodiscard]] inline ServerAddress serverAddress(const Config& config,
                                                 const std::optional<Identity>& identity) {
    const auto& configured = config.orchestrator;
    return {!configured.url.empty() || !identity ? configured.url : identity->serverUrl,
            !configured.caCert.empty() || !identity ? configured.caCert : identity->caCert};
}

/// True if nobody on the way can read what is sent: by TLS, or because nothing leaves this machine.
[[nodiscard]] inline bool isPrivate(const ServerAddress& address) {
    constexpr std::string_view kPlain = "http://";
    std::string_view rest = address.url;
    if (!rest.starts_with(kPlain))
        return true;
    rest.remove_prefix(kPlain.size());
    rest = rest.substr(0, rest.find('/'));
    if (rest.starts_with('['))
        return rest.substr(0, rest.find(']') + 1) == "[::1]";
    rest = rest.substr(0, rest.find(':'));
    return rest == "localhost" ||
           (rest.starts_with("127.") && rest.find_first_not_of("0123456789.") == rest.npos);
}

/// How calls get there: through a proxy if the environment names one.
[[nodiscard]] inline core::http::ClientOptions clientOptions(const ServerAddress& address,
                                                             const Environment& environment) {
    core::http::ClientOptions options;
    options.url = address.url;
    options.caFile = address.caCert;
    options.proxies = core::http::ProxyRules::fromEnvironment([&](const std::string& name) {
        const auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    });
    return options;
}

} // namespace agent
