#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "restic/protocol/task_messages.h"

namespace restic {

/// A retention as one text of the configuration: "daily=7,weekly=4,monthly=12", of the names last, hourly,
/// daily, weekly, monthly and yearly, each once. It keeps something. The error says which part is wrong.
[[nodiscard]] core::Result<protocol::Retention> parseRetention(std::string_view text);

} // namespace restic
