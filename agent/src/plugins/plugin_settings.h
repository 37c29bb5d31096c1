#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/json.h"
#include "core/log.h"
#include "plugins/plugin_file.h"

namespace agent {

/// What a plugin is to do on this machine: whether it is switched on, and with which settings. Several sets
/// of settings have names; the one without is "default".
struct PluginSetup {
    bool enabled = false;
    /// Grows with each change; 0 where it comes from the configuration.
    std::int64_t version = 0;
    std::map<std::string, core::json::Object> sets;
    /// It stands in the configuration file, which wins and which nobody changes from elsewhere.
    bool setOnMachine = false;
};

/// The secrets of these settings are masked in every log from now on.
void hideSecrets(core::LogHub& hub, const PluginFile& plugin, const core::json::Object& settings);

/// The settings of plugins: of the configuration file, or else of the state folder (0600, with secrets).
/// Thread-safe; also between processes, by whole files.
class PluginSettings {
public:
    PluginSettings(const Config& config, std::filesystem::path folder)
        : config_(config), folder_(std::move(folder)) {}

    [[nodiscard]] PluginSetup of(std::string_view plugin) const;
    /// The settings of that name with the schema's defaults, or what is wrong, in a sentence.
    [[nodiscard]] core::Result<core::json::Object> resolve(const PluginFile& plugin,
                                                           const std::string& set) const;

    /// As resolve(), with settings that are not kept; of secrets that they leave out, the kept ones are used
    /// where they go to the same place.
    [[nodiscard]] core::Result<core::json::Object> tryOut(const PluginFile& plugin, const std::string& set,
                                                          const core::json::Object& settings) const;

    struct Change {
        std::optional<bool> enabled;
        /// One that is not there yet needs a name as protocol::problemOfSetName() wants it.
        std::string set;
        /// Absent: as they are. A secret that is absent stays, one that is null is removed.
        std::optional<core::json::Object> settings;
        /// Sent by the server: what is the machine's own stays as it is.
        bool fromServer = false;
    };
    /// Throws errors::kPlugin with the problems as details, and changes nothing then.
    PluginSetup change(const PluginFile& plugin, const Change& change);
    /// Called after each change, on its thread. Set before any thread changes something.
    void whenChanged(std::function<void()> call) { changed_ = std::move(call); }

private:
    [[nodiscard]] std::filesystem::path fileOf(std::string_view plugin) const;
    [[nodiscard]] PluginSetup stored(std::string_view plugin) const;

    const Config& config_;
    std::filesystem::path folder_;
    std::function<void()> changed_;
    mutable std::mutex mutex_;
};

} // namespace agent
