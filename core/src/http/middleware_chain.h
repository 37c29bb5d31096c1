#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/middleware.h"

namespace core::http {

/// The middleware of all modules, from the outside in. Thread-safe.
class MiddlewareChain {
public:
    /// Adds a module's own inside of what is there. Throws core::Error(kValidation) for one without a
    /// function, or whose name is taken or does not begin with the module's.
    void add(const std::string& module, std::vector<Middleware> middleware);
    /// Takes away a module's; what is under way goes on.
    void remove(std::string_view module);
    /// Calls the handler through all that concerns the route.
    [[nodiscard]] Outcome run(const Route& route, Request& request, const Handler& handler) const;

private:
    struct Entry {
        std::string module;
        Middleware middleware;
    };
    using Entries = std::vector<Entry>;
    static Outcome runFrom(std::shared_ptr<const Entries> entries, std::size_t at, const Route& route,
                           Request& request, const Handler& handler);
    [[nodiscard]] std::shared_ptr<const Entries> entries() const;

    mutable std::shared_mutex mutex_;
    std::shared_ptr<const Entries> entries_; // replaced, never changed; null for none
};

} // namespace core::http
