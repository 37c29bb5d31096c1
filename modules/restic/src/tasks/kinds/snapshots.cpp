#include "tasks/kinds/snapshots.h"

#include "repositories/place.h"
#include "repositories/repository_store.h"
#include "snapshots/snapshot_listing.h"
#include "snapshots/snapshot_removal.h"
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
    for (const auto& value : values)
        items.push_back(core::wire::read<protocol::SnapshotItem>(value).value());
    const auto assign = [&](const protocol::SnapshotItem& item, Snapshot& snapshot) {
        if (const auto maker = makerOf(tx, item, *task.repository)) {
            snapshot.run = maker->id;
            snapshot.policy = maker->policy;
            snapshot.target = maker->target;
        }
    };
    SnapshotListing{*task.repository, "agent_report", assign}.record(tx, events_, std::move(items), now);
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
