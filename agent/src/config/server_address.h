#pragma once

#include <optional>
#include <string>

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
