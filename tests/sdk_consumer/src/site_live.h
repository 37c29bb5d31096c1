#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/http/web_socket.h"
#include "core/tenancy.h"

namespace sites {

/// Tells whoever watches a tenant of each site that it gets. Thread-safe.
class SiteLive {
public:
    /// One who watches; must outlive the host's server, which calls back.
    core::http::Upgrade watch(const core::Uuid& tenant);
    void added(const core::Uuid& tenant, const std::string& name);

private:
    struct Watcher {
        core::Uuid tenant;
        core::http::WebSocket socket;
    };
    std::mutex mutex_;
    std::map<int, Watcher> watchers_;
    int next_ = 0;
};

} // namespace sites
