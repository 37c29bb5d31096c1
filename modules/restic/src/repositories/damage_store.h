#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// Damage of a repository that a check found and that no check has disproved.
struct RepositoryDamage {
    core::Uuid repository;
    core::Uuid task; ///< the check
    std::string error;
    std::string message;
    /// How much of the data the check read: "" none, "all", a part as "3/12", or an amount by chance ("5%").
    std::string reads;
    core::Instant foundAt;
};

/// Rows of restic_repository_damage: one for each damaged repository.
class DamageStore {
public:
    /// What a repository with that damage has to be read by until it counts as whole; of two that differ,
    /// all.
    static std::string widest(const std::string& one, const std::string& other);
    /// Whether a check that read so much and found nothing disproves damage that was found by reading
    /// `found`.
    static bool disproves(const std::string& read, const std::string& found);

    /// Beside damage that is known already, which it widens.
    static void record(core::db::Transaction& tx, RepositoryDamage damage);
    /// A check has read so much and found nothing.
    static void disprove(core::db::Transaction& tx, const core::Uuid& repository, const std::string& read);
    static void erase(core::db::Transaction& tx, const core::Uuid& repository);
    static std::vector<RepositoryDamage> of(core::db::Transaction& tx,
                                            const std::vector<core::Uuid>& repositories);
};

} // namespace restic
