#include "http/static_files.h"

#include "core/encoding.h"

namespace core::http {

namespace fs = std::filesystem;

StaticFiles::StaticFiles(const fs::path& root) {
    std::error_code code;
    if (!fs::is_directory(root, code))
        return;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.is_regular_file())
            files_.emplace("/" + fs::relative(entry.path(), root).generic_string(), readAsset(entry.path()));
}

void StaticFiles::addModule(const std::string& module, const std::string& hash, const Assets& files) {
    for (const auto& [path, file] : files)
        files_.insert_or_assign(moduleFileAddress(module, hash, path), file);
}

std::optional<Response> StaticFiles::serve(const Request& request) {
    const auto path = percentDecode(request.path);
    if (!path)
        return std::nullopt;
    const bool ofModules = path->starts_with("/modules/");
    auto found = files_.find(path->ends_with('/') ? *path + "index.html" : *path);
    if (found == files_.end()) {
        if (ofModules || fs::path(*path).has_extension())
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
    const Asset& file = found->second;
    const bool immutable = ofModules || found->first.starts_with("/assets/");
    Response response;
    response.headers.add("ETag", file.etag);
    response.headers.add("Cache-Control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (request.headers.get("If-None-Match") == file.etag) {
        response.status = 304;
        return response;
    }
    response.headers.add("Content-Type", file.type);
    response.shared = file.content;
    return response;
}

} // namespace core::http
