#pragma once

#include <optional>
#include <vector>

#include "core/db/database.h"
#include "core/error.h"
#include "core/uuid.h"
#include "repositories/repository_store.h"
#include "snapshots/snapshot_store.h"

namespace restic {

/// Who works on a snapshot: the agent that is named, the one whose disk the repository is on, or that of the
/// machine that made it; nullopt where none is known. A name of one that does not reach the repository is a
/// problem at /agent_id.
[[nodiscard]] std::optional<core::Uuid> agentOfSnapshot(core::db::Transaction& tx, const Snapshot& snapshot,
                                                        const Repository& repository,
                                                        const std::optional<core::Uuid>& named,
                                                        std::vector<core::Problem>& problems);

/// The same for whoever has no other problems to tell. Throws kValidation.
[[nodiscard]] core::Uuid requireAgentOf(core::db::Transaction& tx, const Snapshot& snapshot,
                                        const Repository& repository, const std::optional<core::Uuid>& named);

/// A snapshot that is there. Throws kSnapshotNotFound.
Snapshot requireSnapshot(core::db::Transaction& tx, const core::Uuid& id);
/// Its repository. Throws kRepositoryNotFound.
[[nodiscard]] Repository requireRepositoryOf(core::db::Transaction& tx, const Snapshot& snapshot);

} // namespace restic
