#include "site_live.h"

namespace sites {

using core::http::Upgrade;
using core::http::WebSocket;

Upgrade SiteLive::watch(const core::Uuid& tenant) {
    const std::lock_guard lock(mutex_);
    const int id = next_++;
    return Upgrade{.opened =
                       [this, id, tenant](const WebSocket& socket) {
                           const std::lock_guard opening(mutex_);
                           watchers_.insert({id, {tenant, socket}});
                       },
                   .closed =
                       [this, id](const auto&) {
                           const std::lock_guard closing(mutex_);
                           watchers_.erase(id);
                       }};
}

void SiteLive::added(const core::Uuid& tenant, const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, watcher] : watchers_)
        if (watcher.tenant == tenant && watcher.socket.send({name}) == WebSocket::Sent::full)
            watcher.socket.close({1013, "You read too slowly; list the sites and watch again."});
}

} // namespace sites
