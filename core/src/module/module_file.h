#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "core/error.h"
#include "core/module/module.h"

namespace core::module {

inline constexpr ErrorKind kModuleRefused{"ModuleRefused", 500, "A module file cannot be used",
                                          "Do what the message says and start again"};

/// What the file beside a module says of it, read before any of its code is mapped.
struct Manifest {
    std::string id;
    std::string version;
    std::uint32_t abi = 0;
    std::vector<Dependency> dependencies;
    std::string description;
};

/// A module file on disk: `<id>.so` with `<id>.json` beside it.
struct ModuleFile {
    std::filesystem::path library;
    Manifest manifest;
};

/// Reads the manifest beside the library and judges the file: a regular file of root or of `user`, not
/// writable for others, for this machine and ABI. Throws core::Error(kModuleRefused) with one sentence.
CORE_EXPORT ModuleFile inspect(const std::filesystem::path& library, uid_t user = ::geteuid());

/// Maps the library (never to be unmapped), compares its descriptor with the manifest and makes the module.
/// Throws core::Error(kModuleRefused).
CORE_EXPORT std::shared_ptr<Module> load(const ModuleFile& file);

} // namespace core::module
