#include "restic/cli/repository_document.h"

#include "restic/cli/json_message.h"

namespace restic::cli {

RepositoryDocument readRepositoryDocument(std::string_view output) {
    RepositoryDocument read;
    const auto begin = output.find('{');
    const auto document = begin != std::string_view::npos ? json::read(output.substr(begin)) : std::nullopt;
    if (!document)
        return read;
    if (auto id = document->stringOr("id"); id.size() == 64)
        read.id = std::move(id);
    if (const auto version = document->integerOr("version"); version > 0 && version < 1000)
        read.version = static_cast<int>(version);
    return read;
}

} // namespace restic::cli
