#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "core/db/database.h"
#include "core/export.h"
#include "core/uuid.h"

namespace base {

/// How many things a tenant may have.
struct Limits {
    std::int64_t agents = 0;
    std::int64_t policies = 0;
};

class CORE_EXPORT TenantLimits {
public:
    static constexpr std::string_view kService = "base.tenant_limits/1";
    virtual ~TenantLimits() = default;

    /// Throws core::Error(errors::kTenantNotFound).
    virtual Limits get(core::db::Transaction& tx, const core::Uuid& tenant) = 0;
    /// The same, and until the end of the transaction no other one gets past here for this tenant: count,
    /// then create, without two hosts both finding the last free place.
    virtual Limits getForCreation(core::db::Transaction& tx, const core::Uuid& tenant) = 0;
    /// Throws core::Error(errors::kTenantLimitReached), stating the limit, if `present` things leave no place
    /// for one more. `what` is for the sentence: "agents". Inline: modules do not see each other's symbols.
    static void require(std::int64_t present, std::int64_t limit, std::string_view what) {
        if (present >= limit)
            throw core::Error(errors::kTenantLimitReached,
                              "This tenant may have " + std::to_string(limit) + " " + std::string(what) +
                                  " and has " + std::to_string(present) +
                                  ". Remove what is not needed, or have the limit raised with: ae-backend "
                                  "tenant set");
    }
};

} // namespace base
