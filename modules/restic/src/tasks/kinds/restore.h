#pragma once

#include "core/uuid.h"
#include "restic/protocol/restore_task.h"
#include "tasks/kinds/kind.h"

namespace restic {

/// What a restore was asked with, beside its snapshot.
struct RestoreRequest : protocol::RestoreParameters {
    core::Uuid snapshot;
};
const core::wire::Type& wireType(const RestoreRequest*);

/// Files of a snapshot come back to a machine. Started again it does the same once more.
class RestoreKind final : public TypedKind<RestoreRequest, protocol::RestoreResult> {
public:
    RestoreKind() : TypedKind(protocol::kinds::restore) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
};

} // namespace restic
