#include "plugins/plugin_routes.h"

#include <algorithm>

#include "agents/agent_plugin_store.h"
#include "agents/agent_store.h"
#include "core/text.h"
#include "errors.h"
#include "plugins/plugin_views.h"
#include "restic/protocol/plugin_settings.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/kinds/plugins.h"
#include "tasks/task_views.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {
Agent requireAgent(Transaction& tx, const core::Uuid& id) {
    auto agent = AgentStore::find(tx, id);
    if (!agent)
        throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + id.toString() + ".");
    return *agent;
}

/// The plugin as the agent last told of it.
protocol::PluginDescription requirePlugin(Transaction& tx, const Agent& agent, const std::string& name) {
    if (const auto known = AgentPluginStore::find(tx, agent.id))
        for (const auto& plugin : known->plugins.items)
            if (plugin.name == name)
                return plugin;
    throw core::Error(errors::kPluginNotFound, "The agent " + agent.hostname +
                                                   " does not have the plugin \"" + core::printable(name) +
                                                   "\".");
}

/// The agent judges again, with what it alone knows: secrets that it keeps, and what is the machine's own.
void requireSettings(const protocol::PluginDescription& plugin, const core::json::Object& settings) {
    std::vector<core::Problem> problems;
    core::json::Object plain;
    const auto secrets = protocol::secretsOf(plugin.settingsSchema);
    for (const auto& [name, value] : settings.members())
        if (!value.isNull() || !secrets.contains(name)) // null takes a secret away
            plain.set(name, value);
    for (const auto& problem : protocol::problemsOfSettings(plugin.settingsSchema, plain, true))
        problems.push_back({"/settings" + problem.pointer, problem.message});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
}

core::json::Value parametersOf(const protocol::PluginDescription& plugin, const std::optional<bool>& enabled,
                               const std::optional<std::string>& set) {
    return core::wire::toJson(PluginParameters{plugin.name, enabled, set});
}

/// Names of what was given: values may be secret.
core::json::Array namesIn(const std::optional<core::json::Object>& settings) {
    core::json::Array out;
    if (settings)
        for (const auto& [name, value] : settings->members())
            out.emplace_back(name);
    return out;
}
} // namespace

void PluginRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.plugins.read", Role::viewer);
    const auto write = Permission::role("restic.plugins.write", Role::operator_);
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/agents/{id}/plugins",
         .summary = "The agent's dump plugins, how they are set up, and what its machine forbids",
         .permission = read,
         .response = &typeOf<AgentPluginsView>(),
         .errors = {&errors::kAgentNotFound},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kAgentNotFound);
             return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                 requireAgent(tx, id);
                 AgentPluginsView view;
                 if (auto known = AgentPluginStore::find(tx, id)) {
                     view.reportedAt = known->reportedAt;
                     view.items = std::move(known->plugins.items);
                     view.refused = std::move(known->plugins.refused);
                     view.localPolicy = std::move(known->plugins.localPolicy);
                 }
                 return view;
             }));
         }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/agents/{id}/plugins/{name}",
         .summary =
             "Switch a dump plugin on or off, or change its settings: by a task of its agent, which keeps "
             "them",
         .permission = write,
         .audit = Audit::action("restic.plugin.set_up"),
         .request = &typeOf<PluginInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kAgentNotFound, &errors::kPluginNotFound, &errors::kPluginSetOnMachine},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kAgentNotFound);
             const auto name = request.parameter("name");
             const auto input = request.json<PluginInput>();
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto agent = requireAgent(tx, id);
                 const auto plugin = requirePlugin(tx, agent, name);
                 if (plugin.setOnMachine)
                     throw core::Error(errors::kPluginSetOnMachine,
                                       "The settings of the plugin \"" + plugin.name +
                                           "\" stand in the configuration file of the agent " +
                                           agent.hostname + ".");
                 if (input.settings)
                     requireSettings(plugin, *input.settings);
                 TaskRequest wanted;
                 wanted.type = protocol::kinds::pluginSetup.name;
                 wanted.agent = id;
                 wanted.parameters = parametersOf(plugin, input.enabled, input.set);
                 const auto task = s.tasks.create(tx, wanted);
                 if (input.settings)
                     s.settings.keep(tx, task.id, *input.settings);
                 request.audit().object("agent", id.toString());
                 request.audit().entry.after = core::json::Object{
                     {"plugin", plugin.name},
                     {"enabled", input.enabled ? core::json::Value(*input.enabled) : core::json::Value()},
                     {"set", input.set.value_or(protocol::kDefaultSettings)},
                     {"settings", namesIn(input.settings)}};
                 return request.keep(Response::of(TaskStarted::of(task), 202));
             });
         }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/agents/{id}/plugins/{name}/test",
         .summary =
             "Let a dump plugin look at its server: versions, what would be dumped, what is in the way",
         .permission = write,
         .audit = Audit::action("restic.plugin.tested"),
         .request = &typeOf<PluginTestInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kAgentNotFound, &errors::kAgentIsPlaceholder, &errors::kPluginNotFound,
                    &errors::kAgentOffline},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kAgentNotFound);
             const auto name = request.parameter("name");
             const auto input = request.json<PluginTestInput>();
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto agent = requireAgent(tx, id);
                 const auto plugin = requirePlugin(tx, agent, name);
                 if (agent.status == "offline") // somebody waits for the answer
                     throw core::Error(errors::kAgentOffline,
                                       "The agent " + agent.hostname + " is not connected.");
                 if (input.settings)
                     requireSettings(plugin, *input.settings);
                 TaskRequest wanted;
                 wanted.type = protocol::kinds::pluginTest.name;
                 wanted.agent = id;
                 wanted.parameters = parametersOf(plugin, std::nullopt, input.set);
                 const auto task = s.tasks.create(tx, wanted);
                 if (input.settings)
                     s.settings.keep(tx, task.id, *input.settings);
                 request.audit().object("agent", id.toString());
                 request.audit().entry.after =
                     core::json::Object{{"plugin", plugin.name}, {"settings", namesIn(input.settings)}};
                 return request.keep(Response::of(TaskStarted::of(task), 202));
             });
         }});
}

} // namespace restic
