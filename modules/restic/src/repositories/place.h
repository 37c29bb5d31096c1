#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "repositories/repository_store.h"

namespace restic {

/// Where a repository is, in one spelling: its kind, the machine whose disk it is on (for `local`), its
/// address. Two rows with the same place mean the same repository. `agent` is the one that is about to work
/// on it.
std::string placeOf(const Repository& repository, const core::Uuid& agent);
/// The same without an agent at work: the disk is that of the row's machine, if it names one.
std::string placeOf(const Repository& repository);

/// Whether it is a path that is another folder on each machine.
bool isOnEachDisk(const Repository& repository);

/// Rows of restic_repository_places: places where a repository once worked. Such a place is never
/// initialised again by itself, whatever row names it.
class PlaceStore {
public:
    /// Those of several places that have one.
    static std::map<std::string, core::Instant> firstSuccesses(core::db::Transaction& tx,
                                                               const std::vector<std::string>& places);
    static std::optional<core::Instant> firstSuccess(core::db::Transaction& tx, const std::string& place);
    /// From now on the place is known to hold a repository.
    static void markSuccess(core::db::Transaction& tx, const std::string& place, core::Instant now);
    /// A deliberate new start: the place may be initialised again. False if it had no mark.
    static bool forget(core::db::Transaction& tx, const std::string& place);
};

} // namespace restic
