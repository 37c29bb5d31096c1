#include "repositories/old_secrets.h"

#include "core/json.h"
#include "restic/protocol/names.h"

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

int OldSecrets::moveIntoVault() {
    return database_.transact(core::SystemContext("secrets into the vault"), [this](Transaction& tx) {
        int moved = 0;
        for (const auto& row :
             tx.query("SELECT tenant_id, id, environment_vars, archived_at_us FROM restic_repositories "
                      "WHERE environment_vars <> $1::jsonb",
                      {Value(Object())})) {
            const auto environment = row.json(2);
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
                if (kind != protocol::EnvironmentName::refused && row.isNull(3))
                    vault_->put(tx, {row.uuid(0), kRepositories, row.uuid(1), std::string(kVariable) + name},
                                text);
            }
            if (!changed)
                continue;
            tx.execute(
                "UPDATE restic_repositories SET environment_vars = $3 WHERE tenant_id = $1 AND id = $2",
                {row.uuid(0), row.uuid(1), Value(std::move(rest))});
            ++moved;
        }
        for (const auto& row : tx.query("SELECT tenant_id, id, plugins, archived_at_us FROM restic_policies "
                                        "WHERE plugins <> $1::jsonb",
                                        {Value(Array())})) {
            std::vector<Found> found;
            Array plugins;
            const auto old = row.json(2);
            for (const auto& plugin : *old.array()) {
                auto copy = *plugin.object();
                if (const auto* settings = plugin.find("settings"))
                    copy.set("settings", without(*settings, "", "plugins." + plugin.stringOr("name"), found));
                plugins.emplace_back(std::move(copy));
            }
            if (found.empty())
                continue;
            if (row.isNull(3))
                for (const auto& [place, secret] : found)
                    vault_->put(tx, {row.uuid(0), kPolicies, row.uuid(1), place}, secret);
            tx.execute("UPDATE restic_policies SET plugins = $3 WHERE tenant_id = $1 AND id = $2",
                       {row.uuid(0), row.uuid(1), Value(std::move(plugins))});
            ++moved;
        }
        return moved;
    });
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
