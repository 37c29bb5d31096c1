#pragma once

#include <filesystem>
#include <vector>

#include "core/config.h"

namespace core::host {

/// The settings of the host itself; each module declares its own beside them.
std::vector<config::Setting> settings();

} // namespace core::host
