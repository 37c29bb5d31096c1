#include "commands.h"

#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "base/errors.h"
#include "core/json.h"
#include "core/random.h"
#include "core/text.h"

namespace base {

using core::Command;
using core::Error;
using core::SystemContext;
using core::db::Transaction;
using core::json::Object;
using core::json::Value;
using Invocation = Command::Invocation;

namespace {

std::string checkedName(const std::string& option, std::string name) {
    if (const auto wrong = core::checkName(name))
        throw Error(core::errors::kValidation, fmt::format("--{} {}", option, *wrong));
    return name;
}

/// What a thing is called: it is found by that later.
std::string nameOf(const Invocation& call) {
    return checkedName("name", call.text("name").value_or(""));
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
    const auto tenant = parts.tenantNames->row(call.text("tenant"));
    UserService::NewUser wanted;
    wanted.email = call.text("email").value_or("");
    if (auto name = call.text("name"); name && !name->empty())
        wanted.name = checkedName("name", std::move(*name));
    wanted.role =
        core::http::parseRole(call.text("role").value_or("viewer")).value_or(core::http::Role::viewer);
    wanted.system = call.flag("system");
    const auto file = call.text("password-file");
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

struct Listed {
    UserRow user;
    std::vector<Membership> memberships;
};

int listUsers(Parts& parts, Invocation& call) {
    std::vector<Listed> all;
    parts.database.read(SystemContext("command line"), [&](Transaction& tx) {
        all.clear();
        for (auto& user : parts.users.store().everybody(tx)) {
            auto memberships = parts.users.store().memberships(tx, user.id);
            all.push_back({std::move(user), std::move(memberships)});
        }
    });
    core::json::Array items;
    for (const auto& [user, memberships] : all) {
        core::json::Array tenants;
        std::string where;
        for (const auto& m : memberships) {
            tenants.push_back(Object{
                {"id", m.tenant.toString()}, {"name", m.tenantName}, {"role", core::http::roleName(m.role)}});
            where += fmt::format("{}{} ({})", where.empty() ? "" : ", ", m.tenantName,
                                 core::http::roleName(m.role));
        }
        if (!call.json)
            call.out << fmt::format("{:<40} {:<9} {}{}\n", user.email, user.active ? "active" : "disabled",
                                    user.system ? "system, " : "", where);
        items.push_back(Object{{"id", user.id.toString()},
                               {"email", user.email},
                               {"name", user.name},
                               {"active", user.active},
                               {"system", user.system},
                               {"tenants", std::move(tenants)}});
    }
    if (call.json)
        call.out << core::json::write(Value(Object{{"items", std::move(items)}})) << '\n';
    return 0;
}

int setPassword(Parts& parts, Invocation& call) {
    const auto file = call.text("password-file");
    const auto password = file ? passwordFrom(*file) : core::randomToken(15);
    const auto user = parts.users.setPassword(call.text("email").value_or(""), password,
                                              audited("base.user.password_changed", "user"));
    Object fields{{"id", user.id.toString()}, {"email", user.email}};
    if (!file)
        fields.set("password", password);
    print(call, fields);
    return 0;
}

int setActive(Parts& parts, Invocation& call, bool active) {
    const auto user =
        parts.users.setActive(call.text("email").value_or(""), active,
                              audited(active ? "base.user.enabled" : "base.user.disabled", "user"));
    print(call, {{"id", user.id.toString()}, {"email", user.email}, {"active", user.active}});
    return 0;
}

int createToken(Parts& parts, Invocation& call) {
    parts.bootstrap.ensureTenant();
    const bool system = call.flag("system");
    if (system && call.options.contains("tenant"))
        throw Error(core::errors::kValidation,
                    "A system token belongs to no tenant: give --system or --tenant");
    std::optional<core::Uuid> tenant;
    if (!system)
        tenant = parts.tenantNames->row(call.text("tenant")).id;
    std::optional<core::Instant> expires;
    if (const auto text = call.text("expires-in")) {
        const auto duration = core::parseDuration(*text);
        if (!duration || duration->count() == 0)
            throw Error(core::errors::kValidation, "--expires-in must be a duration, for example 90d");
        expires = parts.clock.now() + *duration;
    }
    const auto role =
        core::http::parseRole(call.text("role").value_or("viewer")).value_or(core::http::Role::viewer);
    const auto name = nameOf(call);
    auto context = audited("base.token.created", "api_token");
    context.audit()->entry.tenant = tenant;
    const auto created = parts.database.transact(context, [&](Transaction& tx) {
        auto made = parts.tokens.create(tx, tenant, name, role, {}, expires);
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
    const auto name = nameOf(call);
    const auto context = audited("base.tenant.created", "tenant");
    const auto row = parts.database.transact(context, [&](Transaction& tx) {
        if (!parts.tenants->findByName(tx, name).empty())
            throw Error(core::errors::kConflict,
                        fmt::format("A tenant named \"{}\" exists already; choose another name.", name));
        auto made = parts.tenants->create(tx, name, call.number("max-agents"), call.number("max-policies"));
        context.audit()->entry.objectId = made.id.toString();
        return made;
    });
    printTenant(call, row);
    return 0;
}

int setTenant(Parts& parts, Invocation& call) {
    auto row = parts.tenantNames->row(call.text("name").value_or(""));
    const auto context = audited("base.tenant.updated", "tenant");
    context.audit()->entry.objectId = row.id.toString();
    context.audit()->entry.tenant = row.id;
    if (auto renamed = call.text("rename"))
        row.name = checkedName("rename", std::move(*renamed));
    row.maxAgents = call.number("max-agents").value_or(row.maxAgents);
    row.maxPolicies = call.number("max-policies").value_or(row.maxPolicies);
    parts.database.transact(context, [&](Transaction& tx) { parts.tenants->update(tx, row); });
    printTenant(call, row);
    return 0;
}

int rotateVault(Parts& parts, Invocation& call) {
    const auto context = audited("base.vault.rotated", "vault");
    const auto result = parts.vaultRotation.run(context, [&](std::int64_t sealed) {
        if (!call.json)
            call.out << fmt::format("{} secrets are sealed again\n", sealed) << std::flush;
    });
    const bool done = !result.prepared && result.unreadable.empty();
    if (call.json)
        call.out << core::json::write(Object{
                        {"key", result.key},
                        {"key_before", result.before},
                        {"prepared", result.prepared ? Value(*result.prepared) : Value()},
                        {"resealed", result.resealed},
                        {"unreadable", core::json::Array(result.unreadable.begin(), result.unreadable.end())},
                        {"done", done}})
                 << '\n';
    else if (result.prepared)
        call.out << fmt::format(
            "Made the key {}. Copy it to the folder of keys of every host of this database, back it "
            "up, and run this again: then the vault goes over to it.\n",
            *result.prepared);
    else if (done)
        call.out << fmt::format(
            "The vault is sealed with the key {}. Back up the key now; keep the one before ({}) as "
            "long as you keep backups of the database from before.\n",
            result.key, result.before);
    if (!call.json)
        for (const auto& secret : result.unreadable)
            call.out << fmt::format(
                "No key of this host opens: {}. Give the key that sealed it, or enter it again.\n", secret);
    return result.unreadable.empty() ? 0 : 1;
}

} // namespace

std::vector<Command> commands(const std::function<Parts&()>& parts) {
    const std::vector<std::string> roles{"viewer", "operator", "admin"};
    const Command::Option tenant{.name = "tenant",
                                 .doc = "Name or id of the tenant (default: the first one)"};
    const Command::Option email{.name = "email", .doc = "The address to sign in with", .required = true};
    const Command::Option agents{.name = "max-agents", .doc = "How many agents the tenant may have"};
    const Command::Option policies{.name = "max-policies", .doc = "How many policies the tenant may have"};
    return {
        {"user create",
         "Create a user; without --password-file with a random password, which is printed",
         "ae-backend user create --email ann@example.org --role admin --password-file -",
         {email,
          {.name = "name", .doc = "The person's name"},
          {.name = "role", .doc = "Role in the tenant", .defaultValue = "viewer", .oneOf = roles},
          tenant,
          {.name = "system", .doc = "May also do what crosses tenants", .flag = true},
          {.name = "password-file",
           .doc = "File whose first line is the password; - for the standard input"}},
         [parts](Invocation& call) { return createUser(parts(), call); }},
        {"user list",
         "List all users with their tenants",
         "ae-backend user list",
         {},
         [parts](Invocation& call) { return listUsers(parts(), call); }},
        {"user set-password",
         "Set a user's password and end their sessions; without --password-file a random one, which is "
         "printed",
         "ae-backend user set-password --email ann@example.org --password-file -",
         {email,
          {.name = "password-file",
           .doc = "File whose first line is the password; - for the standard input"}},
         [parts](Invocation& call) { return setPassword(parts(), call); }},
        {"user disable",
         "Let a user in nowhere any more, their API tokens neither",
         "ae-backend user disable --email ann@example.org",
         {email},
         [parts](Invocation& call) { return setActive(parts(), call, false); }},
        {"user enable",
         "Let a disabled user in again",
         "ae-backend user enable --email ann@example.org",
         {email},
         [parts](Invocation& call) { return setActive(parts(), call, true); }},
        {"token create",
         "Create an API token and print it, once",
         "ae-backend token create --name monitoring --role viewer --expires-in 90d",
         {{.name = "name", .doc = "What it is for", .required = true},
          {.name = "role", .doc = "Role of the token", .defaultValue = "viewer", .oneOf = roles},
          tenant,
          {.name = "system", .doc = "Of no tenant: may do what crosses them", .flag = true},
          {.name = "expires-in", .doc = "Duration, for example 90d (default: until it is revoked)"}},
         [parts](Invocation& call) { return createToken(parts(), call); }},
        {"vault rotate",
         "Seal all secrets with a new key while the host works; after an interruption run it again",
         "ae-backend vault rotate",
         {},
         [parts](Invocation& call) { return rotateVault(parts(), call); }},
        {"tenant create",
         "Create a tenant",
         "ae-backend tenant create --name acme --max-agents 500",
         {{.name = "name", .doc = "Its name", .required = true}, agents, policies},
         [parts](Invocation& call) { return createTenant(parts(), call); }},
        {"tenant set",
         "Change a tenant's name or limits",
         "ae-backend tenant set --name acme --max-agents 500",
         {{.name = "name", .doc = "Its present name, or its id", .required = true},
          {.name = "rename", .doc = "Its new name"},
          agents,
          policies},
         [parts](Invocation& call) { return setTenant(parts(), call); }},
    };
}

} // namespace base
