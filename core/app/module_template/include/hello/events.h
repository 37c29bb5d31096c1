#pragma once

#include <string>
#include <string_view>

#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"

/// What the module tells other modules.
namespace hello::events {

struct GreetingCreated {
    static constexpr std::string_view kKey = "hello.greeting.created";
    core::Uuid tenant;
    core::Uuid greeting;
    std::string text;
    core::Instant at;
};
inline const core::wire::Type& wireType(const GreetingCreated*) {
    static const auto type =
        core::wire::object<GreetingCreated>("GreetingCreated", core::wire::tolerant, "Somebody greeted")
            .field("tenant_id", &GreetingCreated::tenant)
            .field("greeting_id", &GreetingCreated::greeting)
            .field("text", &GreetingCreated::text, {.doc = "What was said"})
            .field("timestamp", &GreetingCreated::at)
            .build();
    return type;
}

} // namespace hello::events
