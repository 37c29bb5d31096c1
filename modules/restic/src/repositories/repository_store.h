#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

namespace restic {

/// Where snapshots are kept. Its secrets are in the vault, under this row's id.
struct Repository {
    core::Uuid id;
    std::string name;
    std::string type; ///< of protocol::repositoryKinds()
    std::string url;  ///< in restic's own syntax
    /// Fields of its kind, and the files on the agent that hold secrets; no secret.
    core::json::Value config = core::json::Object();
    /// Fields of its kind that the vault has.
    std::vector<std::string> secretFields;
    std::optional<core::Uuid> agent; ///< of a local one: the machine whose disk it is on
    std::string place;               ///< of placeOf(); written by the store
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    std::map<std::string, std::string> environment;
    /// Who cares for it, where that is not whoever backs up to it.
    std::optional<core::Uuid> maintenanceAgent;
    bool appendOnly = false;          ///< agents may add and not remove, but for the one above
    std::string timezone = "UTC";     ///< of its schedules
    std::string checkSubset = "1/12"; ///< how much of the data a check by schedule reads: CheckSubset
    core::Instant createdAt;
    core::Instant updatedAt;

    /// Whether that agent's credentials let it take away what is there.
    [[nodiscard]] bool mayRemove(const core::Uuid& by) const { return !appendOnly || maintenanceAgent == by; }
    /// Where the vault keeps the secret of a field.
    [[nodiscard]] static std::string vaultField(const std::string& field) { return "config." + field; }
};

/// What another agent than the one that may remove is told.
inline std::string whyAppendOnly(const Repository& repository) {
    return "The agents may only add to the repository \"" + repository.name +
           "\": its maintenance agent forgets and prunes.";
}

/// Rows of restic_repositories that are not archived.
class RepositoryStore {
public:
    static void insert(core::db::Transaction& tx, const Repository& repository);
    static void update(core::db::Transaction& tx, const Repository& repository);
    static std::optional<Repository> find(core::db::Transaction& tx, const core::Uuid& id);
    static std::vector<Repository> find(core::db::Transaction& tx, const std::vector<core::Uuid>& ids);
    static std::optional<Repository> findByName(core::db::Transaction& tx, const std::string& name);
    /// One at that place, another than `except`.
    static std::optional<Repository> findByPlace(core::db::Transaction& tx, const std::string& place,
                                                 const std::optional<core::Uuid>& except = {});
    /// Those that earlier versions stored.
    static std::vector<Repository> withoutPlace(core::db::Transaction& tx);
    /// "agent/policy" of each link that leads from another agent to the repository.
    static std::vector<std::string> linksOfOthers(core::db::Transaction& tx, const core::Uuid& id,
                                                  const core::Uuid& agent);
    static std::vector<Repository> list(core::db::Transaction& tx, const core::http::PageQuery& page);
    /// Names of policies and targets that use it.
    static std::vector<std::string> users(core::db::Transaction& tx, const core::Uuid& id);
    /// Who can work on it: the one that is named for it, the machine whose disk it is on, or the first that
    /// backs up to it, one that is online before others.
    static std::optional<core::Uuid> caretaker(core::db::Transaction& tx, const Repository& repository);
    static std::int64_t openTasks(core::db::Transaction& tx, const core::Uuid& id);
    /// Whether a change of its password is under way.
    static bool changesPassword(core::db::Transaction& tx, const core::Uuid& id);
    static void archive(core::db::Transaction& tx, const core::Uuid& id, core::Instant now);
};

} // namespace restic
