#include "restic/repository_document.h"

#include "restic/message.h"

namespace agent {

RepositoryDocument readRepositoryDocument(std::string_view output) {
    RepositoryDocument read;
    const auto begin = output.find('{');
    const auto document =
        begin != std::string_view::npos ? restic_json::read(output.substr(begin)) : std::nullopt;
    if (!document)
        return read;
    if (auto id = document->stringOr("id"); id.size() == 64)
        read.id = std::move(id);
    if (const auto version = document->integerOr("version"); version > 0 && version < 1000)
        read.version = static_cast<int>(version);
    return read;
}

} // namespace agent
