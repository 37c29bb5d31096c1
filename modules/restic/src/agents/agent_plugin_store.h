#pragma once

#include <optional>
#include <string>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/plugin_messages.h"

namespace restic {

/// Rows of restic_agent_plugins: what each agent last told of its dump plugins.
class AgentPluginStore {
public:
    struct Known {
        protocol::AgentPlugins plugins;
        core::Instant reportedAt;
    };
    static std::optional<Known> find(core::db::Transaction& tx, const core::Uuid& agent);
    /// Its version alone; "" if nothing is known.
    static std::string version(core::db::Transaction& tx, const core::Uuid& agent);
    static void record(core::db::Transaction& tx, const core::Uuid& agent,
                       const protocol::AgentPlugins& plugins, core::Instant now);
    /// Whether the agent has that plugin, switched on and allowed, and it can do that.
    static bool can(core::db::Transaction& tx, const core::Uuid& agent, const std::string& plugin,
                    std::string_view capability);
    /// Whether any agent of the tenant has a plugin of that name; true where no agent told of any.
    static bool isKnown(core::db::Transaction& tx, const std::string& plugin);
};

} // namespace restic
