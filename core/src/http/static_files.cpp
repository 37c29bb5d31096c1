#include "http/static_files.h"

#include <fstream>

#include "core/encoding.h"

namespace core::http {

namespace fs = std::filesystem;

namespace {
std::string typeOf(const std::string& extension) {
    static const std::map<std::string, std::string> kTypes{{".html", "text/html; charset=utf-8"},
                                                           {".js", "text/javascript; charset=utf-8"},
                                                           {".css", "text/css; charset=utf-8"},
                                                           {".svg", "image/svg+xml"},
                                                           {".json", "application/json"},
                                                           {".png", "image/png"},
                                                           {".ico", "image/x-icon"},
                                                           {".woff2", "font/woff2"},
                                                           {".txt", "text/plain; charset=utf-8"},
                                                           {".webmanifest", "application/manifest+json"}};
    const auto found = kTypes.find(extension);
    return found != kTypes.end() ? found->second : "application/octet-stream";
}
} // namespace

StaticFiles::StaticFiles(const fs::path& root) {
    std::error_code code;
    if (!fs::is_directory(root, code))
        return;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (!entry.is_regular_file())
            continue;
        std::ifstream in(entry.path(), std::ios::binary);
        std::string content{std::istreambuf_iterator<char>(in), {}};
        if (!in)
            throw Error(errors::kInternal,
                        "Cannot read the web application's file " + entry.path().string() + ".");
        const std::string path = "/" + fs::relative(entry.path(), root).generic_string();
        File file;
        file.etag = '"' + base64UrlEncode(sha256(content).substr(0, 12)) + '"';
        file.content = std::make_shared<const std::string>(std::move(content));
        file.type = typeOf(entry.path().extension());
        file.immutable = path.starts_with("/assets/");
        files_.emplace(path, std::move(file));
    }
}

std::optional<Response> StaticFiles::serve(const Request& request) {
    const auto path = percentDecode(request.path);
    if (!path)
        return std::nullopt;
    auto found = files_.find(path->ends_with('/') ? *path + "index.html" : *path);
    if (found == files_.end()) {
        if (fs::path(*path).has_extension())
            return std::nullopt;
        if (files_.contains(*path + "/index.html")) { // relative links need the slash
            Response redirect = Response::empty(301);
            redirect.headers.add("Location", *path + "/");
            return redirect;
        }
        found = files_.find("/index.html");
        if (found == files_.end())
            return std::nullopt;
    }
    const File& file = found->second;
    Response response;
    response.headers.add("ETag", file.etag);
    response.headers.add("Cache-Control",
                         file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (request.headers.get("If-None-Match") == file.etag) {
        response.status = 304;
        return response;
    }
    response.headers.add("Content-Type", file.type);
    response.shared = file.content;
    return response;
}

} // namespace core::http
