#pragma once

#include <optional>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/service.h"
#include "core/uuid.h"
#include "restic/protocol/task_messages.h"

namespace restic {

/// What the test of a repository that nobody saved works with: sealed whole in the vault, beside its task,
/// until the task ends. Thread-safe; every call runs in the caller's transaction.
class UnsavedRepositories {
public:
    explicit UnsavedRepositories(core::ServiceHandle<base::SecretVault> vault) : vault_(std::move(vault)) {}

    void keep(core::db::Transaction& tx, const core::Uuid& task,
              const protocol::TaskRepository& repository) const;
    /// nullopt where none is kept: the task has ended, or is a repetition of one that has.
    [[nodiscard]] std::optional<protocol::TaskRepository> find(core::db::Transaction& tx,
                                                               const core::Uuid& task) const;
    void forget(core::db::Transaction& tx, const core::Uuid& task) const;

private:
    core::ServiceHandle<base::SecretVault> vault_;
};

} // namespace restic
