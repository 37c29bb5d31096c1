#pragma once

#include "agents/agent_store.h"
#include "core/db/database.h"
#include "policies/policy_store.h"
#include "restic/protocol/dump_messages.h"

namespace restic {

/// The plugins that a policy uses. One that cannot be read is left out.
[[nodiscard]] std::vector<protocol::PluginUse> usesOf(const Policy& policy);

/// Refuses a policy with a plugin that no agent of the tenant has (any name where no agent told of plugins
/// yet), and one that uses a plugin twice with the same settings. Throws kPluginNotAvailable or a
/// ValidationError, naming the field.
void requireKnownPlugins(core::db::Transaction& tx, const Policy& policy);

/// Refuses a policy whose plugins this agent could not use: not installed, switched off, forbidden on the
/// machine, without the named settings, or with settings that the plugin does not take from a policy. Throws
/// kPluginNotAvailable, naming the field.
void requirePlugins(core::db::Transaction& tx, const Policy& policy, const Agent& agent);

} // namespace restic
