#include "greeting_store.h"

namespace hello {

using core::db::Transaction;

void GreetingStore::insert(Transaction& tx, const Greeting& greeting) {
    tx.execute("INSERT INTO hello_greetings (tenant_id, id, text, created_at_us) VALUES ($1, $2, $3, $4)",
               {tx.tenant(), greeting.id, greeting.text, greeting.createdAt});
}

std::vector<Greeting> GreetingStore::list(Transaction& tx, const std::optional<core::http::Cursor>& after,
                                          int limit) {
    const auto rows = tx.query("SELECT id, text, created_at_us FROM hello_greetings WHERE tenant_id = $1 "
                               "AND ($2::bigint IS NULL OR (created_at_us, id) < ($2::bigint, $3::uuid)) "
                               "ORDER BY created_at_us DESC, id DESC LIMIT $4",
                               {tx.tenant(), after ? std::optional(after->key) : std::nullopt,
                                after ? std::optional(after->id) : std::nullopt, limit + 1});
    std::vector<Greeting> greetings;
    for (const auto& row : rows)
        greetings.push_back({row.uuid(0), row.text(1), row.instant(2)});
    return greetings;
}

std::int64_t GreetingStore::eraseBefore(Transaction& tx, core::Instant limit) {
    return tx.execute("DELETE FROM hello_greetings WHERE created_at_us < $1", {limit});
}

} // namespace hello
