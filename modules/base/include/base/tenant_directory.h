#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "core/export.h"
#include "core/uuid.h"

namespace base {

/// Which tenant an operator means at the command line. Thread-safe.
class CORE_EXPORT TenantDirectory {
public:
    static constexpr std::string_view kService = "base.tenants/1";
    virtual ~TenantDirectory() = default;

    /// By id or name; without either the operator's own, whatever it is called now. A name is in its tenant's
    /// own hands: where two have it, the id decides. Throws errors::kTenantNotFound, core::errors::kConflict.
    virtual core::Uuid find(const std::optional<std::string>& named) = 0;
};

} // namespace base
