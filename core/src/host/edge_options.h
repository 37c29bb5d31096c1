#pragma once

#include "core/config.h"
#include "http/edge.h"

namespace core::host {

/// What stands around the handlers, by the configuration. Throws core::Error(kValidation) for what is no
/// origin.
http::EdgeOptions edgeOptions(const config::Config& config);

} // namespace core::host
