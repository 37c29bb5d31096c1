#pragma once

#include "core/config.h"
#include "http/server.h"

namespace core::host {

/// The settings `http.…` as the server takes them. Throws core::Error(kValidation) for values that are well
/// formed and mean nothing, such as an address without a port.
http::ServerOptions serverOptions(const config::Config& config);

} // namespace core::host
