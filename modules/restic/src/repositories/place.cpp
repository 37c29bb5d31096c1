#include "repositories/place.h"

#include "restic/protocol/repository_kinds.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
std::string placeOn(const Repository& repository, const std::string& machine) {
    const auto* kind = protocol::findRepositoryKind(repository.type);
    if (kind == nullptr) // of a later version
        return repository.type + ":" + repository.url;
    auto place = kind->name + ":" + (kind->onDisk ? machine + ":" : "") + kind->place(repository.url);
    for (const auto& field : kind->fields)
        if (field.ofPlace && repository.config.find(field.name) != nullptr)
            place += "|" + repository.config.stringOr(field.name);
    return place;
}
} // namespace

std::string placeOf(const Repository& repository, const Uuid& agent) {
    return placeOn(repository, repository.agent.value_or(agent).toString());
}

std::string placeOf(const Repository& repository) {
    return placeOn(repository, repository.agent ? repository.agent->toString() : std::string());
}

bool isOnEachDisk(const Repository& repository) {
    const auto* kind = protocol::findRepositoryKind(repository.type);
    return kind != nullptr && kind->onDisk && !repository.agent;
}

std::map<std::string, Instant> PlaceStore::firstSuccesses(Transaction& tx,
                                                          const std::vector<std::string>& places) {
    std::map<std::string, Instant> found;
    if (places.empty())
        return found;
    const std::string wanted = tx.dialect() == core::db::Dialect::postgresql
                                   ? "(SELECT jsonb_array_elements_text($2::jsonb))"
                                   : "(SELECT value FROM json_each($2))";
    for (const auto& row :
         tx.query("SELECT place, first_success_at_us FROM restic_repository_places WHERE "
                  "tenant_id = $1 AND place IN " +
                      wanted,
                  {tx.tenant(), core::json::Value(core::json::Array(places.begin(), places.end()))}))
        found.emplace(row.text(0), row.instant(1));
    return found;
}

std::optional<Instant> PlaceStore::firstSuccess(Transaction& tx, const std::string& place) {
    const auto found = firstSuccesses(tx, {place});
    return found.empty() ? std::nullopt : std::optional(found.begin()->second);
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
