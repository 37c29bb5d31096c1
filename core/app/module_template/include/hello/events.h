#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

/// What the module tells other modules.
namespace hello::events {

/// Somebody greeted; the greeting is stored.
struct GreetingCreated {
    static constexpr std::string_view kKey = "hello.greeting.created";
    core::Uuid tenant;
    core::Uuid greeting;
    std::string text;
    core::Instant at;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"greeting_id", greeting.toString()},
                                  {"tenant_id", tenant.toString()},
                                  {"text", text},
                                  {"timestamp", core::formatInstant(at)}};
    }
};

} // namespace hello::events
