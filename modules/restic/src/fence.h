#pragma once

#include <functional>

#include "core/db/database.h"

namespace restic {

/// Called first in each unit of work of what only one host may do: throws if this host is no longer the one.
using Fence = std::function<void(core::db::Transaction&)>;
/// For a host that is alone.
inline void unfenced(core::db::Transaction&) {}

} // namespace restic
