#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event/bus.h"
#include "restic/protocol/backup_task.h"
#include "tasks/kinds/kind.h"

namespace restic {

/// What a request for a backup may say beside its policy.
struct BackupParameters {
    std::vector<std::string> sources;
    std::vector<std::string> exclude;
    std::vector<std::string> tags;
    std::optional<int> limitUploadKib;
};
const core::wire::Type& wireType(const BackupParameters*);

/// Backups: a run beside the task, the snapshot in our records, the light of the target.
class BackupKind final : public TypedKind<BackupParameters, protocol::BackupResult> {
public:
    explicit BackupKind(core::event::Bus& events) : TypedKind(protocol::kinds::backup), events_(events) {}

    void check(const Task& task, const std::optional<Policy>& policy) const override;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    [[nodiscard]] std::vector<core::Problem> problemsOfResult(const core::json::Value& value) const override;
    [[nodiscard]] bool isOfTarget(const Task& task) const override;
    void made(core::db::Transaction& tx, const Task& task) const override;
    void began(core::db::Transaction& tx, const Task& task, core::Instant now) const override;
    void willBeTriedAgain(core::db::Transaction& tx, const Task& task, core::Instant now) const override;
    void reported(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                  core::Instant now) const override;
    void judge(core::db::Transaction& tx, const Task& task, TaskEnd& end, core::Instant now) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
    [[nodiscard]] bool provesRepository(const core::json::Value& result) const override;
    [[nodiscard]] std::string snapshotOf(const core::json::Value& result) const override;

private:
    core::event::Bus& events_;
};

} // namespace restic
