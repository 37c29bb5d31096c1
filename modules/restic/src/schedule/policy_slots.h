#pragma once

#include "core/log.h"
#include "schedule/slot_source.h"
#include "tasks/task_service.h"

namespace restic {

/// The slots of policies: each makes a backup of one agent that follows the policy.
class PolicySlots final : public SlotSource {
public:
    PolicySlots(TaskService& tasks, core::Logger log) : tasks_(tasks), log_(std::move(log)) {}

    [[nodiscard]] std::pair<std::string, std::string> keyNames() const override {
        return {"agent_id", "policy_id"};
    }
    std::vector<DueSlot> due(core::db::Transaction& tx, core::Instant now,
                             const std::optional<DueSlot>& after, int limit) const override;
    std::vector<PlannedSlot> planned(core::db::Transaction& tx, const std::optional<PlannedSlot>& after,
                                     int limit) const override;
    std::optional<Schedule> schedule(core::db::Transaction& tx, const SlotKey& key) const override;
    void plan(core::db::Transaction& tx, const SlotKey& key,
              std::optional<core::Instant> next) const override;
    void take(core::db::Transaction& tx, const DueSlot& slot, const Schedule& schedule, core::Instant now,
              core::Instant next) const override;
    void skip(core::db::Transaction& tx, const DueSlot& slot, const std::string& reason, core::Instant now,
              core::Instant next) const override;

private:
    TaskService& tasks_;
    core::Logger log_;
};

} // namespace restic
