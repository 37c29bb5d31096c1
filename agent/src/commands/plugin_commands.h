#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "commands/options.h"
#include "commands/plugin_restore.h"
#include "core/process.h"
#include "plugins/plugins.h"

namespace CLI {
class App;
}

namespace agent {

/// `restic-agent plugin …`: its command line, and what it does. Each subcommand prints for people or, with
/// --json, for programs.
class PluginCommands {
public:
    /// Adds the commands to `app`; `shared` adds the options that all commands have.
    PluginCommands(CLI::App& app, const std::function<void(CLI::App&)>& shared, CommonOptions& common);

    /// One of them was given.
    [[nodiscard]] bool parsed() const;
    ExitCode run(core::ProcessRunner& runner);

private:
    ExitCode list(const Plugins& plugins) const;
    ExitCode change(Plugins& plugins, bool enable) const;
    ExitCode test(const Plugins& plugins) const;
    ExitCode restore(Plugins& plugins, const Config& config, core::ProcessRunner& runner) const;
    ExitCode makeNew() const;
    /// Throws errors::kPlugin.
    [[nodiscard]] PluginFile find(const Plugins& plugins) const;

    CommonOptions& common_;
    CLI::App* group_;
    CLI::App* list_;
    CLI::App* enable_;
    CLI::App* disable_;
    CLI::App* test_;
    CLI::App* restore_;
    CLI::App* new_;
    std::string name_;
    std::string set_;
    std::string settingsFile_;
    std::vector<std::string> assignments_;
    std::string folder_;
    PluginRestore what_;
};

} // namespace agent
