#pragma once

#include "policies/retention_confirmation.h"

namespace restic {

/// Previews as they stand in the tasks that made them.
class TaskPreviews final : public RetentionPreviews {
public:
    [[nodiscard]] std::optional<RetentionPreview> find(core::db::Transaction& tx,
                                                       const core::Uuid& task) const override;
};

} // namespace restic
