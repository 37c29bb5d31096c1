#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/secret_vault.h"
#include "core/db/database.h"
#include "core/service.h"
#include "core/time.h"
#include "repositories/maintenance_plan.h"
#include "repositories/repository_store.h"
#include "restic/protocol/repository_config.h"
#include "restic/protocol/task_messages.h"

namespace restic {

/// What somebody says of a repository.
struct RepositorySpec {
    std::string name;
    std::string type;
    std::optional<std::string> url;
    std::optional<core::json::Object> config;
    std::optional<core::Uuid> agent;
    std::optional<std::string> password;
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    std::map<std::string, std::string> environment;
    MaintenanceSpec maintenance = {};
    std::optional<core::Uuid> maintenanceAgent = {};
    std::optional<bool> appendOnly = {}; ///< left out in a change it stays
    /// An imported one may be without a password until somebody gives it.
    bool mayLackPassword = false;
};

/// Repositories with their secrets, which are written in the same transaction. Thread-safe; every call runs
/// in the caller's transaction.
class RepositoryService {
public:
    RepositoryService(const core::Clock& clock, core::ServiceHandle<base::SecretVault> vault);

    /// Called after a commit that may have changed which maintenance is next.
    void setScheduleChanged(std::function<void()> changed) { changed_ = std::move(changed); }

    /// Called in the unit of work of an update() that gave it another place or other secrets: who could not
    /// get in tries again.
    void setUpdated(std::function<void(core::db::Transaction& tx, const core::Uuid& id)> updated) {
        updated_ = std::move(updated);
    }

    /// Throws kValidation, kRepositoryExists (also for another row with the same place), kAgentNotFound.
    Repository create(core::db::Transaction& tx, const RepositorySpec& spec);
    /// What an agent would get of the repository that create() would make, with its secrets: nothing is
    /// saved. One on a disk is on that agent's. Throws what create() throws; a name may be taken, and the
    /// place may be that of the repository `changed`, which the spec would change.
    protocol::TaskRepository unsaved(core::db::Transaction& tx, RepositorySpec spec, const core::Uuid& agent,
                                     const std::optional<core::Uuid>& changed = {});
    /// Without a password the one that is there stays, and so do secrets of the kind. Throws also
    /// kPasswordChanging, for another password or place meanwhile, and
    /// kRepositoryUnreachable, naming the agents whose policies use it and which would not reach it there.
    Repository update(core::db::Transaction& tx, const core::Uuid& id, const RepositorySpec& spec);
    /// The repository whose password may be changed to that one, held against others who would change it
    /// until the unit of work ends. Throws kValidation, kRepositoryNotFound, kPasswordElsewhere where it is
    /// not the vault's or opens more than one repository, kPasswordChanging.
    Repository forNewPassword(core::db::Transaction& tx, const core::Uuid& id, const std::string& password);
    /// The one at that place, if its password is the given one, or a new one named after it. Throws
    /// kRepositoryExists if the place has another password.
    Repository findOrCreate(core::db::Transaction& tx, const RepositorySpec& spec);
    /// The one at the place that the spec names, whatever its password is. Throws kValidation.
    std::optional<Repository> findAt(core::db::Transaction& tx, const RepositorySpec& spec);
    /// From now on the vault has its password, and no file. Throws kValidation.
    void keepPassword(core::db::Transaction& tx, Repository repository, const std::string& password);
    Repository get(core::db::Transaction& tx, const core::Uuid& id);
    /// Whoever works on it where nobody is named. Throws kRepositoryNotFound, kRepositoryUnreachable where
    /// there is nobody.
    core::Uuid caretaker(core::db::Transaction& tx, const core::Uuid& id);
    /// Throws kRepositoryInUse, naming its users.
    void remove(core::db::Transaction& tx, const core::Uuid& id);
    /// A deliberate new start: where it is (for a local one without an agent: on that agent's disk) a
    /// repository may be initialised again. Throws kRepositoryNotFound, kConflict while tasks use it.
    void startAnew(core::db::Transaction& tx, const core::Uuid& id, const std::optional<core::Uuid>& agent);
    [[nodiscard]] bool hasPassword(core::db::Transaction& tx, const core::Uuid& id);

private:
    /// What a spec makes of a repository, with the secrets that it brings.
    struct Draft {
        Repository repository;
        protocol::RepositoryConfig config;
    };
    /// `before` is the row that the spec changes; null for a new one.
    Draft draftOf(core::db::Transaction& tx, const RepositorySpec& spec, const Repository* before,
                  bool passwordKnown);
    /// Another row with the same place is the same repository: refused, naming it.
    void requireOwnPlace(core::db::Transaction& tx, const Repository& repository);
    static void requireNoPasswordChange(core::db::Transaction& tx, const Repository& repository);
    /// What was known of the place where it was.
    static void forgetCondition(core::db::Transaction& tx, const core::Uuid& id);
    /// `before`: the secrets of the kind that the vault has had.
    void storeSecrets(core::db::Transaction& tx, const Draft& draft, const RepositorySpec& spec,
                      const std::vector<std::string>& before);

    /// The plan that the spec makes, with the repository's own fields.
    static MaintenancePlan planOf(core::db::Transaction& tx, const RepositorySpec& spec,
                                  Repository& repository, const Repository* before);
    void announce(core::db::Transaction& tx);

    const core::Clock& clock_;
    core::ServiceHandle<base::SecretVault> vault_;
    std::function<void()> changed_;
    std::function<void(core::db::Transaction& tx, const core::Uuid& id)> updated_;
};

} // namespace restic
