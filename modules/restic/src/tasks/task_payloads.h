#pragma once

#include <optional>
#include <variant>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/service.h"
#include "repositories/task_repositories.h"
#include "restic/protocol/envelope.h"
#include "restic/protocol/task_messages.h"
#include "tasks/kinds/kind.h"
#include "tasks/task_store.h"

namespace restic {

/// What an agent gets of a task: made when it is handed out, from the rows as they are then, with the secrets
/// of the repository from the vault. Thread-safe.
class TaskPayloads {
public:
    TaskPayloads(core::db::Database& database, core::ServiceHandle<base::SecretVault> vault,
                 const Kinds& kinds)
        : repositories_(database, std::move(vault)), kinds_(kinds) {}

    /// The envelope, or why the task fails before it begins.
    std::variant<protocol::Envelope, protocol::TaskError> make(core::db::Transaction& tx,
                                                               const Task& task) const;

private:
    TaskRepositories repositories_;
    const Kinds& kinds_;
};

} // namespace restic
