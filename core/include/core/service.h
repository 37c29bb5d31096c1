#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include "core/error.h"
#include "core/export.h"

namespace core {

/// A service interface names itself and its version: `static constexpr std::string_view kService =
/// "base.vault/1"`. A version that callers of the one before would misread is another number.
template <typename T>
concept Service = requires {
    { T::kService } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// One provided service, shared by its handles. Thread-safe.
class CORE_EXPORT ServiceSlot {
public:
    ServiceSlot(std::string name, std::string provider, std::shared_ptr<void> object,
                const std::type_info& type);
    ~ServiceSlot();
    ServiceSlot(const ServiceSlot&) = delete;
    ServiceSlot& operator=(const ServiceSlot&) = delete;

    /// Begins a call; throws core::Error(kUnavailable) after close().
    void* enter();
    void leave() noexcept;
    /// No call begins any more.
    void close() noexcept;
    /// True once no call is under way; false after the limit.
    [[nodiscard]] bool drain(std::chrono::milliseconds limit) noexcept;
    [[nodiscard]] bool open() const noexcept;
    [[nodiscard]] const std::string& name() const noexcept;
    [[nodiscard]] const std::string& provider() const noexcept;
    [[nodiscard]] const std::type_info& type() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace detail

/// A service of another module, to be kept and called: `vault->get(tx, place)`. Safe after the module that
/// provides it has stopped: a call then throws core::Error(kUnavailable), which names the service; a call
/// that is under way is waited for before that module stops. What a call returns must not refer into the
/// service. Cheap to copy. Thread-safe as the service is.
template <typename T>
class ServiceHandle {
public:
    /// No service; only to be assigned to.
    ServiceHandle() = default;
    explicit ServiceHandle(std::shared_ptr<detail::ServiceSlot> slot) : slot_(std::move(slot)) {}
    /// An object that no module provides, as if it were one that never stops.
    template <std::derived_from<T> U>
    ServiceHandle(std::shared_ptr<U> object)
        : slot_(std::make_shared<detail::ServiceSlot>(std::string(T::kService), std::string(),
                                                      std::shared_ptr<T>(std::move(object)), typeid(T))) {}

    /// One call: keeps the service until the end of the full expression.
    class Call {
    public:
        explicit Call(std::shared_ptr<detail::ServiceSlot> slot)
            : slot_(std::move(slot)), object_(static_cast<T*>(slot_->enter())) {}
        ~Call() { slot_->leave(); }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        T* operator->() const noexcept { return object_; }

    private:
        std::shared_ptr<detail::ServiceSlot> slot_;
        T* object_;
    };
    /// Throws core::Error(kUnavailable) when the provider has stopped.
    Call operator->() const { return Call(slot_); }
    /// Whether a call would be let in now.
    [[nodiscard]] bool available() const noexcept { return slot_ != nullptr && slot_->open(); }

private:
    std::shared_ptr<detail::ServiceSlot> slot_;
};

/// What modules offer to each other, by name and version. Every module has its own object of one shared
/// registry, so that what it provides is withdrawn with it. Thread-safe.
class CORE_EXPORT Services {
public:
    Services();
    ~Services();
    Services(Services&&) noexcept;
    Services& operator=(Services&&) = delete;

    /// The same registry for that module.
    [[nodiscard]] Services forModule(std::string module) const;

    /// Throws core::Error(kConflict) if the name is taken.
    template <Service T>
    void provide(std::shared_ptr<T> service) {
        provideRaw(T::kService, std::move(service), typeid(T));
    }
    /// A handle that is not available if nobody provides the service.
    template <Service T>
    [[nodiscard]] ServiceHandle<T> find() const {
        return ServiceHandle<T>(findRaw(T::kService, typeid(T)));
    }
    /// Throws core::Error(kUnavailable) if nobody provides it; says so when another version is there.
    template <Service T>
    [[nodiscard]] ServiceHandle<T> require() const {
        auto handle = find<T>();
        if (!handle.available())
            missing(T::kService);
        return handle;
    }

    /// Ends what this module provides: first no call is let in, then those under way are waited for. False if
    /// some were not over within the limit.
    [[nodiscard]] bool withdraw(std::chrono::milliseconds limit) noexcept;

private:
    struct Registry;
    Services(std::shared_ptr<Registry> registry, std::string module);
    void provideRaw(std::string_view name, std::shared_ptr<void> service, const std::type_info& type);
    [[nodiscard]] std::shared_ptr<detail::ServiceSlot> findRaw(std::string_view name,
                                                               const std::type_info& type) const;
    [[noreturn]] void missing(std::string_view name) const;

    std::shared_ptr<Registry> registry_;
    std::string module_;
};

} // namespace core
