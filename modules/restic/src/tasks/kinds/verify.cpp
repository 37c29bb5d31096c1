#include "tasks/kinds/verify.h"

#include <algorithm>
#include <cmath>

#include "lights/restore_test_store.h"
#include "restic/protocol/task_errors.h"
#include "snapshots/snapshot_store.h"
#include "tasks/kinds/snapshot_of_task.h"
#include "tasks/restore_test_light.h"

namespace restic {

namespace task_errors = protocol::task_errors;
using protocol::TaskState;

namespace {
/// Whether such an end says anything of the data: a test that was never made turns no light.
bool saysSomething(const TaskEnd& end) {
    if (end.state == TaskState::cancelled)
        return false;
    for (const auto* kind : {&task_errors::kInterrupted, &task_errors::kUnsupportedTask,
                             &task_errors::kInvalidTask, &task_errors::kAgentRemoved})
        if (end.error == kind->name)
            return false;
    return true;
}
} // namespace

const core::wire::Type& wireType(const VerifyRequest*) {
    static const auto type = core::wire::object<VerifyRequest>("VerifyRequest", core::wire::strict)
                                 .include<protocol::VerifyParameters>()
                                 .field("snapshot", &VerifyRequest::snapshot)
                                 .build();
    return type;
}

std::variant<core::json::Object, protocol::TaskError>
VerifyKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& /*policy*/,
                    protocol::TaskPayload common) const {
    const auto request = core::wire::read<VerifyRequest>(task.parameters);
    if (!request)
        return protocol::task_errors::make(protocol::task_errors::kInvalidTask,
                                           "The task's parameters cannot be read.");
    auto snapshot = snapshotOfTask(tx, request.value().snapshot);
    if (auto* error = std::get_if<protocol::TaskError>(&snapshot))
        return std::move(*error);
    protocol::VerifyTask own;
    static_cast<protocol::VerifyParameters&>(own) = request.value();
    own.snapshotId = std::get<Snapshot>(std::move(snapshot)).snapshotId;
    return written(std::move(common), std::move(own));
}

void VerifyKind::ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
                       core::Instant now) const {
    const auto request = core::wire::read<VerifyRequest>(task.parameters);
    const auto snapshot =
        request ? SnapshotStore::find(tx, request.value().snapshot) : std::optional<Snapshot>();
    if (!snapshot || !snapshot->target || !saysSomething(end))
        return;
    const auto result = resultOf(end.result);
    RestoreTest test;
    test.task = task.id;
    test.snapshotId = snapshot->snapshotId;
    test.endedAt = now;
    test.good = end.state == TaskState::success || end.state == TaskState::warning;
    if (!test.good)
        test.message = end.message.value_or("it failed");
    test.files = static_cast<std::int64_t>(result.files);
    test.totalFiles = static_cast<std::int64_t>(result.totalFiles);
    test.bytes = static_cast<std::int64_t>(result.bytes);
    // What somebody else reports may be any number.
    constexpr double kLongest = 1e9;
    test.duration = core::milliseconds(
        std::llround(std::clamp(result.durationSeconds.value_or(0), 0.0, kLongest) * 1000));
    RestoreTestStore::record(tx, *snapshot->target, test);
    turnRestoreTestLight(tx, *snapshot->target, task.id, now);
}

} // namespace restic
