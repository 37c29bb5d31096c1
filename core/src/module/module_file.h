#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "core/error.h"
#include "core/module/module.h"
#include "module/file_checks.h"
#include "module/web_folder.h"

namespace core::module {

/// What the file beside a module says of it, read before any of its code is mapped.
struct Manifest {
    std::string id;
    std::string version;
    std::uint32_t abi = 0;
    std::vector<Dependency> dependencies;
    std::string description;
    std::vector<WebPage> pages;
};

/// A module file on disk: `<id>.so` with `<id>.json` beside it, and `<id>.web` if it has pages.
struct ModuleFile {
    std::filesystem::path library;
    Manifest manifest;
    std::shared_ptr<const WebFolder> web; ///< null without pages
};

/// Reads the manifest beside the library and judges the file: a regular file of root or of `user`, not
/// writable for others, for this machine and ABI. Reads the files of its pages. Throws
/// core::Error(kModuleRefused) with one sentence.
CORE_EXPORT ModuleFile inspect(const std::filesystem::path& library, uid_t user = ::geteuid());

/// Maps the library (never to be unmapped), compares its descriptor with the manifest and makes the module.
/// Throws core::Error(kModuleRefused).
CORE_EXPORT std::shared_ptr<Module> load(const ModuleFile& file);

} // namespace core::module
