#include "http/middleware_chain.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

namespace core::http {

void MiddlewareChain::add(const std::string& module, std::vector<Middleware> middleware) {
    if (middleware.empty())
        return;
    const std::unique_lock lock(mutex_);
    auto all = entries_ ? *entries_ : Entries{};
    for (auto& one : middleware) {
        const auto refuse = [&](std::string_view why) {
            throw Error(errors::kValidation,
                        fmt::format("The middleware \"{}\" of the module {} {}.", one.name, module, why));
        };
        if (!one.handle)
            refuse("has no function");
        if (!one.name.starts_with(module + "."))
            refuse(fmt::format("needs a name that begins with \"{}.\"", module));
        if (std::any_of(all.begin(), all.end(),
                        [&](const Entry& known) { return known.middleware.name == one.name; }))
            refuse("is there twice");
        all.push_back({module, std::move(one)});
    }
    entries_ = std::make_shared<const Entries>(std::move(all));
}

void MiddlewareChain::remove(std::string_view module) {
    const std::unique_lock lock(mutex_);
    if (!entries_)
        return;
    auto rest = *entries_;
    std::erase_if(rest, [&](const Entry& entry) { return entry.module == module; });
    entries_ = rest.empty() ? nullptr : std::make_shared<const Entries>(std::move(rest));
}

std::shared_ptr<const MiddlewareChain::Entries> MiddlewareChain::entries() const {
    const std::shared_lock lock(mutex_);
    return entries_;
}

Outcome MiddlewareChain::run(const Route& route, Request& request, const Handler& handler) const {
    auto all = entries();
    return all ? runFrom(std::move(all), 0, route, request, handler) : handler(request);
}

Outcome MiddlewareChain::runFrom(std::shared_ptr<const Entries> entries, std::size_t at, const Route& route,
                                 Request& request, const Handler& handler) {
    for (; at < entries->size(); ++at) {
        const auto& [module, middleware] = (*entries)[at];
        if (middleware.scope == Middleware::Scope::allRoutes || module == route.module)
            return middleware.handle(request, route, [&, at](Request& passed) {
                return runFrom(entries, at + 1, route, passed, handler);
            });
    }
    return handler(request);
}

} // namespace core::http
