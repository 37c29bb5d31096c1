#include "repositories/damage_store.h"

#include "id_list.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
constexpr auto kAll = "all";
} // namespace

std::string DamageStore::widest(const std::string& one, const std::string& other) {
    if (one.empty() || one == other)
        return other;
    return other.empty() ? one : kAll;
}

bool DamageStore::disproves(const std::string& read, const std::string& found) {
    if (found.empty() || read == kAll)
        return true;
    // What is read by chance is another part each time.
    return read == found && found.find('/') != std::string::npos;
}

void DamageStore::record(Transaction& tx, RepositoryDamage damage) {
    for (const auto& known : of(tx, {damage.repository}))
        damage.reads = widest(known.reads, damage.reads);
    erase(tx, damage.repository); // also what was known of any place
    tx.execute(
        "INSERT INTO restic_repository_damage (tenant_id, repository_id, place, task_id, error, message, "
        "reads, found_at_us) SELECT r.tenant_id, r.id, r.place, $3, $4, $5, $6, $7 FROM restic_repositories "
        "r WHERE r.tenant_id = $1 AND r.id = $2 ON CONFLICT (tenant_id, repository_id, place) DO UPDATE SET "
        "task_id = $3, error = $4, message = $5, reads = $6, found_at_us = $7",
        {tx.tenant(), damage.repository, damage.task, damage.error, damage.message, damage.reads,
         damage.foundAt});
}

void DamageStore::disprove(Transaction& tx, const Uuid& repository, const std::string& read) {
    for (const auto& known : of(tx, {repository}))
        if (disproves(read, known.reads))
            erase(tx, repository);
}

void DamageStore::erase(Transaction& tx, const Uuid& repository) {
    tx.execute("DELETE FROM restic_repository_damage WHERE tenant_id = $1 AND repository_id = $2 AND (place "
               "= '' OR place = (SELECT r.place FROM restic_repositories r WHERE r.tenant_id = $1 AND r.id = "
               "$2))",
               {tx.tenant(), repository});
}

void DamageStore::eraseAll(Transaction& tx, const Uuid& repository) {
    tx.execute("DELETE FROM restic_repository_damage WHERE tenant_id = $1 AND repository_id = $2",
               {tx.tenant(), repository});
}

std::optional<std::string> DamageStore::whyHeld(Transaction& tx, const Uuid& repository) {
    if (of(tx, {repository}).empty())
        return std::nullopt;
    return "A check found damage in the repository, so nothing is removed before a check that reads as much "
           "finds none.";
}

std::vector<RepositoryDamage> DamageStore::of(Transaction& tx, const std::vector<Uuid>& repositories) {
    std::vector<RepositoryDamage> all;
    if (repositories.empty())
        return all;
    for (const auto& row :
         tx.query("SELECT d.repository_id, d.task_id, d.error, d.message, d.reads, d.found_at_us FROM " +
                      idsIn(tx, "$2") +
                      " wanted CROSS JOIN restic_repositories r JOIN restic_repository_damage d ON "
                      "d.tenant_id = r.tenant_id AND d.repository_id = r.id AND (d.place = '' OR d.place = "
                      "r.place) WHERE r.tenant_id = $1 AND r.id = wanted.id",
                  {tx.tenant(), idList(repositories)}))
        all.push_back({row.uuid(0), row.uuid(1), row.text(2), row.text(3), row.text(4), row.instant(5)});
    return all;
}

} // namespace restic
