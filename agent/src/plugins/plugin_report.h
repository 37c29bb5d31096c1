#pragma once

#include "plugins/plugins.h"
#include "restic/protocol/plugin_messages.h"

namespace agent {

/// What the server is told of this machine's plugins: without secrets. A setup that cannot be read is told as
/// a problem.
[[nodiscard]] restic::protocol::AgentPlugins describePlugins(const Plugins& plugins);

/// "PostgreSQL 15.8": the product, or the name, and version that an answer has under that key; nothing if
/// none.
[[nodiscard]] std::optional<std::string> productIn(const core::json::Object& answer, const char* key);
/// What an answer warns of; at most a hundred.
[[nodiscard]] std::vector<std::string> warningsIn(const core::json::Object& answer);

/// A probe's answer as people see it.
void fillFromProbe(const core::json::Object& answer, restic::protocol::PluginTestResult& result);

/// A step that failed, and what to do.
[[nodiscard]] restic::protocol::TaskError pluginFailed(const std::string& message,
                                                       const std::string& hint = {});

} // namespace agent
