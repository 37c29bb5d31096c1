#pragma once

#include "plugins/plugins.h"
#include "restic/protocol/plugin_messages.h"

namespace agent {

/// What the server is told of this machine's plugins: without secrets. A setup that cannot be read is told as
/// a problem.
[[nodiscard]] restic::protocol::AgentPlugins describePlugins(const Plugins& plugins);

/// A probe's answer as people see it.
void fillFromProbe(const core::json::Object& answer, restic::protocol::PluginTestResult& result);

} // namespace agent
