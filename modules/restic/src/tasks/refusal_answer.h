#pragma once

#include "core/error.h"
#include "core/http/message.h"
#include "restic/protocol/task_messages.h"

namespace restic {

/// A refusal that tells the agent, which spoke for that attempt, where the task stands.
core::http::Response refusal(const core::ErrorKind& kind, const protocol::TaskStatusAck& state, int attempt);

} // namespace restic
