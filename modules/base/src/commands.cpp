#include "commands.h"

#include <charconv>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "base/errors.h"
#include "core/json.h"
#include "core/random.h"

namespace base {

using core::Command;
using core::Error;
using core::SystemContext;
using core::db::Transaction;
using core::json::Object;
using core::json::Value;
using Invocation = Command::Invocation;

namespace {

std::optional<std::string> option(const Invocation& call, const std::string& name) {
    const auto at = call.options.find(name);
    return at == call.options.end() || at->second.empty() ? std::nullopt : std::optional(at->second);
}

bool flag(const Invocation& call, const std::string& name) {
    const auto value = option(call, name);
    return value && *value != "false" && *value != "0";
}

std::optional<std::int64_t> number(const Invocation& call, const std::string& name) {
    const auto text = option(call, name);
    if (!text)
        return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < 0)
        throw Error(core::errors::kValidation, fmt::format("--{} must be a number, not \"{}\"", name, *text));
    return value;
}

/// Who did it, for the audit log: a command is run by whoever may read the host's keys.
SystemContext audited(const std::string& action, const std::string& type) {
    auto trail = std::make_shared<core::AuditTrail>();
    trail->pending = true;
    trail->entry.action = action;
    trail->entry.actorKind = "system";
    trail->entry.actorName = "command line";
    trail->entry.objectType = type;
    return SystemContext("command line", trail);
}

TenantRow tenantNamed(Parts& parts, const std::string& name) {
    const auto row = parts.database.read(
        SystemContext("command line"), [&](Transaction& tx) { return parts.tenants->findByName(tx, name); });
    if (!row)
        throw Error(
            errors::kTenantNotFound,
            fmt::format("There is no tenant named \"{}\". Create it: ae-backend tenant create --name {}",
                        name, name));
    return *row;
}

/// A password never stands in the arguments, where every user of the machine can read it.
std::string passwordFrom(const std::string& file) {
    std::string line;
    if (file == "-") {
        std::getline(std::cin, line);
    } else {
        std::ifstream in(file);
        if (!in)
            throw Error(core::errors::kValidation, fmt::format("The password file {} cannot be read", file));
        std::getline(in, line);
    }
    if (line.ends_with('\r'))
        line.pop_back();
    return line;
}

void print(Invocation& call, const Object& fields) {
    if (call.json) {
        call.out << core::json::write(Value(fields)) << '\n';
        return;
    }
    for (const auto& [name, value] : fields.members())
        call.out << fmt::format("{:<14}{}\n", name + ":",
                                value.string() != nullptr ? *value.string() : core::json::write(value));
}

int createUser(Parts& parts, Invocation& call) {
    parts.bootstrap.ensureTenant();
    const auto tenant = tenantNamed(parts, option(call, "tenant").value_or(Bootstrap::kTenant));
    UserService::NewUser wanted;
    wanted.email = option(call, "email").value_or("");
    wanted.name = option(call, "name").value_or("");
    wanted.role =
        core::http::parseRole(option(call, "role").value_or("viewer")).value_or(core::http::Role::viewer);
    wanted.system = flag(call, "system");
    const auto file = option(call, "password-file");
    wanted.password = file ? passwordFrom(*file) : core::randomToken(15);
    auto context = audited("base.user.created", "user");
    context.audit()->entry.tenant = tenant.id;
    const auto member = parts.users.create(tenant.id, wanted, context);
    Object fields{{"id", member.user.id.toString()},
                  {"email", member.user.email},
                  {"role", core::http::roleName(member.role)},
                  {"tenant_id", tenant.id.toString()},
                  {"system", member.user.system}};
    if (!file)
        fields.set("password", wanted.password);
    print(call, fields);
    return 0;
}

int createToken(Parts& parts, Invocation& call) {
    parts.bootstrap.ensureTenant();
    const bool system = flag(call, "system");
    if (system && call.options.contains("tenant"))
        throw Error(core::errors::kValidation,
                    "A system token belongs to no tenant: give --system or --tenant");
    std::optional<core::Uuid> tenant;
    if (!system)
        tenant = tenantNamed(parts, option(call, "tenant").value_or(Bootstrap::kTenant)).id;
    std::optional<core::Instant> expires;
    if (const auto text = option(call, "expires-in")) {
        const auto duration = core::parseDuration(*text);
        if (!duration || duration->count() == 0)
            throw Error(core::errors::kValidation, "--expires-in must be a duration, for example 90d");
        expires = parts.clock.now() + *duration;
    }
    const auto role =
        core::http::parseRole(option(call, "role").value_or("viewer")).value_or(core::http::Role::viewer);
    auto context = audited("base.token.created", "api_token");
    context.audit()->entry.tenant = tenant;
    const auto created = parts.database.transact(context, [&](Transaction& tx) {
        auto made = parts.tokens.create(tx, tenant, option(call, "name").value_or(""), role, {}, expires);
        context.audit()->entry.objectId = made.row.id.toString();
        return made;
    });
    print(call, {{"id", created.row.id.toString()},
                 {"name", created.row.name},
                 {"role", core::http::roleName(role)},
                 {"tenant_id", tenant ? Value(tenant->toString()) : Value()},
                 {"expires_at", expires ? Value(core::formatInstant(*expires)) : Value()},
                 {"token", created.token}});
    return 0;
}

void printTenant(Invocation& call, const TenantRow& row) {
    print(call, {{"id", row.id.toString()},
                 {"name", row.name},
                 {"max_agents", row.maxAgents},
                 {"max_policies", row.maxPolicies}});
}

int createTenant(Parts& parts, Invocation& call) {
    parts.bootstrap.ensureTenant();
    const auto name = option(call, "name").value_or("");
    const auto context = audited("base.tenant.created", "tenant");
    const auto row = parts.database.transact(context, [&](Transaction& tx) {
        auto made = parts.tenants->create(tx, name, number(call, "max-agents"), number(call, "max-policies"));
        context.audit()->entry.objectId = made.id.toString();
        return made;
    });
    printTenant(call, row);
    return 0;
}

int setTenant(Parts& parts, Invocation& call) {
    auto row = tenantNamed(parts, option(call, "name").value_or(""));
    const auto context = audited("base.tenant.updated", "tenant");
    context.audit()->entry.objectId = row.id.toString();
    context.audit()->entry.tenant = row.id;
    row.name = option(call, "rename").value_or(row.name);
    row.maxAgents = number(call, "max-agents").value_or(row.maxAgents);
    row.maxPolicies = number(call, "max-policies").value_or(row.maxPolicies);
    parts.database.transact(context, [&](Transaction& tx) { parts.tenants->update(tx, row); });
    printTenant(call, row);
    return 0;
}

} // namespace

std::vector<Command> commands(const std::function<Parts&()>& parts) {
    const std::vector<std::string> roles{"viewer", "operator", "admin"};
    const Command::Option tenant{.name = "tenant", .doc = "Name of the tenant (default: default)"};
    const Command::Option agents{.name = "max-agents", .doc = "How many agents the tenant may have"};
    const Command::Option policies{.name = "max-policies", .doc = "How many policies the tenant may have"};
    return {
        {"user create",
         "Create a user; without --password-file with a random password, which is printed",
         "ae-backend user create --email ann@example.org --role admin --password-file -",
         {{.name = "email", .doc = "The address to sign in with", .required = true},
          {.name = "name", .doc = "The person's name"},
          {.name = "role", .doc = "Role in the tenant", .defaultValue = "viewer", .oneOf = roles},
          tenant,
          {.name = "system", .doc = "May also do what crosses tenants", .flag = true},
          {.name = "password-file",
           .doc = "File whose first line is the password; - for the standard input"}},
         [parts](Invocation& call) { return createUser(parts(), call); }},
        {"token create",
         "Create an API token and print it, once",
         "ae-backend token create --name monitoring --role viewer --expires-in 90d",
         {{.name = "name", .doc = "What it is for", .required = true},
          {.name = "role", .doc = "Role of the token", .defaultValue = "viewer", .oneOf = roles},
          tenant,
          {.name = "system", .doc = "Of no tenant: may do what crosses them", .flag = true},
          {.name = "expires-in", .doc = "Duration, for example 90d (default: until it is revoked)"}},
         [parts](Invocation& call) { return createToken(parts(), call); }},
        {"tenant create",
         "Create a tenant",
         "ae-backend tenant create --name acme --max-agents 500",
         {{.name = "name", .doc = "Its name", .required = true}, agents, policies},
         [parts](Invocation& call) { return createTenant(parts(), call); }},
        {"tenant set",
         "Change a tenant's name or limits",
         "ae-backend tenant set --name acme --max-agents 500",
         {{.name = "name", .doc = "Its present name", .required = true},
          {.name = "rename", .doc = "Its new name"},
          agents,
          policies},
         [parts](Invocation& call) { return setTenant(parts(), call); }},
    };
}

} // namespace base
