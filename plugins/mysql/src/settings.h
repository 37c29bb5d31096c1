#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/plugin_step.h"

namespace mysql {

using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;

/// The plugin's settings, as its manifest declares them.
struct Settings {
    explicit Settings(const Step& step);

    std::string host;
    int port;
    std::string socket;
    std::string user;
    std::string password;
    std::string passwordFile;
    std::vector<std::string> databases;
    std::set<std::string> excludedDatabases;
    std::vector<std::string> excludedTables;
    bool systemDatabase;
    std::string tls;
    std::string authority;
    std::string programFolder;
    bool binlogPosition;
    bool lockTables;
    int lockWaitSeconds;
    bool users;

    /// The password, wherever it stands. Failure if its file cannot be read.
    [[nodiscard]] std::string secret() const;
    /// How the server is called in names of files and messages.
    [[nodiscard]] std::string label() const;
};

void validate(Step& step);

} // namespace mysql
