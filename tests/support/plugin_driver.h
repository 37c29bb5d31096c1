#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/testing/temp_dir.h"
#include "plugins/plugin_steps.h"

namespace test {

/// Runs the steps of a built plugin as the agent does, each in a process of the built restic-agent, with
/// files in place of restic's streams.
class PluginDriver {
public:
    explicit PluginDriver(const std::string& name,
                          const std::filesystem::path& folder = std::filesystem::path(AE_BUILD_DIR) /
                                                                "lib/restic-agent/plugins");

    [[nodiscard]] const agent::PluginFile& plugin() const { return plugin_; }
    /// The step's end; its log is in log(). `settings` get the schema's defaults, and must be valid.
    agent::StepEnd run(const std::string& step, const core::json::Object& settings,
                       const core::json::Object& item = {}, const std::string& outcome = {});
    /// A dump into a file; of an item of files, into a folder.
    agent::StepEnd dump(const core::json::Object& settings, const core::json::Object& item,
                        const std::filesystem::path& to);
    /// "restore" or "verify" from a file, or a folder.
    agent::StepEnd read(const std::string& step, const core::json::Object& settings,
                        const core::json::Object& item, const core::json::Object& options,
                        const std::filesystem::path& from);
    /// The item of that name in a probe's answer; empty if there is none.
    static core::json::Object itemOf(const agent::StepEnd& probe, const std::string& name);

    [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
    [[nodiscard]] const std::filesystem::path& state() const { return state_.path(); }
    /// For faults: what steps are given, and how long they may take.
    std::map<std::string, std::string> environment{
        {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, {"HOME", "/tmp"}, {"LC_ALL", "C.UTF-8"}};
    agent::TimeLimits limits{std::chrono::minutes(2), std::chrono::minutes(2)};

private:
    agent::StepEnd run(const agent::PluginStep& call);
    agent::StepEnd stream(agent::PluginStep step, const std::filesystem::path& file);

    agent::PluginFile plugin_;
    core::testkit::TempDir state_;
    core::SystemProcessRunner runner_;
    std::vector<std::string> log_;
};

} // namespace test
