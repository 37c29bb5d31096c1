#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "http/dispatcher.h"

namespace core::http {

/// The built web application, read once into memory. Unknown paths without a file ending are the
/// application's own routes and get its index page. Files under /assets/ carry a hash in their name and may
/// be kept for ever.
class StaticFiles final : public Fallback {
public:
    /// A folder that does not exist serves nothing. Throws core::Error(kInternal) if a file cannot be read.
    explicit StaticFiles(const std::filesystem::path& root);

    std::optional<Response> serve(const Request& request) override;
    [[nodiscard]] bool empty() const noexcept { return files_.empty(); }

private:
    struct File {
        std::shared_ptr<const std::string> content;
        std::string type;
        std::string etag;
        bool immutable = false;
    };
    std::map<std::string, File, std::less<>> files_;
};

} // namespace core::http
