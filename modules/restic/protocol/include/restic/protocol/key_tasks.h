#pragma once

#include <optional>
#include <string>

#include "restic/protocol/task_messages.h"

/// The kinds that change a repository's password, one after the other: add_key makes the new one open it
/// (TaskRepository::newPassword), remove_key takes away what the old one opened. Between the two both open
/// it.
namespace restic::protocol {

/// Keys have the names that restic gives them: the whole id, or with restic 0.14 its beginning.
struct AddKeyResult : TaskResult {
    /// What the old password opens.
    std::optional<std::string> oldKeyId;
    std::optional<std::string> newKeyId;
};

struct RemoveKeyParameters {
    std::string keyId;
};
struct RemoveKeyTask : TaskPayload, RemoveKeyParameters {};
struct RemoveKeyResult : TaskResult {
    /// False: it was gone already.
    bool removed = false;
};

const core::wire::Type& wireType(const AddKeyResult*);
const core::wire::Type& wireType(const RemoveKeyParameters*);
const core::wire::Type& wireType(const RemoveKeyTask*);
const core::wire::Type& wireType(const RemoveKeyResult*);

} // namespace restic::protocol
