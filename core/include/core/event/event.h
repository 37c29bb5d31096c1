#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "core/wire.h"

namespace core::event {

/// An event type: an immutable struct that knows its key ("restic.task.completed") and declares its fields as
/// a wire type, whose name and doc say what happened. The declaration is all there is: JSON, the copy for
/// other hosts, the row in the outbox and the catalogue come from it.
///
///     struct Rang {
///         static constexpr std::string_view kKey = "bell.rang";
///         int times = 0;
///     };
///     inline const core::wire::Type& wireType(const Rang*) {
///         static const auto type = core::wire::object<Rang>("Rang", core::wire::tolerant, "The bell rang")
///                                      .field("times", &Rang::times, {.doc = "How often"})
///                                      .build();
///         return type;
///     }
///
/// With `static constexpr bool kCrossHost = true` it is delivered on the other hosts of the database too.
/// With `static constexpr bool kDurable = true` it survives a crash on its way to durable subscriptions, and
/// can only be published with the unit of work that makes it true. Its texts have their declared maxLength or
/// less: what is longer cannot be read again.
template <typename E>
concept Event = wire::detail::Declared<E> && requires {
    { E::kKey } -> std::convertible_to<std::string_view>;
};

template <Event E>
[[nodiscard]] consteval bool crossesHosts() {
    if constexpr (requires { E::kCrossHost; })
        return E::kCrossHost;
    return false;
}
template <Event E>
[[nodiscard]] consteval bool isDurable() {
    if constexpr (requires { E::kDurable; })
        return E::kDurable;
    return false;
}
template <typename E>
concept DurableEvent = Event<E> && isDurable<E>();

/// One event type as the catalogue has it.
struct Declaration {
    std::string key;
    const wire::Type* type = nullptr; ///< name, doc and fields; static
    bool crossHost = false;
    bool durable = false;

    template <Event E>
    [[nodiscard]] static Declaration of() {
        return {std::string(E::kKey), &wire::typeOf<E>(), crossesHosts<E>(), isDurable<E>()};
    }
};

} // namespace core::event
