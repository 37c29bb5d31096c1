#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/log.h"
#include "core/service.h"

namespace restic {

/// Secrets that earlier versions kept in clear beside repositories and policies: once moved, they are in the
/// vault. Thread-safe.
class OldSecrets {
public:
    OldSecrets(core::db::Database& database, core::ServiceHandle<base::SecretVault> vault)
        : database_(database), vault_(std::move(vault)) {}

    /// Moves what the migration V0002 could not, since only the vault can seal; again at each start, where it
    /// finds nothing. A row that cannot be moved is logged and stops no other. Returns how many it changed.
    int moveIntoVault(const core::Logger& log);
    /// What a repository's environment has in the vault, by name of the variable.
    std::map<std::string, std::string> environmentOf(core::db::Transaction& tx, const core::Uuid& repository);
    /// The vault's names of the secrets of a policy's plugins.
    std::vector<std::string> ofPolicy(core::db::Transaction& tx, const core::Uuid& policy);

private:
    bool moveRepository(core::db::Transaction& tx, const core::Uuid& id);
    bool movePolicy(core::db::Transaction& tx, const core::Uuid& id);

    core::db::Database& database_;
    core::ServiceHandle<base::SecretVault> vault_;
};

} // namespace restic
