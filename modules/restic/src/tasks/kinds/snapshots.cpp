#include "tasks/kinds/snapshots.h"

#include "restic/protocol/repository_kinds.h"

#include <algorithm>

#include "policies/target_store.h"
#include "repositories/repository_store.h"
#include "snapshots/snapshot_discovery.h"
#include "snapshots/snapshot_removal.h"
#include "snapshots/snapshot_store.h"
#include "tasks/run_store.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
/// The run that a snapshot's tag names, if it is one of ours on this repository.
std::optional<Task> makerOf(Transaction& tx, const protocol::SnapshotItem& item, const Uuid& repository) {
    constexpr std::string_view kTag = "task:";
    for (const auto& tag : item.tags) {
        if (!tag.starts_with(kTag))
            continue;
        const auto id = Uuid::parse(tag.substr(kTag.size()));
        auto task = id ? TaskStore::find(tx, *id) : std::nullopt;
        if (task && task->repository == repository && RunStore::find(tx, *id))
            return task;
    }
    return std::nullopt;
}
} // namespace

void SnapshotsKind::reported(Transaction& tx, const Task& task, const core::json::Value& value,
                             Instant now) const {
    const auto result = resultOf(value);
    if (!task.repository || !result.count)
        return;
    std::vector<std::string> ids;
    for (const auto& item : result.snapshots) {
        ids.push_back(item.id);
        std::optional<Uuid> target;
        const auto known = SnapshotStore::confirm(tx, *task.repository, item.id, target);
        if (known == SnapshotStore::Known::removed && target)
            TargetStore::recordSnapshot(tx, *target, item.id, std::min(item.time.value_or(now), now));
        if (known != SnapshotStore::Known::no)
            continue;
        Snapshot snapshot;
        snapshot.repository = *task.repository;
        if (const auto maker = makerOf(tx, item, *task.repository)) {
            snapshot.run = maker->id;
            snapshot.policy = maker->policy;
            snapshot.target = maker->target;
        }
        snapshot.snapshotId = item.id;
        snapshot.time = item.time.value_or(now);
        snapshot.hostname = item.hostname;
        snapshot.username = item.username;
        snapshot.paths = item.paths;
        snapshot.tags = item.tags;
        snapshot.parent = item.parent;
        snapshot.tree = item.tree;
        if (item.fileCount)
            snapshot.fileCount = static_cast<std::int64_t>(*item.fileCount);
        if (item.sizeBytes)
            snapshot.sizeBytes = static_cast<std::int64_t>(*item.sizeBytes);
        recordFound(tx, events_, std::move(snapshot), now);
    }
    // A local path of no machine in particular is another repository on each.
    const auto repository = RepositoryStore::find(tx, *task.repository);
    const auto* kind = repository ? protocol::findRepositoryKind(repository->type) : nullptr;
    const bool onePlace = kind != nullptr && (!kind->onDisk || repository->agent);
    if (onePlace && ids.size() == *result.count && task.assignedAt)
        recordAbsent(tx, *task.repository, ids, *task.assignedAt, now);
}

} // namespace restic
