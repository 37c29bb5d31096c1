#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "core/export.h"

namespace core {

/// One command that a module adds to `ae-backend`, e.g. "user create". It runs with all modules initialised
/// and none started.
struct Command {
    struct Option {
        std::string name; ///< "email": given as --email VALUE
        std::string doc;
        bool required = false;
        std::string defaultValue = {};
        std::vector<std::string> oneOf = {};
        bool flag = false;
        bool positional = false; ///< given without its name
    };
    struct Invocation {
        std::map<std::string, std::string> options; ///< by name; absent when not given and without a default
        bool json = false;                          ///< --json was given
        std::ostream& out;
        std::ostream& err;
    };

    std::string path; ///< "user create"
    std::string summary;
    std::string example;
    std::vector<Option> options;
    /// Returns the exit code: 0 done, 1 failed, 2 misused. Exceptions become 1 with their message.
    std::function<int(Invocation&)> run;
};

} // namespace core
