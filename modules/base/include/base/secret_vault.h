#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/export.h"
#include "core/uuid.h"

namespace base {

/// Where a secret belongs: one field of one row of one tenant. It is sealed into the secret, so that a row
/// that was moved or exchanged in the database does not open.
struct SecretPlace {
    core::Uuid tenant;
    std::string_view table; ///< "restic_repositories"
    core::Uuid row;
    std::string_view field; ///< "password"
};

/// Keeps secrets encrypted in the database (AES-256-GCM under BACKUP_ENCRYPTION_KEY). Works inside the
/// caller's transaction, so that a secret and the row it belongs to exist together. Thread-safe.
class CORE_EXPORT SecretVault {
public:
    static constexpr std::string_view kService = "base.vault/1";
    virtual ~SecretVault() = default;

    /// Seals and stores; replaces what is there.
    virtual void put(core::db::Transaction& tx, const SecretPlace& place, std::string_view secret) = 0;
    /// nullopt if there is none. Throws core::Error(errors::kVaultSealed) if what is stored does not open
    /// here.
    virtual std::optional<std::string> get(core::db::Transaction& tx, const SecretPlace& place) = 0;
    /// Which fields of a row have a secret, in alphabetical order: for showing that one is set.
    virtual std::vector<std::string> fields(core::db::Transaction& tx, const core::Uuid& tenant,
                                            std::string_view table, const core::Uuid& row) = 0;
    virtual void erase(core::db::Transaction& tx, const SecretPlace& place) = 0;
    /// All secrets of a row: call when the row is deleted.
    virtual void eraseRow(core::db::Transaction& tx, const core::Uuid& tenant, std::string_view table,
                          const core::Uuid& row) = 0;
};

} // namespace base
