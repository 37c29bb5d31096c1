#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// Whether a repository's storage answers, and what is there.
class TestKind final : public MaintenanceKind<protocol::NoParameters, protocol::TestResult> {
public:
    TestKind() : MaintenanceKind(protocol::kinds::test) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    [[nodiscard]] bool provesRepository(const core::json::Value& result) const override;
};

} // namespace restic
