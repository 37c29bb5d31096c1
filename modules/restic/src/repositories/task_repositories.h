#pragma once

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/service.h"
#include "repositories/repository_store.h"
#include "restic/protocol/task_messages.h"

namespace restic {

/// What whoever works on a repository gets of it: from its row as it is now, with its secrets from the vault.
/// Thread-safe.
class TaskRepositories {
public:
    TaskRepositories(core::db::Database& database, core::ServiceHandle<base::SecretVault> vault)
        : database_(database), vault_(std::move(vault)) {}

    /// Throws base::errors::kVaultSealed.
    [[nodiscard]] protocol::TaskRepository of(core::db::Transaction& tx, const Repository& repository) const;

private:
    core::db::Database& database_;
    core::ServiceHandle<base::SecretVault> vault_;
};

} // namespace restic
