#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "http/asset.h"
#include "module/web_page.h"

namespace core::module {

/// What a module's pages consist of, read once: the folder <id>.web beside its library.
struct WebFolder {
    std::string hash; ///< of all names and contents; part of every file's address
    http::Assets files;
};

/// Reads the folder and looks for the files that the pages name. Throws core::Error(kModuleRefused) for what
/// a module file would be refused for, for links, and for more than 1,000 files or 32 MiB.
WebFolder readWebFolder(const std::filesystem::path& folder, const std::vector<WebPage>& pages);

} // namespace core::module
