#include "policies/policy_defaults.h"

#include "rows.h"

namespace restic {

PolicyDefaults::Said PolicyDefaults::read(core::db::Transaction& tx) {
    const auto rows = tx.query(
        "SELECT options, updated_at_us FROM restic_policy_defaults WHERE tenant_id = $1", {tx.tenant()});
    if (rows.empty())
        return {};
    return {*jsonOr(rows[0], 0, core::json::Object()).object(), rows[0].instant(1)};
}

void PolicyDefaults::write(core::db::Transaction& tx, const core::json::Object& options, core::Instant now) {
    tx.execute("INSERT INTO restic_policy_defaults (tenant_id, options, updated_at_us) VALUES ($1, $2, $3) "
               "ON CONFLICT (tenant_id) DO UPDATE SET options = excluded.options, updated_at_us = "
               "excluded.updated_at_us",
               {tx.tenant(), core::json::Value(options), now});
}

} // namespace restic
