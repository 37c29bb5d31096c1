#include "module/web_folder.h"

#include <fmt/format.h>

#include "core/encoding.h"
#include "module/file_checks.h"

namespace core::module {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t kMostFiles = 1000;
constexpr std::size_t kMostMiB = 32;

/// Relative to the modules' folder: says in which module's folder the file is.
fs::path shown(const fs::path& folder, const std::string& file) {
    return folder.filename().string() + "/" + file;
}
} // namespace

WebFolder readWebFolder(const fs::path& folder, const std::vector<WebPage>& pages) {
    std::error_code code;
    if (!fs::exists(fs::symlink_status(folder, code)))
        refuse(folder, "is not there: a module with pages brings their files in this folder beside it");
    judgeOwnership(folder, FileKind::folder);
    WebFolder web;
    std::size_t bytes = 0;
    for (auto at = fs::recursive_directory_iterator(folder); at != fs::recursive_directory_iterator(); ++at) {
        const auto& entry = *at;
        if (http::isHidden(entry.path())) {
            at.disable_recursion_pending();
            continue;
        }
        if (entry.is_directory() && !entry.is_symlink()) {
            judgeOwnership(entry.path(), FileKind::folder);
            continue;
        }
        judgeOwnership(entry.path());
        bytes += entry.file_size();
        if (web.files.size() == kMostFiles || bytes > kMostMiB << 20U)
            refuse(folder, fmt::format("has more than {} files or {} MiB", kMostFiles, kMostMiB));
        web.files.emplace(entry.path().lexically_relative(folder).generic_string(),
                          http::readAsset(entry.path()));
    }
    for (std::size_t i = 0; i < pages.size(); ++i)
        for (const auto& [field, file] :
             {std::pair{"entry", pages[i].entry}, std::pair{"icon", pages[i].icon.value_or(pages[i].entry)}})
            if (!web.files.contains(file))
                throw Error(kModuleRefused,
                            fmt::format("{} is not there, which the manifest names in /pages/{}/{}.",
                                        shown(folder, file).string(), i, field));
    std::string all;
    for (const auto& [path, file] : web.files)
        all += path + '\n' + file.etag + '\n';
    web.hash = base64UrlEncode(sha256(all).substr(0, 12));
    return web;
}

} // namespace core::module
