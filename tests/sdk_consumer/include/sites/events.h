#pragma once

#include <string>
#include <string_view>

#include "core/uuid.h"
#include "core/wire.h"

namespace sites::events {

struct SiteAdded {
    static constexpr std::string_view kKey = "sites.site.added";
    core::Uuid tenant;
    std::string name;
};
inline const core::wire::Type& wireType(const SiteAdded*) {
    static const auto type =
        core::wire::object<SiteAdded>("SiteAdded", core::wire::tolerant, "A tenant has one more site")
            .field("tenant_id", &SiteAdded::tenant)
            .field("name", &SiteAdded::name)
            .build();
    return type;
}

} // namespace sites::events
