#include "repositories/place.h"

#include <filesystem>

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

std::string normalizePath(const std::string& path) {
    auto normal = std::filesystem::path(path).lexically_normal().string();
    while (normal.size() > 1 && normal.back() == '/')
        normal.pop_back();
    if (normal.starts_with("//"))
        normal.erase(0, 1);
    return normal;
}

std::string placeOf(const Repository& repository, const Uuid& agent) {
    if (repository.type == "local")
        return "local:" + repository.agent.value_or(agent).toString() + ":" + normalizePath(repository.url);
    return repository.type + ":" + repository.url;
}

std::optional<Instant> PlaceStore::firstSuccess(Transaction& tx, const std::string& place) {
    const auto rows =
        tx.query("SELECT first_success_at_us FROM restic_repository_places WHERE tenant_id = $1 AND "
                 "place = $2",
                 {tx.tenant(), place});
    return rows.empty() ? std::nullopt : std::optional(rows[0].instant(0));
}

void PlaceStore::markSuccess(Transaction& tx, const std::string& place, Instant now) {
    tx.execute("INSERT INTO restic_repository_places (tenant_id, place, first_success_at_us) VALUES "
               "($1, $2, $3) ON CONFLICT (tenant_id, place) DO NOTHING",
               {tx.tenant(), place, now});
}

bool PlaceStore::forget(Transaction& tx, const std::string& place) {
    return tx.execute("DELETE FROM restic_repository_places WHERE tenant_id = $1 AND place = $2",
                      {tx.tenant(), place}) == 1;
}

} // namespace restic
