#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/http/ip_address.h"
#include "polling/monitor_settings.h"
#include "restic/cli/repository_access.h"
#include "restic/cli/version.h"

namespace restic {

/// The addresses of a server's name; empty if it has none just now.
using Resolve = std::function<std::vector<core::http::IpAddress>(const std::string& host)>;
/// Asks the machine.
[[nodiscard]] std::vector<core::http::IpAddress> resolveHost(const std::string& host);

/// How this machine itself reaches a repository that a tenant names. A tenant is not the operator: nothing
/// that is the machine's own (its disk, its keys, its networks, its identity in a cloud) is used for it
/// unless the operator has said so. Thread-safe.
class DirectAccess {
public:
    explicit DirectAccess(const MonitorSettings& settings, Resolve resolve = resolveHost)
        : settings_(settings), resolve_(std::move(resolve)) {}

    /// Why this machine may not look there, as a sentence that names the setting; what is known without
    /// asking a network.
    [[nodiscard]] std::optional<std::string> refusal(const protocol::TaskRepository& repository) const;
    /// How to get there, or why not: errors::kDirectPollForbidden, or what cli::accessTo() says. Finds the
    /// addresses of the server's name.
    [[nodiscard]] std::variant<cli::RepositoryAccess, protocol::TaskError>
    to(const protocol::TaskRepository& repository, const std::optional<cli::ResticVersion>& restic) const;

private:
    [[nodiscard]] std::optional<std::string> refusalOfFiles(const protocol::TaskRepository& repository) const;
    [[nodiscard]] std::optional<protocol::TaskError>
    refusalOfServer(const protocol::TaskRepository& repository) const;

    const MonitorSettings& settings_;
    Resolve resolve_;
};

} // namespace restic
