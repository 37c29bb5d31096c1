#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// What is watched.
struct Target {
    core::Uuid id;
    std::string name;
    std::string mode; ///< direct or agent
    std::optional<core::Uuid> repository;
    std::optional<core::Uuid> agent;
    std::optional<core::Uuid> policy;
    bool disabled = false;
};

/// Rows of restic_targets.
class TargetStore {
public:
    /// The target of an agent's policy: enabled again if it exists, otherwise made with that name (or the
    /// name and the end of its id, if the name is taken).
    static core::Uuid ensureForLink(core::db::Transaction& tx, const Target& wanted, core::Instant now);
    static std::optional<Target> findForLink(core::db::Transaction& tx, const core::Uuid& agent,
                                             const core::Uuid& policy);
    static std::optional<Target> findByName(core::db::Transaction& tx, const std::string& name);
    static std::vector<Target> all(core::db::Transaction& tx);
};

} // namespace restic
