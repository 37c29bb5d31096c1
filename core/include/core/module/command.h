#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/export.h"

namespace core {

/// One command that a module adds to `ae-backend`, e.g. "user create". It runs with all modules initialised
/// and none started. With the path of another command ("migrate") it is a further form of that one: the form
/// with the most required options runs of those whose required options are all given. With an option
/// "dry-run" that is given, the host makes nothing either: no folder, no key, no migration.
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
    struct CORE_EXPORT Invocation {
        std::map<std::string, std::string> options; ///< by name; absent when not given and without a default
        bool json = false;                          ///< --json was given
        std::ostream& out;
        std::ostream& err;

        /// nullopt where it is absent or empty.
        [[nodiscard]] std::optional<std::string> text(const std::string& name) const;
        [[nodiscard]] bool flag(const std::string& name) const;
        /// nullopt where it is absent. Throws core::Error(kValidation), which names the option, for what is
        /// no whole number from `least` to `most`.
        [[nodiscard]] std::optional<std::int64_t>
        number(const std::string& name, std::int64_t least = 0,
               std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
    };

    std::string path; ///< "user create"
    std::string summary;
    std::string example;
    std::vector<Option> options;
    /// Returns the exit code: 0 done, 1 failed, 2 misused. Exceptions become 1 with their message.
    std::function<int(Invocation&)> run;
};

} // namespace core
