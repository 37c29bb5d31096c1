#pragma once

#include <optional>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/json.h"
#include "core/service.h"
#include "core/uuid.h"

namespace restic {

/// Settings of a plugin that a task carries to its agent: with secrets, so sealed whole in the vault beside
/// the task until it ends. Thread-safe; every call runs in the caller's transaction.
class SealedSettings {
public:
    explicit SealedSettings(core::ServiceHandle<base::SecretVault> vault) : vault_(std::move(vault)) {}

    void keep(core::db::Transaction& tx, const core::Uuid& task, const core::json::Object& settings) const;
    /// nullopt where none are kept: there were none, or the task has ended.
    [[nodiscard]] std::optional<core::json::Object> find(core::db::Transaction& tx,
                                                         const core::Uuid& task) const;
    void forget(core::db::Transaction& tx, const core::Uuid& task) const;

private:
    core::ServiceHandle<base::SecretVault> vault_;
};

} // namespace restic
