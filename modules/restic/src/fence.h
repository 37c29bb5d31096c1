#pragma once

#include <functional>

#include "core/db/database.h"
#include "core/error.h"

namespace restic {

/// Called first in each unit of work of what only one host may do: throws if this host is no longer the one.
using Fence = std::function<void(core::db::Transaction&)>;
/// For a host that is alone.
inline void unfenced(core::db::Transaction&) {}
/// What a fence throws; the work ends with it.
inline bool isLeaseLost(const core::Error& error) {
    return error.name() == core::errors::kLeaseLost.name;
}

} // namespace restic
