#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "core/export.h"
#include "core/process.h"

namespace core::host {

struct StateToCopy {
    std::string databaseUrl;
    std::filesystem::path dataDir;
    std::filesystem::path target;
    std::map<std::string, std::string> environment; ///< of this process, for pg_dump
};

struct StateCopy {
    std::filesystem::path folder;
    std::string database; ///< the file's name in it
    std::size_t files = 0;
};

/// Copies database and data folder into a new folder (mode 0700, files 0600) that appears whole or not at
/// all. Hosts may go on meanwhile. Throws core::Error with a sentence.
CORE_EXPORT StateCopy copyState(const StateToCopy& state, ProcessRunner& runner);

} // namespace core::host
