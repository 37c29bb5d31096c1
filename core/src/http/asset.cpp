#include "http/asset.h"

#include <fstream>
#include <iterator>

#include "core/encoding.h"
#include "core/error.h"

namespace core::http {

namespace {
std::string typeOf(const std::string& extension) {
    static const std::map<std::string, std::string> kTypes{{".html", "text/html; charset=utf-8"},
                                                           {".js", "text/javascript; charset=utf-8"},
                                                           {".mjs", "text/javascript; charset=utf-8"},
                                                           {".css", "text/css; charset=utf-8"},
                                                           {".svg", "image/svg+xml"},
                                                           {".json", "application/json"},
                                                           {".map", "application/json"},
                                                           {".png", "image/png"},
                                                           {".jpg", "image/jpeg"},
                                                           {".webp", "image/webp"},
                                                           {".ico", "image/x-icon"},
                                                           {".wasm", "application/wasm"},
                                                           {".woff2", "font/woff2"},
                                                           {".txt", "text/plain; charset=utf-8"},
                                                           {".webmanifest", "application/manifest+json"}};
    const auto found = kTypes.find(extension);
    return found != kTypes.end() ? found->second : "application/octet-stream";
}
} // namespace

Asset makeAsset(std::string content, const std::string& ending) {
    std::string etag = '"' + base64UrlEncode(sha256(content).substr(0, 12)) + '"';
    return {std::make_shared<const std::string>(std::move(content)), typeOf(ending), std::move(etag)};
}

bool isHidden(const std::filesystem::path& file) {
    const auto name = file.filename().string();
    return name.starts_with('.') && name != ".well-known"; // RFC 8615
}

Asset readAsset(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(in), {}};
    if (!in)
        throw Error(errors::kInternal, "Cannot read the web file " + file.string() + ".");
    return makeAsset(std::move(content), file.extension());
}

Asset::Packed packed(const Asset& plain, std::shared_ptr<const std::string> content, const char* ending) {
    // Of the plain content: a packer that packs differently makes nothing new of it.
    std::string etag = plain.etag;
    etag.insert(etag.size() - 1, ending);
    return {std::move(content), std::move(etag)};
}

void attachPacked(Assets& files) {
    for (auto& [path, file] : files) {
        const auto beside = [&, &name = path,
                             &plain = file](const char* ending) -> std::optional<Asset::Packed> {
            const auto found = files.find(name + ending);
            if (found == files.end())
                return std::nullopt;
            return packed(plain, found->second.content, ending);
        };
        file.gzip = beside(".gz");
        file.brotli = beside(".br");
    }
}

std::string moduleFileAddress(const std::string& module, const std::string& hash, const std::string& file) {
    return "/modules/" + module + "/web/" + hash + "/" + file;
}

} // namespace core::http
