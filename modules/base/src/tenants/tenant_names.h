#pragma once

#include "base/tenant_directory.h"
#include "core/db/database.h"
#include "tenants/tenant_store.h"

namespace base {

class TenantNames final : public TenantDirectory {
public:
    TenantNames(core::db::Database& database, TenantStore& tenants)
        : database_(database), tenants_(tenants) {}

    core::Uuid find(const std::optional<std::string>& named) override { return row(named).id; }
    /// The same, with what else is known of it.
    TenantRow row(const std::optional<std::string>& named);

private:
    core::db::Database& database_;
    TenantStore& tenants_;
};

} // namespace base
