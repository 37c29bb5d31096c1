#include "agents/agent_plugin_store.h"

#include <algorithm>

#include "core/wire.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
std::optional<protocol::AgentPlugins> pluginsIn(const core::db::Row& row, std::size_t column) {
    try {
        auto read = core::wire::read<protocol::AgentPlugins>(row.json(column));
        return read ? std::optional(std::move(read).value()) : std::nullopt;
    } catch (const core::Error&) { // damaged: the agent tells it anew
        return std::nullopt;
    }
}
} // namespace

std::optional<AgentPluginStore::Known> AgentPluginStore::find(Transaction& tx, const Uuid& agent) {
    const auto rows = tx.query("SELECT document, reported_at_us FROM restic_agent_plugins WHERE tenant_id = "
                               "$1 AND agent_id = $2",
                               {tx.tenant(), agent});
    if (rows.empty())
        return std::nullopt;
    auto plugins = pluginsIn(rows[0], 0);
    return plugins ? std::optional(Known{std::move(*plugins), rows[0].instant(1)}) : std::nullopt;
}

std::string AgentPluginStore::version(Transaction& tx, const Uuid& agent) {
    const auto rows =
        tx.query("SELECT version FROM restic_agent_plugins WHERE tenant_id = $1 AND agent_id = $2",
                 {tx.tenant(), agent});
    return rows.empty() ? std::string() : rows[0].text(0);
}

void AgentPluginStore::record(Transaction& tx, const Uuid& agent, const protocol::AgentPlugins& plugins,
                              core::Instant now) {
    tx.execute("INSERT INTO restic_agent_plugins (tenant_id, agent_id, version, document, reported_at_us) "
               "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, agent_id) DO UPDATE SET version = $3, "
               "document = $4, reported_at_us = $5",
               {tx.tenant(), agent, plugins.version, core::wire::toJson(plugins), now});
}

bool AgentPluginStore::can(Transaction& tx, const Uuid& agent, const std::string& plugin,
                           std::string_view capability) {
    const auto known = find(tx, agent);
    return known &&
           std::any_of(known->plugins.items.begin(), known->plugins.items.end(), [&](const auto& one) {
               return one.name == plugin && one.enabled && one.allowed &&
                      std::find(one.capabilities.begin(), one.capabilities.end(), capability) !=
                          one.capabilities.end();
           });
}

bool AgentPluginStore::isKnown(Transaction& tx, const std::string& plugin) {
    const auto rows = tx.query("SELECT p.document FROM restic_agent_plugins p JOIN restic_agents a ON "
                               "a.tenant_id = p.tenant_id AND a.id = p.agent_id WHERE p.tenant_id = $1 AND "
                               "a.revoked_at_us IS NULL",
                               {tx.tenant()});
    for (const auto& row : rows)
        if (const auto plugins = pluginsIn(row, 0);
            plugins && std::any_of(plugins->items.begin(), plugins->items.end(),
                                   [&](const auto& one) { return one.name == plugin; }))
            return true;
    return rows.empty();
}

} // namespace restic
