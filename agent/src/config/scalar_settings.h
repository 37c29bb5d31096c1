#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace agent {

/// How a setting is read and written.
struct ScalarKind {
    /// Reads one value; returns what is wrong, or "".
    std::function<std::string(Config&, const std::string&)> set;
    /// The value as the file would have it.
    std::function<std::string(const Config&)> get;
};

/// One setting with a single value, and its place in the file.
struct Scalar {
    const char* section;
    const char* key;
    ScalarKind as;
};

/// All of them, in the order in which documentation lists them.
[[nodiscard]] const std::vector<Scalar>& scalars();

/// RESTIC_AGENT_ and the key in capitals; keys of other sections than `agent` with their section before them.
[[nodiscard]] std::string environmentName(const Scalar& scalar);

} // namespace agent
