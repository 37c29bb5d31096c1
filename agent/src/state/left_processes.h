#pragma once

#include <filesystem>

namespace agent {

/// Ends what an agent that died had let restore into this folder: processes with the argument
/// `--target=FOLDER`. They are interrupted, and killed when they do not end within a few seconds.
void endRestoresInto(const std::filesystem::path& folder);

} // namespace agent
