#include "tenants/tenant_names.h"

#include <fmt/format.h>

namespace base {

TenantRow TenantNames::row(const std::optional<std::string>& named) {
    return database_.read(core::SystemContext("command line"), [&](core::db::Transaction& tx) {
        if (!named) {
            if (auto row = tenants_.findDefault(tx))
                return *row;
            throw core::Error(errors::kTenantNotFound,
                              "There is no first tenant: it was deleted, or no host has "
                              "started on this database yet. Give --tenant.");
        }
        if (const auto id = core::Uuid::parse(*named))
            return tenants_.require(tx, *id);
        const auto rows = tenants_.findByName(tx, *named);
        if (rows.empty())
            throw core::Error(errors::kTenantNotFound,
                              fmt::format("There is no tenant named \"{0}\". Create it: "
                                          "ae-backend tenant create --name {0}",
                                          *named));
        if (rows.size() > 1) {
            std::string ids;
            for (const auto& row : rows)
                ids += ' ' + row.id.toString();
            throw core::Error(
                core::errors::kConflict,
                fmt::format("{} tenants are named \"{}\": give the id instead of the name, one of{}",
                            rows.size(), *named, ids));
        }
        return rows.front();
    });
}

} // namespace base
