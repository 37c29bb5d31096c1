#pragma once

#include "repositories/new_passwords.h"
#include "restic/protocol/key_tasks.h"
#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// The first half of a change of the password: where it ends well, the new password is the repository's, and
/// the key of the old one is removed by a task that follows. However else it ends, the new one is forgotten.
class AddKeyKind final : public MaintenanceKind<protocol::NoParameters, protocol::AddKeyResult> {
public:
    explicit AddKeyKind(NewPasswords passwords)
        : MaintenanceKind(protocol::kinds::addKey), passwords_(std::move(passwords)) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override;
    [[nodiscard]] std::optional<TaskRequest> next(const Task& ended) const override;
    [[nodiscard]] std::optional<std::string> whyNotAgain(const Task& ended) const override;

private:
    NewPasswords passwords_;
};

/// The second half.
class RemoveKeyKind final
    : public SimpleKind<protocol::RemoveKeyParameters, protocol::RemoveKeyTask, protocol::RemoveKeyResult> {
public:
    RemoveKeyKind() : SimpleKind(protocol::kinds::removeKey) {}
};

} // namespace restic
