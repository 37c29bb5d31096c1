#pragma once

#include <functional>

#include "core/export.h"
#include "core/time.h"

namespace core::module {

/// Runs `work` on a thread of its own and waits for it until `limit` has passed by the clock. True when it
/// has ended; what it threw is thrown here. False if it has not: its thread is then abandoned, and all that
/// it uses must stay as long as the process, which has to end by _exit.
CORE_EXPORT bool endsWithin(const Clock& clock, milliseconds limit, std::function<void()> work);

} // namespace core::module
