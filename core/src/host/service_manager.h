#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/export.h"

namespace core::host {

/// systemd as it started this process (sd_listen_fds(3), sd_notify(3)): the sockets that it hands over, and
/// what it is told. Without systemd there are none, and nothing is told to nobody. The messages may be sent
/// from any thread.
class CORE_EXPORT ServiceManager {
public:
    /// Takes what the environment says, and removes it: no child process must take it for its own. To be
    /// called before any other thread runs.
    static ServiceManager takeFromEnvironment();

    /// Listening sockets, in the order of their unit. Their names are not looked at.
    [[nodiscard]] const std::vector<int>& sockets() const noexcept { return sockets_; }

    void ready(std::string_view status) const noexcept;
    void reloading() const noexcept;
    void stopping() const noexcept;
    void alive() const noexcept;
    /// How often alive() is wanted: twice as often as would be enough. nullopt: not at all.
    [[nodiscard]] std::optional<std::chrono::milliseconds> aliveEvery() const noexcept { return aliveEvery_; }

private:
    ServiceManager() = default;
    /// Lost if nobody listens; never waits.
    void tell(std::string_view message) const noexcept;

    std::vector<int> sockets_;
    std::string address_; ///< of the manager's datagram socket; empty: there is none
    std::optional<std::chrono::milliseconds> aliveEvery_;
};

} // namespace core::host
