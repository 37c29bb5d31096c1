#include "http/static_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/json.h"
#include "http/conditions.h"
#include "http/content_coding.h"

namespace core::http {

namespace fs = std::filesystem;

namespace {
/// Written by the build of the application: the addresses of its pages, parts that vary with a colon before
/// them.
constexpr const char* kPages = "/pages.json";

/// Without empty ones: a slash at the end changes nothing.
std::vector<std::string> segmentsOf(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const auto slash = path.find('/');
        if (slash != 0)
            segments.emplace_back(path.substr(0, slash));
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return segments;
}
} // namespace

StaticFiles::StaticFiles(const fs::path& root) {
    std::error_code code;
    if (!fs::is_directory(root, code))
        return;
    for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator(); ++at) {
        if (isHidden(at->path()))
            at.disable_recursion_pending();
        else if (at->is_regular_file())
            files_.emplace("/" + fs::relative(at->path(), root).generic_string(), readAsset(at->path()));
    }
    if (const auto list = files_.find(kPages); list != files_.end()) {
        pages_.emplace();
        const auto paths = json::parse(*list->second.content).value();
        if (paths.array() != nullptr)
            for (const auto& path : *paths.array())
                pages_->push_back(segmentsOf(path.string() != nullptr ? *path.string() : ""));
        files_.erase(list);
    }
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
    bool known = true;
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
        // The page itself says that there is nothing: whoever follows a link sees more than a line of text.
        known = isPage(*path);
    }
    const bool immutable = ofModules || found->first.starts_with("/assets/");
    if (known)
        return answer(request, found->second, immutable ? "public, max-age=31536000, immutable" : "no-cache");
    Response nothing;
    nothing.status = 404;
    nothing.headers.add("Content-Type", found->second.type);
    nothing.headers.add("Cache-Control", "no-cache");
    nothing.shared = found->second.content;
    return nothing;
}

bool StaticFiles::isPage(std::string_view path) const {
    if (!pages_)
        return true;
    const auto segments = segmentsOf(path);
    return std::any_of(pages_->begin(), pages_->end(), [&](const auto& pattern) {
        return pattern.size() == segments.size() &&
               std::equal(pattern.begin(), pattern.end(), segments.begin(),
                          [](const std::string& wanted, const std::string& given) {
                              return wanted.starts_with(':') || wanted == given;
                          });
    });
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
