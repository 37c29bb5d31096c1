#pragma once

#include <optional>
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

/// Rows of restic_repository_damage: one for each damaged repository and place. Damage is known at its place
/// alone: a repository that is moved, and moved back, has it still. All functions but eraseAll() speak of the
/// place where the repository is.
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
    /// Why nothing is removed by schedule; nullopt where no damage is known.
    static std::optional<std::string> whyHeld(core::db::Transaction& tx, const core::Uuid& repository);
    /// At every place where it ever was.
    static void eraseAll(core::db::Transaction& tx, const core::Uuid& repository);
    static std::vector<RepositoryDamage> of(core::db::Transaction& tx,
                                            const std::vector<core::Uuid>& repositories);
};

} // namespace restic
