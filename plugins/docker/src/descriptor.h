#pragma once

#include "shared/descriptor.h"

namespace docker {

using plugins::Descriptor;
using plugins::writeAll;

} // namespace docker
