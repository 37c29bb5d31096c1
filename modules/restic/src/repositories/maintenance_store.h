#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/task_state.h"

namespace restic {

/// The last task of one kind on a repository.
struct Maintenance {
    core::Uuid repository;
    std::string kind;
    core::Uuid task;
    core::Uuid agent;
    std::string status; ///< success, warning, failed, cancelled
    std::optional<std::string> message;
    core::json::Value result;
    core::Instant endedAt;
};

/// One that waits or runs.
struct OpenMaintenance {
    core::Uuid repository;
    core::Uuid id;
    std::string kind;
    core::Uuid agent;
    protocol::TaskState status = protocol::TaskState::queued;
};

/// Rows of restic_repository_maintenance: one for each repository and kind, so that reading them costs the
/// same however long the history is.
class MaintenanceStore {
public:
    /// Long lists of the result stay with the task alone.
    static void record(core::db::Transaction& tx, const Maintenance& last);
    static void eraseAll(core::db::Transaction& tx, const core::Uuid& repository);
    /// Of those repositories, by repository and kind.
    static std::vector<Maintenance> of(core::db::Transaction& tx,
                                       const std::vector<core::Uuid>& repositories);
    /// Of those repositories what waits or runs, without what saves something: by repository, oldest first.
    static std::vector<OpenMaintenance> open(core::db::Transaction& tx,
                                             const std::vector<core::Uuid>& repositories);
};

} // namespace restic
