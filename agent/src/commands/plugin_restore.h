#pragma once

#include <string>

#include "commands/options.h"
#include "core/process.h"
#include "plugins/plugins.h"

namespace agent {

/// What `restic-agent plugin restore` is asked for.
struct PluginRestore {
    std::string snapshot;
    std::string file;
    std::string database;
    std::string as;
    std::string set;
    bool replace = false;
    bool verify = false;
};

/// What it works with.
struct RestoreContext {
    const CommonOptions& common;
    const Config& config;
    core::ProcessRunner& runner;
};

/// Restores or tries a dump of the repository that the configuration names. Prints what came of it.
ExitCode restoreFromCommandLine(const Plugins& plugins, const PluginFile& plugin, const PluginRestore& what,
                                const RestoreContext& context);

} // namespace agent
