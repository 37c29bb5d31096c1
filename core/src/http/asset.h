#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace core::http {

/// A file that is served as it is, held in memory.
struct Asset {
    /// The same bytes packed, as a file beside it brings them.
    struct Packed {
        std::shared_ptr<const std::string> content;
        std::string etag;
    };
    std::shared_ptr<const std::string> content;
    std::string type; ///< media type, by the file's ending
    std::string etag; ///< from the content, with its quotes
    std::optional<Packed> gzip = {};
    std::optional<Packed> brotli = {};
};

/// By path relative to their folder, with '/' between folders and none in front.
using Assets = std::map<std::string, Asset, std::less<>>;

/// What has that content and such an ending (".json").
Asset makeAsset(std::string content, const std::string& ending);

/// By its name: what editors, version control and systems leave in a folder is for nobody to read.
bool isHidden(const std::filesystem::path& file);

/// Throws core::Error(kInternal), naming the file, if it cannot be read.
Asset readAsset(const std::filesystem::path& file);

/// The packed form of `plain` that has this ending (".gz").
Asset::Packed packed(const Asset& plain, std::shared_ptr<const std::string> content, const char* ending);

/// Gives each file what stands beside it packed: "a.js" the content of "a.js.gz" and "a.js.br", with an ETag
/// of its own. The packed files stay what they are, too.
void attachPacked(Assets& files);

/// Where the host serves a file of a module's web folder. The hash is the folder's: files refer to each other
/// by relative addresses.
std::string moduleFileAddress(const std::string& module, const std::string& hash, const std::string& file);

} // namespace core::http
