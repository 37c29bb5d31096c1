#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "repositories/repository_store.h"
#include "repositories/schedule_store.h"
#include "schedule/slot_source.h"
#include "tasks/task_service.h"

namespace restic {

/// The slots of repositories: a check of the part of the data whose turn it is, a prune, a count of what the
/// repository takes up, or a forget for each agent of each policy that leads to it. Missed ones are made up
/// for once.
class MaintenanceSlots final : public SlotSource {
public:
    MaintenanceSlots(TaskService& tasks, core::Logger log) : tasks_(tasks), log_(std::move(log)) {}

    [[nodiscard]] std::pair<std::string, std::string> keyNames() const override {
        return {"repository_id", "operation"};
    }
    std::vector<DueSlot> due(core::db::Transaction& tx, core::Instant now,
                             const std::optional<DueSlot>& after, int limit) const override;
    std::vector<PlannedSlot> planned(core::db::Transaction& tx, const std::optional<PlannedSlot>& after,
                                     int limit) const override;
    std::optional<Schedule> schedule(core::db::Transaction& tx, const SlotKey& key) const override;
    void plan(core::db::Transaction& tx, const SlotKey& key,
              std::optional<core::Instant> next) const override;
    void take(core::db::Transaction& tx, const DueSlot& slot, const Schedule& schedule, core::Instant now,
              core::Instant next) const override;
    void skip(core::db::Transaction& tx, const DueSlot& slot, const std::string& reason, core::Instant now,
              core::Instant next) const override;

private:
    using Problems = std::vector<std::string>;
    /// An agent of a policy whose snapshots are thinned out.
    struct Follower {
        Policy policy;
        PolicyLink link;
    };
    /// Those of enabled policies with a retention that keeps something.
    /// All policies that lead to it were imported and await their adoption: somebody else cares for it.
    static bool rests(core::db::Transaction& tx, const Repository& repository);
    static std::vector<Follower> followersOf(core::db::Transaction& tx, const Repository& repository);
    /// Who does it; nobody, with the reason, where there is none.
    static std::optional<core::Uuid> workerOf(core::db::Transaction& tx, const Repository& repository,
                                              Problems& problems);
    void forget(core::db::Transaction& tx, const Repository& repository, const DueSlot& slot,
                Problems& problems) const;
    /// A restore test of one dump of each agent, and of the files of each target's newest snapshot.
    void verify(core::db::Transaction& tx, const Repository& repository, const DueSlot& slot,
                Problems& problems) const;
    void verifyDumps(core::db::Transaction& tx, const Repository& repository, const DueSlot& slot,
                     Problems& problems) const;
    void verifyFiles(core::db::Transaction& tx, const Repository& repository, const DueSlot& slot,
                     Problems& problems) const;
    /// A check, a prune, or stats.
    void work(core::db::Transaction& tx, const Repository& repository, const DueSlot& slot,
              const core::json::Object& parameters, Problems& problems) const;
    /// Unless it could never succeed: nothing has ever worked at this place.
    void make(core::db::Transaction& tx, const Repository& repository, const DueSlot& slot,
              TaskRequest request, Problems& problems) const;

    TaskService& tasks_;
    core::Logger log_;
};

} // namespace restic
