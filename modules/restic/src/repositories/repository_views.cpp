#include "repositories/repository_views.h"

#include "core/text.h"
#include "field_rules.h"
#include "repositories/check_subset.h"
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

const Type& wireType(const MaintenanceSpec*) {
    static const auto type = [] {
        auto fields = object<MaintenanceSpec>(
            "MaintenanceInput", strict,
            "By which schedules a repository is cared for. What is left out has its default in a new "
            "repository and stays in one that is changed; an empty schedule switches the operation off");
        for (const auto& operation : MaintenancePlan::kOperations)
            fields.field(
                std::string(operation.name) + "_schedule", operation.given,
                {.doc = operation.doc, .omitEmpty = true, .maxLength = 255, .example = operation.byDefault});
        return fields
            .field("timezone", &MaintenanceSpec::timezone,
                   {.doc = "IANA name", .omitEmpty = true, .maxLength = 64, .example = "Europe/Berlin"})
            .field("check_subset", &MaintenanceSpec::checkSubset,
                   {.doc =
                        "How much of the data a check by schedule reads: 1/12 a twelfth, by turns from the "
                        "first; 5% by chance; empty none",
                    .omitEmpty = true,
                    .maxLength = 16,
                    .example = Repository().checkSubset,
                    .check = CheckSubset::problemOf})
            .build();
    }();
    return type;
}

const Type& wireType(const NextRunsView*) {
    static const auto type = [] {
        auto fields = object<NextRunsView>("MaintenanceNextRuns", tolerant);
        for (const auto& operation : kShownOperations)
            fields.field(operation.name, operation.nextRun);
        return fields.build();
    }();
    return type;
}

const Type& wireType(const ScheduleProblemsView*) {
    static const auto type = [] {
        auto fields = object<ScheduleProblemsView>("MaintenanceProblems", tolerant);
        for (const auto& operation : kShownOperations)
            fields.field(operation.name, operation.problem);
        return fields.build();
    }();
    return type;
}

const Type& wireType(const MaintenancePlanView*) {
    static const auto type = [] {
        auto fields = object<MaintenancePlanView>("MaintenancePlan", tolerant,
                                                  "By which schedules a repository is cared for");
        for (const auto& operation : kShownOperations)
            fields.field(std::string(operation.name) + "_schedule", operation.schedule,
                         {.doc = "Empty: never by itself"});
        return fields.field("timezone", &MaintenancePlanView::timezone)
            .field("check_subset", &MaintenancePlanView::checkSubset)
            .field("next_runs", &MaintenancePlanView::nextRuns)
            .field("problems", &MaintenancePlanView::problems,
                   {.doc = "Why the last time of a schedule made no task, or not all of them"})
            .field("last", &MaintenancePlanView::last,
                   {.doc = "Of each kind of task that has run on it, the last"})
            .build();
    }();
    return type;
}

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
            .field("cert_file", &RepositoryInput::certFile,
                   {.doc =
                        "A file on the agent with the certificates of the CAs that the storage's own may be "
                        "of, PEM; for a CA that the system does not know",
                    .maxLength = 4096,
                    .check = checkAbsolute})
            .field("environment_vars", &RepositoryInput::environmentVars,
                   {.doc = "For restic, by a list of names; never a secret",
                    .optional = true,
                    .maxLength = 4096,
                    .maxItems = 50})
            .field("maintenance", &RepositoryInput::maintenance)
            .field("maintenance_agent_id", &RepositoryInput::maintenanceAgentId,
                   {.doc = "Who thins it out, prunes and checks it, instead of one that backs up to it"})
            .field("append_only", &RepositoryInput::appendOnly,
                   {.doc =
                        "The agents' credentials may add and not remove: only maintenance_agent_id forgets "
                        "and prunes. Left out in a change it stays"})
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

const Type& wireType(const DamageView*) {
    static const auto type =
        object<DamageView>("RepositoryDamage", tolerant, "Damage that a check found and none has disproved")
            .field("task_id", &DamageView::taskId, {.doc = "The check"})
            .field("error", &DamageView::error)
            .field("message", &DamageView::message)
            .field("reads", &DamageView::reads,
                   {.doc = "How much of the data a check must read to disprove it: all, a part as 3/12, an "
                           "amount by chance (which only all disproves), or empty: none"})
            .field("found_at", &DamageView::foundAt)
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
                                 .field("maintenance", &RepositoryView::maintenance)
                                 .field("maintenance_agent_id", &RepositoryView::maintenanceAgentId)
                                 .field("append_only", &RepositoryView::appendOnly)
                                 .field("damage", &RepositoryView::damage)
                                 .field("open_tasks", &RepositoryView::openTasks,
                                        {.doc = "Maintenance that waits or runs, oldest first"})
                                 .field("created_at", &RepositoryView::createdAt)
                                 .field("updated_at", &RepositoryView::updatedAt)
                                 .build();
    return type;
}

} // namespace restic
