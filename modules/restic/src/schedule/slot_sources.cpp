#include "schedule/slot_sources.h"

#include "schedule/maintenance_slots.h"
#include "schedule/policy_slots.h"

namespace restic {

std::vector<std::unique_ptr<SlotSource>> slotSources(TaskService& tasks, const core::Logger& log) {
    std::vector<std::unique_ptr<SlotSource>> all;
    all.push_back(std::make_unique<PolicySlots>(tasks, log));
    all.push_back(std::make_unique<MaintenanceSlots>(tasks, log));
    return all;
}

} // namespace restic
