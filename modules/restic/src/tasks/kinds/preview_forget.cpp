#include "tasks/kinds/preview_forget.h"

#include "tasks/kinds/forget_selection.h"

namespace restic {

void PreviewForgetKind::check(const Task& task, const std::optional<Policy>& policy) const {
    requireRetention(task, policy);
}

bool PreviewForgetKind::doesTheSame(const Task& waiting, const Task& asked) const {
    return waiting.target == asked.target && waiting.parameters == asked.parameters;
}

std::variant<core::json::Object, protocol::TaskError>
PreviewForgetKind::payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
                           protocol::TaskPayload common) const {
    auto selection = forgetSelection(tx, task);
    if (auto* error = std::get_if<protocol::TaskError>(&selection))
        return std::move(*error);
    protocol::ForgetTask own;
    static_cast<protocol::ForgetSelection&>(own) = std::get<protocol::ForgetSelection>(std::move(selection));
    static_cast<protocol::ForgetParameters&>(own) = effectiveParameters(task, policy);
    return written(std::move(common), std::move(own));
}

} // namespace restic
