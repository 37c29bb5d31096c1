#pragma once

#include "repositories/unsaved_repositories.h"
#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// Whether a repository's storage answers, and what is there. The repository may be one that nobody saved.
class TestKind final : public MaintenanceKind<protocol::NoParameters, protocol::TestResult> {
public:
    explicit TestKind(UnsavedRepositories unsaved)
        : MaintenanceKind(protocol::kinds::test), unsaved_(std::move(unsaved)) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    [[nodiscard]] bool provesRepository(const core::json::Value& result) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
    [[nodiscard]] std::optional<std::string> whyNotAgain(const Task& ended) const override;

private:
    UnsavedRepositories unsaved_;
};

} // namespace restic
