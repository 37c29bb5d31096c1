#include "policies/plugin_uses.h"

#include <algorithm>

#include <fmt/format.h>

#include "agents/agent_plugin_store.h"
#include "core/text.h"
#include "errors.h"
#include "restic/protocol/plugin_settings.h"

namespace restic {

using core::db::Transaction;

namespace {
[[noreturn]] void refuse(std::size_t index, const std::string& field, const std::string& sentence,
                         const std::string& what) {
    throw core::Error(errors::kPluginNotAvailable, sentence,
                      {{fmt::format("/plugins/{}/{}", index, field), what}});
}

void requireSettings(const protocol::PluginDescription& plugin, const protocol::PluginUse& use,
                     std::size_t index, const std::string& hostname) {
    const auto fields = protocol::policyFieldsOf(plugin.settingsSchema);
    for (const auto& [name, value] : use.settings.members())
        if (!fields.contains(name))
            refuse(index, "settings/" + name,
                   fmt::format("The plugin \"{}\" takes \"{}\" from the agent's own settings only.", use.name,
                               core::printable(name)),
                   "is not left to policies by the plugin on " + hostname);
    for (const auto& problem : protocol::problemsOfSettings(plugin.settingsSchema, use.settings, true))
        refuse(index, "settings" + problem.pointer,
               fmt::format("The plugin \"{}\" on {} does not take these settings.", use.name, hostname),
               problem.message);
}

void requirePlugin(const protocol::AgentPlugins& plugins, const protocol::PluginUse& use, std::size_t index,
                   const std::string& hostname) {
    const auto found = std::find_if(plugins.items.begin(), plugins.items.end(),
                                    [&](const auto& one) { return one.name == use.name; });
    if (found == plugins.items.end())
        refuse(index, "name",
               fmt::format("The agent {} does not have the plugin \"{}\".", hostname, use.name),
               "is not available on " + hostname);
    if (!found->allowed)
        refuse(index, "name",
               fmt::format("The local policy of {} does not allow the plugin \"{}\".", hostname, use.name),
               "is forbidden on " + hostname);
    if (!found->enabled)
        refuse(index, "name",
               fmt::format("The plugin \"{}\" is switched off on {}: switch it on there first.", use.name,
                           hostname),
               "is switched off on " + hostname);
    if (use.set && std::none_of(found->sets.begin(), found->sets.end(),
                                [&](const auto& set) { return set.name == *use.set; }))
        refuse(index, "set",
               fmt::format("The plugin \"{}\" on {} has no settings named \"{}\".", use.name, hostname,
                           core::printable(*use.set)),
               "is not known on " + hostname);
    requireSettings(*found, use, index, hostname);
}
} // namespace

std::vector<protocol::PluginUse> usesOf(const Policy& policy) {
    std::vector<protocol::PluginUse> out;
    if (const auto* uses = policy.plugins.array())
        for (const auto& use : *uses)
            if (auto read = core::wire::read<protocol::PluginUse>(use))
                out.push_back(std::move(read).value());
    return out;
}

void requireKnownPlugins(Transaction& tx, const Policy& policy) {
    const auto uses = usesOf(policy);
    for (std::size_t i = 0; i < uses.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (uses[j].name == uses[i].name && uses[j].set == uses[i].set)
                throw core::wire::validationError(
                    {{fmt::format("/plugins/{}", i),
                      fmt::format("is used with these settings already, as /plugins/{}", j)}});
    for (std::size_t i = 0; i < uses.size(); ++i)
        if (!AgentPluginStore::isKnown(tx, uses[i].name))
            refuse(i, "name", fmt::format("No agent has the plugin \"{}\".", core::printable(uses[i].name)),
                   "is the name of no plugin that an agent has");
}

void requirePlugins(Transaction& tx, const Policy& policy, const Agent& agent) {
    const auto uses = usesOf(policy);
    if (uses.empty())
        return;
    const auto known = AgentPluginStore::find(tx, agent.id);
    const auto available = agent.plugins();
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (known)
            requirePlugin(known->plugins, uses[i], i, agent.hostname);
        else if (std::find(available.begin(), available.end(), uses[i].name) == available.end())
            refuse(i, "name",
                   fmt::format("The agent {} does not have the plugin \"{}\".", agent.hostname, uses[i].name),
                   "is not available on " + agent.hostname);
    }
}

} // namespace restic
