#include "import/imported_checks.h"

#include <set>

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

std::int64_t ImportedChecks::add(Transaction& tx, const Uuid& target, const std::vector<V0Check>& checks,
                                 Instant now) {
    std::set<Instant> there;
    for (const auto& row : tx.query("SELECT checked_at_us FROM restic_health_checks WHERE tenant_id = $1 AND "
                                    "target_id = $2 ORDER BY checked_at_us",
                                    {tx.tenant(), target}))
        there.insert(row.instant(0));
    const auto oldest = there.empty() ? std::nullopt : std::optional(*there.begin());
    constexpr std::size_t kAtOnce = 200;
    std::vector<core::db::Statement> statements;
    std::int64_t added = 0;
    const auto flush = [&] {
        if (!statements.empty())
            tx.batch(statements);
        statements.clear();
    };
    for (const auto& check : checks) {
        if ((oldest && check.at < *oldest) || !there.insert(check.at).second)
            continue;
        statements.push_back(
            {"INSERT INTO restic_health_checks (id, tenant_id, target_id, kind, healthy, "
             "error_message, checked_at_us) VALUES ($1, $2, $3, 'snapshots', $4, $5, $6)",
             {Uuid::generate(now), tx.tenant(), target, check.healthy, check.message, check.at}});
        ++added;
        if (statements.size() == kAtOnce)
            flush();
    }
    flush();
    return added;
}

} // namespace restic
