#include "tasks/retention_hold.h"

#include "policies/target_store.h"

namespace restic {

std::optional<std::string> whyHeld(core::db::Transaction& tx, const std::optional<core::Uuid>& target,
                                   const std::optional<core::Uuid>& policy) {
    std::optional<std::string> reason;
    if (target)
        reason = TargetStore::retentionHeld(tx, *target);
    else if (policy)
        reason = TargetStore::retentionHeldOfAny(tx, *policy);
    if (!reason)
        return std::nullopt;
    return "Nothing is removed after a doubtful backup (" + *reason +
           "): the next one that succeeds frees this again.";
}

} // namespace restic
