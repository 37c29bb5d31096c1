#include "tasks/retention_previews.h"

#include "core/wire.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/task_store.h"

namespace restic {

std::optional<RetentionPreview> TaskPreviews::find(core::db::Transaction& tx, const core::Uuid& id) const {
    const auto task = TaskStore::find(tx, id);
    if (!task || task->type != protocol::kinds::previewForget.name ||
        task->status != protocol::TaskState::success || !task->completedAt)
        return std::nullopt;
    const auto result = core::wire::read<protocol::PreviewForgetResult>(task->result);
    const auto asked = core::wire::read<protocol::ForgetParameters>(task->parameters);
    if (!result || !asked || !result.value().snapshotsRemoved)
        return std::nullopt;
    RetentionPreview preview{task->policy, task->target, asked.value().retention, *task->completedAt, {}};
    for (const auto& group : result.value().groups)
        if (group.overHalf())
            preview.overHalf.push_back({group.host, group.paths, group.kept, group.removed});
    if (result.value().overHalf && preview.overHalf.empty())
        return std::nullopt; // it contradicts itself
    return preview;
}

} // namespace restic
