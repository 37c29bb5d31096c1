#pragma once

#include <string>

#include <yaml-cpp/yaml.h>

#include "core/json.h"

namespace agent {

/// A node as JSON; see readYaml. `key`: its place, for messages.
[[nodiscard]] core::json::Value jsonOf(const YAML::Node& node, const std::string& name,
                                       const std::string& key);

} // namespace agent
