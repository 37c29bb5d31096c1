#pragma once

#include <string>

namespace agent {

/// Writes the beginning of a plugin into a new folder. Throws core::Error: a name that is none, a template
/// that is not installed, a folder that is not empty.
void writePluginTemplate(const std::string& name, const std::string& folder);

} // namespace agent
