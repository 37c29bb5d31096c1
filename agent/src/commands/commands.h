#pragma once

#include "commands/options.h"
#include "core/log.h"
#include "core/process.h"
#include "core/time.h"

namespace agent {

/// Each command prints to standard output for people (or as JSON), problems to standard error. None throws
/// for what an operator can meet: a bad configuration, a dead server, a full disk.
ExitCode enrollCommand(const CommonOptions& common, const EnrollOptions& options, const core::Clock& clock);
ExitCode runCommand(const CommonOptions& common, core::ProcessRunner& runner, const core::Clock& clock);
ExitCode statusCommand(const CommonOptions& common);
ExitCode doctorCommand(const CommonOptions& common, core::ProcessRunner& runner, const core::Clock& clock);
/// Every key of the configuration file with its variable and its default; reads no file.
ExitCode configCommand(const CommonOptions& common);

/// Parses the command line and runs the command.
int agentMain(int argc, char** argv);

} // namespace agent
