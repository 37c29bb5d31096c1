#pragma once

#include <string>
#include <vector>

#include "http/listen_address.h"

namespace core::host {

/// A process that listens somewhere.
struct PortHolder {
    int pid = 0;
    std::string executable; ///< its file; empty if this user may not know it
};

/// Who listens where a host with this address would. Of other users' processes only root learns: then the
/// list is empty.
std::vector<PortHolder> holdersOf(const http::ListenAddress& address);

} // namespace core::host
