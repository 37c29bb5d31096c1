#include "policies/policy_versions.h"

#include <algorithm>

#include "rows.h"

namespace restic {

using core::json::Object;
using core::json::Value;

namespace {
Value listOf(const std::vector<std::string>& texts) {
    core::json::Array list;
    for (const auto& text : texts)
        list.emplace_back(text);
    return list;
}

Object documentOfPolicy(const Policy& policy) {
    Object document{{"name", policy.name},
                    {"enabled", policy.enabled},
                    {"schedule", policy.schedule},
                    {"include_paths", listOf(policy.includePaths)},
                    {"exclude_paths", listOf(policy.excludePaths)},
                    {"tags", listOf(policy.tags)},
                    {"repository_id", policy.repository ? Value(policy.repository->toString()) : Value()},
                    {"plugins", policy.plugins},
                    {"assign", policy.assign}};
    if (const auto* own = policy.own.object())
        for (const auto& [name, value] : own->members())
            document.set(name, value);
    return document;
}
} // namespace

void PolicyVersions::record(core::db::Transaction& tx, const Policy& policy, core::Instant now) {
    auto document = documentOfPolicy(policy);
    const auto newest =
        tx.query("SELECT version, document FROM restic_policy_versions WHERE tenant_id = $1 AND "
                 "policy_id = $2 ORDER BY version DESC LIMIT 1",
                 {tx.tenant(), policy.id});
    std::int64_t number = 1;
    if (!newest.empty()) {
        number = newest[0].integer(0) + 1;
        if (differences(*jsonOr(newest[0], 1, Object()).object(), document).empty())
            return;
    }
    tx.execute("INSERT INTO restic_policy_versions (tenant_id, policy_id, version, at_us, author, document) "
               "VALUES ($1, $2, $3, $4, $5, $6)",
               {tx.tenant(), policy.id, number, now, policy.changedBy, Value(std::move(document))});
    tx.execute("DELETE FROM restic_policy_versions WHERE tenant_id = $1 AND policy_id = $2 AND version <= $3",
               {tx.tenant(), policy.id, number - kKept});
}

std::vector<PolicyVersions::Version> PolicyVersions::list(core::db::Transaction& tx,
                                                          const core::Uuid& policy) {
    std::vector<Version> all;
    for (const auto& row :
         tx.query("SELECT version, at_us, author, document FROM restic_policy_versions WHERE "
                  "tenant_id = $1 AND policy_id = $2 ORDER BY version DESC",
                  {tx.tenant(), policy}))
        all.push_back({static_cast<int>(row.integer(0)), row.instant(1), row.text(2),
                       *jsonOr(row, 3, Object()).object()});
    return all;
}

namespace {
/// Whatever the order of members is: a database may change it.
bool isSame(const Value& one, const Value& other) {
    const auto* object = one.object();
    const auto* second = other.object();
    if (object == nullptr || second == nullptr)
        return one == other;
    return object->size() == second->size() &&
           std::all_of(object->members().begin(), object->members().end(), [&](const auto& member) {
               const auto* same = second->find(member.first);
               return same != nullptr && isSame(member.second, *same);
           });
}
} // namespace

std::vector<std::string> PolicyVersions::differences(const Object& before, const Object& after) {
    std::vector<std::string> names;
    for (const auto& [name, value] : after.members())
        if (const auto* old = before.find(name); old == nullptr ? !value.isNull() : !isSame(*old, value))
            names.push_back(name);
    for (const auto& [name, value] : before.members())
        if (after.find(name) == nullptr && !value.isNull())
            names.push_back(name);
    return names;
}

} // namespace restic
