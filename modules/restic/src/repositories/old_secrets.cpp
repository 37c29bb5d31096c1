#include "repositories/old_secrets.h"

#include "core/json.h"
#include "restic/protocol/names.h"
#include "rows.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;
using core::json::Array;
using core::json::Object;
using core::json::Value;

namespace {

constexpr std::string_view kRepositories = "restic_repositories";
constexpr std::string_view kPolicies = "restic_policies";
constexpr std::string_view kVariable = "environment.";

struct Found {
    std::string place;
    std::string secret;
};

/// The value without secrets, which go to `found`; a reference stays in the place of each.
Value without(const Value& value, const std::string& name, const std::string& place,
              std::vector<Found>& found) {
    if (protocol::isSecretName(name)) {
        if (value.find("vault") != nullptr || value.isNull())
            return value;
        found.push_back({place, value.string() != nullptr ? *value.string() : core::json::write(value)});
        return Object{{"vault", place}};
    }
    if (const auto* object = value.object()) {
        Object rest;
        for (const auto& [key, inner] : object->members())
            rest.set(key, without(inner, key, place + "." + key, found));
        return rest;
    }
    if (const auto* array = value.array()) {
        Array rest;
        for (std::size_t i = 0; i < array->size(); ++i)
            rest.push_back(without((*array)[i], name, place + "." + std::to_string(i), found));
        return rest;
    }
    if (const auto* text = value.string(); text != nullptr && protocol::hasCredentials(*text)) {
        found.push_back({place, *text});
        return Object{{"vault", place}};
    }
    return value;
}

} // namespace

int OldSecrets::moveIntoVault(const core::Logger& log) {
    int moved = 0;
    const auto moveAll = [&](const std::string& select, const core::json::Value& empty, const char* kind,
                             auto&& move) {
        const auto rows =
            database_.run(core::SystemContext("secrets into the vault"), {{select, {empty}}}, false).at(0);
        for (const auto& row : rows)
            try {
                const auto id = row.uuid(1);
                moved += database_.transact(core::TenantContext(row.uuid(0)),
                                            [&](Transaction& tx) { return move(tx, id) ? 1 : 0; });
            } catch (const std::exception&) {
                log.error("the secrets of a row could not be moved into the vault",
                          {{"tenant_id", row.text(0)},
                           {kind, row.text(1)},
                           {"error", core::describeCurrentException()}});
            }
    };
    moveAll("SELECT tenant_id, id FROM restic_repositories WHERE environment_vars <> $1::jsonb",
            Value(Object()), "repository_id",
            [this](Transaction& tx, const Uuid& id) { return moveRepository(tx, id); });
    moveAll("SELECT tenant_id, id FROM restic_policies WHERE plugins <> $1::jsonb", Value(Array()),
            "policy_id", [this](Transaction& tx, const Uuid& id) { return movePolicy(tx, id); });
    return moved;
}

bool OldSecrets::moveRepository(Transaction& tx, const Uuid& id) {
    const auto rows = tx.query("SELECT environment_vars, archived_at_us FROM restic_repositories WHERE "
                               "tenant_id = $1 AND id = $2",
                               {tx.tenant(), id});
    if (rows.empty())
        return false;
    const auto environment = jsonOr(rows[0], 0, Object());
    Object rest;
    bool changed = false;
    for (const auto& [name, value] : environment.object()->members()) {
        const std::string text = value.string() != nullptr ? *value.string() : std::string();
        const auto kind = protocol::environmentName(name);
        if (kind == protocol::EnvironmentName::plain && !protocol::hasCredentials(text)) {
            rest.set(name, value);
            continue;
        }
        changed = true;
        if (kind != protocol::EnvironmentName::refused && rows[0].isNull(1))
            vault_->put(tx, {tx.tenant(), kRepositories, id, std::string(kVariable) + name}, text);
    }
    if (changed)
        tx.execute("UPDATE restic_repositories SET environment_vars = $3 WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), id, Value(std::move(rest))});
    return changed;
}

bool OldSecrets::movePolicy(Transaction& tx, const Uuid& id) {
    const auto rows = tx.query("SELECT plugins, archived_at_us FROM restic_policies WHERE tenant_id = $1 AND "
                               "id = $2",
                               {tx.tenant(), id});
    if (rows.empty())
        return false;
    std::vector<Found> found;
    Array plugins;
    const auto old = jsonOr(rows[0], 0, Array());
    for (const auto& plugin : *old.array()) {
        if (plugin.object() == nullptr)
            continue;
        auto copy = *plugin.object();
        if (const auto* settings = plugin.find("settings"))
            copy.set("settings", without(*settings, "", "plugins." + plugin.stringOr("name"), found));
        plugins.emplace_back(std::move(copy));
    }
    if (found.empty())
        return false;
    if (rows[0].isNull(1))
        for (const auto& [place, secret] : found)
            vault_->put(tx, {tx.tenant(), kPolicies, id, place}, secret);
    tx.execute("UPDATE restic_policies SET plugins = $3 WHERE tenant_id = $1 AND id = $2",
               {tx.tenant(), id, Value(std::move(plugins))});
    return true;
}

std::map<std::string, std::string> OldSecrets::environmentOf(Transaction& tx, const Uuid& repository) {
    std::map<std::string, std::string> environment;
    for (const auto& field : vault_->fields(tx, tx.tenant(), kRepositories, repository))
        if (field.starts_with(kVariable))
            environment[field.substr(kVariable.size())] =
                vault_->get(tx, {tx.tenant(), kRepositories, repository, field}).value_or("");
    return environment;
}

std::vector<std::string> OldSecrets::ofPolicy(Transaction& tx, const Uuid& policy) {
    return vault_->fields(tx, tx.tenant(), kPolicies, policy);
}

} // namespace restic
