#include "tasks/kinds/snapshots.h"

#include <algorithm>

#include "policies/target_store.h"
#include "repositories/place.h"
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

std::vector<core::Problem> SnapshotsKind::problemsOfItem(const core::json::Value& item) const {
    const auto read = core::wire::read<protocol::SnapshotItem>(item);
    return read ? std::vector<core::Problem>() : read.error().details();
}

core::json::Array SnapshotsKind::takeItems(core::json::Object& result) const {
    constexpr std::string_view kList = "snapshots";
    core::json::Array items;
    core::json::Object rest;
    for (const auto& [name, value] : result.members()) {
        if (name != kList)
            rest.set(name, value);
        else if (const auto* list = value.array())
            items = *list;
    }
    result = std::move(rest);
    return items;
}

void SnapshotsKind::received(Transaction& tx, const Task& task, const std::vector<core::json::Value>& values,
                             Instant now) const {
    if (!task.repository)
        return;
    std::vector<protocol::SnapshotItem> items;
    std::vector<std::string> ids;
    for (const auto& value : values) {
        items.push_back(core::wire::read<protocol::SnapshotItem>(value).value());
        ids.push_back(items.back().id);
    }
    const auto known = SnapshotStore::confirm(tx, *task.repository, ids, now);
    for (auto& item : items) {
        if (const auto found = known.find(item.id); found != known.end()) {
            if (found->second.wasRemoved && found->second.target)
                TargetStore::recordSnapshot(tx, *found->second.target, item.id,
                                            std::min(item.time.value_or(now), now));
            continue;
        }
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
}

void SnapshotsKind::receivedAll(Transaction& tx, const Task& task, const core::json::Value& value,
                                const HeldItems& held, Instant now) const {
    if (!task.repository || !task.assignedAt || held.refused > 0)
        return;
    const auto count = resultOf(value).count;
    if (!count || static_cast<std::int64_t>(*count) != held.items.count)
        return; // what is not in the list may be in the repository
    const auto repository = RepositoryStore::find(tx, *task.repository);
    if (repository && !isOnEachDisk(*repository)) // which would be another repository for each agent
        recordAbsent(tx, *task.repository, *task.assignedAt, now);
}

} // namespace restic
