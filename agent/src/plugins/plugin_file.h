#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace agent {

namespace errors {
inline constexpr core::ErrorKind kPlugin{"PluginRefused", 500, "A dump plugin cannot be used",
                                         "Do what the message says and try again"};
} // namespace errors

/// A dump plugin that is installed: what its manifest says, without a look into its library.
struct PluginFile {
    std::string name;
    std::string version;
    std::string summary;
    /// Of schema 2020-12; secrets are marked with "writeOnly": true.
    core::json::Object settingsSchema;
    /// Of "restore", "verify".
    std::vector<std::string> capabilities;
    std::filesystem::path library;

    [[nodiscard]] bool can(std::string_view capability) const;
};

/// A manifest that was refused, and why.
struct RefusedPlugin {
    std::string name;
    std::string why;
};

struct InstalledPlugins {
    /// By name.
    std::vector<PluginFile> plugins;
    std::vector<RefusedPlugin> refused;

    [[nodiscard]] const PluginFile* find(std::string_view name) const;
    /// What a person should read where that plugin is wanted and not found.
    [[nodiscard]] std::string whyNot(std::string_view name) const;
};

/// Reads the manifests in a folder. A folder that does not exist holds none. What others than root and this
/// user could change is refused: the library runs with the agent's rights.
[[nodiscard]] InstalledPlugins readPlugins(const std::filesystem::path& folder);

/// Where plugins are, when the configuration does not say: `../lib/restic-agent/plugins` of this program.
[[nodiscard]] std::filesystem::path defaultPluginFolder();

/// This program's own file: the steps of plugins are further processes of it.
[[nodiscard]] std::filesystem::path ownProgram();

} // namespace agent
