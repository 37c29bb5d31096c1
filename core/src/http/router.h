#pragma once

#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/route.h"

namespace core::http {

/// The table of routes. Looking up takes a time that depends on the path's length, not on the number of
/// routes. Thread-safe.
class Router {
public:
    struct Match {
        std::shared_ptr<const Route> route; ///< null: no route for this method
        std::vector<std::pair<std::string, std::string>> parameters;
        bool pathExists = false;
        std::string allowed; ///< methods of this path, for 405
    };

    Router();
    ~Router();

    /// Adds a module's routes. Throws core::Error(kInternal) for a route that is not safe to serve: without a
    /// permission, changing without an audit action, a pattern or method that is taken or malformed.
    void add(std::string_view module, std::vector<Route> routes);
    /// Takes away all routes of a module.
    void remove(std::string_view module);
    [[nodiscard]] Match find(std::string_view method, std::string_view path) const;
    /// All routes, sorted by path and method.
    [[nodiscard]] std::vector<std::shared_ptr<const Route>> routes() const;

private:
    struct Node;
    static const Node* search(const Node& node, std::span<const std::string> parts,
                              std::vector<std::string>& values);
    mutable std::shared_mutex mutex_;
    std::unique_ptr<Node> root_;
};

} // namespace core::http
