#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "repositories/repository_store.h"

namespace restic {

/// What somebody says of a repository's maintenance. What is left out has its default in a new repository,
/// and stays as it is in one that is changed.
struct MaintenanceSpec {
    std::optional<std::string> forgetSchedule; ///< five cron fields; "" switches it off
    std::optional<std::string> pruneSchedule;
    std::optional<std::string> checkSchedule;
    std::optional<std::string> statsSchedule;
    std::optional<std::string> verifySchedule;
    std::optional<std::string> timezone;
    std::optional<std::string> checkSubset;
};

/// What a repository has a schedule for: each a kind of task.
struct MaintenanceOperation {
    const char* name;
    const char* doc;
    const char* byDefault;
    std::optional<std::string> MaintenanceSpec::*given;
};

/// The schedules by which a repository is thinned out, pruned, checked and measured.
class MaintenancePlan {
public:
    static constexpr auto kForget = "forget", kPrune = "prune", kCheck = "check", kStats = "stats",
                          kVerify = "verify";
    static constexpr MaintenanceOperation kOperations[] = {
        {kForget, "When snapshots are removed that the policies' retention does not keep", "30 6 * * *",
         &MaintenanceSpec::forgetSchedule},
        {kPrune, "When the space of what no snapshot needs is freed", "0 8 * * 0",
         &MaintenanceSpec::pruneSchedule},
        {kCheck, "When it is looked for damage", "0 9 * * 6", &MaintenanceSpec::checkSchedule},
        {kStats, "When it is counted what the repository takes up", "0 5 * * *",
         &MaintenanceSpec::statsSchedule},
        {kVerify,
         "When the newest snapshot of each target is tried, and of each agent the dump of a database that "
         "was not "
         "for longest",
         "0 10 * * 0", &MaintenanceSpec::verifySchedule}};

    /// What the spec makes of `repository`, whose own fields it sets; `before` is the row that it changes,
    /// null for a new one. Throws core::Error(kValidation), naming the fields.
    static MaintenancePlan of(core::db::Transaction& tx, const MaintenanceSpec& spec, Repository& repository,
                              const Repository* before);
    /// Writes the schedules beside the repository's row. One that stays as it was keeps its next time.
    void store(core::db::Transaction& tx, const Repository& repository, core::Instant now) const;

private:
    std::map<std::string, std::string> wanted_; ///< by operation; "" for none
    std::map<std::string, std::string> known_;  ///< those that there are
    bool sameZone_ = false;
    bool sameSubset_ = false;
};

} // namespace restic
