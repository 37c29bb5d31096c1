#pragma once

#include <chrono>
#include <stop_token>

namespace agent {

/// Waits, or until stopped.
void pause(const std::stop_token& stop, std::chrono::milliseconds time);

} // namespace agent
