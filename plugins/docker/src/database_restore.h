#pragma once

#include "databases.h"

namespace docker {

/// Restores the stream into a database of that name in a container. One that holds something is replaced
/// only when the dump has been loaded beside it.
void restoreDatabase(const Step& step, const Engine& engine, const Container& container,
                     const std::string& product, const std::string& name, bool replace);

} // namespace docker
