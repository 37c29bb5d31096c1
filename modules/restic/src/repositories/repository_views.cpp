#include "repositories/repository_views.h"

#include "core/text.h"
#include "field_rules.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/task_kinds.h"
#include "restic/protocol/task_state.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
std::vector<std::string> maintenanceKinds() {
    std::vector<std::string> names;
    for (const auto* kind : protocol::allKinds())
        if (!kind->makesSnapshot)
            names.emplace_back(kind->name);
    return names;
}

std::vector<const Type& (*)()> configTypes() {
    std::vector<const Type& (*)()> types;
    for (const auto* kind : protocol::repositoryKinds())
        types.push_back(kind->config);
    return types;
}

std::vector<std::string> endStates() {
    std::vector<std::string> names;
    for (const auto state : protocol::kAllTaskStates)
        if (protocol::isTerminal(state))
            names.emplace_back(protocol::toText(state));
    return names;
}
} // namespace

const Type& wireType(const RepositoryInput*) {
    static const auto type =
        object<RepositoryInput>("RepositoryInput", strict)
            .field("name", &RepositoryInput::name,
                   {.minLength = 1, .maxLength = 255, .check = core::checkName})
            .field("type", &RepositoryInput::type, {.oneOf = repositoryTypes()})
            .field("url", &RepositoryInput::url,
                   {.doc = "In restic's syntax, instead of config", .minLength = 1, .maxLength = 4096})
            .field("config", &RepositoryInput::config,
                   {.doc = "Fields of the kind; those that make the address instead of url. A secret is in a "
                           "field, "
                           "which only the vault keeps, or in a file on the agent that NAME_file names; left "
                           "out in a change it stays, null removes it",
                    .shapes = configTypes()})
            .field("agent_id", &RepositoryInput::agentId,
                   {.doc = "The machine whose disk a local one is on; in a test, which saves nothing, the "
                           "one that tests it, of whatever kind"})
            .field("password", &RepositoryInput::password,
                   {.doc = "Kept in the vault, never read back",
                    .secret = true,
                    .minLength = 1,
                    .maxLength = 4096})
            .field("password_file", &RepositoryInput::passwordFile,
                   {.doc = "A file on the agent, instead of password",
                    .maxLength = 4096,
                    .check = checkAbsolute})
            .field("cert_file", &RepositoryInput::certFile, {.maxLength = 4096, .check = checkAbsolute})
            .field("environment_vars", &RepositoryInput::environmentVars,
                   {.doc = "For restic, by a list of names; never a secret",
                    .optional = true,
                    .maxLength = 4096,
                    .maxItems = 50})
            .build();
    return type;
}

const Type& wireType(const StartAnewInput*) {
    static const auto type = object<StartAnewInput>("StartAnewInput", strict)
                                 .field("agent_id", &StartAnewInput::agentId,
                                        {.doc = "On which machine's disk, where the repository names none"})
                                 .build();
    return type;
}

const Type& wireType(const MaintenanceView*) {
    static const auto type =
        object<MaintenanceView>("Maintenance", tolerant, "The last task of one kind on a repository")
            .field("kind", &MaintenanceView::kind, {.oneOf = maintenanceKinds()})
            .field("task_id", &MaintenanceView::taskId)
            .field("agent_id", &MaintenanceView::agentId)
            .field("status", &MaintenanceView::status, {.oneOf = endStates()})
            .field("message", &MaintenanceView::message, {.doc = "Why it did not succeed"})
            .field("result", &MaintenanceView::result, {.shapes = resultTypes()})
            .field("ended_at", &MaintenanceView::endedAt)
            .build();
    return type;
}

const Type& wireType(const OpenTaskView*) {
    static const auto type = object<OpenTaskView>("OpenMaintenance", tolerant, "A task that waits or runs")
                                 .field("id", &OpenTaskView::id)
                                 .field("type", &OpenTaskView::type, {.oneOf = maintenanceKinds()})
                                 .field("status", &OpenTaskView::status, {.oneOf = taskStates()})
                                 .field("agent_id", &OpenTaskView::agentId)
                                 .build();
    return type;
}

const Type& wireType(const RepositoryView*) {
    static const auto type = object<RepositoryView>("Repository", tolerant)
                                 .field("id", &RepositoryView::id)
                                 .field("name", &RepositoryView::name)
                                 .field("type", &RepositoryView::type)
                                 .field("url", &RepositoryView::url)
                                 .field("config", &RepositoryView::config,
                                        {.doc = "Fields of its kind, without secrets and without those of "
                                                "the address that url alone says"})
                                 .field("secret_fields", &RepositoryView::secretFields,
                                        {.doc = "Fields of config that the vault has"})
                                 .field("agent_id", &RepositoryView::agentId)
                                 .field("password_set", &RepositoryView::passwordSet)
                                 .field("password_file", &RepositoryView::passwordFile)
                                 .field("cert_file", &RepositoryView::certFile)
                                 .field("environment_vars", &RepositoryView::environmentVars)
                                 .field("first_success_at", &RepositoryView::firstSuccessAt)
                                 .field("maintenance", &RepositoryView::maintenance,
                                        {.doc = "Of each kind of task that has run on it, the last"})
                                 .field("open_tasks", &RepositoryView::openTasks,
                                        {.doc = "Maintenance that waits or runs, oldest first"})
                                 .field("created_at", &RepositoryView::createdAt)
                                 .field("updated_at", &RepositoryView::updatedAt)
                                 .build();
    return type;
}

} // namespace restic
