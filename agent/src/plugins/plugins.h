#pragma once

#include <filesystem>

#include "local_policy/local_policy.h"
#include "plugins/plugin_file.h"
#include "plugins/plugin_settings.h"
#include "plugins/plugin_steps.h"

namespace agent {

/// The dump plugins of this machine: which are installed, how they are set up, and their steps. Thread-safe.
class Plugins {
public:
    /// `state`: the folder of plugins within the state folder.
    Plugins(const Config& config, const std::filesystem::path& state, core::ProcessRunner& runner,
            const Environment& environment, LocalPolicy policy);

    /// As the folder holds them now.
    [[nodiscard]] InstalledPlugins installed() const { return readPlugins(folder_); }
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
    [[nodiscard]] PluginSettings& settings() noexcept { return settings_; }
    [[nodiscard]] const PluginSettings& settings() const noexcept { return settings_; }
    [[nodiscard]] const PluginSteps& steps() const noexcept { return steps_; }
    [[nodiscard]] const LocalPolicy& policy() const noexcept { return policy_; }
    /// Of steps that look and change nothing, and of those that put things right.
    [[nodiscard]] TimeLimits probeLimits() const noexcept { return probeLimits_; }
    [[nodiscard]] TimeLimits cleanupLimits() const noexcept { return cleanupLimits_; }

    /// That steps of the plugin may leave something behind from now on. The mark on the disk is of this run
    /// alone: others of the same plugin, at the same time or with other settings, have their own.
    [[nodiscard]] std::filesystem::path markBegun(const std::string& plugin,
                                                  const core::json::Object& settings) const;
    /// That this run has left nothing.
    static void markDone(const std::filesystem::path& mark);
    /// Lets plugins put right what a crash of the agent left behind. Before any task runs.
    void putRight(const core::Logger& log) const;

private:
    bool putRight(const PluginFile& plugin, const std::string& settings, const core::Logger& log) const;

    std::filesystem::path folder_;
    std::filesystem::path state_;
    PluginSettings settings_;
    PluginSteps steps_;
    LocalPolicy policy_;
    TimeLimits probeLimits_;
    TimeLimits cleanupLimits_;
};

} // namespace agent
