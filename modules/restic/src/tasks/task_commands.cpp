#include "tasks/task_commands.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/wire.h"
#include "errors.h"
#include "field_rules.h"
#include "policies/policy_store.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/task_views.h"

namespace restic {

using core::Command;
using core::Error;
using core::Uuid;
using core::db::Transaction;
using core::json::Value;
using Invocation = Command::Invocation;

namespace {

core::TenantContext tenantOf(TaskCommands& parts, const Invocation& call, const std::string& action = {}) {
    std::shared_ptr<core::AuditTrail> trail;
    if (!action.empty()) {
        trail = std::make_shared<core::AuditTrail>();
        trail->pending = true;
        trail->entry.action = action;
        trail->entry.actorKind = "system";
        trail->entry.actorName = "command line";
        trail->entry.objectType = "task";
    }
    return core::TenantContext(parts.tenants->find(call.text("tenant")), std::move(trail));
}

/// A thing by its id or its name.
template <typename FindById, typename FindByName>
Uuid named(const std::string& text, const core::ErrorKind& missing, std::string_view what, FindById byId,
           FindByName byName) {
    const auto id = Uuid::parse(text);
    const auto found = id ? byId(*id) : byName(text);
    if (!found)
        throw Error(missing, fmt::format("There is no {} \"{}\".", what, text));
    return found->id;
}

TaskRequest requestOf(TaskCommands& parts, Transaction& tx, const Invocation& call) {
    TaskRequest request;
    request.type = call.text("kind").value_or("");
    if (const auto text = call.text("repository"))
        request.repository = named(
            *text, errors::kRepositoryNotFound, "repository",
            [&](const Uuid& id) { return RepositoryStore::find(tx, id); },
            [&](const std::string& name) { return RepositoryStore::findByName(tx, name); });
    if (const auto text = call.text("policy"))
        request.policy = named(
            *text, errors::kPolicyNotFound, "policy",
            [&](const Uuid& id) { return PolicyStore::find(tx, id); },
            [&](const std::string& name) -> std::optional<Policy> {
                auto found = PolicyStore::list(tx, {name, {}}, {});
                return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
            });
    if (const auto text = call.text("agent"))
        request.agent = named(
            *text, errors::kAgentNotFound, "agent", [&](const Uuid& id) { return AgentStore::find(tx, id); },
            [&](const std::string& name) {
                return AgentStore::findByHostname(tx, protocol::normalHostName(name).value_or(name));
            });
    else if (request.repository)
        request.agent = parts.repositories.caretaker(tx, *request.repository);
    else
        throw Error(core::errors::kValidation, "Give --agent, or --repository, which says whose work it is.");
    if (const auto text = call.text("parameters")) {
        const auto parameters = core::json::parse(*text);
        if (!parameters || parameters.value().object() == nullptr)
            throw Error(core::errors::kValidation, "--parameters must be a JSON object");
        try {
            request.parameters =
                checkedParameters(parts.tasks.kinds(), request.type, *parameters.value().object());
        } catch (const Error& error) {
            std::string wrong;
            for (const auto& problem : error.details())
                wrong += (wrong.empty() ? "" : "; ") + problem.pointer.substr(1) + " " + problem.message;
            throw Error(core::errors::kValidation, wrong);
        }
    }
    return request;
}

void print(Invocation& call, const Task& task) {
    if (call.json) {
        call.out << core::wire::write(TaskView::of(task)) << '\n';
        return;
    }
    const auto line = [&](std::string_view name, const std::string& value) {
        call.out << fmt::format("{:<12}{}\n", std::string(name) + ":", value);
    };
    line("id", task.id.toString());
    line("kind", task.type);
    line("status", std::string(protocol::toText(task.status)));
    line("attempt", std::to_string(task.attempt));
    line("agent", task.agent.toString());
    if (task.repository)
        line("repository", task.repository->toString());
    line("created", core::formatInstant(task.createdAt));
    if (task.completedAt)
        line("completed", core::formatInstant(*task.completedAt));
    if (!task.error.isNull())
        line("error", task.error.stringOr("error") + ": " + task.error.stringOr("message"));
    if (!task.result.isNull())
        line("result", core::json::write(task.result));
}

Uuid idOf(const Invocation& call) {
    const auto text = call.text("id").value_or("");
    const auto id = Uuid::parse(text);
    if (!id)
        throw Error(core::errors::kValidation, "\"" + text + "\" is no id of a task");
    return *id;
}

int start(TaskCommands parts, Invocation& call) {
    const auto context = tenantOf(parts, call, "restic.task.created");
    // Looked up on its own: the task is made in a unit of work of its own, which may be repeated.
    const auto request =
        parts.database.read(context, [&](Transaction& tx) { return requestOf(parts, tx, call); });
    context.audit()->entry.after = core::json::Object{{"type", request.type}};
    print(call, parts.tasks.create(context, request, [&](const Task& task) {
        context.audit()->entry.objectId = task.id.toString();
    }));
    return 0;
}

int list(TaskCommands parts, Invocation& call) {
    TaskStore::Filter filter;
    filter.status = call.text("status");
    filter.type = call.text("kind");
    core::http::PageQuery page;
    constexpr int kMost = 1000;
    page.limit = static_cast<int>(call.number("limit", 1, kMost).value_or(page.limit));
    auto tasks = parts.database.read(tenantOf(parts, call),
                                     [&](Transaction& tx) { return TaskStore::list(tx, filter, page); });
    // One more says that there is a next page.
    tasks.resize(std::min(tasks.size(), static_cast<std::size_t>(page.limit)));
    if (call.json) {
        core::json::Array items;
        for (const auto& task : tasks)
            items.push_back(core::wire::toJson(TaskView::of(task)));
        call.out << core::json::write(Value(core::json::Object{{"items", std::move(items)}})) << '\n';
        return 0;
    }
    for (const auto& task : tasks)
        call.out << fmt::format("{}  {:<10} {:<12} {}\n", task.id.toString(), task.type,
                                protocol::toText(task.status), core::formatInstant(task.createdAt));
    return 0;
}

int show(TaskCommands parts, Invocation& call) {
    const auto id = idOf(call);
    const auto task =
        parts.database.read(tenantOf(parts, call), [&](Transaction& tx) { return TaskStore::find(tx, id); });
    if (!task)
        throw Error(errors::kTaskNotFound, "There is no task with the id " + id.toString() + ".");
    print(call, *task);
    return 0;
}

int cancel(TaskCommands parts, Invocation& call) {
    const auto context = tenantOf(parts, call, "restic.task.cancelled");
    const auto id = idOf(call);
    context.audit()->entry.objectId = id.toString();
    print(call, parts.tasks.cancel(context, id));
    return 0;
}

} // namespace

std::vector<Command> taskCommands(const std::function<TaskCommands()>& parts) {
    std::vector<std::string> kinds;
    std::vector<std::string> askedFor;
    for (const auto* kind : protocol::allKinds()) {
        kinds.emplace_back(kind->name);
        if (kind->askedFor)
            askedFor.emplace_back(kind->name);
    }
    const Command::Option tenant{.name = "tenant",
                                 .doc = "Name or id of the tenant (default: the first one)"};
    const Command::Option id{.name = "id", .doc = "The task", .required = true, .positional = true};
    return {
        {"task start",
         "Start a task of any kind",
         "ae-backend task start check --repository main",
         {{.name = "kind", .doc = "What to do", .required = true, .oneOf = askedFor, .positional = true},
          {.name = "repository", .doc = "Name or id of the repository"},
          {.name = "agent", .doc = "Host name or id (default: who can work on the repository)"},
          {.name = "policy", .doc = "Name or id of the policy"},
          {.name = "parameters", .doc = "JSON object of the kind's parameters"},
          tenant},
         [parts](Invocation& call) { return start(parts(), call); }},
        {"task list",
         "List tasks, newest first",
         "ae-backend task list --status failed",
         {{.name = "status", .doc = "Only those in this state", .oneOf = taskStates()},
          {.name = "kind", .doc = "Only those of this kind", .oneOf = kinds},
          {.name = "limit", .doc = "How many", .defaultValue = "20"},
          tenant},
         [parts](Invocation& call) { return list(parts(), call); }},
        {"task show",
         "Show one task, with its result or error",
         "ae-backend task show 0190b6f0-0000-7000-8000-000000000001",
         {id, tenant},
         [parts](Invocation& call) { return show(parts(), call); }},
        {"task cancel",
         "Cancel a task; one that runs ends when its agent has stopped it",
         "ae-backend task cancel 0190b6f0-0000-7000-8000-000000000001",
         {id, tenant},
         [parts](Invocation& call) { return cancel(parts(), call); }},
    };
}

} // namespace restic
