#pragma once

#include <any>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/export.h"

namespace core {

/// A service interface names itself and its version: `static constexpr std::string_view kService =
/// "base.vault/1"`.
template <typename T>
concept Service = requires {
    { T::kService } -> std::convertible_to<std::string_view>;
};

/// What modules offer to each other, by name and version. Thread-safe. Modules are never unloaded, so a
/// service stays valid as long as somebody holds it.
class CORE_EXPORT Services {
public:
    Services();
    ~Services();

    /// Throws core::Error(kConflict) if the name is taken.
    template <Service T>
    void provide(std::shared_ptr<T> service) {
        provideRaw(T::kService, std::make_any<std::shared_ptr<T>>(std::move(service)));
    }
    /// Null if nobody provides it.
    template <Service T>
    [[nodiscard]] std::shared_ptr<T> find() const {
        const std::any service = findRaw(T::kService);
        return service.has_value() ? std::any_cast<std::shared_ptr<T>>(service) : nullptr;
    }
    /// Throws core::Error(kUnavailable) if nobody provides it.
    template <Service T>
    [[nodiscard]] std::shared_ptr<T> require() const {
        auto service = find<T>();
        if (!service)
            missing(T::kService);
        return service;
    }

private:
    void provideRaw(std::string_view name, std::any service);
    [[nodiscard]] std::any findRaw(std::string_view name) const;
    [[noreturn]] static void missing(std::string_view name);

    struct State;
    std::unique_ptr<State> state_;
};

} // namespace core
