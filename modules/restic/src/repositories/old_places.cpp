#include "repositories/old_places.h"

#include <algorithm>
#include <string>

#include "repositories/place.h"
#include "repositories/repository_store.h"
#include "restic/protocol/repository_kinds.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {

/// "KIND:ADDRESS|FIELD…" with the address in today's spelling; those of disks always had it.
std::string spelled(const std::string& mark) {
    const auto colon = mark.find(':');
    const auto* kind = protocol::findRepositoryKind(mark.substr(0, colon));
    if (colon == std::string::npos || kind == nullptr || kind->onDisk)
        return mark;
    const auto fields = std::min(mark.find('|'), mark.size());
    return kind->name + ":" + kind->place(mark.substr(colon + 1, fields - colon - 1)) + mark.substr(fields);
}

void spellMarks(Transaction& tx) {
    for (const auto& row :
         tx.query("SELECT place, first_success_at_us FROM restic_repository_places WHERE tenant_id = $1",
                  {tx.tenant()})) {
        const auto place = spelled(row.text(0));
        if (place == row.text(0))
            continue;
        PlaceStore::markSuccess(tx, place, row.instant(1));
        PlaceStore::forget(tx, row.text(0));
    }
}

/// Two of one place are told of: each has a queue of its own, so their work may meet.
int spellRows(Transaction& tx, const core::Logger& log) {
    int changed = 0;
    for (const auto& repository : RepositoryStore::withoutPlace(tx)) {
        if (const auto other = RepositoryStore::findByPlace(tx, placeOf(repository)))
            log.warn("two repositories are at one place; keep one of them",
                     {{"tenant_id", tx.tenant().toString()},
                      {"repository_id", repository.id.toString()},
                      {"name", repository.name},
                      {"other_repository_id", other->id.toString()},
                      {"other_name", other->name}});
        RepositoryStore::update(tx, repository);
        ++changed;
    }
    return changed;
}

} // namespace

int spellOldPlaces(core::db::Database& database, const core::Logger& log) {
    int changed = 0;
    const auto tenants = database
                             .run(core::SystemContext("places of repositories"),
                                  {{"SELECT DISTINCT tenant_id FROM restic_repositories WHERE place = '' AND "
                                    "archived_at_us IS NULL",
                                    {}}},
                                  false)
                             .at(0);
    for (const auto& row : tenants)
        try {
            changed += database.transact(core::TenantContext(row.uuid(0)), [&](Transaction& tx) {
                spellMarks(tx);
                return spellRows(tx, log);
            });
        } catch (const std::exception&) {
            log.error("the places of a tenant's repositories could not be spelled",
                      {{"tenant_id", row.text(0)}, {"error", core::describeCurrentException()}});
        }
    return changed;
}

} // namespace restic
