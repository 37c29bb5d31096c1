#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>

#include "core/db/database.h"
#include "core/log.h"
#include "tenants/tenant_store.h"
#include "users/user_service.h"

namespace base {

/// The first tenant and the first administrator of an empty database.
class Bootstrap {
public:
    struct Given {
        std::string email;
        std::string password;
    };
    static constexpr const char* kTenant = "default";

    Bootstrap(core::db::Database& database, const TenantStore& tenants, UserService& users,
              std::filesystem::path dataDir, core::Logger log);

    /// The tenant "default", made if there is no tenant at all.
    void ensureTenant();
    /// An administrator if there is no user: the given one, or admin@localhost with a random password that is
    /// printed to `out` once and kept in initial-admin.json (0600). Of two hosts that start at once one does
    /// it. Throws core::Error(kValidation) for a given address or password that cannot be used.
    void ensureAdmin(const Given& given, std::ostream& out);
    /// Forgets the kept password once it was changed.
    void passwordChanged(const std::string& email) const;

private:
    [[nodiscard]] std::filesystem::path file() const { return dataDir_ / "initial-admin.json"; }

    core::db::Database& database_;
    const TenantStore& tenants_;
    UserService& users_;
    std::filesystem::path dataDir_;
    core::Logger log_;
};

} // namespace base
