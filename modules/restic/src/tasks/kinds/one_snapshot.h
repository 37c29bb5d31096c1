#pragma once

#include "core/uuid.h"
#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/snapshot_tasks.h"
#include "tasks/kinds/kind.h"

namespace restic {

/// What a change of tags was asked with, beside its snapshot.
struct TagRequest : protocol::TagParameters {
    core::Uuid snapshot;
};
/// The same of a removal.
struct ForgetSnapshotRequest {
    core::Uuid snapshot;
};
const core::wire::Type& wireType(const TagRequest*);
const core::wire::Type& wireType(const ForgetSnapshotRequest*);

/// The tags of a snapshot change, and its id with them; its row stays.
class TagKind final : public TypedKind<TagRequest, protocol::TagResult> {
public:
    TagKind() : TypedKind(protocol::kinds::tag) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void reported(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                  core::Instant now) const override;
};

/// One snapshot is removed. What is pinned by then stays.
class ForgetSnapshotKind final : public TypedKind<ForgetSnapshotRequest, protocol::ForgetResult> {
public:
    ForgetSnapshotKind() : TypedKind(protocol::kinds::forgetSnapshot) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void reported(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                  core::Instant now) const override;
};

} // namespace restic
