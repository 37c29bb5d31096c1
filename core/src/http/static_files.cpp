#include "http/static_files.h"

#include <fmt/format.h>

#include "core/encoding.h"
#include "http/conditions.h"
#include "http/content_coding.h"

namespace core::http {

namespace fs = std::filesystem;

StaticFiles::StaticFiles(const fs::path& root) {
    std::error_code code;
    if (!fs::is_directory(root, code))
        return;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.is_regular_file())
            files_.emplace("/" + fs::relative(entry.path(), root).generic_string(), readAsset(entry.path()));
    attachPacked(files_);
}

void StaticFiles::addModule(const std::string& module, const std::string& hash, const Assets& files) {
    Assets packed = files;
    attachPacked(packed);
    for (const auto& [path, file] : packed)
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
    const bool immutable = ofModules || found->first.starts_with("/assets/");
    return answer(request, found->second, immutable ? "public, max-age=31536000, immutable" : "no-cache");
}

Response StaticFiles::answer(const Request& request, const Asset& file, const char* caching) {
    const Coding coding =
        AcceptedCodings(request.headers).choose(file.gzip.has_value(), file.brotli.has_value());
    const auto& content = coding == Coding::brotli ? file.brotli->content
                          : coding == Coding::gzip ? file.gzip->content
                                                   : file.content;
    const std::string& etag = coding == Coding::brotli ? file.brotli->etag
                              : coding == Coding::gzip ? file.gzip->etag
                                                       : file.etag;
    Response response;
    response.headers.add("ETag", etag);
    response.headers.add("Cache-Control", caching);
    if (file.gzip || file.brotli)
        response.headers.add("Vary", "Accept-Encoding");
    if (isKnown(request.headers, etag)) {
        response.status = 304;
        return response;
    }
    response.headers.add("Accept-Ranges", "bytes");
    const WantedBytes wanted =
        request.method == "GET" ? wantedBytes(request.headers, etag, content->size()) : WantedBytes{};
    if (std::holds_alternative<Unsatisfiable>(wanted)) {
        Response refusal = Response::error(
            Error(errors::kRangeNotSatisfiable,
                  fmt::format("The file has {} bytes; ask for a range within it.", content->size())));
        refusal.headers.add("Content-Range", fmt::format("bytes */{}", content->size()));
        return refusal;
    }
    response.headers.add("Content-Type", file.type);
    if (coding != Coding::identity)
        response.headers.add("Content-Encoding", std::string(codingName(coding)));
    if (const auto* range = std::get_if<ByteRange>(&wanted)) {
        response.status = 206;
        response.headers.add("Content-Range",
                             fmt::format("bytes {}-{}/{}", range->first, range->last, content->size()));
        response.shared = SharedBytes(content, range->first, range->last - range->first + 1);
    } else {
        response.shared = content;
    }
    return response;
}

} // namespace core::http
