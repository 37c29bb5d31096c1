#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// What somebody asks for.
struct TaskRequest {
    std::string type = "backup";
    core::Uuid agent;
    std::optional<core::Uuid> policy;
    std::optional<core::Uuid> repository;
    std::optional<core::Uuid> target;
    core::json::Value parameters = core::json::Object();
    core::json::Value metadata = core::json::Object();
    std::optional<int> priority;
    std::optional<core::Instant> slot;
    std::optional<core::Uuid> retryOf;
    /// For a repository that the caller keeps beside the task, in the same transaction.
    bool unsaved = false;
};

} // namespace restic
