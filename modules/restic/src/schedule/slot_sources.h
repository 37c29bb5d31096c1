#pragma once

#include <memory>
#include <vector>

#include "schedule/slot_source.h"
#include "tasks/task_service.h"

namespace restic {

/// Everything that has slots: policies and repositories. A repository is thinned out after what was saved
/// before it.
std::vector<std::unique_ptr<SlotSource>> slotSources(TaskService& tasks, const core::Logger& log);

} // namespace restic
