#include "tasks/kinds/looks.h"

#include <set>

#include "restic/protocol/restore_task.h"
#include "restic/protocol/snapshot_id.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/listed_folders.h"
#include "snapshots/snapshot_store.h"
#include "tasks/kinds/snapshot_of_task.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
protocol::TaskError invalid(const char* message) {
    return protocol::task_errors::make(protocol::task_errors::kInvalidTask, message);
}

template <typename Item>
std::vector<core::Problem> problemsAs(const core::json::Value& item) {
    const auto read = core::wire::read<Item>(item);
    return read ? std::vector<core::Problem>() : read.error().details();
}

/// restic's id of a snapshot that is there and of which it is known; or why not.
std::variant<std::string, protocol::TaskError> resticIdOf(Transaction& tx, const Uuid& id) {
    auto snapshot = snapshotOfTask(tx, id);
    if (auto* error = std::get_if<protocol::TaskError>(&snapshot))
        return std::move(*error);
    return std::get<Snapshot>(std::move(snapshot)).snapshotId;
}
} // namespace

const Type& wireType(const LsRequest*) {
    static const auto type =
        object<LsRequest>("LsRequest", strict)
            .field("snapshot", &LsRequest::snapshot)
            .field("path", &LsRequest::path, {.maxLength = 4096, .check = protocol::checkRestorePath})
            .build();
    return type;
}

const Type& wireType(const FindRequest*) {
    static const auto type =
        object<FindRequest>("FindRequest", strict)
            .include<protocol::FindParameters>()
            .field("policy_id", &FindRequest::policy, {.omitEmpty = true})
            .field("snapshot_ids", &FindRequest::snapshots,
                   {.optional = true, .omitEmpty = true, .maxItems = protocol::kMostFindSnapshots})
            .build();
    return type;
}

const Type& wireType(const DiffRequest*) {
    static const auto type = object<DiffRequest>("DiffRequest", strict)
                                 .include<protocol::DiffParameters>()
                                 .field("a", &DiffRequest::from)
                                 .field("b", &DiffRequest::to)
                                 .build();
    return type;
}

const Type& wireType(const FoundView*) {
    static const auto type =
        object<FoundView>("FoundFile", tolerant, "A hit of a search, with the row of its snapshot")
            .include<protocol::FoundItem>()
            .field("snapshot", &FoundView::snapshot,
                   {.doc = "Where it is known and there", .omitEmpty = true})
            .build();
    return type;
}

std::vector<core::Problem> LsKind::problemsOfItem(const core::json::Value& item) const {
    return problemsAs<protocol::LsEntry>(item);
}

std::variant<core::json::Object, protocol::TaskError> LsKind::payload(Transaction& tx, const Task& task,
                                                                      const std::optional<Policy>& /*policy*/,
                                                                      protocol::TaskPayload common) const {
    const auto request = core::wire::read<LsRequest>(task.parameters);
    if (!request)
        return invalid("The task's parameters cannot be read.");
    auto id = resticIdOf(tx, request.value().snapshot);
    if (auto* error = std::get_if<protocol::TaskError>(&id))
        return std::move(*error);
    protocol::LsTask own;
    own.snapshotId = std::get<std::string>(std::move(id));
    own.path = request.value().path;
    return written(std::move(common), std::move(own));
}

void LsKind::made(Transaction& tx, const Task& task) const {
    if (const auto request = core::wire::read<LsRequest>(task.parameters))
        ListedFolders::begin(tx, request.value().snapshot, request.value().path, task.id, task.createdAt);
}

void LsKind::receivedAll(Transaction& tx, const Task& task, const core::json::Value& /*result*/,
                         const HeldItems& held, Instant now) const {
    if (const auto request = core::wire::read<LsRequest>(task.parameters))
        ListedFolders::listed(tx, request.value().snapshot, request.value().path,
                              {task.id, task.attempt, held.items.count, now, now}, mostListed_);
}

std::vector<core::Problem> FindKind::problemsOfItem(const core::json::Value& item) const {
    return problemsAs<protocol::FoundItem>(item);
}

std::variant<core::json::Object, protocol::TaskError>
FindKind::payload(Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                  protocol::TaskPayload common) const {
    const auto request = core::wire::read<FindRequest>(task.parameters);
    if (!request || !task.repository)
        return invalid("The task's parameters cannot be read.");
    protocol::FindTask own;
    static_cast<protocol::FindParameters&>(own) = request.value();
    if (request.value().policy)
        own.tags.push_back("policy:" + request.value().policy->toString());
    for (const auto& [row, id] : SnapshotStore::present(tx, *task.repository, request.value().snapshots))
        if (!protocol::checkSnapshotId(id))
            own.snapshotIds.push_back(id);
    if (own.snapshotIds.empty() && !request.value().snapshots.empty())
        return invalid("None of the snapshots is there any more.");
    return written(std::move(common), std::move(own));
}

void FindKind::show(Transaction& tx, const Task& task, std::vector<ResultStore::Item>& items) const {
    if (!task.repository)
        return;
    std::set<std::string> ids;
    for (const auto& item : items)
        ids.insert(item.value.stringOr("snapshot_id"));
    const auto rows = SnapshotStore::rowsOf(tx, *task.repository, {ids.begin(), ids.end()});
    for (auto& item : items) {
        const auto read = core::wire::read<protocol::FoundItem>(item.value);
        if (!read)
            continue;
        FoundView shown;
        static_cast<protocol::FoundItem&>(shown) = read.value();
        if (const auto row = rows.find(shown.snapshotId.value_or("")); row != rows.end())
            shown.snapshot = row->second;
        item.value = core::wire::toJson(shown);
    }
}

std::vector<core::Problem> DiffKind::problemsOfItem(const core::json::Value& item) const {
    return problemsAs<protocol::DiffItem>(item);
}

std::variant<core::json::Object, protocol::TaskError>
DiffKind::payload(Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                  protocol::TaskPayload common) const {
    const auto request = core::wire::read<DiffRequest>(task.parameters);
    if (!request)
        return invalid("The task's parameters cannot be read.");
    protocol::DiffTask own;
    static_cast<protocol::DiffParameters&>(own) = request.value();
    for (const auto& [row, to] :
         {std::pair{request.value().from, &own.from}, std::pair{request.value().to, &own.to}}) {
        auto id = resticIdOf(tx, row);
        if (auto* error = std::get_if<protocol::TaskError>(&id))
            return std::move(*error);
        *to = std::get<std::string>(std::move(id));
    }
    return written(std::move(common), std::move(own));
}

} // namespace restic
