#pragma once

#include <optional>
#include <string>

#include "config/config.h"
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

} // namespace agent
