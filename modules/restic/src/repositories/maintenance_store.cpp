#include "repositories/maintenance_store.h"

#include <algorithm>

#include "id_list.h"
#include "open_tasks.h"
#include "restic/protocol/task_kinds.h"
#include "rows.h"

namespace restic {

using core::db::Transaction;

namespace {
constexpr std::size_t kLongestList = 4096;

/// The result without its long lists (thousands of snapshots): those stay with the task.
core::db::Param withoutLongLists(const core::json::Value& result) {
    const auto* fields = result.object();
    if (fields == nullptr)
        return nullptr;
    core::json::Object kept;
    for (const auto& [name, value] : fields->members())
        if (value.array() == nullptr || core::json::write(value).size() <= kLongestList)
            kept.set(name, value);
    return core::json::Value(std::move(kept));
}
} // namespace

void MaintenanceStore::record(Transaction& tx, const Maintenance& last) {
    tx.execute(
        "INSERT INTO restic_repository_maintenance (tenant_id, repository_id, kind, task_id, agent_id, "
        "status, message, result, ended_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        "ON CONFLICT (tenant_id, repository_id, kind) DO UPDATE SET task_id = $4, agent_id = $5, "
        "status = $6, message = $7, result = $8, ended_at_us = $9",
        {tx.tenant(), last.repository, last.kind, last.task, last.agent, last.status, last.message,
         withoutLongLists(last.result), last.endedAt});
    if (last.status == "success" || last.status == "warning")
        tx.execute(
            "UPDATE restic_repository_maintenance SET good_task_id = $4, good_at_us = $5 WHERE tenant_id "
            "= $1 AND repository_id = $2 AND kind = $3",
            {tx.tenant(), last.repository, last.kind, last.task, last.endedAt});
}

void MaintenanceStore::eraseAll(Transaction& tx, const core::Uuid& repository) {
    tx.execute("DELETE FROM restic_repository_maintenance WHERE tenant_id = $1 AND repository_id = $2",
               {tx.tenant(), repository});
}

std::vector<Maintenance> MaintenanceStore::of(Transaction& tx, const std::vector<core::Uuid>& repositories) {
    std::vector<Maintenance> all;
    if (repositories.empty())
        return all;
    for (const auto& row :
         tx.query("SELECT m.repository_id, m.kind, m.task_id, m.agent_id, m.status, m.message, m.result, "
                  "m.ended_at_us FROM " +
                      idsIn(tx, "$2") +
                      " wanted CROSS JOIN restic_repository_maintenance m WHERE m.tenant_id = $1 AND "
                      "m.repository_id = wanted.id ORDER BY m.repository_id, m.kind",
                  {tx.tenant(), idList(repositories)}))
        try {
            all.push_back({row.uuid(0), row.text(1), row.uuid(2), row.uuid(3), row.text(4),
                           row.optionalText(5), jsonOrNull(row, 6), row.instant(7)});
        } catch (const core::Error&) { // one bad row must not take down the list that it is in
        }
    return all;
}

std::vector<OpenMaintenance> MaintenanceStore::open(Transaction& tx,
                                                    const std::vector<core::Uuid>& repositories) {
    std::vector<OpenMaintenance> all;
    if (repositories.empty())
        return all;
    std::string saving;
    for (const auto* kind : protocol::allKinds())
        if (kind->makesSnapshot)
            saving += (saving.empty() ? "'" : ", '") + std::string(kind->name) + "'";
    for (const auto& row :
         tx.query("SELECT t.repository_id, t.id, t.type, t.agent_id, t.status FROM " + idsIn(tx, "$2") +
                      " wanted CROSS JOIN restic_tasks t WHERE t.tenant_id = $1 AND "
                      "t.repository_id = wanted.id AND t." +
                      kOpenTask + " AND t.type NOT IN (" + saving + ")",
                  {tx.tenant(), idList(repositories)}))
        all.push_back({row.uuid(0), row.uuid(1), row.text(2), row.uuid(3),
                       protocol::parseTaskState(row.text(4)).value()});
    std::sort(all.begin(), all.end(), [](const OpenMaintenance& a, const OpenMaintenance& b) {
        return a.repository != b.repository ? a.repository < b.repository : a.id < b.id;
    });
    return all;
}

} // namespace restic
