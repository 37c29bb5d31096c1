#pragma once

#include <filesystem>
#include <string>

#include "config/config.h"

namespace agent {

/// How a command ended, as the process's exit code.
enum class ExitCode : int { success = 0, failure = 1, usage = 2 };

/// What every command takes.
struct CommonOptions {
    std::filesystem::path configFile = "/etc/restic-agent/config.yaml";
    /// The file was named on purpose, so it must exist.
    bool configRequired = false;
    std::filesystem::path stateDir = "/var/lib/restic-agent";
    bool json = false;
    Environment environment;
};

struct EnrollOptions {
    std::string server;
    std::string token;
    std::string hostname;
    std::string caCert;
};

} // namespace agent
