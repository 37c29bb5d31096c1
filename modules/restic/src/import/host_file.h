#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"

namespace restic {

/// The password in a file of this machine, as restic takes it: without white space around it. An error says
/// why there is none, and never what the file holds.
core::Result<std::string> readPasswordFile(const std::filesystem::path& file);

} // namespace restic
