#pragma once

#include <string>

#include "core/json.h"

namespace agent {

/// A YAML document (JSON is one) as JSON: plain true, false and whole numbers are what they look like,
/// everything else is text. Throws errors::kConfig naming `name` and the line, and never a value.
[[nodiscard]] core::json::Value readYaml(const std::string& text, const std::string& name);

} // namespace agent
