#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "core/uuid.h"

namespace sites::events {

/// A tenant has one more site.
struct SiteAdded {
    static constexpr std::string_view kKey = "sites.site.added";
    core::Uuid tenant;
    std::string name;
    [[nodiscard]] core::json::Value toJson() const {
        return core::json::Object{{"tenant_id", tenant.toString()}, {"name", name}};
    }
};

} // namespace sites::events
