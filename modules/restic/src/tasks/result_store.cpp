#include "tasks/result_store.h"

#include "rows.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

HeldItems ResultStore::held(Transaction& tx, const Uuid& task, int attempt) {
    HeldItems held;
    const auto rows =
        tx.query("SELECT last_item, bytes, sha256, refused FROM restic_task_results WHERE tenant_id = $1 AND "
                 "task_id = $2 AND attempt = $3 ORDER BY last_item DESC LIMIT 1",
                 {tx.tenant(), task, attempt});
    if (!rows.empty())
        held = {{rows[0].integer(0), rows[0].integer(1), rows[0].text(2)}, rows[0].integer(3)};
    return held;
}

void ResultStore::append(Transaction& tx, const Uuid& task, int attempt, const std::vector<Item>& items,
                         const HeldItems& nowHeld, Instant now) {
    if (items.empty())
        return;
    core::json::Array list;
    list.reserve(items.size());
    for (const auto& item : items)
        list.push_back(item.problems.isNull() ? core::json::Object{{"value", item.value}}
                                              : core::json::Object{{"problems", item.problems}});
    tx.execute("INSERT INTO restic_task_results (tenant_id, task_id, attempt, first_item, last_item, bytes, "
               "sha256, refused, items, created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
               {tx.tenant(), task, attempt, items.front().number, nowHeld.items.count, nowHeld.items.bytes,
                nowHeld.items.sha256, nowHeld.refused, core::json::Value(std::move(list)), now});
}

void ResultStore::erase(Transaction& tx, const Uuid& task) {
    tx.execute("DELETE FROM restic_task_results WHERE tenant_id = $1 AND task_id = $2", {tx.tenant(), task});
}

ResultStore::Page ResultStore::read(Transaction& tx, const Uuid& task, int attempt, std::int64_t after,
                                    int limit) {
    Page page;
    std::size_t bytes = 0;
    // Row by row: one may hold megabytes.
    for (std::int64_t at = after;;) {
        const auto rows =
            tx.query("SELECT first_item, last_item, items FROM restic_task_results WHERE tenant_id = $1 AND "
                     "task_id = $2 AND attempt = $3 AND last_item > $4 ORDER BY last_item LIMIT 1",
                     {tx.tenant(), task, attempt, at});
        if (rows.empty())
            return page;
        auto number = rows[0].integer(0);
        const auto part = jsonOr(rows[0], 2, core::json::Array());
        for (const auto& one : *part.array()) {
            const auto current = number++;
            if (current <= after)
                continue;
            if (page.items.size() == static_cast<std::size_t>(limit) || bytes >= kMostAnswered) {
                page.more = true;
                return page;
            }
            const auto* value = one.find("value");
            const auto* problems = one.find("problems");
            Item item{current, value != nullptr ? *value : core::json::Value(),
                      problems != nullptr ? *problems : core::json::Value()};
            bytes += core::json::write(item.value).size() + core::json::write(item.problems).size();
            page.items.push_back(std::move(item));
        }
        at = rows[0].integer(1);
    }
}

} // namespace restic
