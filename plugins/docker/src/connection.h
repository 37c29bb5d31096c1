#pragma once

#include <string>
#include <string_view>

#include "descriptor.h"

namespace docker {

/// A connection to the engine's socket. Failure if there is none, and says what to do.
[[nodiscard]] Descriptor connectTo(const std::string& socket);

/// Writes all of it; false if the other side is gone. No signal.
bool sendAll(int socket, std::string_view bytes);

/// From now on writing on this thread to a pipe that nobody reads is an error, not the end of the process.
void withoutPipeSignal();

} // namespace docker
