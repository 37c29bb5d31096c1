#pragma once

#include <vector>

#include "agents/agent_service.h"
#include "core/config.h"
#include "history/history_pruner.h"
#include "polling/monitor_settings.h"
#include "tasks/task_service.h"

namespace restic {

/// The settings that this module declares.
std::vector<core::config::Setting> settings();
TaskSettings taskSettings(const core::config::Config& config);
AgentSettings agentSettings(const core::config::Config& config);
MonitorSettings monitorSettings(const core::config::Config& config);
/// What a policy keeps that says nothing of it.
protocol::Retention defaultRetention(const core::config::Config& config);
HistorySettings historySettings(const core::config::Config& config);

} // namespace restic
