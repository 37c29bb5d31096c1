#include "tasks/kinds/restore.h"

#include "restic/protocol/task_errors.h"
#include "tasks/kinds/snapshot_of_task.h"

namespace restic {

const core::wire::Type& wireType(const RestoreRequest*) {
    static const auto type = core::wire::object<RestoreRequest>("RestoreRequest", core::wire::strict)
                                 .include<protocol::RestoreParameters>()
                                 .field("snapshot", &RestoreRequest::snapshot)
                                 .build();
    return type;
}

std::variant<core::json::Object, protocol::TaskError>
RestoreKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                     protocol::TaskPayload common) const {
    const auto request = core::wire::read<RestoreRequest>(task.parameters);
    if (!request)
        return protocol::task_errors::make(protocol::task_errors::kInvalidTask,
                                           "The task's parameters cannot be read.");
    auto snapshot = snapshotOfTask(tx, request.value().snapshot);
    if (auto* error = std::get_if<protocol::TaskError>(&snapshot))
        return std::move(*error);
    protocol::RestoreTask own;
    static_cast<protocol::RestoreParameters&>(own) = request.value();
    own.snapshotId = std::get<Snapshot>(std::move(snapshot)).snapshotId;
    return written(std::move(common), std::move(own));
}

} // namespace restic
