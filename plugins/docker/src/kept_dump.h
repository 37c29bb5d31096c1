#pragma once

#include <functional>
#include <string_view>

#include "descriptor.h"
#include "settings.h"

namespace docker {

/// A copy of the step's stream in its work folder, for what has to read it more than once. `look`: sees each
/// piece as it comes. Failure if there is no room, or if the step is to end.
[[nodiscard]] Descriptor keepDump(const Step& step, const std::function<void(std::string_view)>& look = {});

} // namespace docker
