#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/asset.h"
#include "http/dispatcher.h"

namespace core::http {

/// The built web application, read once into memory, and the files that modules bring for their pages.
/// Unknown paths without a file ending are the application's own routes and get its index page: with status
/// 404 if its pages.json lists the addresses that it has and this is none of them. Files under /assets/ carry
/// a hash in their name, those of modules in the name of their folder: both may be kept for ever. Files that
/// stand there packed as well (`.gz`, `.br`) go out so to clients that take it; one range of bytes is
/// answered with 206.
class StaticFiles final : public Fallback {
public:
    /// A folder that does not exist serves nothing. Throws core::Error(kInternal) if a file cannot be read.
    explicit StaticFiles(const std::filesystem::path& root);

    /// Serves the files below /modules/<module>/web/<hash>/, where nothing else is. Only before the server
    /// runs.
    void addModule(const std::string& module, const std::string& hash, const Assets& files);

    std::optional<Response> serve(const Request& request) override;
    [[nodiscard]] bool empty() const noexcept { return files_.empty(); }

    /// The file, a part of it, or that the client has it; `caching` goes into Cache-Control.
    static Response answer(const Request& request, const Asset& file, const char* caching);

private:
    [[nodiscard]] bool isPage(std::string_view path) const;

    Assets files_;                                               // by path with a leading '/'
    std::optional<std::vector<std::vector<std::string>>> pages_; // each in segments; none: not known
};

} // namespace core::http
