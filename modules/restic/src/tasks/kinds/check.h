#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

class CheckKind final
    : public SimpleKind<protocol::CheckParameters, protocol::CheckTask, protocol::CheckResult> {
public:
    CheckKind() : SimpleKind(protocol::kinds::check) {}
    void check(const Task& task, const std::optional<Policy>& policy) const override;
    /// One that succeeded has read its part of the data: with the next one the turn is the next part's.
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
};

} // namespace restic
