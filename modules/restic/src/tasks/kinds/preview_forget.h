#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/kind.h"

namespace restic {

/// What a forget would remove. It changes nothing, so that nothing holds it back, and nothing is kept of it
/// but the task itself.
class PreviewForgetKind final : public TypedKind<protocol::ForgetParameters, protocol::PreviewForgetResult> {
public:
    PreviewForgetKind() : TypedKind(protocol::kinds::previewForget) {}
    void check(const Task& task, const std::optional<Policy>& policy) const override;
    [[nodiscard]] bool doesTheSame(const Task& waiting, const Task& asked) const override;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
};

} // namespace restic
