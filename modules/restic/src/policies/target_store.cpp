#include "policies/target_store.h"

#include "query.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
const std::string kSelect =
    "SELECT id, name, mode, repository_id, agent_id, policy_id, disabled FROM restic_targets";

Target fromRow(const core::db::Row& row) {
    return {row.uuid(0),         row.text(1),         row.text(2),   row.optionalUuid(3),
            row.optionalUuid(4), row.optionalUuid(5), row.boolean(6)};
}

std::optional<Target> first(const core::db::Rows& rows) {
    return rows.empty() ? std::nullopt : std::optional(fromRow(rows[0]));
}
} // namespace

std::optional<Target> TargetStore::findForLink(Transaction& tx, const Uuid& agent, const Uuid& policy) {
    return first(
        tx.query(kSelect + " WHERE tenant_id = $1 AND agent_id = $2 AND policy_id = $3 AND mode = 'agent'",
                 {tx.tenant(), agent, policy}));
}

std::optional<Target> TargetStore::findByName(Transaction& tx, const std::string& name) {
    return first(tx.query(kSelect + " WHERE tenant_id = $1 AND name = $2", {tx.tenant(), name}));
}

std::vector<Target> TargetStore::all(Transaction& tx) {
    std::vector<Target> targets;
    for (const auto& row : tx.query(kSelect + " WHERE tenant_id = $1 ORDER BY name", {tx.tenant()}))
        targets.push_back(fromRow(row));
    return targets;
}

Uuid TargetStore::ensureForLink(Transaction& tx, const Target& wanted, Instant now) {
    if (const auto existing = findForLink(tx, *wanted.agent, *wanted.policy)) {
        tx.execute("UPDATE restic_targets SET disabled = FALSE, repository_id = $3, updated_at_us = $4 "
                   "WHERE tenant_id = $1 AND id = $2",
                   {tx.tenant(), existing->id, wanted.repository, now});
        return existing->id;
    }
    std::string name = wanted.name;
    if (findByName(tx, name))
        name += " (" + wanted.id.toString().substr(28) + ")";
    tx.execute("INSERT INTO restic_targets (id, tenant_id, name, mode, repository_id, agent_id, policy_id, "
               "disabled, "
               "created_at_us, updated_at_us) VALUES ($1, $2, $3, 'agent', $4, $5, $6, FALSE, $7, $7)",
               {wanted.id, tx.tenant(), name, wanted.repository, wanted.agent, wanted.policy, now});
    return wanted.id;
}

} // namespace restic
