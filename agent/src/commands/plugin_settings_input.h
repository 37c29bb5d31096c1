#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace agent {

/// Settings of a plugin as the command line gives them: a file with YAML or JSON ("-": standard input), and
/// KEY=VALUE over it, read as the schema wants the key. KEY= removes one: a secret is null then, as
/// PluginSettings::Change wants it. Nullopt: none were given. Throws errors::kPlugin.
[[nodiscard]] std::optional<core::json::Object>
readPluginSettings(const core::json::Object& schema, const std::string& file,
                   const std::vector<std::string>& assignments, const core::json::Object& before);

} // namespace agent
