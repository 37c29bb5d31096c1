#pragma once

#include <optional>
#include <string>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/service.h"
#include "core/uuid.h"

namespace restic {

/// Passwords that are to be a repository's: sealed in the vault, beside the task that makes them open it and
/// beside the repository's present one, until the task ends. Thread-safe; every call runs in the caller's
/// transaction.
class NewPasswords {
public:
    explicit NewPasswords(core::ServiceHandle<base::SecretVault> vault) : vault_(std::move(vault)) {}

    void keep(core::db::Transaction& tx, const core::Uuid& task, const std::string& password) const;
    /// nullopt where none is kept: the task has ended.
    [[nodiscard]] std::optional<std::string> find(core::db::Transaction& tx, const core::Uuid& task) const;
    /// The repository's password is from now on the one that is kept.
    void makeRepositorys(core::db::Transaction& tx, const core::Uuid& task,
                         const core::Uuid& repository) const;
    void forget(core::db::Transaction& tx, const core::Uuid& task) const;

private:
    core::ServiceHandle<base::SecretVault> vault_;
};

} // namespace restic
