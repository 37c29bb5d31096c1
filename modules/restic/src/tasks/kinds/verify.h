#pragma once

#include "core/uuid.h"
#include "restic/protocol/verify_task.h"
#include "tasks/kinds/kind.h"

namespace restic {

/// What a restore test was asked with, beside its snapshot.
struct VerifyRequest : protocol::VerifyParameters {
    core::Uuid snapshot;
};
const core::wire::Type& wireType(const VerifyRequest*);

/// Files of a snapshot are tried. What it finds turns the light of the snapshot's target.
class VerifyKind final : public TypedKind<VerifyRequest, protocol::VerifyResult> {
public:
    VerifyKind() : TypedKind(protocol::kinds::verify) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
};

} // namespace restic
