#include "repositories/size_store.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

void SizeStore::record(Transaction& tx, const Uuid& repository, std::int64_t bytes, Instant now) {
    const Instant day = std::chrono::floor<std::chrono::days>(now);
    tx.execute("INSERT INTO restic_repository_sizes (tenant_id, repository_id, day_us, counted_at_us, "
               "size_bytes) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, repository_id, day_us) DO "
               "UPDATE SET counted_at_us = $4, size_bytes = $5",
               {tx.tenant(), repository, day, now, bytes});
    tx.execute("DELETE FROM restic_repository_sizes WHERE tenant_id = $1 AND repository_id = $2 AND day_us < "
               "$3",
               {tx.tenant(), repository, day - kKept});
}

std::vector<RepositorySize> SizeStore::since(Transaction& tx, const Uuid& repository, Instant from) {
    std::vector<RepositorySize> all;
    for (const auto& row :
         tx.query("SELECT counted_at_us, size_bytes FROM restic_repository_sizes WHERE tenant_id = $1 AND "
                  "repository_id = $2 AND day_us >= $3 ORDER BY day_us",
                  {tx.tenant(), repository, Instant(std::chrono::floor<std::chrono::days>(from))}))
        all.push_back({row.instant(0), row.integer(1)});
    return all;
}

void SizeStore::eraseAll(Transaction& tx, const Uuid& repository) {
    tx.execute("DELETE FROM restic_repository_sizes WHERE tenant_id = $1 AND repository_id = $2",
               {tx.tenant(), repository});
}

} // namespace restic
